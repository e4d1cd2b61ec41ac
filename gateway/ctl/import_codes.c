#include "gateway/ctl/import_codes.h"

#include "gateway/records/audit.h"
#include "gateway/records/canonical.h"
#include "gateway/records/diagnosis_code.h"
#include "media/rt/clock.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 3
#define FIELD_OCTETS 600 /* 200 characters */

enum { CODE, NAME_ZH, NAME_EN };
static const char *const columns[COLUMNS] = {"code", "name_zh", "name_en"};

struct reader {
    const char *at, *end;
    unsigned line; /* of the row that is read */
    unsigned next; /* of what comes after it */
    char fields[COLUMNS][FIELD_OCTETS + 1];
    struct import_codes_result *result;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct reader *r, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)vsnprintf(r->result->error, sizeof r->result->error, format, values);
    va_end(values);
    r->result->line = r->line;
    return false;
}

static bool add(struct reader *r, int column, size_t *len, char octet)
{
    if (*len == FIELD_OCTETS) {
        return refuse(r, "%s is longer than %d octets", columns[column], FIELD_OCTETS);
    }
    if ((unsigned char)octet < 0x20 || octet == 0x7f) {
        return refuse(r, "%s holds a control character or a line break", columns[column]);
    }
    r->fields[column][(*len)++] = octet;
    return true;
}

/* Up to the closing quotation mark; doubled ones are one. */
static bool read_quoted(struct reader *r, int column, size_t *len)
{
    for (r->at++; r->at < r->end; r->at++) {
        bool quote = *r->at == '"';
        if (quote && (r->at + 1 == r->end || r->at[1] != '"')) {
            r->at++;
            return true;
        }
        r->at += quote;
        if (!add(r, column, len, *r->at)) {
            return false;
        }
    }
    return refuse(r, "a quotation mark is not closed");
}

static bool at_end_of_field(const struct reader *r)
{
    return r->at == r->end || *r->at == ',' || *r->at == '\n' ||
           (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static bool read_field(struct reader *r, int column)
{
    size_t len = 0;
    if (r->at < r->end && *r->at == '"') {
        if (!read_quoted(r, column, &len)) {
            return false;
        }
        if (!at_end_of_field(r)) {
            return refuse(r, "%s goes on behind its closing quotation mark", columns[column]);
        }
    }
    for (; !at_end_of_field(r); r->at++) {
        if (*r->at == '"') {
            return refuse(r, "%s has a quotation mark in its middle", columns[column]);
        }
        if (!add(r, column, &len, *r->at)) {
            return false;
        }
    }
    r->fields[column][len] = '\0';
    return true;
}

static bool read_row(struct reader *r)
{
    r->line = r->next;
    for (int column = 0; column < COLUMNS; column++) {
        if (column > 0 && (r->at == r->end || *r->at != ',')) {
            return refuse(r, "%s is missing: a row is code,name_zh,name_en", columns[column]);
        }
        r->at += column > 0;
        if (!read_field(r, column)) {
            return false;
        }
    }
    if (r->at < r->end && *r->at == ',') {
        return refuse(r, "there are more than three columns");
    }
    r->at += r->at < r->end && *r->at == '\r';
    r->at += r->at < r->end && *r->at == '\n';
    r->next++;
    return true;
}

static bool is_utf8(const char *text)
{
    json_t *value = json_string(text); /* jansson refuses what is not UTF-8 */
    json_decref(value);
    return value != NULL;
}

static bool check_row(struct reader *r)
{
    if (!diagnosis_code_valid(r->fields[CODE])) {
        return refuse(r, "code must be a code of ICD-10 such as I10, E11.9 or I10.x00x002");
    }
    for (int column = NAME_ZH; column <= NAME_EN; column++) {
        const char *name = r->fields[column];
        if (name[0] == '\0' || name[0] == ' ' || name[strlen(name) - 1] == ' ') {
            return refuse(r, "%s is empty, or begins or ends with a blank", columns[column]);
        }
        if (!is_utf8(name)) {
            return refuse(r, "%s is not UTF-8", columns[column]);
        }
    }
    return true;
}

static bool read_head(struct reader *r)
{
    if (r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0) {
        r->at += 3; /* spreadsheets write a byte order mark */
    }
    if (!read_row(r)) {
        return false;
    }
    for (int column = 0; column < COLUMNS; column++) {
        if (strcmp(r->fields[column], columns[column]) != 0) {
            return refuse(r, "the first line must be code,name_zh,name_en");
        }
    }
    return true;
}

/* Every code was set inactive before: one that is active again stood in the file already. */
static enum status store_row(struct db *db, struct reader *r)
{
    char search[2 * FIELD_OCTETS + 2], folded[2 * FIELD_OCTETS + 2];
    (void)snprintf(search, sizeof search, "%s %s", r->fields[NAME_ZH], r->fields[NAME_EN]);
    diagnosis_code_fold(search, folded, sizeof folded);
    enum status status =
        db_run(db,
               "INSERT INTO diagnosis_code (code, name_zh, name_en, search, active) VALUES ($1, "
               "$2, $3, $4, 1) ON CONFLICT (code) DO UPDATE SET name_zh = excluded.name_zh, "
               "name_en = excluded.name_en, search = excluded.search, active = 1 WHERE "
               "diagnosis_code.active = 0",
               "ssss", r->fields[CODE], r->fields[NAME_ZH], r->fields[NAME_EN], folded);
    if (status == STATUS_OK && db_changes(db) == 0) {
        (void)refuse(r, "the code stands in the file twice: %s", r->fields[CODE]);
        return STATUS_MALFORMED;
    }
    return status;
}

static enum status note(struct db *db, const char *text, size_t len,
                        const struct import_codes_result *result)
{
    char hash[65];
    canonical_sha256(text, len, hash);
    json_t *detail = json_pack("{s:s, s:I, s:I}", "sha256", hash, "codes",
                               (json_int_t)result->codes, "inactive", (json_int_t)result->inactive);
    enum status status = audit_append(db, &(struct audit_entry){.at_ms = clock_wall_ms(),
                                                                .action = "codes.import",
                                                                .reason_code = "consultctl",
                                                                .detail = detail});
    json_decref(detail);
    return status;
}

static enum status replace(struct db *db, struct reader *r)
{
    enum status status = db_run(db, "UPDATE diagnosis_code SET active = 0", "");
    while (status == STATUS_OK && r->at < r->end) {
        status = read_row(r) && check_row(r) ? store_row(db, r) : STATUS_MALFORMED;
        r->result->codes++;
    }
    if (status == STATUS_OK && r->result->codes == 0) {
        (void)refuse(r, "there is no code in the file");
        status = STATUS_MALFORMED;
    }
    return status == STATUS_OK
               ? db_one_int(db, &r->result->inactive,
                            "SELECT COUNT(*) FROM diagnosis_code WHERE active = 0", "")
               : status;
}

enum status import_codes(struct db *db, const char *text, size_t len,
                         struct import_codes_result *out_result)
{
    struct reader r = {.at = text, .end = text + len, .next = 1, .result = out_result};
    *out_result = (struct import_codes_result){.codes = 0};
    if (len > IMPORT_CODES_FILE_MAX) {
        (void)refuse(&r, "the file is larger than 16 MiB");
        return STATUS_MALFORMED;
    }
    if (!read_head(&r)) {
        return STATUS_MALFORMED;
    }
    enum status status = db_begin(db);
    if (status != STATUS_OK) {
        return status;
    }
    status = replace(db, &r);
    if (status == STATUS_OK) {
        status = note(db, text, len, out_result);
    }
    if (status == STATUS_OK) {
        return db_commit(db);
    }
    db_rollback(db);
    return status;
}
