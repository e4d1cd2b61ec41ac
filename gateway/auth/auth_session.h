/* The calls of /api/v1/session: sign in and out, who am I, language. Exports auth_routes
 * (gateway/api.h). Store thread; the password is checked on a password thread between two
 * transactions. */
#ifndef GATEWAY_AUTH_AUTH_SESSION_H
#define GATEWAY_AUTH_AUTH_SESSION_H

#include "gateway/auth/auth.h"

/* The name of the cookie: Secure, HttpOnly, SameSite=Strict, Path=/, no Domain (RFC 6265bis,
 * __Host- prefix); it lasts as long as the browser runs. */
#define AUTH_COOKIE "__Host-session"

#endif
