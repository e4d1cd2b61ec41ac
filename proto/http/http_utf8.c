#include "proto/http/http_utf8.h"

/* RFC 3629 §4: only the octet after the first has a range of its own; the later ones are 80..BF. */
static bool lead(struct http_utf8 *u, uint8_t c)
{
    u->low = 0x80;
    u->high = 0xBF;
    if (c < 0x80) {
        return true;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        u->pending = 1;
        return true;
    }
    if (c >= 0xE0 && c <= 0xEF) {
        u->pending = 2;
        u->low = c == 0xE0 ? 0xA0 : 0x80;  /* no overlong form */
        u->high = c == 0xED ? 0x9F : 0xBF; /* no surrogate */
        return true;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        u->pending = 3;
        u->low = c == 0xF0 ? 0x90 : 0x80;  /* no overlong form */
        u->high = c == 0xF4 ? 0x8F : 0xBF; /* up to U+10FFFF */
        return true;
    }
    return false;
}

static bool octet(struct http_utf8 *u, uint8_t c)
{
    if (u->pending == 0) {
        return lead(u, c);
    }
    if (c < u->low || c > u->high) {
        return false;
    }
    u->pending--;
    u->low = 0x80;
    u->high = 0xBF;
    return true;
}

bool http_utf8_feed(struct http_utf8 *u, struct span text)
{
    for (size_t i = 0; i < text.len && !u->failed; i++) {
        u->failed = !octet(u, text.data[i]);
    }
    return !u->failed;
}

bool http_utf8_done(const struct http_utf8 *u)
{
    return !u->failed && u->pending == 0;
}

bool http_utf8_valid(struct span text)
{
    struct http_utf8 u = {0};
    return http_utf8_feed(&u, text) && http_utf8_done(&u);
}
