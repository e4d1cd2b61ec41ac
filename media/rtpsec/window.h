/* Replay window and packet index of one SRTP source (RFC 3711 §3.3.1, §3.3.2). A packet is looked
 * up first and marked only after its tag was right. Plain value, one thread. */
#ifndef MEDIA_RTPSEC_WINDOW_H
#define MEDIA_RTPSEC_WINDOW_H

#include "media/rtpsec/rtpsec.h"

#include <stdbool.h>

struct window {
    bool begun;
    uint64_t highest;                  /* index of the newest packet */
    uint64_t seen[RTPSEC_WINDOW / 64]; /* bit index % RTPSEC_WINDOW */
};

/* The 48-bit index that a 16-bit sequence number most likely stands for. False: it lies before the
 * first possible index. */
bool window_guess(const struct window *window, uint16_t sequence, uint64_t *out_index);
/* Fresh: not older than the window and not marked. */
bool window_fresh(const struct window *window, uint64_t index);
void window_mark(struct window *window, uint64_t index);

#endif
