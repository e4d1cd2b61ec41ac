/* The only place that asks the system for the time; everything else takes it as an argument. Any
 * thread. */
#ifndef MEDIA_RT_CLOCK_H
#define MEDIA_RT_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_us(void); /* never jumps; for intervals */
int64_t clock_wall_ms(void);      /* UTC since 1970, for records */
int64_t clock_wall_us(void);

#endif
