#include "gateway/ctl/import_shifts.h"

#include "gateway/directory/duty_shift.h"
#include "gateway/partnership/rules_load.h"
#include "media/rt/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_WORDS "a time YYYY-MM-DDThh:mm (China Standard Time)"
#define MINUTE_MS INT64_C(60000)

/* ---- times ---- */

static int64_t two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

bool import_time(const char *text, int64_t *out_ms)
{
    char date[11];
    if (strlen(text) != 16 || text[10] != 'T' || text[13] != ':' ||
        strspn(text + 11, "0123456789") != 2 || strspn(text + 14, "0123456789") != 2) {
        return false;
    }
    (void)snprintf(date, sizeof date, "%.10s", text);
    int64_t hour = two_digits(text + 11);
    int64_t minute = two_digits(text + 14);
    if (!rules_date_valid(date) || text[0] < '1' || text[0] > '2' || hour > 23 || minute > 59) {
        return false;
    }
    int64_t year = strtoll(date, NULL, 10);
    if (year < 1970) {
        return false;
    }
    *out_ms = rules_day_ms(date) + (hour * 60 + minute) * MINUTE_MS;
    return true;
}

static bool valid_time(const char *text)
{
    int64_t ms = 0;
    return import_time(text, &ms);
}

static int64_t read_time(struct import *im, const json_t *object, const char *name)
{
    int64_t ms = 0;
    const char *text = import_text(im, object, name, true, valid_time, TIME_WORDS);
    if (text != NULL) {
        (void)import_time(text, &ms); /* it was valid */
    }
    return ms;
}

/* ---- who and where ---- */

/* The id that `sql` finds for the member's code; a refusal when there is none. */
static void find_id(struct import *im, const char *sql_literal, const char *name, const char *code,
                    char out_id[33])
{
    out_id[0] = '\0';
    if (im->failed) {
        return;
    }
    enum status status = db_one_text(im->db, out_id, 33, sql_literal, "s", code);
    if (status == STATUS_NONE) {
        size_t mark = import_enter(im, name);
        (void)import_fail(im, "there is no such specialist or partnership: \"%s\"", code);
        import_leave(im, mark);
    } else {
        (void)import_store(im, status);
    }
}

static void check_specialty(struct import *im, const struct duty_shift *shift)
{
    int64_t found = 0;
    if (im->failed || shift->specialty == NULL) {
        return;
    }
    if (import_store(im, db_one_int(im->db, &found,
                                    "SELECT COUNT(*) FROM practitioner_specialty x JOIN account a"
                                    " ON a.practitioner_id = x.practitioner_id"
                                    " WHERE a.id=$1 AND x.specialty=$2",
                                    "ss", shift->account_id, shift->specialty)) &&
        found == 0) {
        size_t mark = import_enter(im, "specialty");
        (void)import_fail(im, "it is no specialty of that person");
        import_leave(im, mark);
    }
}

/* ---- one shift ---- */

/* The very same shift is there already: the file was imported before. */
static bool is_there(struct import *im, const struct duty_shift *shift)
{
    int64_t found = 0;
    return import_store(
               im, db_one_int(im->db, &found,
                              "SELECT COUNT(*) FROM duty_shift WHERE account_id=$1 AND kind=$2"
                              " AND from_ms=$3 AND until_ms=$4 AND COALESCE(specialty, '')=$5"
                              " AND COALESCE(partnership_id, '')=$6",
                              "ssiiss", shift->account_id, shift->kind, shift->from_ms,
                              shift->until_ms, shift->specialty != NULL ? shift->specialty : "",
                              shift->partnership_id != NULL ? shift->partnership_id : "")) &&
           found > 0;
}

static void write_shift(struct import *im, const struct duty_shift *shift)
{
    char id[33];
    if (shift->until_ms <= shift->from_ms ||
        shift->until_ms - shift->from_ms > DUTY_SHIFT_LENGTH_MAX_MS) {
        size_t mark = import_enter(im, "until");
        (void)import_fail(im, "must lie after from, by 31 days at most");
        import_leave(im, mark);
        return;
    }
    im->result->shifts++;
    if (is_there(im, shift) || im->failed) {
        return;
    }
    enum status status = duty_shift_overlap(im->db, shift, id);
    if (status == STATUS_OK) {
        (void)import_fail(im, "the person has another shift of this kind at that time");
        return;
    }
    if (status != STATUS_NONE) {
        (void)import_store(im, status);
        return;
    }
    (void)import_store(im, duty_shift_add(im->db, shift, clock_wall_ms(), id));
}

static void import_shift(struct import *im, json_t *object)
{
    static const char *const members[] = {"login", "kind",  "specialty", "partnership",
                                          "from",  "until", NULL};
    char account[33];
    char partnership[33];
    (void)import_members(im, object, members);
    const char *login = import_text(im, object, "login", true, import_valid_login,
                                    "the login of a specialist's account");
    const char *code = import_text(im, object, "partnership", false, import_valid_code,
                                   "the code of a partnership");
    struct duty_shift shift = {
        .account_id = account,
        .kind = import_text(im, object, "kind", true, duty_shift_kind, "duty, on-call or bookable"),
        .specialty = import_text(im, object, "specialty", false, import_valid_specialty,
                                 "a specialty code (lower-case letters, digits, '-')"),
        .from_ms = read_time(im, object, "from"),
        .until_ms = read_time(im, object, "until")};
    find_id(im,
            "SELECT a.id FROM account a JOIN account_role r ON r.account_id = a.id"
            " AND r.role = 'specialist' WHERE a.login=$1",
            "login", login, account);
    if (code != NULL) {
        find_id(im, "SELECT id FROM partnership WHERE code=$1", "partnership", code, partnership);
        shift.partnership_id = partnership;
    }
    check_specialty(im, &shift);
    if (!im->failed) {
        write_shift(im, &shift);
    }
}

void import_shifts(struct import *im, json_t *root)
{
    json_t *list = import_array(im, root, "shifts", false);
    size_t mark = import_enter(im, "shifts");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        size_t item = import_enter_index(im, i);
        import_shift(im, json_array_get(list, i));
        import_leave(im, item);
    }
    import_leave(im, mark);
}
