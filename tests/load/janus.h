/* Janus as the server under load: its videocall plugin over its HTTP interface, events by long
 * poll. One keep-alive connection carries everything, since requests come one after the other and
 * each awaited event is the consequence of the request before it. Needs session_timeout = 0 in
 * Janus's configuration: nothing keeps sessions alive here. One thread. */
#ifndef TESTS_LOAD_JANUS_H
#define TESTS_LOAD_JANUS_H

#include "tests/load/target.h"

/* base: "http://10.1.2.3:8088", copied. calls: how many there may be. Fills *out_target; the caller
 * ends it with its destroy(), which leaves no session. False: no memory, or no Janus answers there.
 */
bool janus_target(const char *base, unsigned calls, struct target *out_target);

#endif
