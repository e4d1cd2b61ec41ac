#include "gateway/directory/duty.h"

#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>

#define CST_MS (8 * INT64_C(3600000)) /* UTC+8, no daylight saving: as rules_today() */

enum status duty_state_load(struct db *db, const char *account_id, int64_t now_ms,
                            struct duty_state *out_state)
{
    struct duty_state state = {false, "", 0, 0};
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT on_duty, since_ms, pause, pause_until_ms FROM duty WHERE account_id=$1");
    db_bind_text(&q, account_id);
    if (db_next(&q)) {
        state.on_duty = db_int(&q, 0) != 0;
        state.since_ms = db_int(&q, 1);
        bool paused =
            state.on_duty && !db_is_null(&q, 2) && (db_is_null(&q, 3) || db_int(&q, 3) > now_ms);
        if (paused) {
            (void)snprintf(state.pause, sizeof state.pause, "%s", db_text(&q, 2));
            state.pause_until_ms = db_int(&q, 3);
        }
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK) {
        *out_state = state;
    }
    return status;
}

bool duty_state_rings(const struct duty_state *state)
{
    return state->on_duty && state->pause[0] == '\0';
}

/* ---- on call ---- */

static enum status add_account(struct duty_accounts *list, size_t *room, const char *id)
{
    if (list->count == *room) {
        size_t wanted = *room == 0 ? 16 : *room * 2;
        char(*grown)[33] = realloc(list->ids, wanted * sizeof *grown);
        if (grown == NULL) {
            return STATUS_NO_MEMORY;
        }
        list->ids = grown;
        *room = wanted;
    }
    (void)snprintf(list->ids[list->count++], 33, "%s", id);
    return STATUS_OK;
}

enum status duty_on_call(struct db *db, const char *specialty, const char *partnership_id,
                         int64_t now_ms, struct duty_accounts *out_accounts)
{
    struct duty_accounts list = {NULL, 0};
    size_t room = 0;
    enum status status = STATUS_OK;
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT a.id, MIN(s.from_ms) FROM duty_shift s"
                   " JOIN account a ON a.id = s.account_id AND a.disabled = 0"
                   " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"
                   " JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1"
                   " JOIN practitioner_specialty x ON x.practitioner_id = p.id AND x.specialty=$1"
                   " WHERE s.kind = 'on-call' AND s.until_ms > $2 AND s.from_ms <= $3"
                   " AND (s.specialty IS NULL OR s.specialty = $4)"
                   " AND (s.partnership_id IS NULL"
                   " OR s.partnership_id = COALESCE($5, s.partnership_id))"
                   " GROUP BY a.id ORDER BY MIN(s.from_ms), a.id");
    db_bind_text(&q, specialty);
    db_bind_int(&q, now_ms);
    db_bind_int(&q, now_ms);
    db_bind_text(&q, specialty);
    db_bind_text(&q, partnership_id);
    while (status == STATUS_OK && db_next(&q)) {
        status = add_account(&list, &room, db_text(&q, 0));
    }
    enum status ended = db_end(&q);
    status = status == STATUS_OK ? ended : status;
    if (status != STATUS_OK) {
        duty_accounts_clear(&list);
        return status;
    }
    *out_accounts = list;
    return STATUS_OK;
}

void duty_accounts_clear(struct duty_accounts *accounts)
{
    free(accounts->ids);
    *accounts = (struct duty_accounts){NULL, 0};
}

/* ---- times that can be booked ---- */

int64_t duty_day_start(int64_t ms)
{
    int64_t local = ms + CST_MS;
    int64_t into = local % DUTY_DAY_MS;
    return local - (into < 0 ? into + DUTY_DAY_MS : into) - CST_MS;
}

enum status duty_bookable(struct db *db, const char *account_id, int64_t from_ms, int64_t until_ms,
                          bool *out_bookable)
{
    CHECK(from_ms < until_ms);
    int64_t published = 0;
    int64_t within = 0;
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT COUNT(*), COALESCE(SUM(CASE WHEN from_ms <= $1 AND until_ms >= $2"
                   " THEN 1 ELSE 0 END), 0) FROM duty_shift"
                   " WHERE account_id=$3 AND kind = 'bookable' AND until_ms > $4 AND from_ms < $5");
    db_bind_int(&q, from_ms);
    db_bind_int(&q, until_ms);
    db_bind_text(&q, account_id);
    db_bind_int(&q, duty_day_start(from_ms));
    db_bind_int(&q, duty_day_start(until_ms - 1) + DUTY_DAY_MS);
    if (db_next(&q)) {
        published = db_int(&q, 0);
        within = db_int(&q, 1);
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK) {
        *out_bookable = published == 0 || within > 0;
    }
    return status;
}
