#include "gateway/consult/consult_effects.h"

#include "gateway/consult/consult_coordinators.h"
#include "gateway/consult/consult_guest.h"
#include "gateway/consult/consult_observer.h"
#include "gateway/directory/directory.h"

#include <stdio.h>
#include <string.h>

static void add_account(json_t *accounts, const char *account)
{
    if (account[0] != '\0') {
        json_array_append_new(accounts, json_string(account));
    }
}

static json_t *parties(struct db *db, const struct consult_row *row, enum status *out_status)
{
    json_t *accounts = json_array();
    add_account(accounts, row->requester_id);
    add_account(accounts, row->consultant_id);
    add_account(accounts, row->verifier_id);
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT o.account_id FROM consultation_offer o LEFT JOIN duty d ON d.account_id = "
        "o.account_id WHERE o.consultation_id = $1 AND o.state = 'open' AND (d.on_duty = 1 OR "
        "o.on_call = 1) UNION SELECT m.account_id FROM consultation_member m WHERE "
        "m.consultation_id = $2 AND m.state IN ('asked', 'given')");
    db_bind_text(&q, row->id);
    db_bind_text(&q, row->id);
    while (db_next(&q)) {
        add_account(accounts, db_text(&q, 0));
    }
    *out_status = db_end(&q);
    if (*out_status == STATUS_OK && consult_state_phase(row->state) == CONSULT_PHASE_RUNNING) {
        *out_status = consult_place_accounts(db, &consult_guests, row->id, accounts);
        if (*out_status == STATUS_OK) {
            *out_status = consult_place_accounts(db, &consult_observers, row->id, accounts);
        }
    }
    return accounts;
}

static void push_changed(struct api_call *call, const struct consult_row *row, json_t *accounts)
{
    api_effect_push(call, EFFECT_CONSULTATION, NULL, row->id,
                    json_pack("{s:o, s:I, s:s}", "accounts", accounts, "version",
                              (json_int_t)row->version, "state", consult_state_name(row->state)));
}

enum status consult_effect_changed(struct api_call *call, const struct consult_row *row)
{
    enum status status;
    push_changed(call, row, parties(call->db, row, &status));
    return status;
}

void consult_effect_former(struct api_call *call, const struct consult_row *row,
                           const char *account_id)
{
    push_changed(call, row, json_pack("[s]", account_id));
}

static void set_roles(struct api_call *call, unsigned roles)
{
    struct api_effect *last = call->effects;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    if (last != NULL && last->kind == EFFECT_PUSH_ROLE) {
        last->roles = roles;
    }
}

void consult_effect_queue(struct api_call *call, const char *account_id)
{
    json_t *message = json_pack("{s:s}", "type", "queue.changed");
    if (account_id != NULL) {
        api_effect_push(call, EFFECT_PUSH, account_id, NULL, message);
        return;
    }
    api_effect_push(call, EFFECT_PUSH_ROLE, NULL, NULL, message);
    set_roles(call, ROLE_COORDINATOR | ROLE_OPERATOR | ROLE_APPROVER | ROLE_REVIEWER);
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

static json_t *alarm_message(const struct api_call *call, const struct consult_row *row,
                             const char *stage)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "type", "case.alarm", "consultation", row->id,
                     "urgency", row->urgency, "stage", stage, "waiting_ms",
                     (json_int_t)(call->now_ms - row->submitted_ms));
}

void consult_effect_alarm(struct api_call *call, const struct consult_row *row, const char *stage,
                          bool hard)
{
    struct consult_coordinators coordinators;
    if (consult_coordinators(call->db, row, &coordinators) != STATUS_OK) {
        return; /* the transaction has failed, and its commit says so */
    }
    for (size_t i = 0; i < coordinators.count; i++) {
        api_effect_push(call, EFFECT_PUSH, coordinators.account[i], row->id,
                        alarm_message(call, row, stage));
    }
    if (hard) {
        api_effect_push(call, EFFECT_PUSH, row->requester_id, row->id,
                        alarm_message(call, row, stage));
        api_effect_push(call, EFFECT_PUSH_ROLE, NULL, row->id, alarm_message(call, row, stage));
        set_roles(call, ROLE_OPERATOR);
        consult_effect_count(call, "consult_alarms_total", row->urgency);
    }
    consult_effect_queue(call, NULL);
}

void consult_effect_reminder(struct api_call *call, const struct consult_row *row,
                             const char *account_id, const char *what)
{
    if (account_id[0] != '\0') {
        api_effect_push(call, EFFECT_PUSH, account_id, row->id,
                        json_pack("{s:s, s:s, s:s}", "type", "case.reminder", "consultation",
                                  row->id, "what", what));
        consult_effect_queue(call, account_id);
    }
}

/* call->actor asks the account into the room. */
static void ask_in(struct api_call *call, const struct consult_row *row, const char *account_id,
                   const char *type)
{
    json_t *by = directory_person_json(call->db, call->actor->account_id);
    json_t *zh = json_object_get(by, "name_zh"), *en = json_object_get(by, "name_en");
    json_t *message = json_pack("{s:s, s:s, s:o, s:o}", "type", type, "consultation", row->id,
                                "by_zh", zh == NULL ? json_string("") : json_incref(zh), "by_en",
                                en == NULL ? json_string("") : json_incref(en));
    json_decref(by);
    api_effect_push(call, EFFECT_PUSH, account_id, row->id, message);
}

/* First the place: what follows the message finds it closed. */
static void send_out(struct api_call *call, const struct consult_row *row, const char *account_id,
                     const char *type, const char *reason)
{
    api_effect_push(call, EFFECT_SEAT_CLOSE, account_id, row->id,
                    json_pack("{s:s}", "reason", reason));
    api_effect_push(
        call, EFFECT_PUSH, account_id, row->id,
        json_pack("{s:s, s:s, s:s}", "type", type, "consultation", row->id, "reason", reason));
}

void consult_effect_guest_ring(struct api_call *call, const struct consult_row *row,
                               const char *account_id)
{
    ask_in(call, row, account_id, "guest.ring");
}

void consult_effect_guest_gone(struct api_call *call, const struct consult_row *row,
                               const char *account_id, const char *reason)
{
    send_out(call, row, account_id, "guest.gone", reason);
}

void consult_effect_observer_admitted(struct api_call *call, const struct consult_row *row,
                                      const char *account_id)
{
    ask_in(call, row, account_id, "observer.admitted");
}

void consult_effect_observer_gone(struct api_call *call, const struct consult_row *row,
                                  const char *account_id, const char *reason)
{
    send_out(call, row, account_id, "observer.gone", reason);
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
