#include "proto/ws/ws_digest.h"

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

/* One block of 64 octets (RFC 3174 §6.1). */
static void sha1_block(uint32_t h[5], const uint8_t block[64])
{
    uint32_t w[80];
    for (size_t t = 0; t < 16; t++) {
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
               (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    }
    for (size_t t = 16; t < 80; t++) {
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    uint32_t a = h[0];
    uint32_t b = h[1];
    uint32_t c = h[2];
    uint32_t d = h[3];
    uint32_t e = h[4];
    for (size_t t = 0; t < 80; t++) {
        uint32_t f = 0;
        uint32_t k = 0;
        if (t < 20) {
            f = (b & c) | (~b & d);
            k = 0x5A827999;
        } else if (t < 40) {
            f = b ^ c ^ d;
            k = 0x6ED9EBA1;
        } else if (t < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8F1BBCDC;
        } else {
            f = b ^ c ^ d;
            k = 0xCA62C1D6;
        }
        uint32_t next = rotate(a, 5) + f + e + w[t] + k;
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void ws_sha1(struct span message, uint8_t out_digest[WS_SHA1_LEN])
{
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    size_t at = 0;
    for (; message.len - at >= 64; at += 64) {
        sha1_block(h, message.data + at);
    }
    /* RFC 3174 §4: a one bit, zeros, the length in bits; one more block when the length has no
     * room. */
    uint8_t tail[128] = {0};
    size_t left = message.len - at;
    if (left > 0) {
        memcpy(tail, message.data + at, left);
    }
    tail[left] = 0x80;
    size_t tail_len = left < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)message.len * 8;
    for (size_t i = 0; i < 8; i++) {
        tail[tail_len - 1 - i] = (uint8_t)(bits >> (8 * i));
    }
    for (size_t i = 0; i < tail_len; i += 64) {
        sha1_block(h, tail + i);
    }
    for (size_t i = 0; i < WS_SHA1_LEN; i++) {
        out_digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
    }
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void ws_base64_write(struct writer *w, struct span octets)
{
    for (size_t at = 0; at < octets.len; at += 3) {
        size_t n = octets.len - at < 3 ? octets.len - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++) {
            group = group << 8 | (i < n ? octets.data[at + i] : 0);
        }
        for (size_t i = 0; i < 4; i++) {
            uint8_t c = (uint8_t)alphabet[group >> (18 - 6 * i) & 63];
            writer_u8(w, i <= n ? c : (uint8_t)'=');
        }
    }
}

static bool digit_value(uint8_t c, uint32_t *out_value)
{
    const char *found = c == 0 ? NULL : strchr(alphabet, c);
    if (found == NULL) {
        return false;
    }
    *out_value = (uint32_t)(found - alphabet);
    return true;
}

bool ws_base64_read(struct span text, uint8_t *out, size_t out_len, size_t *out_used)
{
    struct writer w = writer_of(out, out_len);
    if (text.len % 4 != 0) {
        return false;
    }
    for (size_t at = 0; at < text.len; at += 4) {
        const uint8_t *four = text.data + at;
        bool last = at + 4 == text.len;
        size_t digits = last && four[3] == '=' ? (four[2] == '=' ? 2 : 3) : 4;
        uint32_t group = 0;
        for (size_t i = 0; i < 4; i++) {
            uint32_t value = 0;
            if (i < digits && !digit_value(four[i], &value)) {
                return false;
            }
            group = group << 6 | value;
        }
        /* RFC 4648 §3.5: what the padding cuts off is zero, or one text would have many spellings.
         */
        if ((digits == 2 && (group & 0xFFFF) != 0) || (digits == 3 && (group & 0xFF) != 0)) {
            return false;
        }
        for (size_t i = 0; i + 1 < digits; i++) {
            writer_u8(&w, (uint8_t)(group >> (16 - 8 * i)));
        }
    }
    *out_used = w.at;
    return writer_ok(&w);
}
