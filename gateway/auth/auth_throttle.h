/* Counts of sign-in tries per account name and per address, in the store: they hold over restarts
 * and for all nodes of one database. A try is counted before the password is checked, so that
 * guesses side by side count too, and given back when it was right. Store thread, inside the call's
 * transaction (keep_on_error). */
#ifndef GATEWAY_AUTH_AUTH_THROTTLE_H
#define GATEWAY_AUTH_AUTH_THROTTLE_H

#include "gateway/auth/auth.h"

/* STATUS_OK: counted, go on. STATUS_REFUSED: too many; *out_retry_s says when the window ends.
 * STATUS_IO: store. */
MUST_USE enum status auth_throttle_take(struct db *db, const char *login, const char *address,
                                        int64_t now_ms, const struct auth_limits *limits,
                                        int *out_retry_s);
/* The password was right: the name's count ends, the address gets its try back. */
MUST_USE enum status auth_throttle_clear(struct db *db, const char *login, const char *address);
/* Forgets windows that are over. */
MUST_USE enum status auth_throttle_sweep(struct db *db, int64_t now_ms,
                                         const struct auth_limits *limits);

#endif
