#include "gateway/directory/duty_round.h"

#include "gateway/directory/duty.h"
#include "gateway/directory/duty_hand_over.h"
#include "gateway/directory/duty_switch.h"
#include "gateway/directory/duty_tell.h"

#include <stdio.h>

#define ROUND_MAX 64 /* of each kind: bounds the time of one transaction; the rest comes next */

/* ---- pauses ---- */

static bool end_pauses(struct api_call *call)
{
    char accounts[ROUND_MAX][33];
    size_t count = 0;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT account_id FROM duty WHERE on_duty = 1 AND pause IS NOT NULL"
                   " AND pause_until_ms <= $1 ORDER BY pause_until_ms, account_id");
    db_bind_int(&q, call->now_ms);
    while (count < ROUND_MAX && db_next(&q)) {
        (void)snprintf(accounts[count++], 33, "%s", db_text(&q, 0));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    for (size_t i = 0; i < count; i++) {
        if (!duty_resume(call, accounts[i], "time")) {
            return false;
        }
    }
    return true;
}

/* ---- shifts that have begun ---- */

struct begun {
    char id[33], account[33];
    int64_t from_ms, until_ms;
};

static enum status find_begun(struct api_call *call, struct begun *list, size_t *out_count)
{
    size_t count = 0;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT id, account_id, from_ms, until_ms FROM duty_shift WHERE kind = 'duty'"
                   " AND reminded_ms IS NULL AND from_ms <= $1 ORDER BY from_ms, id");
    db_bind_int(&q, call->now_ms);
    while (count < ROUND_MAX && db_next(&q)) {
        (void)snprintf(list[count].id, 33, "%s", db_text(&q, 0));
        (void)snprintf(list[count].account, 33, "%s", db_text(&q, 1));
        list[count].from_ms = db_int(&q, 2);
        list[count++].until_ms = db_int(&q, 3);
    }
    *out_count = count;
    return db_end(&q);
}

/* Coordinators are told too: the roster shows who is planned but absent. */
static enum status look_at(struct api_call *call, const struct begun *shift)
{
    struct duty_state state;
    enum status status = duty_state_load(call->db, shift->account, call->now_ms, &state);
    if (status == STATUS_OK && !state.on_duty && shift->until_ms > call->now_ms) {
        duty_tell_reminder(call, shift->account, shift->id, shift->from_ms, shift->until_ms);
        duty_tell_changed(call, shift->account);
    }
    return status == STATUS_OK
               ? db_run(call->db, "UPDATE duty_shift SET reminded_ms=$1 WHERE id=$2", "is",
                        call->now_ms, shift->id)
               : status;
}

static bool remind(struct api_call *call)
{
    struct begun list[ROUND_MAX];
    size_t count = 0;
    enum status status = find_begun(call, list, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = look_at(call, &list[i]);
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

void duty_round(struct api_call *call)
{
    (void)(end_pauses(call) && duty_hand_over_lapse(call) && remind(call));
}
