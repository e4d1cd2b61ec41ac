#include "gateway/consult/consult_places.h"

#include "gateway/directory/directory.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <string.h>

const char *consult_place_named(const struct api_call *call)
{
    const char *account = json_string_value(json_object_get(call->body, "account"));
    return account != NULL ? account : call->actor->account_id;
}

bool consult_place_read(struct api_call *call, bool required)
{
    bool ok = true;
    if (call->body == NULL && !required) {
        return true;
    }
    const char *account = api_body_text(call, "account", required, 32, &ok);
    if (!ok) {
        return false;
    }
    return account == NULL || api_id(account) ||
           api_problem(call, 422, "field.invalid", "账号标识无效。", "That is no account's id.",
                       "/account");
}

enum status consult_place_is(struct db *db, const struct consult_places *places,
                             const char *consultation_id, const char *account_id, bool *out_is)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count,
                   "SELECT COUNT(*) FROM participation WHERE consultation_id = $1 AND account_id = "
                   "$2 AND role = $3 AND uninvited_ms = 0",
                   "sss", consultation_id, account_id, places->role);
    *out_is = count > 0;
    return status;
}

enum status consult_place_role(struct db *db, const char *consultation_id, const char *account_id,
                               char out_role[16])
{
    struct db_query q;
    out_role[0] = '\0';
    db_begin_query(&q, db,
                   "SELECT role FROM participation WHERE consultation_id = $1 AND account_id = $2 "
                   "AND uninvited_ms = 0");
    db_bind_text(&q, consultation_id);
    db_bind_text(&q, account_id);
    if (db_next(&q)) {
        (void)snprintf(out_role, 16, "%s", db_text(&q, 0));
    }
    return db_end(&q);
}

enum status consult_place_count(struct db *db, const struct consult_places *places,
                                const char *consultation_id, int64_t *out_count)
{
    return db_one_int(db, out_count,
                      "SELECT COUNT(*) FROM participation WHERE consultation_id = $1 AND role = $2 "
                      "AND uninvited_ms = 0",
                      "ss", consultation_id, places->role);
}

/* All of the role by place; at most one row a place. */
static enum status read_all(struct db *db, const struct consult_places *places,
                            const char *consultation_id,
                            struct consult_place out[CONSULT_PLACES_MAX], size_t *out_count)
{
    struct db_query q;
    size_t count = 0;
    CHECK(places->count <= CONSULT_PLACES_MAX);
    db_begin_query(&q, db,
                   "SELECT account_id, party, present, since_ms, uninvited_ms FROM participation "
                   "WHERE consultation_id = $1 AND role = $2 ORDER BY party");
    db_bind_text(&q, consultation_id);
    db_bind_text(&q, places->role);
    while (count < places->count && db_next(&q)) {
        struct consult_place *place = &out[count++];
        (void)snprintf(place->account, sizeof place->account, "%s", db_text(&q, 0));
        place->place = db_int(&q, 1);
        place->present = db_int(&q, 2);
        place->since_ms = db_int(&q, 3);
        place->ended_ms = db_int(&q, 4);
    }
    *out_count = count;
    return db_end(&q);
}

enum status consult_place_standing(struct db *db, const struct consult_places *places,
                                   const char *consultation_id,
                                   struct consult_place out[CONSULT_PLACES_MAX], size_t *out_count)
{
    size_t all = 0, count = 0;
    enum status status = read_all(db, places, consultation_id, out, &all);
    for (size_t i = 0; i < all; i++) {
        if (out[i].ended_ms == 0) {
            out[count++] = out[i];
        }
    }
    *out_count = count;
    return status;
}

enum status consult_place_accounts(struct db *db, const struct consult_places *places,
                                   const char *consultation_id, json_t *accounts)
{
    struct consult_place standing[CONSULT_PLACES_MAX];
    size_t count = 0;
    enum status status = consult_place_standing(db, places, consultation_id, standing, &count);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(accounts, json_string(standing[i].account));
    }
    return status;
}

enum status consult_place_list(struct db *db, const struct consult_places *places,
                               const struct consult_row *row, json_t **out_list)
{
    struct consult_place standing[CONSULT_PLACES_MAX];
    size_t count = 0;
    json_t *list = json_array();
    enum status status = STATUS_OK;
    if (consult_state_phase(row->state) == CONSULT_PHASE_RUNNING) {
        status = consult_place_standing(db, places, row->id, standing, &count);
    }
    for (size_t i = 0; i < count; i++) {
        json_t *person = directory_person_json(db, standing[i].account);
        json_object_set_new(person, "seat", json_integer(standing[i].place));
        json_object_set_new(person, "present", json_boolean(standing[i].present != 0));
        json_array_append_new(list, person);
    }
    *out_list = list;
    return status;
}

/* The account's own place, else one that nobody had, else the one that was given up first.
 * STATUS_FULL when all stand; *out_former: whose row must go, or "". */
static enum status choose(const struct consult_places *places, const struct consult_place *all,
                          size_t count, const char *account, int64_t *out_place,
                          char out_former[33])
{
    bool used[CONSULT_PLACES_MAX] = {false};
    const struct consult_place *oldest = NULL;
    out_former[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].account, account) == 0) {
            *out_place = all[i].place;
            return STATUS_OK;
        }
        used[all[i].place - places->first] = true;
        if (all[i].ended_ms != 0 && (oldest == NULL || all[i].ended_ms < oldest->ended_ms)) {
            oldest = &all[i];
        }
    }
    for (size_t i = 0; i < places->count; i++) {
        if (!used[i]) {
            *out_place = places->first + (int64_t)i;
            return STATUS_OK;
        }
    }
    if (oldest == NULL) {
        return STATUS_FULL;
    }
    *out_place = oldest->place;
    (void)snprintf(out_former, 33, "%s", oldest->account);
    return STATUS_OK;
}

enum status consult_place_give(struct db *db, const struct consult_places *places,
                               const char *consultation_id, const char *account_id,
                               int64_t *out_place)
{
    struct consult_place all[CONSULT_PLACES_MAX];
    char former[33] = "";
    size_t count = 0;
    enum status status = read_all(db, places, consultation_id, all, &count);
    if (status == STATUS_OK) {
        status = choose(places, all, count, account_id, out_place, former);
    }
    if (status == STATUS_OK && former[0] != '\0') {
        status =
            db_run(db, "DELETE FROM participation WHERE consultation_id = $1 AND account_id = $2",
                   "ss", consultation_id, former);
    }
    if (status == STATUS_OK) { /* who had the other role is somewhere else from now on */
        status = db_run(db,
                        "INSERT INTO participation (consultation_id, account_id, party, role) "
                        "VALUES ($1, $2, $3, $4) ON CONFLICT (consultation_id, account_id) DO "
                        "UPDATE SET uninvited_ms = 0, present = CASE WHEN participation.role = "
                        "excluded.role THEN participation.present ELSE 0 END, party = "
                        "excluded.party, role = excluded.role",
                        "ssis", consultation_id, account_id, *out_place, places->role);
    }
    return status;
}

enum status consult_place_end(struct db *db, const struct consult_places *places,
                              const char *consultation_id, const char *account_id, int64_t now_ms,
                              int64_t *out_place)
{
    return db_one_int(db, out_place,
                      "UPDATE participation SET present = 0, uninvited_ms = $1 WHERE "
                      "consultation_id = $2 AND account_id = $3 AND role = $4 RETURNING party",
                      "isss", now_ms, consultation_id, account_id, places->role);
}
