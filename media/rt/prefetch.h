/* Hints to the processor's cache: what is needed soon is fetched while something else is done. No
 * effect but on time. Header only, any thread. */
#ifndef MEDIA_RT_PREFETCH_H
#define MEDIA_RT_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

#define PREFETCH_LINE 64u /* octets; a wrong guess costs time only */

static inline void prefetch(const void *at)
{
    __builtin_prefetch(at, 0);
}

static inline void prefetch_write(const void *at)
{
    __builtin_prefetch(at, 1);
}

/* To be written, too: most of what a packet needs is. */
static inline void prefetch_range(const void *at, size_t len)
{
    const uint8_t *octets = at;
    for (size_t i = 0; i < len; i += PREFETCH_LINE) {
        prefetch_write(octets + i);
    }
}

#endif
