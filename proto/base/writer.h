/* Sticky writer into the caller's buffer: after the first overrun nothing more is written and
 * writer_ok() is false. Allocates nothing. One thread. */
#ifndef PROTO_BASE_WRITER_H
#define PROTO_BASE_WRITER_H

#include "proto/base/span.h"

struct writer {
    uint8_t *data;
    size_t len; /* octets of room in all */
    size_t at;  /* octets written */
    bool failed;
};

struct writer writer_of(void *buffer, size_t len);
bool writer_ok(const struct writer *w);
size_t writer_left(const struct writer *w);
/* What was written so far; empty after an overrun. */
struct span writer_span(const struct writer *w);

void writer_u8(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value); /* network byte order */
void writer_u24(struct writer *w, uint32_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_u64(struct writer *w, uint64_t value);
void writer_bytes(struct writer *w, struct span bytes);
void writer_text(struct writer *w, const char *text);
void writer_decimal(struct writer *w, uint64_t value);
/* printf into the buffer without the NUL; sticky overrun like the rest. */
void writer_format(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Overwrites two octets written before, at offset `at` (lengths that are known late). */
void writer_patch_u16(struct writer *w, size_t at, uint16_t value);
void writer_fail(struct writer *w);

#endif
