/* Accounts and sessions: sign-in with Argon2id, the session cookie, CSRF token, time-outs,
 * throttling. Routes: auth_routes (gateway/api.h), /api/v1/session.
 *
 * The cookie __Host-session carries 256 random bits; the store keeps only their SHA-256. A session
 * ends by sign-out, by being idle, by age, when its account is disabled, or when the account opens
 * more sessions than it may hold (the oldest goes). Guessing is throttled per account name (known
 * or not, alike) and per address; a wrong name costs the same time as a wrong password. Store
 * thread, unless a function says otherwise. */
#ifndef GATEWAY_AUTH_AUTH_H
#define GATEWAY_AUTH_AUTH_H

#include "gateway/api.h"
#include "gateway/auth/auth_password.h"

#define AUTH_TOKEN_LEN 43       /* base64url of 32 octets, without padding */
#define AUTH_TOKEN_HASH_SIZE 65 /* SHA-256 in hex and NUL */
#define AUTH_LOGIN_MAX 64       /* characters of an account name */

/* What auth reads of the settings. */
struct auth_limits {
    int64_t idle_ms;               /* a session unused for so long ends */
    int64_t absolute_ms;           /* a session this old ends, used or not */
    unsigned sessions_per_account; /* the oldest goes when one more is opened */
    unsigned tries_per_account;    /* failed sign-ins in a window, account name and address; 4 times
                                      as many from all addresses where it never signed in */
    unsigned tries_per_address;    /* failed sign-ins in a window and address (IPv6: /64): several
                                      people share one */
    int64_t window_ms;
};
/* config NULL gives the defaults of config.def. */
struct auth_limits auth_limits_of(const struct api_config *config);

/* SHA-256 of the cookie value, in hex: what the store knows a session by. Any thread. False: the
 * value cannot be a token of ours (length, alphabet); out_hash is untouched. */
bool auth_token_hash(const char *cookie_value, char out_hash[AUTH_TOKEN_HASH_SIZE]);

/* Who is behind a session. Also notes that it was used (at most one write a minute). STATUS_NONE:
 * no such session, or it is over; STATUS_IO: the store failed. Being idle does not end it while the
 * account is on duty, or waits for or holds a consultation (offered, accepted, in session,
 * interrupted): a video session makes no requests. */
MUST_USE enum status auth_actor_load(struct db *db, const char *token_hash, int64_t now_ms,
                                     const struct api_config *config, struct api_actor *out_actor);
/* Same without a session, for what the gateway does in somebody's name. STATUS_NONE: unknown or
 * disabled. */
MUST_USE enum status auth_actor_of_account(struct db *db, const char *account_id,
                                           struct api_actor *out_actor);

/* "clinician" ... -> enum role; 0 when it is none. Any thread. */
unsigned auth_role_of(const char *name);
const char *auth_role_name(enum role role);

/* Transaction script for app_call(), to be run every two seconds or so: ends sessions that are over
 * and tells the hub (EFFECT_SESSION_ENDED), also those that consultctl ended; forgets old sign-in
 * counts and idempotency keys. */
void auth_sweep(struct api_call *call);

/* Ends all sessions of the account; the next auth_sweep tells the hub. For consultctl, which has no
 * hub. */
MUST_USE enum status auth_end_sessions(struct db *db, const char *account_id, int64_t now_ms);

#endif
