/* Calls of the generator from set-up to end, and what is measured of them. One thread. */
#ifndef TESTS_LOAD_CALLS_H
#define TESTS_LOAD_CALLS_H

#include "tests/load/process.h"
#include "tests/load/target.h"
#include "tests/load/traffic.h"

#include <jansson.h>

struct calls_config {
    struct target target; /* borrowed; destroyed by the caller */
    unsigned calls, parties;
    double settle_s, seconds;
    enum traffic_pattern pattern;
    unsigned churn;    /* after the measured time: that many further set-ups and tear-downs */
    uint32_t first_ip; /* source address of the first peer, host order */
    pid_t server;
};

/* What was measured, as one JSON object (README.md): the caller owns it. NULL: a call could not be
 * set up, or the server is gone; said on stderr. */
json_t *calls_run(const struct calls_config *config);

#endif
