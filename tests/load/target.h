/* The server under load, as the generator sees it: two-party calls, set up by the server's own
 * signalling. Two of them: gateway.c (this project) and janus.c (Janus, videocall plugin). Every
 * function blocks until the server has answered, some seconds at most, and says on stderr what went
 * wrong. One thread. */
#ifndef TESTS_LOAD_TARGET_H
#define TESTS_LOAD_TARGET_H

#include "tests/load/peer.h"

struct target {
    void *context;
    /* Everything that people did before they meet: sign-in, request, acceptance, signalling
     * connections open. Not part of the set-up time. */
    bool (*prepare)(void *context, unsigned call);
    /* The measured signalling: both parties' descriptions are exchanged and peer_begin() was
     * called on both. */
    bool (*connect)(void *context, unsigned call, struct peer *caller, struct peer *callee);
    /* The same for further parties of that call; NULL: the server's calls have two. */
    bool (*join)(void *context, unsigned call, struct peer *const *guests, unsigned count);
    /* Ends the parties' connections; connect() may follow. */
    void (*hang_up)(void *context, unsigned call);
    /* Each 100 ms or so: reads and answers what the signalling connections got. Does not block. */
    void (*attend)(void *context);
    void (*destroy)(void *context);
};

#endif
