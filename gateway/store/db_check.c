#include "gateway/store/db_check.h"

#include <stdio.h>
#include <string.h>

enum status db_check(struct db *db, char *text, unsigned text_len)
{
    char found[200] = "";
    enum status status = db_one_text(db, found, sizeof found, "PRAGMA integrity_check(1)", "");
    if (status == STATUS_OK && strcmp(found, "ok") != 0) {
        (void)snprintf(text, text_len, "%s", found);
        return STATUS_MALFORMED;
    }
    if (status == STATUS_OK) {
        status = db_one_text(db, found, sizeof found, "PRAGMA foreign_key_check", "");
        if (status == STATUS_OK) {
            (void)snprintf(text, text_len,
                           "a row of table %s refers to something that is not there", found);
            return STATUS_MALFORMED;
        }
    }
    if (status == STATUS_NONE) {
        return STATUS_OK;
    }
    (void)snprintf(text, text_len, "%s", status_text(status));
    return STATUS_IO;
}
