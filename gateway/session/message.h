/* Incoming signalling messages, checked against the table proto/signal/signal.def before anything
 * else reads them; and the small builders of outgoing ones. T0. */
#ifndef GATEWAY_SESSION_MESSAGE_H
#define GATEWAY_SESSION_MESSAGE_H

#include "proto/base/span.h"
#include "proto/base/status.h"

#include <jansson.h>

struct message_problem {
    const char *code; /* "message.malformed", "message.unknown", "message.field" */
    char field[64];   /* the member that is wrong, "" when none */
    char type[40];    /* as far as it was readable */
};

/* text: one whole text message. STATUS_OK fills *out_message (the caller decrefs) whose members all
 * fit the table; STATUS_MALFORMED / STATUS_UNKNOWN fill *out_problem. Depth, duplicate members and
 * size are bounded. */
MUST_USE enum status message_read(struct span text, json_t **out_message,
                                  struct message_problem *out_problem);

/* Members of a message that message_read() accepted; NULL / 0 when an optional one is absent. */
const char *message_text(const json_t *message, const char *name);
long long message_int(const json_t *message, const char *name);

/* {"type":"error", ...}; the caller decrefs. to may be NULL. */
json_t *message_error(const char *code, const char *zh, const char *en, const char *to);

#endif
