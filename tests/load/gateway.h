/* This project's gateway as a server under load (target.h), by its own interface: REST until a
 * consultation is accepted, then consult.v1 over a TLS WebSocket a party. */
#ifndef TESTS_LOAD_GATEWAY_H
#define TESTS_LOAD_GATEWAY_H

#include "tests/load/target.h"

struct gateway_options {
    const char *base;     /* "https://10.77.0.1:8443"; borrowed until destroy */
    const char *accounts; /* a file as consultctl imports it: its clinicians ask; its specialists of
                             `specialty` answer, and are guests on stage */
    const char *specialty; /* NULL: cardiology */
    unsigned calls, parties;
    bool record; /* both consents: every consultation is recorded */
};

/* Signs everybody in that the calls need. False: said on stderr. */
bool gateway_target(const struct gateway_options *options, struct target *out_target);

#endif
