/* What passes between the gateway and a decoder process over their socket pair. Both ends are the
 * same build on the same machine, so fixed structs serve; but the helper works on hostile input,
 * and what comes back is checked like any peer's words. */
#ifndef MEDIA_IMAGING_WIRE_H
#define MEDIA_IMAGING_WIRE_H

#include "media/imaging/imaging.h"

#define WIRE_MAGIC 0x43474931u /* "CGI1" */
#define WIRE_BYTES_MAX                                                                             \
    ((size_t)160 << 20) /* a PNG of the largest raster in colour, not compressible, is 64 MiB */
#define WIRE_HELPER_FD 3

enum wire_what { WIRE_PROBE = 1, WIRE_RENDER = 2 };

struct wire_ask { /* with the file's descriptor as SCM_RIGHTS */
    uint32_t magic;
    uint32_t what;
    struct imaging_request request;
};

struct wire_answer {
    uint32_t magic;
    uint32_t what;
    struct imaging_info info; /* WIRE_PROBE */
    struct imaging_reply
        reply; /* WIRE_RENDER; reply.bytes means nothing, reply.len octets follow */
};

/* One ask with its descriptor. STATUS_CLOSED: the other end is gone; STATUS_MALFORMED: no ask. The
 * descriptor received is the caller's. */
MUST_USE enum status wire_send_ask(int socket, const struct wire_ask *ask, int file);
MUST_USE enum status wire_take_ask(int socket, struct wire_ask *out_ask, int *out_file);
/* Whole buffers. deadline_us: clock_monotonic_us, 0 = none. STATUS_TIMEOUT, STATUS_CLOSED. */
MUST_USE enum status wire_write(int socket, const void *data, size_t len, int64_t deadline_us);
MUST_USE enum status wire_read(int socket, void *data, size_t len, int64_t deadline_us);
/* Whether an answer keeps to the contract (enumerations in range, texts ended and UTF-8, numbers
 * finite). */
bool wire_answer_is_sane(const struct wire_answer *answer, enum wire_what what);

#endif
