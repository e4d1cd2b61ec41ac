#include "gateway/consult/consult_observer.h"

#include "gateway/consult/consult_effects.h"
#include "gateway/records/audit.h"
#include "gateway/records/consent.h"

#include <string.h>

const struct consult_places consult_observers = {
    .role = "observer", .first = CONSULT_OBSERVER_FIRST, .count = CONSULT_OBSERVERS_MAX};

static json_t *detail_of(const char *account, int64_t place)
{
    return json_pack("{s:s, s:I}", "account", account, "seat", (json_int_t)place);
}

/* ---- coming and going ---- */

bool consult_observer_admit(struct api_call *call, const struct consult_row *row,
                            json_t **out_detail)
{
    const char *account = consult_place_named(call);
    int64_t place = 0;
    enum status status = consult_place_give(call->db, &consult_observers, row->id, account, &place);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    *out_detail = detail_of(account, place);
    consult_effect_observer_admitted(call, row, account);
    return true;
}

/* The attendance of one who was in the room ends. */
static enum status left(struct api_call *call, const struct consult_row *row,
                        const struct consult_place *observer, const char *reason)
{
    json_t *detail = detail_of(observer->account, observer->place);
    enum status status = audit_append(call->db, &(struct audit_entry){.at_ms = call->now_ms,
                                                                      .consultation_id = row->id,
                                                                      .actor_id = observer->account,
                                                                      .action = "observer.leave",
                                                                      .reason_code = reason,
                                                                      .detail = detail});
    json_decref(detail);
    return status;
}

bool consult_observer_came(struct api_call *call, const struct consult_row *row, int64_t place)
{
    json_t *detail = detail_of(call->actor->account_id, place);
    bool done = consult_audit(call, row, call->actor->account_id, "observer.join", NULL, detail);
    json_decref(detail);
    return done;
}

enum status consult_observer_went(struct api_call *call, const struct consult_row *row)
{
    struct consult_place observers[CONSULT_PLACES_MAX];
    const char *account = json_string_value(json_object_get(call->body, "account"));
    size_t count = 0;
    enum status status =
        consult_place_standing(call->db, &consult_observers, row->id, observers, &count);
    for (size_t i = 0; i < count && account != NULL && status == STATUS_OK; i++) {
        if (strcmp(observers[i].account, account) != 0 || observers[i].present == 0) {
            continue;
        }
        status = db_run(call->db,
                        "UPDATE participation SET present = 0, since_ms = $1 WHERE "
                        "consultation_id = $2 AND account_id = $3",
                        "iss", call->now_ms, row->id, account);
        status = status == STATUS_OK ? left(call, row, &observers[i], "absent") : status;
    }
    return status;
}

/* Its place is closed; one who was in the room has left it. */
static enum status end_one(struct api_call *call, const struct consult_row *row,
                           const struct consult_place *observer, const char *reason)
{
    int64_t place = 0;
    enum status status = consult_place_end(call->db, &consult_observers, row->id, observer->account,
                                           call->now_ms, &place);
    if (status != STATUS_OK) {
        return status;
    }
    consult_effect_observer_gone(call, row, observer->account, reason);
    return observer->present == 0 ? STATUS_OK : left(call, row, observer, reason);
}

/* account_id NULL: all. */
static enum status end(struct api_call *call, const struct consult_row *row, const char *account_id,
                       const char *reason)
{
    struct consult_place observers[CONSULT_PLACES_MAX];
    size_t count = 0;
    enum status status =
        consult_place_standing(call->db, &consult_observers, row->id, observers, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (account_id == NULL || strcmp(account_id, observers[i].account) == 0) {
            status = end_one(call, row, &observers[i], reason);
        }
    }
    return status;
}

bool consult_observer_leave(struct api_call *call, const struct consult_row *row,
                            const char *account_id, const char *reason)
{
    enum status status = end(call, row, account_id, reason);
    return status == STATUS_OK || api_store_failed(call, status);
}

bool consult_observer_dismiss(struct api_call *call, const struct consult_row *row,
                              json_t **out_detail)
{
    const char *account = consult_place_named(call);
    *out_detail = json_pack("{s:s}", "account", account);
    return consult_observer_leave(call, row, account, "dismissed");
}

enum status consult_observer_end(struct api_call *call, const struct consult_row *row,
                                 const char *reason)
{
    return end(call, row, NULL, reason);
}

enum status consult_observer_startup(struct api_call *call)
{
    json_t *left = json_array();
    size_t i;
    json_t *one;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT consultation_id, account_id, party FROM participation WHERE role = "
                   "'observer' AND present = 1 ORDER BY consultation_id, party");
    while (db_next(&q)) {
        json_array_append_new(left, json_pack("{s:s, s:o}", "consultation", db_text(&q, 0),
                                              "detail", detail_of(db_text(&q, 1), db_int(&q, 2))));
    }
    enum status status = db_end(&q);
    json_array_foreach(left, i, one)
    {
        json_t *detail = json_object_get(one, "detail");
        struct audit_entry entry = {
            .at_ms = call->now_ms,
            .consultation_id = json_string_value(json_object_get(one, "consultation")),
            .actor_id = json_string_value(json_object_get(detail, "account")),
            .action = "observer.leave",
            .reason_code = "restart",
            .detail = detail};
        status = status == STATUS_OK ? audit_append(call->db, &entry) : status;
    }
    json_decref(left);
    return status;
}

/* ---- guards ---- */

bool consult_guard_teaching(struct api_call *call, struct consult_row *row,
                            const struct consult_change *change)
{
    enum consent_answer answer = CONSENT_NONE;
    (void)change;
    enum status status = consent_answer(call->db, row->id, "teaching", "patient", NULL, &answer);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return answer == CONSENT_GIVEN ||
           api_problem(call, 409, "consent.teaching",
                       "患者未同意教学旁听（或已撤回），不能有人旁听。",
                       "The patient has not consented to teaching, or has withdrawn it: nobody may "
                       "observe.",
                       NULL);
}

bool consult_guard_place(struct api_call *call, struct consult_row *row,
                         const struct consult_change *change)
{
    int64_t count = 0;
    bool observes = false;
    (void)change;
    enum status status = consult_place_count(call->db, &consult_observers, row->id, &count);
    if (status == STATUS_OK) {
        status = consult_place_is(call->db, &consult_observers, row->id, consult_place_named(call),
                                  &observes);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return observes || count < CONSULT_OBSERVERS_MAX ||
           api_problem(call, 409, "room.observers-full", "旁听席共24个，已满，请先结束一位的旁听。",
                       "There are 24 places for observers and all are taken; dismiss one first.",
                       NULL);
}

bool consult_guard_observer(struct api_call *call, struct consult_row *row,
                            const struct consult_change *change)
{
    const unsigned hosts = CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_CONSULTANT;
    const char *named = consult_place_named(call);
    bool observes = false;
    if ((change->actor & hosts) == 0 && strcmp(named, call->actor->account_id) != 0) {
        return api_problem(call, 403, consult_refusal_code(CONSULT_NOT_YOURS),
                           consult_refusal_zh(CONSULT_NOT_YOURS),
                           consult_refusal_en(CONSULT_NOT_YOURS), NULL);
    }
    enum status status = consult_place_is(call->db, &consult_observers, row->id, named, &observes);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return observes || api_problem(call, 404, "observer.unknown", "该人员不在旁听之列。",
                                   "That person is no observer here.", "/account");
}
