/* Sticky reader over a span: after the first overrun every read gives zero and reader_ok() is
 * false, so a parser reads straight through and decides once at the end. Allocates nothing; the
 * input is borrowed. One thread. */
#ifndef PROTO_BASE_READER_H
#define PROTO_BASE_READER_H

#include "proto/base/span.h"

struct reader {
    const uint8_t *data;
    size_t len; /* octets in all */
    size_t at;  /* next octet; at the place of the overrun once failed */
    bool failed;
};

struct reader reader_of(struct span input);
size_t reader_left(const struct reader *r);
/* No overrun so far. */
bool reader_ok(const struct reader *r);
/* No overrun, and used up exactly. */
bool reader_done(const struct reader *r);

uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r); /* network byte order */
uint32_t reader_u24(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
uint16_t reader_u16_le(struct reader *r); /* little endian (DICOM, pcap) */
uint32_t reader_u32_le(struct reader *r);
uint64_t reader_u64_le(struct reader *r);
/* Next n octets, or an empty span after an overrun. Borrowed from the input. */
struct span reader_span(struct reader *r, size_t n);
void reader_skip(struct reader *r, size_t n);
/* A reader over the next n octets, which the outer one passes; failed when they are not there. */
struct reader reader_sub(struct reader *r, size_t n);
/* Everything that is left; the reader is then used up. */
struct span reader_rest(struct reader *r);
/* A parser that finds a wrong value says so here: sticky like an overrun. */
void reader_fail(struct reader *r);

#endif
