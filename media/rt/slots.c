#include "media/rt/slots.h"

#include "proto/base/check.h"

#include <stdlib.h>

enum status slots_init(struct slots *slots, uint32_t capacity)
{
    CHECK(capacity > 0);
    uint32_t *generations = calloc(capacity, sizeof(*generations));
    uint32_t *free_list = calloc(capacity, sizeof(*free_list));
    if (generations == NULL || free_list == NULL) {
        free(generations);
        free(free_list);
        return STATUS_NO_MEMORY;
    }
    for (uint32_t i = 0; i < capacity; i++) {
        free_list[i] = capacity - 1 - i; /* the lowest place is handed out first */
    }
    *slots = (struct slots){generations, free_list, capacity, capacity};
    return STATUS_OK;
}

void slots_fini(struct slots *slots)
{
    free(slots->generations);
    free(slots->free_list);
    *slots = (struct slots){0};
}

enum status slots_take(struct slots *slots, uint32_t *out_index, uint32_t *out_generation)
{
    if (slots->free_count == 0) {
        return STATUS_FULL;
    }
    uint32_t index = slots->free_list[--slots->free_count];
    slots->generations[index]++;
    CHECK((slots->generations[index] & 1) == 1);
    *out_index = index;
    *out_generation = slots->generations[index];
    return STATUS_OK;
}

void slots_free(struct slots *slots, uint32_t index)
{
    CHECK(index < slots->capacity);
    CHECK((slots->generations[index] & 1) == 1);
    slots->generations[index]++;
    slots->free_list[slots->free_count++] = index;
}

bool slots_valid(const struct slots *slots, uint32_t index, uint32_t generation)
{
    return index < slots->capacity && (generation & 1) == 1 &&
           slots->generations[index] == generation;
}
