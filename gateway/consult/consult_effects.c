#include "gateway/consult/consult_effects.h"

#include "gateway/consult/consult_guest.h"
#include "gateway/directory/directory.h"

#include <string.h>

static json_t *parties(struct db *db, const struct consult_row *row, enum status *out_status)
{
    json_t *accounts = json_array();
    json_array_append_new(accounts, json_string(row->requester_id));
    if (row->consultant_id[0] != '\0') {
        json_array_append_new(accounts, json_string(row->consultant_id));
    }
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT o.account_id FROM consultation_offer o JOIN duty d ON d.account_id = o.account_id "
        "WHERE o.consultation_id = $1 AND o.state = 'open' AND d.on_duty = 1");
    db_bind_text(&q, row->id);
    while (db_next(&q)) {
        json_array_append_new(accounts, json_string(db_text(&q, 0)));
    }
    *out_status = db_end(&q);
    if (*out_status == STATUS_OK && consult_state_phase(row->state) == CONSULT_PHASE_RUNNING) {
        *out_status = consult_guest_accounts(db, row->id, accounts);
    }
    return accounts;
}

enum status consult_effect_changed(struct api_call *call, const struct consult_row *row)
{
    enum status status;
    json_t *accounts = parties(call->db, row, &status);
    api_effect_push(call, EFFECT_CONSULTATION, NULL, row->id,
                    json_pack("{s:o, s:I, s:s}", "accounts", accounts, "version",
                              (json_int_t)row->version, "state", consult_state_name(row->state)));
    return status;
}

void consult_effect_queue(struct api_call *call, const char *account_id)
{
    json_t *message = json_pack("{s:s}", "type", "queue.changed");
    if (account_id != NULL) {
        api_effect_push(call, EFFECT_PUSH, account_id, NULL, message);
        return;
    }
    api_effect_push(call, EFFECT_PUSH_ROLE, NULL, NULL, message);
    struct api_effect *last = call->effects;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    if (last != NULL && last->kind == EFFECT_PUSH_ROLE) {
        last->roles = ROLE_COORDINATOR | ROLE_OPERATOR;
    }
}

void consult_effect_ring(struct api_call *call, const struct consult_row *row,
                         const char *account_id)
{
    json_t *message = json_pack("{s:s, s:s, s:s}", "type", "offer.ring", "consultation", row->id,
                                "urgency", row->urgency);
    if (message != NULL && row->deadline_ms != 0) {
        json_object_set_new(message, "deadline_ms", json_integer(row->deadline_ms));
    }
    api_effect_push(call, EFFECT_PUSH, account_id, row->id, message);
    consult_effect_queue(call, account_id);
}

void consult_effect_gone(struct api_call *call, const struct consult_row *row,
                         const char *account_id, const char *reason, json_t *by)
{
    json_t *message = json_pack("{s:s, s:s, s:s}", "type", "offer.gone", "consultation", row->id,
                                "reason", reason);
    if (message != NULL && by != NULL) {
        json_object_set(message, "by_zh", json_object_get(by, "name_zh"));
        json_object_set(message, "by_en", json_object_get(by, "name_en"));
    }
    api_effect_push(call, EFFECT_PUSH, account_id, row->id, message);
    consult_effect_queue(call, account_id);
}

void consult_effect_guest_ring(struct api_call *call, const struct consult_row *row,
                               const char *account_id)
{
    json_t *by = directory_person_json(call->db, call->actor->account_id);
    json_t *zh = json_object_get(by, "name_zh"), *en = json_object_get(by, "name_en");
    json_t *message = json_pack("{s:s, s:s, s:o, s:o}", "type", "guest.ring", "consultation",
                                row->id, "by_zh", zh == NULL ? json_string("") : json_incref(zh),
                                "by_en", en == NULL ? json_string("") : json_incref(en));
    json_decref(by);
    api_effect_push(call, EFFECT_PUSH, account_id, row->id, message);
}

void consult_effect_guest_gone(struct api_call *call, const struct consult_row *row,
                               const char *account_id, const char *reason)
{
    api_effect_push(call, EFFECT_PUSH, account_id, row->id,
                    json_pack("{s:s, s:s, s:s}", "type", "guest.gone", "consultation", row->id,
                              "reason", reason));
    api_effect_push(call, EFFECT_SEAT_CLOSE, account_id, row->id,
                    json_pack("{s:s}", "reason", reason));
}

void consult_effect_room_close(struct api_call *call, const struct consult_row *row,
                               const char *reason)
{
    api_effect_push(call, EFFECT_ROOM_CLOSE, NULL, row->id, json_pack("{s:s}", "reason", reason));
}

void consult_effect_count(struct api_call *call, const char *metric, const char *labels)
{
    api_effect_push(call, EFFECT_COUNT_METRIC, NULL, NULL,
                    json_pack("{s:s, s:s}", "metric", metric, "labels", labels));
}
