/* A slot for the latest text: one thread puts, any thread copies. What is read is whole and at most
 * one put old. The lock is held for a pointer swap or a copy, never across work. */
#ifndef MEDIA_RT_SNAPSHOT_H
#define MEDIA_RT_SNAPSHOT_H

#include "proto/base/status.h"

struct snapshot;

MUST_USE enum status snapshot_create(struct snapshot **out_snapshot);
void snapshot_destroy(struct snapshot *snapshot); /* NULL is fine */
/* Takes text (malloc'd, NUL-terminated); the former one is freed. */
void snapshot_put(struct snapshot *snapshot, char *text);
/* A copy for the caller to free(); NULL when nothing was put yet or memory is short. */
char *snapshot_copy(struct snapshot *snapshot);

#endif
