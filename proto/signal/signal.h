/* The message table of consult.v1 (signal.def) as data: what types there are, which members each
 * has, and their limits. Constant after start, any thread; allocates nothing. The gateway checks
 * incoming JSON against it (gateway/session/message.h). */
#ifndef PROTO_SIGNAL_SIGNAL_H
#define PROTO_SIGNAL_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>

enum signal_kind {
    SIGNAL_KIND_id,     /* 32 lower-case hex digits */
    SIGNAL_KIND_text,   /* at most max Unicode code points */
    SIGNAL_KIND_int,    /* 0..max */
    SIGNAL_KIND_number, /* absolute value at most max */
    SIGNAL_KIND_bool,
    SIGNAL_KIND_object,
    SIGNAL_KIND_array, /* at most max items */
    SIGNAL_KIND_point  /* [x, y], two numbers 0..1 */
};

struct signal_field {
    const char *message; /* type it belongs to */
    const char *name;
    enum signal_kind kind;
    bool required;
    long long max;
    const char *text;
};

struct signal_message {
    const char *type;
    bool incoming; /* client to gateway */
    const char *text;
};

#define SIGNAL_SUBPROTOCOL "consult.v1"
#define SIGNAL_MESSAGE_MAX 98304 /* octets: an SDP of 64 KiB with its JSON escapes */

extern const struct signal_message signal_messages[];
extern const size_t signal_message_count;
extern const struct signal_field signal_fields[];
extern const size_t signal_field_count;

/* NULL when there is no incoming message of that type. */
const struct signal_message *signal_find_incoming(const char *type);
/* NULL when the message has no such member. */
const struct signal_field *signal_find_field(const char *type, const char *name);

#endif
