#include "gateway/document/octets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

void octets_add(struct octets *octets, const void *data, size_t len)
{
    if (octets->failed) {
        return;
    }
    if (octets->room - octets->len <= len) {
        size_t room = octets->room * 2 + len + 4096;
        uint8_t *grown = realloc(octets->data, room);
        if (grown == NULL) {
            octets->failed = true;
            return;
        }
        octets->data = grown;
        octets->room = room;
    }
    memcpy(octets->data + octets->len, data, len);
    octets->len += len;
    octets->data[octets->len] = 0;
}

void octets_text(struct octets *octets, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list values;
    va_start(values, format);
    int n = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (n < 0 || (size_t)n >= sizeof text) {
        octets->failed = true;
        return;
    }
    octets_add(octets, text, (size_t)n);
}
