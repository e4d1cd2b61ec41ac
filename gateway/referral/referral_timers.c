#include "gateway/referral/referral_timers.h"

#include "gateway/config/config.h"
#include "gateway/partnership/terms.h"
#include "gateway/referral/referral_change.h"
#include "gateway/referral/referral_effects.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <string.h>

#define TIMERS_IN_ONE_CALL 64 /* bounds the time of one transaction */
#define UNREADABLE_MS 3600000 /* until it is tried again, and logged again */

static int64_t setting_s(const struct api_config *config, enum referral_timer timer, bool urgent)
{
/* clang-format off */
#define ONE(name) {config->name, config->name}
#define EACH(prefix) {config->prefix##_routine_s, config->prefix##_urgent_s}
    /* clang-format on */

    const int64_t seconds[REFERRAL_TIMER_COUNT][2] = {
#define REFERRAL_TIMER(id, name, state, routine_s, urgent_s, setting, event, again)                \
    [REFERRAL_TIMER_##id] = setting,
#include "gateway/referral/referral_fsm.def"
    };
#undef ONE
#undef EACH
    return seconds[timer][urgent ? 1 : 0];
}

/* What the agreement says goes before the setting, and that before the default. */
static int64_t interval_ms(const struct api_config *config, const struct terms *terms,
                           enum referral_timer timer, bool urgent)
{
    const struct referral_timer_rule *rule = referral_timer_rule(timer);
    int64_t seconds = terms_timer_s(terms, rule->name, urgent ? "urgent" : "routine");
    if (seconds != 0) {
        return seconds * 1000;
    }
    return config == NULL ? rule->default_ms[urgent ? 1 : 0]
                          : setting_s(config, timer, urgent) * 1000;
}

/* Counted from the state's beginning; the arrival from the time that was given, if that is later.
 */
static int64_t due_of(const struct api_config *config, const struct terms *terms,
                      const struct referral_row *row, enum referral_timer timer)
{
    int64_t since = row->state_since_ms;
    if (timer == REFERRAL_TIMER_ARRIVAL_DUE && row->appointment_ms > since) {
        since = row->appointment_ms;
    }
    return since + interval_ms(config, terms, timer, row->urgent);
}

enum status referral_timers_deadline(struct api_call *call, struct referral_row *row)
{
    struct terms terms;
    enum status status = terms_load(call->db, row->agreement_id, &terms);
    if (status != STATUS_OK) {
        return status;
    }
    row->deadline_ms = 0;
    for (unsigned i = 0; i < REFERRAL_TIMER_COUNT; i++) {
        enum referral_timer timer = (enum referral_timer)i;
        if (referral_timer_rule(timer)->state == row->state) {
            int64_t due = due_of(call->config, &terms, row, timer);
            row->deadline_ms = due > row->deadline_ms ? due : row->deadline_ms;
        }
    }
    terms_clear(&terms);
    return STATUS_OK;
}

static enum status set_timer(struct db *db, const char *id, const char *kind, int64_t due_ms)
{
    return db_run(db,
                  "INSERT INTO referral_timer (referral_id, kind, due_ms) VALUES ($1, $2, $3) ON "
                  "CONFLICT (referral_id, kind) DO UPDATE SET due_ms = excluded.due_ms",
                  "ssi", id, kind, due_ms);
}

enum status referral_timers_drop(struct api_call *call, const struct referral_row *row)
{
    return db_run(call->db, "DELETE FROM referral_timer WHERE referral_id = $1", "s", row->id);
}

enum status referral_timers_enter(struct api_call *call, const struct referral_row *row)
{
    struct terms terms;
    enum status status = terms_load(call->db, row->agreement_id, &terms);
    if (status != STATUS_OK) {
        return status;
    }
    status = referral_timers_drop(call, row);
    for (unsigned i = 0; i < REFERRAL_TIMER_COUNT && status == STATUS_OK; i++) {
        enum referral_timer timer = (enum referral_timer)i;
        if (referral_timer_rule(timer)->state == row->state) {
            status = set_timer(call->db, row->id, referral_timer_rule(timer)->name,
                               due_of(call->config, &terms, row, timer));
        }
    }
    terms_clear(&terms);
    return status;
}

static bool find_timer(const char *name, enum referral_timer *out_timer)
{
    for (unsigned i = 0; i < REFERRAL_TIMER_COUNT; i++) {
        if (strcmp(referral_timer_rule((enum referral_timer)i)->name, name) == 0) {
            *out_timer = (enum referral_timer)i;
            return true;
        }
    }
    return false;
}

/* Both sides and their coordinators are told, it stands in the trail, and it comes back. */
static bool remind(struct api_call *call, const struct referral_row *row, enum referral_timer timer)
{
    const char *name = referral_timer_rule(timer)->name;
    if (!referral_note(call, row, NULL, "overdue", name)) {
        return false;
    }
    struct terms terms;
    enum status status = terms_load(call->db, row->agreement_id, &terms);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    int64_t again_ms = interval_ms(call->config, &terms, timer, row->urgent);
    terms_clear(&terms);
    status = set_timer(call->db, row->id, name, call->now_ms + again_ms);
    status = status == STATUS_OK ? referral_effect_changed(call, row, name) : status;
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool drop_one(struct api_call *call, const char *id, const char *kind)
{
    enum status status =
        db_run(call->db, "DELETE FROM referral_timer WHERE referral_id = $1 AND kind = $2", "ss",
               id, kind);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool fire(struct api_call *call, const char *id, const char *kind)
{
    enum referral_timer timer;
    struct referral_row row;
    bool done;
    enum status status = referral_row_load(call->db, id, &row);
    if (status == STATUS_MALFORMED) { /* one row that cannot be read must not hold up the others */
        log_error("referral_unreadable", "referral=%s timer=%s", id, kind);
        status = set_timer(call->db, id, kind, call->now_ms + UNREADABLE_MS);
        return status == STATUS_OK || api_store_failed(call, status);
    }
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (!find_timer(kind, &timer) || referral_timer_rule(timer)->state != row.state) {
        done = drop_one(call, id, kind); /* of a state that was left, or of a former table */
    } else if (!referral_timer_rule(timer)->has_event) {
        done = remind(call, &row, timer);
    } else {
        done = referral_change(call, &row,
                               &(struct referral_change){.event = referral_timer_rule(timer)->event,
                                                         .actor = REFERRAL_ACTOR_SYSTEM,
                                                         .reason_code = "not-arrived"});
    }
    referral_row_clear(&row);
    return done;
}

void referral_timers_run(struct api_call *call)
{
    struct {
        char id[33], kind[32];
    } due[TIMERS_IN_ONE_CALL];
    size_t count = 0;
    int64_t next = 0;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT referral_id, kind FROM referral_timer WHERE due_ms <= $1 ORDER BY "
                   "due_ms LIMIT 64");
    db_bind_int(&q, call->now_ms);
    while (count < TIMERS_IN_ONE_CALL && db_next(&q)) {
        (void)snprintf(due[count].id, sizeof due[count].id, "%s", db_text(&q, 0));
        (void)snprintf(due[count].kind, sizeof due[count].kind, "%s", db_text(&q, 1));
        count++;
    }
    enum status status = db_end(&q);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (!fire(call, due[i].id, due[i].kind)) {
            return;
        }
    }
    if (status == STATUS_OK) {
        status =
            db_one_int(call->db, &next, "SELECT COALESCE(MIN(due_ms), 0) FROM referral_timer", "");
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    call->reply =
        json_pack("{s:I, s:I}", "ran", (json_int_t)count, "next_due_ms", (json_int_t)next);
}
