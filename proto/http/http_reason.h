/* Why the octets of a request are refused: the table http_reason.def as an enum, with the status to
 * answer and the metric label. Pure values, any thread. */
#ifndef PROTO_HTTP_HTTP_REASON_H
#define PROTO_HTTP_HTTP_REASON_H

#include "proto/base/status.h"

enum http_reason {
#define HTTP_REASON(name, http_status, label, text) HTTP_REASON_##name,
#include "proto/http/http_reason.def"
#undef HTTP_REASON
    HTTP_REASON_COUNT
};

/* 400, 413 ... ; 0 for NONE. */
unsigned http_reason_http_status(enum http_reason reason);
/* "bare-cr": metric label and log field; never NULL. */
const char *http_reason_label(enum http_reason reason);
/* One lower-case phrase; never NULL. */
const char *http_reason_text(enum http_reason reason);
/* The class for callers that only look at statuses: 413, 414, 431 TOO_LARGE; 417, 501, 505
 * UNSUPPORTED; else MALFORMED. */
enum status http_reason_status(enum http_reason reason);

#endif
