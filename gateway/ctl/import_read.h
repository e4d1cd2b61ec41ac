/* Reading an import file member by member: where we are (JSON pointer), what is wrong with it, and
 * the checks of single values. The first fault stops everything: `im->failed`, and the functions
 * below answer NULL or false from then on. */
#ifndef GATEWAY_CTL_IMPORT_READ_H
#define GATEWAY_CTL_IMPORT_READ_H

#include "gateway/ctl/import.h"

#include <jansson.h>

struct import {
    struct db *db;
    const struct import_options *options;
    struct import_result *result;
    bool demonstration; /* the file says that it is demonstration data: it may hold passwords */
    bool failed;
    enum status status; /* why, once failed */
    char path[256];     /* JSON pointer of where we are */
};

/* Where a member or an item is; import_leave(im, mark) goes back. */
size_t import_enter(struct import *im, const char *name);
size_t import_enter_index(struct import *im, size_t index);
void import_leave(struct import *im, size_t mark);

/* Refuses the file at the present path. Always false. */
bool import_fail(struct import *im, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The store's own trouble; true when status is STATUS_OK. */
bool import_store(struct import *im, enum status status);

typedef bool (*import_valid)(const char *text);
/* Text member that `valid` accepts; `what` describes it in a refusal ("a date YYYY-MM-DD"). NULL
 * when absent or refused. */
const char *import_text(struct import *im, const json_t *object, const char *name, bool required,
                        import_valid valid, const char *what);
bool import_bool(struct import *im, const json_t *object, const char *name, bool default_value);
/* Array member; NULL when absent (required: refused). */
json_t *import_array(struct import *im, const json_t *object, const char *name, bool required);
/* Refuses members that are not in the list (NULL ends): a misspelt name must not pass in silence.
 */
bool import_members(struct import *im, json_t *object, const char *const *names);

bool import_valid_name(const char *text);      /* 1 to 200 characters, no controls */
bool import_valid_code(const char *text);      /* letters, digits, . _ - */
bool import_valid_specialty(const char *text); /* lower-case letters, digits, - */
bool import_valid_login(const char *text);     /* 3 to 64 of lower-case letters, digits, . _ - */
bool import_valid_region(const char *text);    /* 6 digits */
bool import_valid_prefix(const char *text);    /* 2, 4 or 6 digits */

#endif
