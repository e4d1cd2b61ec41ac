/* Specimens as text: hexadecimal digits, blanks between them are passed over. For the tests of
 * proto. */
#ifndef TESTS_UNIT_PROTO_HEX_H
#define TESTS_UNIT_PROTO_HEX_H

#include <stddef.h>
#include <stdint.h>

static inline int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Number of octets. */
static inline size_t hex_read(const char *text, uint8_t *out, size_t room)
{
    size_t n = 0;
    int high = -1;
    for (; *text != '\0' && n < room; text++) {
        int digit = hex_digit(*text);
        if (digit >= 0 && high >= 0) {
            out[n++] = (uint8_t)(high << 4 | digit);
            high = -1;
        } else if (digit >= 0) {
            high = digit;
        }
    }
    return n;
}

#endif
