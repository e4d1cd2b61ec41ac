/* A borrowed run of octets. Valid as long as the buffer it points into; never owned, never
 * NUL-terminated. Pure values, any thread. */
#ifndef PROTO_BASE_SPAN_H
#define PROTO_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;          /* octets */
};

#define SPAN_LITERAL(text) ((struct span){(const uint8_t *)(text), sizeof(text) - 1})

static inline struct span span_of(const void *data, size_t len)
{
    return (struct span){(const uint8_t *)data, len};
}

static inline struct span span_text(const char *text)
{
    return span_of(text, strlen(text));
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_text(text));
}

/* ASCII case is ignored, nothing else (RFC 9110 §5.1 field names, SDP is case-sensitive and uses
 * span_equal). */
bool span_equal_nocase(struct span a, struct span b);
/* Decimal digits only, no sign, no space, no overflow: false leaves *out_value alone. */
bool span_decimal(struct span a, uint64_t *out_value);
/* 0..15 of a hexadecimal digit in either case, -1 of anything else. */
int span_hex_value(uint8_t c);
/* Copies and adds a NUL; false (buffer untouched) when it does not fit or holds a NUL. */
bool span_copy_text(struct span a, char *buffer, size_t buffer_len);

#endif
