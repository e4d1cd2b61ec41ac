/* The mode of consult-load for the signalling side: people who are signed in and idle, new sign-ins
 * while they are, messages on their sockets, and all of them coming back after a restart. Results
 * are JSON objects, a line each, on standard output; after the first one ("opened") commands are
 * read from standard input, a line each, until its end or `quit`:
 *
 *     sign_ins N           N people sign in one after another, each up to its welcome
 *     messages N SECONDS   N pings a second, spread over the sockets
 *     storm                waits until all that were lost have their welcome again (they come back
 *                          by themselves, command or not)
 *     server PID           the gateway was started anew: whose memory and processor time count
 *
 * Memory and processor time are read from /proc/PID. One thread. */
#ifndef TESTS_LOAD_IDLE_H
#define TESTS_LOAD_IDLE_H

#include <sys/types.h>

struct idle_config {
    const char *address;        /* of the gateway, numeric */
    unsigned port;              /* Host and Origin are localhost:port */
    pid_t server;               /* the gateway */
    unsigned sockets;           /* all in all */
    unsigned sockets_a_session; /* that share a signed-in session; 1 is truest, 8 is quicker */
    unsigned opens_s;           /* ramp */
    const char *login_format;   /* accounts: printf format with one %u, from 0 on. The first
                                   sockets / sockets_a_session are the idle ones, the further ones
                                   sign in by `sign_ins` */
    const char *password;       /* of all of them */
    unsigned limit_s;           /* no step takes longer */
};

/* The exit status of the program: 0 when every step was done, whatever its figures. */
int idle_run(const struct idle_config *config);

#endif
