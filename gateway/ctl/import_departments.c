#include "gateway/ctl/import_departments.h"

#include "gateway/api.h"
#include "gateway/ctl/import_parts.h"
#include "gateway/partnership/rules.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000LL
#define PLACE_MS (8LL * 3600 * 1000) /* China Standard Time, as agreements count their days */

static bool valid_kind(const char *text)
{
    return strcmp(text, "bed") == 0 || strcmp(text, "clinic") == 0;
}

/* Midnight of the place on that day (proleptic Gregorian, days since 1970-01-01). */
static int64_t midnight_ms(const char *date)
{
    int64_t year = strtol(date, NULL, 10), month = strtol(date + 5, NULL, 10),
            day = strtol(date + 8, NULL, 10);
    year -= month <= 2;
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return days * DAY_MS - PLACE_MS;
}

static void import_place(struct import *im, json_t *object, const char *organisation_id,
                         const char *department)
{
    static const char *const members[] = {"code", "kind", "from", "until", "reserved", NULL};
    char id[33];
    (void)import_members(im, object, members);
    const char *code = import_text(im, object, "code", true, import_valid_name, "a name");
    const char *kind = import_text(im, object, "kind", true, valid_kind, "bed or clinic");
    const char *from = import_text(im, object, "from", true, rules_date_valid, "a date YYYY-MM-DD");
    const char *until =
        import_text(im, object, "until", true, rules_date_valid, "a date YYYY-MM-DD");
    bool reserved = import_bool(im, object, "reserved", true);
    if (im->failed) {
        return;
    }
    if (strcmp(until, from) < 0) {
        size_t mark = import_enter(im, "until");
        (void)import_fail(im, "must not lie before \"from\"");
        import_leave(im, mark);
        return;
    }
    api_new_id(id);
    (void)import_store(
        im, db_run(im->db,
                   "INSERT INTO place (id, organisation_id, department, code, kind, from_ms, "
                   "until_ms, reserved_for_referred, state, version) VALUES ($1, $2, $3, $4, $5, "
                   "$6, $7, $8, 'free', 1) ON CONFLICT (organisation_id, department, code) DO "
                   "UPDATE SET kind = excluded.kind, from_ms = excluded.from_ms, until_ms = "
                   "excluded.until_ms, reserved_for_referred = excluded.reserved_for_referred",
                   "sssssiii", id, organisation_id, department, code, kind, midnight_ms(from),
                   midnight_ms(until) + DAY_MS, (int64_t)(reserved ? 1 : 0)));
}

static void import_places(struct import *im, const json_t *object, const char *organisation_id,
                          const char *department)
{
    json_t *list = import_array(im, object, "places", false);
    size_t mark = import_enter(im, "places");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        size_t item = import_enter_index(im, i);
        import_place(im, json_array_get(list, i), organisation_id, department);
        import_leave(im, item);
    }
    import_leave(im, mark);
}

static void import_department(struct import *im, json_t *object)
{
    static const char *const members[] = {"organisation", "code",   "name_zh", "name_en",
                                          "active",       "places", NULL};
    char organisation_id[33];
    (void)import_members(im, object, members);
    import_organisation_id(im, object, "organisation", organisation_id);
    const char *code = import_text(im, object, "code", true, import_valid_specialty,
                                   "lower-case letters, digits and hyphens");
    const char *name_zh = import_text(im, object, "name_zh", true, import_valid_name, "a name");
    const char *name_en = import_text(im, object, "name_en", true, import_valid_name, "a name");
    bool active = import_bool(im, object, "active", true);
    if (im->failed) {
        return;
    }
    enum status status =
        db_run(im->db,
               "INSERT INTO department (organisation_id, code, name_zh, name_en, active) VALUES "
               "($1, $2, $3, $4, $5) ON CONFLICT (organisation_id, code) DO UPDATE SET name_zh = "
               "excluded.name_zh, name_en = excluded.name_en, active = excluded.active",
               "ssssi", organisation_id, code, name_zh, name_en, (int64_t)(active ? 1 : 0));
    if (import_store(im, status)) {
        import_places(im, object, organisation_id, code);
    }
}

void import_departments(struct import *im, json_t *root)
{
    json_t *list = import_array(im, root, "departments", false);
    size_t mark = import_enter(im, "departments");
    for (size_t i = 0; i < json_array_size(list) && !im->failed; i++) {
        size_t item = import_enter_index(im, i);
        import_department(im, json_array_get(list, i));
        import_leave(im, item);
    }
    import_leave(im, mark);
}
