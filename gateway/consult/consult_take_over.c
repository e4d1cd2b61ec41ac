#include "gateway/consult/consult_take_over.h"

#include "gateway/consult/consult_coordinators.h"
#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_invitees.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/consult/consult_step.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/referral/referral.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whose place it is: who has to act in this state. */
struct place {
    const char *name, *role; /* of the party; that the account must have */
    int seat;
    const char *account, *other, *organisation; /* who has it, the other party, whose it is */
    bool consultant;
};

static struct place place_of(const struct consult_row *row)
{
    bool consultant = row->state == CONSULT_REPORTING || row->state == CONSULT_AWAITING_OPINION ||
                      row->state == CONSULT_OPINION_DRAFT;
    if (consultant) {
        return (struct place){.name = "consultant",
                              .role = "specialist",
                              .seat = 1,
                              .account = row->consultant_id,
                              .other = row->requester_id,
                              .organisation = row->consultant_organisation_id,
                              .consultant = true};
    }
    return (struct place){.name = "requester",
                          .role = "clinician",
                          .seat = 0,
                          .account = row->requester_id,
                          .other = row->consultant_id,
                          .organisation = row->requester_organisation_id};
}

/* ---- whose coordinator may ---- */

enum status consult_may_name(struct api_call *call, const struct consult_row *row, bool *out_may)
{
    const struct place place = place_of(row);
    bool coordinated = true;
    *out_may = strcmp(call->actor->organisation_id, place.organisation) == 0;
    if (*out_may) {
        return STATUS_OK;
    }
    enum status status = consult_coordinated(call->db, place.organisation, &coordinated);
    *out_may = status == STATUS_OK && !coordinated;
    return status;
}

bool consult_guard_house(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change)
{
    bool may = false;
    (void)change;
    enum status status = consult_may_name(call, row, &may);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return may ||
           api_problem(call, 403, "take-over.elsewhere", "由该医师所在机构的协调员指定接手人。",
                       "The coordinator of that doctor's own institution names who takes "
                       "over.",
                       NULL);
}

/* ---- who may take it ---- */

struct successor {
    char account[33], practitioner[33];
    bool on_duty;
};
struct successors {
    struct successor found[CONSULT_INVITEES_MAX];
    size_t count;
    bool more;
};

/* only: that account alone; NULL: all, by duty and name. */
static enum status find(struct api_call *call, const struct consult_row *row, const char *only,
                        const char *search, struct successors *out)
{
    const struct place place = place_of(row);
    char pattern[2 * DIRECTORY_SEARCH_MAX + 3], today[11];
    struct db_query q;
    directory_like_pattern(search, DIRECTORY_SEARCH_MAX, pattern);
    rules_today(call->now_ms, today);
    db_begin_query(&q, call->db,
                   "SELECT a.id, p.id, COALESCE(d.on_duty, 0), COALESCE(p.licensed_since, '') FROM "
                   "practitioner p JOIN account a ON a.practitioner_id = p.id AND a.disabled = 0 "
                   "JOIN account_role r ON r.account_id = a.id AND r.role = $1 LEFT JOIN duty d ON "
                   "d.account_id = a.id WHERE p.organisation_id = $2 AND p.active = 1 AND a.id <> "
                   "$3 AND a.id <> $4 AND a.id = COALESCE($5, a.id) AND ($6 IS NULL OR EXISTS "
                   "(SELECT 1 FROM practitioner_specialty s WHERE s.practitioner_id = p.id AND "
                   "s.specialty = $7)) AND lower(p.name_zh || ' ' || p.name_en) LIKE $8 ESCAPE "
                   "'\\' ORDER BY COALESCE(d.on_duty, 0) DESC, p.name_zh, a.id");
    const char *specialty = place.consultant ? row->specialty : NULL;
    const char *const values[] = {place.role, place.organisation, place.account, place.other,
                                  only,       specialty,          specialty,     pattern};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        db_bind_text(&q, values[i]);
    }
    while (!out->more && db_next(&q)) {
        if (place.consultant && !rules_three_years(db_text(&q, 3), today)) {
            continue;
        }
        out->more = out->count == CONSULT_INVITEES_MAX;
        if (!out->more) {
            struct successor *found = &out->found[out->count++];
            (void)snprintf(found->account, sizeof found->account, "%s", db_text(&q, 0));
            (void)snprintf(found->practitioner, sizeof found->practitioner, "%s", db_text(&q, 1));
            found->on_duty = db_int(&q, 2) != 0;
        }
    }
    return db_end(&q);
}

enum status consult_successors(struct api_call *call, const struct consult_row *row,
                               json_t **out_list)
{
    struct successors *list = calloc(1, sizeof *list);
    enum status status =
        list == NULL ? STATUS_NO_MEMORY : find(call, row, NULL, api_query(call, "search"), list);
    if (status == STATUS_OK) {
        json_t *people = json_array();
        for (size_t i = 0; i < list->count; i++) {
            const struct successor *found = &list->found[i];
            json_array_append_new(people,
                                  consult_invitee_json(call->db, found->account,
                                                       found->practitioner, found->on_duty));
        }
        *out_list = json_pack("{s:o, s:b}", "invitees", people, "more", list->more);
    }
    free(list);
    return status;
}

/* ---- the change ---- */

/* The seat in the room goes along; who was a guest or had an opinion outstanding is so no more. */
static enum status change_seats(struct api_call *call, const struct consult_row *row,
                                const struct place *place, const char *account)
{
    enum status status = db_run(call->db,
                                "DELETE FROM participation WHERE consultation_id = $1 AND "
                                "account_id IN ($2, $3)",
                                "sss", row->id, place->account, account);
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "INSERT INTO participation (consultation_id, account_id, party, role) "
                        "VALUES ($1, $2, $3, $4)",
                        "ssis", row->id, account, (int64_t)place->seat, place->name);
    }
    return status == STATUS_OK
               ? db_run(call->db,
                        "UPDATE consultation_member SET state = 'removed', at_ms = $1 WHERE "
                        "consultation_id = $2 AND account_id = $3 AND state = 'asked'",
                        "iss", call->now_ms, row->id, account)
               : status;
}

static void write_place(struct consult_row *row, const struct place *place, const char *account)
{
    if (!place->consultant) {
        (void)snprintf(row->requester_id, sizeof row->requester_id, "%s", account);
        return;
    }
    (void)snprintf(row->consultant_id, sizeof row->consultant_id, "%s", account);
    if (strcmp(row->verifier_id, account) == 0) {
        row->verifier_id[0] = '\0'; /* nobody reads twice */
    }
}

bool consult_take_over_before(struct consult_act *act)
{
    struct api_call *call = act->call;
    const struct place place = place_of(&act->row);
    char from[33];
    bool ok = true;
    if (!consult_guard_house(call, &act->row, NULL)) { /* before anybody of that house is named */
        return false;
    }
    const char *account = api_body_text(call, "account", true, 32, &ok);
    if (!ok) {
        return false;
    }
    struct successors *list = calloc(1, sizeof *list);
    enum status status =
        list == NULL ? STATUS_NO_MEMORY : find(call, &act->row, account, NULL, list);
    bool may = status == STATUS_OK && list->count > 0;
    free(list);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (!may) {
        return api_problem(call, 422, "take-over.not-possible",
                           "该人员不能接手：须为同一机构在职且具备相应资格的医师。",
                           "That person cannot take over: an active doctor of the same "
                           "institution, qualified for it, is needed.",
                           "/account");
    }
    (void)snprintf(from, sizeof from, "%s", place.account);
    if (!consult_observer_leave(call, &act->row, account, "invited")) {
        return false;
    }
    status = change_seats(call, &act->row, &place, account);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    act->detail = json_pack("{s:s, s:s, s:s}", "party", place.name, "from", from, "to", account);
    write_place(&act->row, &place, account);
    return act->detail != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

bool consult_taken_over(struct consult_act *act)
{
    struct api_call *call = act->call;
    const char *from = json_string_value(json_object_get(act->detail, "from"));
    const char *to = json_string_value(json_object_get(act->detail, "to"));
    consult_effect_former(call, &act->row, from);
    consult_effect_reminder(call, &act->row, from, "taken-over");
    consult_effect_reminder(call, &act->row, to, "put-in-charge");
    return place_of(&act->row).consultant ||
           referral_change_sender(call, act->row.id, from, to, act->change.reason_code);
}

/* ---- what nobody can act on ---- */

static enum status can_act(struct db *db, const char *account, const char *role, bool *out_can)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count,
                   "SELECT COUNT(*) FROM account a JOIN account_role r ON r.account_id = a.id AND "
                   "r.role = $1 JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1 "
                   "WHERE a.id = $2 AND a.disabled = 0",
                   "ss", role, account);
    *out_can = count > 0;
    return status;
}

enum status consult_unattended(struct db *db, const struct consult_row *row, const char **out_party)
{
    const struct place place = place_of(row);
    bool can = true,
         goes_on = consult_fsm_next(row->state, CONSULT_EVENT_TAKE_OVER, CONSULT_ACTOR_COORDINATOR)
                       .refusal == CONSULT_OK;
    bool handed = row->state == CONSULT_ACCEPTED || row->state == CONSULT_SCHEDULED ||
                  row->state == CONSULT_READY; /* a consultant's case may be handed over then */
    enum status status = STATUS_OK;
    *out_party = NULL;
    if (handed) {
        status = can_act(db, row->consultant_id, "specialist", &can);
        *out_party = can ? NULL : "consultant";
    }
    if (status == STATUS_OK && can && goes_on) {
        status = can_act(db, place.account, place.role, &can);
        *out_party = can ? NULL : place.name;
    }
    return status;
}
