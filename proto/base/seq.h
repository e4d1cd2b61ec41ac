/* Sequence number arithmetic (RFC 1982, as RTP uses it: RFC 3550 §A.1). Pure values. */
#ifndef PROTO_BASE_SEQ_H
#define PROTO_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far b lies ahead of a: negative when it is older. */
static inline int32_t seq16_delta(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(b - a);
}

static inline bool seq16_newer(uint16_t candidate, uint16_t than)
{
    return seq16_delta(than, candidate) > 0;
}

static inline int64_t seq32_delta(uint32_t a, uint32_t b)
{
    return (int32_t)(b - a);
}

/* Extends a 16-bit number to 64 bits, next to the last extended one (which may be 0 at first use of
 * 2^16 + n). */
static inline uint64_t seq16_extend(uint64_t last, uint16_t value)
{
    return (uint64_t)((int64_t)last + seq16_delta((uint16_t)last, value));
}

#endif
