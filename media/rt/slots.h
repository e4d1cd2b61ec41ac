/* Which places of a fixed table are taken, and handles {index, generation} to them: a handle of a
 * freed place is never valid again (until 2^32 reuses of one place). Storage is made at creation;
 * take and free are O(1). One thread. */
#ifndef MEDIA_RT_SLOTS_H
#define MEDIA_RT_SLOTS_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct slots {
    uint32_t *generations; /* odd while taken, even while free */
    uint32_t *free_list;
    uint32_t capacity, free_count;
};

/* STATUS_NO_MEMORY: nothing was made. */
MUST_USE enum status slots_init(struct slots *slots, uint32_t capacity);
void slots_fini(struct slots *slots);
/* STATUS_FULL: every place is taken. out_generation is never 0. */
MUST_USE enum status slots_take(struct slots *slots, uint32_t *out_index, uint32_t *out_generation);
void slots_free(struct slots *slots, uint32_t index);
bool slots_valid(const struct slots *slots, uint32_t index, uint32_t generation);

#endif
