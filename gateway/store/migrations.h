/* The migrations, compiled in: migrations/NNN_name.sql in the order of NNN, made into
 * migrations_data.c by embed_migrations.cmake. A migration that a released version has applied is
 * never edited: a change is a new file. */
#ifndef GATEWAY_STORE_MIGRATIONS_H
#define GATEWAY_STORE_MIGRATIONS_H

#include <stddef.h>

struct migration {
    int version;              /* NNN */
    const char *name;         /* "001_accounts" */
    const unsigned char *sql; /* NUL-terminated */
    size_t sql_len;           /* without the NUL */
};

extern const struct migration migrations[]; /* version 0 ends */

#endif
