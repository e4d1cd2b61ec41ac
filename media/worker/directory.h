/* Who a datagram is for: connections by local ufrag and by authenticated remote address. Two
 * open-addressing tables of a size that is fixed at creation; lookups and changes allocate nothing.
 * The seed makes collisions hard to provoke. One worker thread. */
#ifndef MEDIA_WORKER_DIRECTORY_H
#define MEDIA_WORKER_DIRECTORY_H

#include "media/net/addr.h"
#include "proto/base/span.h"
#include "proto/base/status.h"

struct directory;

/* parties: connections at a time. STATUS_NO_MEMORY. */
MUST_USE enum status directory_create(uint32_t parties, uint32_t seed,
                                      struct directory **out_directory);
void directory_destroy(struct directory *directory);

/* value: not NULL, borrowed. An address or ufrag that is there already gets the new value.
 * STATUS_FULL. */
MUST_USE enum status directory_add_addr(struct directory *directory, const struct addr *addr,
                                        void *value);
MUST_USE enum status directory_add_ufrag(struct directory *directory, const char *ufrag,
                                         void *value);
/* Removes only an entry that still has this value. */
void directory_remove_addr(struct directory *directory, const struct addr *addr, const void *value);
void directory_remove_ufrag(struct directory *directory, const char *ufrag, const void *value);
/* Fetches into the cache what directory_find_addr() will look at. */
void directory_prefetch_addr(const struct directory *directory, const struct addr *addr);
void *directory_find_addr(const struct directory *directory,
                          const struct addr *addr); /* NULL: unknown */
void *directory_find_ufrag(const struct directory *directory, struct span ufrag);

#endif
