#include "media/rtpsec/window.h"

#include "proto/base/check.h"

#include <string.h>

#define INDEX_MAX ((1ULL << 48) - 1) /* RFC 3711 §9.2 */

bool window_guess(const struct window *window, uint16_t sequence, uint64_t *out_index)
{
    if (!window->begun) {
        *out_index = sequence;
        return true;
    }
    /* RFC 3711 §3.3.1: of the three candidates with ROC-1, ROC, ROC+1 the nearest to the newest */
    int64_t delta = (int16_t)(uint16_t)(sequence - (uint16_t)window->highest);
    int64_t index = (int64_t)window->highest + delta;
    if (index < 0 || (uint64_t)index > INDEX_MAX) {
        return false;
    }
    *out_index = (uint64_t)index;
    return true;
}

static uint64_t *word(struct window *window, uint64_t index)
{
    return &window->seen[index % RTPSEC_WINDOW / 64];
}

bool window_fresh(const struct window *window, uint64_t index)
{
    if (!window->begun || index > window->highest) {
        return true;
    }
    if (window->highest - index >= RTPSEC_WINDOW) {
        return false;
    }
    return (window->seen[index % RTPSEC_WINDOW / 64] >> (index % 64) & 1) == 0;
}

void window_mark(struct window *window, uint64_t index)
{
    CHECK(window_fresh(window, index));
    if (!window->begun) {
        window->begun = true;
        window->highest = index;
    } else if (index > window->highest) {
        if (index - window->highest >= RTPSEC_WINDOW) {
            memset(window->seen, 0, sizeof(window->seen));
        } else {
            for (uint64_t i = window->highest + 1; i < index; i++) {
                *word(window, i) &= ~(1ULL << (i % 64));
            }
        }
        window->highest = index;
    }
    *word(window, index) |= 1ULL << (index % 64);
}
