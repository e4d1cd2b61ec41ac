#include "gateway/consult/consult_guest.h"

#include "gateway/consult/consult_effects.h"
#include "gateway/directory/directory.h"

#include <stdio.h>
#include <string.h>

/* Row of a guest, whether or not the invitation still stands. */
struct guest {
    char account[33];
    int64_t seat, present, uninvited_ms;
};

const char *consult_guest_named(const struct api_call *call)
{
    const char *account = json_string_value(json_object_get(call->body, "account"));
    return account != NULL ? account : call->actor->account_id;
}

bool consult_guest_read(struct api_call *call, bool required)
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

enum status consult_guest_is(struct db *db, const char *consultation_id, const char *account_id,
                             bool *out_is)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count,
                   "SELECT COUNT(*) FROM participation WHERE consultation_id = $1 AND account_id = "
                   "$2 AND role = 'guest' AND uninvited_ms = 0",
                   "ss", consultation_id, account_id);
    *out_is = count > 0;
    return status;
}

enum status consult_guest_count(struct db *db, const char *consultation_id, int64_t *out_count)
{
    return db_one_int(db, out_count,
                      "SELECT COUNT(*) FROM participation WHERE consultation_id = $1 AND role = "
                      "'guest' AND uninvited_ms = 0",
                      "s", consultation_id);
}

/* All of them by seat; at most one row a seat. */
static enum status read_guests(struct db *db, const char *consultation_id,
                               struct guest guests[CONSULT_GUESTS_MAX], size_t *out_count)
{
    struct db_query q;
    size_t count = 0;
    db_begin_query(&q, db,
                   "SELECT account_id, party, present, uninvited_ms FROM participation WHERE "
                   "consultation_id = $1 AND role = 'guest' ORDER BY party");
    db_bind_text(&q, consultation_id);
    while (count < CONSULT_GUESTS_MAX && db_next(&q)) {
        struct guest *guest = &guests[count++];
        (void)snprintf(guest->account, sizeof guest->account, "%s", db_text(&q, 0));
        guest->seat = db_int(&q, 1);
        guest->present = db_int(&q, 2);
        guest->uninvited_ms = db_int(&q, 3);
    }
    *out_count = count;
    return db_end(&q);
}

enum status consult_guest_accounts(struct db *db, const char *consultation_id, json_t *accounts)
{
    struct guest guests[CONSULT_GUESTS_MAX];
    size_t count = 0;
    enum status status = read_guests(db, consultation_id, guests, &count);
    for (size_t i = 0; i < count; i++) {
        if (guests[i].uninvited_ms == 0) {
            json_array_append_new(accounts, json_string(guests[i].account));
        }
    }
    return status;
}

enum status consult_guest_list(struct db *db, const struct consult_row *row, json_t **out_list)
{
    struct guest guests[CONSULT_GUESTS_MAX];
    size_t count = 0;
    json_t *list = json_array();
    enum status status = STATUS_OK;
    if (consult_state_phase(row->state) == CONSULT_PHASE_RUNNING) {
        status = read_guests(db, row->id, guests, &count);
    }
    for (size_t i = 0; i < count; i++) {
        if (guests[i].uninvited_ms == 0) {
            json_t *person = directory_person_json(db, guests[i].account);
            json_object_set_new(person, "seat", json_integer(guests[i].seat));
            json_object_set_new(person, "present", json_boolean(guests[i].present != 0));
            json_array_append_new(list, person);
        }
    }
    *out_list = list;
    return status;
}

/* The account's own seat, else one that nobody had, else the one that was given up first.
 * STATUS_FULL when all invitations stand; *out_former: whose row must go, or "". */
static enum status choose_seat(const struct guest *guests, size_t count, const char *account,
                               int64_t *out_seat, char out_former[33])
{
    bool used[CONSULT_GUESTS_MAX] = {false};
    const struct guest *oldest = NULL;
    out_former[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (strcmp(guests[i].account, account) == 0) {
            *out_seat = guests[i].seat;
            return STATUS_OK;
        }
        used[guests[i].seat - CONSULT_GUEST_SEAT_FIRST] = true;
        if (guests[i].uninvited_ms != 0 &&
            (oldest == NULL || guests[i].uninvited_ms < oldest->uninvited_ms)) {
            oldest = &guests[i];
        }
    }
    for (int i = 0; i < CONSULT_GUESTS_MAX; i++) {
        if (!used[i]) {
            *out_seat = CONSULT_GUEST_SEAT_FIRST + i;
            return STATUS_OK;
        }
    }
    if (oldest == NULL) {
        return STATUS_FULL;
    }
    *out_seat = oldest->seat;
    (void)snprintf(out_former, 33, "%s", oldest->account);
    return STATUS_OK;
}

static enum status store_guest(struct api_call *call, const struct consult_row *row,
                               const char *account, int64_t *out_seat)
{
    struct guest guests[CONSULT_GUESTS_MAX];
    char former[33];
    size_t count = 0;
    enum status status = read_guests(call->db, row->id, guests, &count);
    if (status == STATUS_OK) {
        status = choose_seat(guests, count, account, out_seat, former);
    }
    if (status == STATUS_OK && former[0] != '\0') {
        status = db_run(call->db,
                        "DELETE FROM participation WHERE consultation_id = $1 AND account_id = $2",
                        "ss", row->id, former);
    }
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "INSERT INTO participation (consultation_id, account_id, party, role) "
                        "VALUES ($1, $2, $3, 'guest') ON CONFLICT (consultation_id, account_id) DO "
                        "UPDATE SET uninvited_ms = 0",
                        "ssi", row->id, account, *out_seat);
    }
    return status;
}

static json_t *detail_of(const char *account, int64_t seat)
{
    return json_pack("{s:s, s:I}", "account", account, "seat", (json_int_t)seat);
}

bool consult_guest_invite(struct api_call *call, const struct consult_row *row, json_t **out_detail)
{
    const char *account = consult_guest_named(call);
    int64_t seat = 0;
    enum status status = store_guest(call, row, account, &seat);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    *out_detail = detail_of(account, seat);
    consult_effect_guest_ring(call, row, account);
    return true;
}

bool consult_guest_uninvite(struct api_call *call, const struct consult_row *row,
                            json_t **out_detail)
{
    const char *account = consult_guest_named(call);
    int64_t seat = 0;
    enum status status =
        db_one_int(call->db, &seat,
                   "UPDATE participation SET present = 0, uninvited_ms = $1 WHERE consultation_id "
                   "= $2 AND account_id = $3 AND role = 'guest' RETURNING party",
                   "iss", call->now_ms, row->id, account);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    *out_detail = detail_of(account, seat);
    consult_effect_guest_gone(call, row, account, "uninvited");
    return true;
}

enum status consult_guest_end(struct api_call *call, const struct consult_row *row,
                              const char *reason)
{
    struct guest guests[CONSULT_GUESTS_MAX];
    size_t count = 0;
    enum status status = read_guests(call->db, row->id, guests, &count);
    for (size_t i = 0; i < count; i++) {
        if (guests[i].uninvited_ms == 0) {
            consult_effect_guest_gone(call, row, guests[i].account, reason);
        }
    }
    return status;
}
