#include "gateway/consult/consult_timers.h"

#include "gateway/config/config.h"
#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_session.h"
#include "gateway/records/audit.h"

#include <stdio.h>
#include <string.h>

#define TIMERS_IN_ONE_CALL 64 /* bounds the time of one transaction */

static unsigned urgency_index(const char *urgency)
{
    return strcmp(urgency, "stat") == 0 ? 2 : strcmp(urgency, "urgent") == 0 ? 1 : 0;
}

static int64_t pick(unsigned index, int64_t routine_s, int64_t urgent_s, int64_t stat_s)
{
    return index == 2 ? stat_s : index == 1 ? urgent_s : routine_s;
}

/* The setting in seconds; 0 = there is none for this timer. */
static int64_t setting_s(const struct api_config *config, enum consult_timer timer,
                         unsigned urgency)
{
#define NONE 0
#define ONE(name) config->name
#define EACH(prefix)                                                                               \
    pick(urgency, config->prefix##_routine_s, config->prefix##_urgent_s, config->prefix##_stat_s)
    switch (timer) {
#define CONSULT_TIMER(id, name, state, routine_s, urgent_s, stat_s, setting, event, again)         \
    case CONSULT_TIMER_##id:                                                                       \
        return setting;
#include "gateway/consult/consult_fsm.def"
    case CONSULT_TIMER_COUNT:
        break;
    }
#undef NONE
#undef ONE
#undef EACH
    return 0;
}

int64_t consult_timer_interval_ms(const struct api_config *config, enum consult_timer timer,
                                  const char *urgency)
{
    unsigned index = urgency_index(urgency);
    int64_t seconds = config == NULL ? 0 : setting_s(config, timer, index);
    return seconds > 0 ? seconds * 1000 : consult_timer_rule(timer)->default_ms[index];
}

int64_t consult_timers_deadline(const struct api_config *config, const struct consult_row *row)
{
    int64_t last = 0;
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT; i++) {
        enum consult_timer timer = (enum consult_timer)i;
        if (consult_timer_rule(timer)->state == row->state) {
            int64_t due =
                row->state_since_ms + consult_timer_interval_ms(config, timer, row->urgency);
            last = due > last ? due : last;
        }
    }
    return last;
}

static enum status set_timer(struct db *db, const char *id, const char *kind, int64_t due_ms)
{
    return db_run(
        db,
        "INSERT INTO consultation_timer (consultation_id, kind, due_ms) VALUES ($1, $2, $3) "
        "ON CONFLICT (consultation_id, kind) DO UPDATE SET due_ms = excluded.due_ms",
        "ssi", id, kind, due_ms);
}

enum status consult_timers_enter(struct api_call *call, const struct consult_row *row)
{
    enum status status =
        db_run(call->db, "DELETE FROM consultation_timer WHERE consultation_id = $1", "s", row->id);
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT && status == STATUS_OK; i++) {
        enum consult_timer timer = (enum consult_timer)i;
        const struct consult_timer_rule *rule = consult_timer_rule(timer);
        if (rule->state == row->state) {
            int64_t due =
                row->state_since_ms + consult_timer_interval_ms(call->config, timer, row->urgency);
            status = set_timer(call->db, row->id, rule->name, due);
        }
    }
    return status;
}

static bool find_timer(const char *name, enum consult_timer *out_timer)
{
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT; i++) {
        if (strcmp(consult_timer_rule((enum consult_timer)i)->name, name) == 0) {
            *out_timer = (enum consult_timer)i;
            return true;
        }
    }
    return false;
}

static const char *reason_of(enum consult_timer timer)
{
    switch (timer) {
    case CONSULT_TIMER_OFFER_DEADLINE:
        return "deadline";
    case CONSULT_TIMER_RETURNED_CLOSE:
        return "material-not-supplied";
    case CONSULT_TIMER_ACCEPTED_DEADLINE:
        return "no-show";
    case CONSULT_TIMER_INTERRUPTED_HOLD:
        return "interrupted-too-long";
    case CONSULT_TIMER_RETURNED_REMIND:
    case CONSULT_TIMER_ACCEPTED_REMIND:
    case CONSULT_TIMER_OPINION_REMIND:
    case CONSULT_TIMER_OPINION_OVERDUE:
    case CONSULT_TIMER_ACK_REMIND:
    case CONSULT_TIMER_ACK_OVERDUE:
    case CONSULT_TIMER_CLOSE_REMIND:
    case CONSULT_TIMER_COUNT:
        break;
    }
    return NULL;
}

/* Who is late learns it from the own worklist; what is overdue also goes to coordinators and into
 * the audit trail. */
static bool remind(struct api_call *call, struct consult_row *row, enum consult_timer timer)
{
    const struct consult_timer_rule *rule = consult_timer_rule(timer);
    bool overdue = timer == CONSULT_TIMER_OPINION_OVERDUE || timer == CONSULT_TIMER_ACK_OVERDUE;
    bool consultant = row->state == CONSULT_AWAITING_OPINION || row->state == CONSULT_ACCEPTED;
    bool requester = row->state != CONSULT_AWAITING_OPINION;
    if (consultant && row->consultant_id[0] != '\0') {
        consult_effect_queue(call, row->consultant_id);
    }
    if (requester) {
        consult_effect_queue(call, row->requester_id);
    }
    if (overdue) {
        consult_effect_queue(call, NULL);
        if (!consult_audit(call, row, NULL, "consultation.overdue", rule->name, NULL)) {
            return false;
        }
    }
    int64_t again = call->now_ms + consult_timer_interval_ms(call->config, timer, row->urgency);
    enum status status = set_timer(call->db, row->id, rule->name, again);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool drop_timer(struct api_call *call, const char *id, const char *kind)
{
    enum status status =
        db_run(call->db, "DELETE FROM consultation_timer WHERE consultation_id = $1 AND kind = $2",
               "ss", id, kind);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool fire(struct api_call *call, const char *id, const char *kind)
{
    enum consult_timer timer;
    struct consult_row row;
    enum status status = consult_row_load(call->db, id, &row);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    bool done;
    if (!find_timer(kind, &timer) || consult_timer_rule(timer)->state != row.state) {
        done = drop_timer(
            call, id, kind); /* of a state that was left, or of a table that has changed since */
    } else if (!consult_timer_rule(timer)->has_event) {
        done = remind(call, &row, timer);
    } else {
        done = consult_change(call, &row,
                              &(struct consult_change){.event = consult_timer_rule(timer)->event,
                                                       .actor = CONSULT_ACTOR_SYSTEM,
                                                       .reason_code = reason_of(timer)});
    }
    consult_row_clear(&row);
    return done;
}

void consult_timers_run(struct api_call *call)
{
    static const char due_sql[] =
        "SELECT consultation_id, kind FROM consultation_timer WHERE due_ms <= $1 ORDER BY due_ms "
        "LIMIT 64";
    struct {
        char id[33], kind[32];
    } due[TIMERS_IN_ONE_CALL];
    size_t count = 0;
    struct db_query q;
    db_begin_query(&q, call->db, due_sql);
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
    int64_t next = 0;
    status = status == STATUS_OK ? audit_anchor(call->db, call->now_ms, false) : status;
    if (status == STATUS_OK) {
        status = db_one_int(call->db, &next,
                            "SELECT COALESCE(MIN(due_ms), 0) FROM consultation_timer", "");
    }
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    call->reply =
        json_pack("{s:I, s:I}", "ran", (json_int_t)count, "next_due_ms", (json_int_t)next);
}
