/* The one result type of fallible functions. The list is status.def; the class of a status decides
 * the reaction. Pure values, any thread. */
#ifndef PROTO_BASE_STATUS_H
#define PROTO_BASE_STATUS_H

enum status {
#define STATUS(name, class_, text) STATUS_##name,
#include "proto/base/status.def"
#undef STATUS
    STATUS_COUNT
};

#define MUST_USE __attribute__((warn_unused_result))

/* "TRUNCATED": for logs and metric labels; never NULL. */
const char *status_name(enum status status);
/* One lower-case phrase in English; never NULL. */
const char *status_text(enum status status);

#endif
