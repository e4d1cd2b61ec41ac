#include "proto/base/writer.h"

#include "proto/base/check.h"

#include <stdarg.h>
#include <stdio.h>

struct writer writer_of(void *buffer, size_t len)
{
    return (struct writer){.data = buffer, .len = len, .at = 0, .failed = false};
}

bool writer_ok(const struct writer *w)
{
    return !w->failed;
}

size_t writer_left(const struct writer *w)
{
    return w->failed ? 0 : w->len - w->at;
}

struct span writer_span(const struct writer *w)
{
    return w->failed ? (struct span){NULL, 0} : (struct span){w->data, w->at};
}

void writer_fail(struct writer *w)
{
    w->failed = true;
}

void writer_bytes(struct writer *w, struct span bytes)
{
    if (w->failed || bytes.len > w->len - w->at) {
        w->failed = true;
        return;
    }
    if (bytes.len > 0) {
        memcpy(w->data + w->at, bytes.data, bytes.len);
        w->at += bytes.len;
    }
}

static void big_endian(struct writer *w, uint64_t value, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    }
    writer_bytes(w, span_of(bytes, n));
}

void writer_u8(struct writer *w, uint8_t value)
{
    big_endian(w, value, 1);
}

void writer_u16(struct writer *w, uint16_t value)
{
    big_endian(w, value, 2);
}

void writer_u24(struct writer *w, uint32_t value)
{
    big_endian(w, value, 3);
}

void writer_u32(struct writer *w, uint32_t value)
{
    big_endian(w, value, 4);
}

void writer_u64(struct writer *w, uint64_t value)
{
    big_endian(w, value, 8);
}

void writer_text(struct writer *w, const char *text)
{
    writer_bytes(w, span_text(text));
}

void writer_decimal(struct writer *w, uint64_t value)
{
    uint8_t digits[20]; /* UINT64_MAX has 20 */
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    writer_bytes(w, span_of(digits + at, sizeof(digits) - at));
}

void writer_format(struct writer *w, const char *format, ...)
{
    if (w->failed) {
        return;
    }
    size_t room = w->len - w->at;
    va_list arguments;
    va_start(arguments, format);
    /* vsnprintf wants room for its NUL, which may overwrite nothing of ours: it lies behind `at`.
     */
    int n = vsnprintf((char *)w->data + w->at, room, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= room) {
        w->failed = true;
        return;
    }
    w->at += (size_t)n;
}

void writer_patch_u16(struct writer *w, size_t at, uint16_t value)
{
    if (w->failed) {
        return;
    }
    CHECK(at + 2 <= w->at);
    w->data[at] = (uint8_t)(value >> 8);
    w->data[at + 1] = (uint8_t)value;
}
