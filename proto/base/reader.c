#include "proto/base/reader.h"

struct reader reader_of(struct span input)
{
    return (struct reader){.data = input.data, .len = input.len, .at = 0, .failed = false};
}

size_t reader_left(const struct reader *r)
{
    return r->failed ? 0 : r->len - r->at;
}

bool reader_ok(const struct reader *r)
{
    return !r->failed;
}

bool reader_done(const struct reader *r)
{
    return !r->failed && r->at == r->len;
}

void reader_fail(struct reader *r)
{
    r->failed = true;
}

struct span reader_span(struct reader *r, size_t n)
{
    if (r->failed || n > r->len - r->at) {
        r->failed = true;
        return (struct span){NULL, 0};
    }
    struct span out = {n == 0 ? NULL : r->data + r->at, n};
    r->at += n;
    return out;
}

void reader_skip(struct reader *r, size_t n)
{
    (void)reader_span(r, n); /* only the place moves */
}

struct reader reader_sub(struct reader *r, size_t n)
{
    struct reader inner = reader_of(reader_span(r, n));
    inner.failed = r->failed;
    return inner;
}

struct span reader_rest(struct reader *r)
{
    return reader_span(r, reader_left(r));
}

static uint64_t big_endian(struct reader *r, size_t n)
{
    struct span bytes = reader_span(r, n);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        value = value << 8 | bytes.data[i];
    }
    return value;
}

static uint64_t little_endian(struct reader *r, size_t n)
{
    struct span bytes = reader_span(r, n);
    uint64_t value = 0;
    for (size_t i = bytes.len; i > 0; i--) {
        value = value << 8 | bytes.data[i - 1];
    }
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)big_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)big_endian(r, 2);
}

uint32_t reader_u24(struct reader *r)
{
    return (uint32_t)big_endian(r, 3);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)big_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return big_endian(r, 8);
}

uint16_t reader_u16_le(struct reader *r)
{
    return (uint16_t)little_endian(r, 2);
}

uint32_t reader_u32_le(struct reader *r)
{
    return (uint32_t)little_endian(r, 4);
}

uint64_t reader_u64_le(struct reader *r)
{
    return little_endian(r, 8);
}
