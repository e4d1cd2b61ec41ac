/* What happens when an invariant breaks: one log line, the last events of the flight recorder,
 * abort. And no core dump by default: memory holds patient data. */
#ifndef GATEWAY_OPS_CRASH_H
#define GATEWAY_OPS_CRASH_H

#include <stdbool.h>
#include <stdint.h>

/* Once at start, before threads exist: the CHECK handler; without core_dumps RLIMIT_CORE 0 and not
 * dumpable. */
void crash_prepare(bool core_dumps);

/* The flight recorder: the last 256 events of the process in memory, written out by a failed CHECK.
 * event is a literal; numbers only, so nothing about a patient can get in. Any thread, wait-free.
 */
void crash_note(const char *event, uint64_t a, uint64_t b);

#endif
