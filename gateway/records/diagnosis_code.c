/* 40,000 codes are searched in one pass over the folded names: some milliseconds, measured by
 * tests/unit/gateway/test_diagnosis_code.c; an index of parts of words would be ten times the
 * table.
 */
#include "gateway/records/diagnosis_code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 20
#define LIMIT_MAX 100
#define SEARCH_MAX 64 /* octets */

bool diagnosis_code_valid(const char *text)
{
    size_t len = strlen(text);
    return len >= 3 && len <= DIAGNOSIS_CODE_MAX && text[0] >= 'A' && text[0] <= 'Z' &&
           text[1] >= '0' && text[1] <= '9' &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+*-/") ==
               len;
}

enum status diagnosis_code_known(struct db *db, const char *code, bool *out_known)
{
    int64_t active = 0;
    enum status status =
        db_one_int(db, &active, "SELECT active FROM diagnosis_code WHERE code = $1", "s", code);
    if (status == STATUS_NONE) {
        status = db_one_int(db, &active, "SELECT 0 FROM diagnosis_code LIMIT 1", "");
        active = status == STATUS_NONE; /* the table is empty */
    }
    *out_known = active != 0;
    return status == STATUS_NONE ? STATUS_OK : status;
}

void diagnosis_code_fold(const char *text, char *out, size_t out_len)
{
    size_t n = 0;
    for (; text[n] != '\0' && n + 1 < out_len; n++) {
        out[n] = text[n] >= 'A' && text[n] <= 'Z' ? (char)(text[n] - 'A' + 'a') : text[n];
    }
    out[n] = '\0';
}

/* As the inside of a LIKE pattern: what is typed has no wild cards. */
static void escape(const char *text, char out[SEARCH_MAX * 2 + 1])
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (*text == '%' || *text == '_' || *text == '\\') {
            out[n++] = '\\';
        }
        out[n++] = *text;
    }
    out[n] = '\0';
}

/* First text beyond all that begin with it; false when it cannot be the beginning of a code. */
static bool range_of(const char *search, char from[SEARCH_MAX + 1], char below[SEARCH_MAX + 1])
{
    size_t len = strlen(search);
    if (len == 0 || len > DIAGNOSIS_CODE_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool first = i == 0 && search[i] >= 'a' && search[i] <= 'z';
        from[i] = first ? (char)(search[i] - 'a' + 'A') : search[i];
        if ((unsigned char)from[i] <= 0x20 || (unsigned char)from[i] >= 0x7e) {
            return false;
        }
    }
    from[len] = '\0';
    memcpy(below, from, len + 1);
    below[len - 1]++;
    return from[0] >= 'A' && from[0] <= 'Z';
}

struct found {
    json_t *codes;
    int64_t limit;
    bool more;
};

static enum status take(struct db_query *q, struct found *found)
{
    while (db_next(q)) {
        if ((int64_t)json_array_size(found->codes) == found->limit) {
            found->more = true;
            break;
        }
        json_array_append_new(found->codes,
                              json_pack("{s:s, s:s, s:s}", "code", db_text(q, 0), "name_zh",
                                        db_text(q, 1), "name_en", db_text(q, 2)));
    }
    return db_end(q);
}

static enum status search_codes(struct db *db, const char *search, struct found *found)
{
    char from[SEARCH_MAX + 1] = "", below[SEARCH_MAX + 1] = "", pattern[SEARCH_MAX * 2 + 1];
    struct db_query q;
    enum status status = STATUS_OK;
    if (range_of(search, from, below)) {
        db_begin_query(&q, db,
                       "SELECT code, name_zh, name_en FROM diagnosis_code WHERE active = 1 AND "
                       "code >= $1 AND code < $2 ORDER BY code LIMIT $3");
        db_bind_text(&q, from);
        db_bind_text(&q, below);
        db_bind_int(&q, found->limit + 1);
        status = take(&q, found);
    } else {
        from[0] = below[0] = '\0'; /* nothing lies between them */
    }
    if (status != STATUS_OK || found->more) {
        return status;
    }
    escape(search, pattern);
    db_begin_query(&q, db,
                   "SELECT code, name_zh, name_en FROM diagnosis_code WHERE active = 1 AND search "
                   "LIKE '%' || $1 || '%' ESCAPE '\\' AND NOT (code >= $2 AND code < $3) ORDER BY "
                   "code LIMIT $4");
    db_bind_text(&q, pattern);
    db_bind_text(&q, from);
    db_bind_text(&q, below);
    db_bind_int(&q, found->limit + 1);
    return take(&q, found);
}

void diagnosis_code_list(struct api_call *call)
{
    const char *typed = api_query(call, "search"), *wanted = api_query(call, "limit");
    char search[SEARCH_MAX + 1] = "", *end = NULL;
    struct found found = {.limit = wanted == NULL ? LIMIT_DEFAULT : strtol(wanted, &end, 10)};
    if (found.limit < 1 || found.limit > LIMIT_MAX || (end != NULL && *end != '\0')) {
        (void)api_problem(call, 422, "field.invalid", "limit 应为 1 至 100。",
                          "limit must be 1 to 100.", "/limit");
        return;
    }
    if (typed != NULL && strlen(typed) > SEARCH_MAX) {
        (void)api_problem(call, 422, "field.too-long", "检索词过长。", "The search is too long.",
                          "/search");
        return;
    }
    diagnosis_code_fold(typed == NULL ? "" : typed, search, sizeof search);
    found.codes = json_array();
    enum status status = search_codes(call->db, search, &found);
    if (status != STATUS_OK) {
        json_decref(found.codes);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{s:o, s:b}", "codes", found.codes, "more", found.more);
}
