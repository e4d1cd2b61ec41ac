/* Counts of sign-in tries in the store: they hold over restarts and for all nodes of one database.
 * Counted are the account name at an address, the address (IPv6: /64), and the name at all
 * addresses where it never signed in; an address where it did within 90 days is judged by the first
 * count alone, so that no stranger locks a clinician out of her place of work (decisions/004). A
 * try is counted before the password is checked, so that guesses side by side count too, and given
 * back when it was right. The store holds hashes only. Store thread, inside the call's transaction
 * (keep_on_error). */
#ifndef GATEWAY_AUTH_AUTH_THROTTLE_H
#define GATEWAY_AUTH_AUTH_THROTTLE_H

#include "gateway/auth/auth.h"

/* STATUS_OK: counted, go on. STATUS_REFUSED: too many; *out_retry_s says when the window ends.
 * STATUS_IO: store. */
MUST_USE enum status auth_throttle_take(struct db *db, const char *login, const char *address,
                                        int64_t now_ms, const struct auth_limits *limits,
                                        int *out_retry_s);
/* The password was right: the count of the name at this address ends, the others get their try
 * back, and the address is known from now on. */
MUST_USE enum status auth_throttle_clear(struct db *db, const char *login, const char *address,
                                         int64_t now_ms);
/* For what an address may do without an account; kind keeps the counts apart ("verify"). As many a
 * window as tries to sign in from one address, whether they succeed or not. Results as above. */
MUST_USE enum status auth_throttle_place(struct db *db, const char *kind, const char *address,
                                         int64_t now_ms, const struct auth_limits *limits,
                                         int *out_retry_s);
/* Forgets windows that are over, and places unused for 90 days. */
MUST_USE enum status auth_throttle_sweep(struct db *db, int64_t now_ms,
                                         const struct auth_limits *limits);

#endif
