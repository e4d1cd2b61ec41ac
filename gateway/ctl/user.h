/* consultctl user: accounts by hand. Each function is one transaction; STATUS_OK, or a status with
 * one sentence in error. consultctl and tests. */
#ifndef GATEWAY_CTL_USER_H
#define GATEWAY_CTL_USER_H

#include "gateway/store/db.h"

#include <stdint.h>

struct user_error {
    char text[200];
};

/* Adds an account for the practitioner with that code. roles: names separated by commas. */
MUST_USE enum status user_add(struct db *db, const char *login, const char *practitioner_code,
                              const char *roles, const char *password, struct user_error *error);
/* disabled: no sign-in any more, and every session ends; a running gateway cuts its connections
 * within seconds. */
MUST_USE enum status user_disable(struct db *db, const char *login, bool disabled, int64_t now_ms,
                                  struct user_error *error);
/* A new password; every session ends. */
MUST_USE enum status user_password(struct db *db, const char *login, const char *password,
                                   int64_t now_ms, struct user_error *error);

#endif
