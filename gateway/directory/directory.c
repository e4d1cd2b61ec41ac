#include "gateway/directory/directory.h"

#include "gateway/access.h"

#include <string.h>

const char *const directory_titles[] = {"chief",     "associate-chief", "attending", "resident",
                                        "assistant", "village-doctor",  "staff",     NULL};

static json_t *organisation_row(struct db_query *q, int column)
{
    return json_pack("{ss, ss, ss, ss, ss}", "id", db_text(q, column), "name_zh",
                     db_text(q, column + 1), "name_en", db_text(q, column + 2), "level",
                     db_text(q, column + 3), "region", db_text(q, column + 4));
}

/* One object or none: what was built is dropped when the store failed afterwards. */
static json_t *finish(struct db_query *q, json_t *object)
{
    if (db_end(q) != STATUS_OK) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *directory_organisation_json(struct db *db, const char *organisation_id)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, name_zh, name_en, level, region FROM organisation WHERE id=$1");
    db_bind_text(&q, organisation_id);
    json_t *object = db_next(&q) ? organisation_row(&q, 0) : NULL;
    return finish(&q, object);
}

json_t *directory_person_json(struct db *db, const char *account_id)
{
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT a.id, p.name_zh, p.name_en, p.title, o.id, o.name_zh, o.name_en, o.level, o.region"
        " FROM account a JOIN practitioner p ON p.id = a.practitioner_id"
        " JOIN organisation o ON o.id = p.organisation_id WHERE a.id=$1");
    db_bind_text(&q, account_id);
    json_t *object = NULL;
    if (db_next(&q)) {
        object = json_pack("{ss, ss, ss, ss, so}", "account", db_text(&q, 0), "name_zh",
                           db_text(&q, 1), "name_en", db_text(&q, 2), "title", db_text(&q, 3),
                           "organisation", organisation_row(&q, 4));
    }
    return finish(&q, object);
}

static json_t *specialties_of(struct db *db, const char *practitioner_id)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT specialty FROM practitioner_specialty WHERE practitioner_id=$1 ORDER BY specialty");
    db_bind_text(&q, practitioner_id);
    while (db_next(&q)) {
        (void)json_array_append_new(list,
                                    json_string(db_text(&q, 0))); /* NULL list: nothing happens */
    }
    return finish(&q, list);
}

json_t *directory_practitioner_json(struct db *db, const char *practitioner_id)
{
    struct db_query q;
    db_begin_query(&q, db, "SELECT id, name_zh, name_en, title FROM practitioner WHERE id=$1");
    db_bind_text(&q, practitioner_id);
    json_t *object = NULL;
    if (db_next(&q)) {
        object = json_pack("{ss, ss, ss, ss}", "id", db_text(&q, 0), "name_zh", db_text(&q, 1),
                           "name_en", db_text(&q, 2), "title", db_text(&q, 3));
    }
    object = finish(&q, object);
    json_t *specialties = object != NULL ? specialties_of(db, practitioner_id) : NULL;
    if (specialties == NULL || json_object_set_new(object, "specialties", specialties) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

bool directory_specialty_exists(struct db *db, const char *code)
{
    int64_t one = 0;
    return db_one_int(db, &one, "SELECT 1 FROM specialty WHERE code=$1", "s", code) == STATUS_OK;
}

int64_t directory_on_duty_count(struct db *db, const char *organisation_id, const char *specialty)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count,
                   "SELECT count(DISTINCT a.id) FROM account a"
                   " JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1"
                   " JOIN practitioner_specialty s ON s.practitioner_id = p.id"
                   " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"
                   " JOIN duty d ON d.account_id = a.id AND d.on_duty = 1"
                   " WHERE a.disabled = 0 AND p.organisation_id=$1 AND s.specialty=$2",
                   "ss", organisation_id, specialty);
    return status == STATUS_OK ? count : 0;
}

static void get_specialties(struct api_call *call)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, call->db, "SELECT code, name_zh, name_en FROM specialty ORDER BY code");
    while (db_next(&q)) {
        (void)json_array_append_new(list,
                                    json_pack("{ss, ss, ss}", "code", db_text(&q, 0), "name_zh",
                                              db_text(&q, 1), "name_en", db_text(&q, 2)));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{so}", "specialties", list);
}

void directory_like_pattern(const char *search, size_t max, char *out)
{
    size_t n = 0;
    out[n++] = '%';
    for (size_t i = 0; search != NULL && search[i] != '\0' && i < max; i++) {
        char c = search[i];
        if (c == '%' || c == '_' || c == '\\') {
            out[n++] = '\\';
        }
        out[n++] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    out[n++] = '%';
    out[n] = '\0';
}

static void get_organisations(struct api_call *call)
{
    char pattern[2 * DIRECTORY_SEARCH_MAX + 3];
    json_t *list = json_array();
    bool more = false;
    struct db_query q;
    directory_like_pattern(api_query(call, "search"), DIRECTORY_SEARCH_MAX, pattern);
    db_begin_query(&q, call->db,
                   "SELECT id, name_zh, name_en, level, region, code FROM organisation WHERE "
                   "active = 1 AND lower(code || ' ' || name_zh || ' ' || name_en) LIKE $1 ESCAPE "
                   "'\\' ORDER BY code");
    db_bind_text(&q, pattern);
    while (!more && db_next(&q)) {
        more = json_array_size(list) == DIRECTORY_ORGANISATIONS_MAX;
        if (!more) {
            json_t *organisation = organisation_row(&q, 0);
            (void)json_object_set_new(organisation, "code", json_string(db_text(&q, 5)));
            (void)json_array_append_new(list, organisation);
        }
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        json_decref(list);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = json_pack("{so, sb}", "organisations", list, "more", (int)more);
}

const struct api_route directory_routes[] = {
    {ACCESS_ROUTE(specialties), .run = get_specialties},
    {ACCESS_ROUTE(organisations), .run = get_organisations},
    {.method = NULL},
};
