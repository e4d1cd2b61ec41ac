/* A buffer that grows: text by format, octets as they are. The first failure (memory) sticks and is
 * asked for once, at the end. The owner frees data. One thread. */
#ifndef GATEWAY_DOCUMENT_OCTETS_H
#define GATEWAY_DOCUMENT_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct octets {
    uint8_t *data; /* malloc'd; a NUL follows that does not count */
    size_t len, room;
    bool failed;
};

void octets_add(struct octets *octets, const void *data, size_t len);
void octets_text(struct octets *octets, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
