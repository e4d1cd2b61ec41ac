#include "gateway/consult/consult_timers.h"

#include "gateway/config/config.h"

#include <stdio.h>
#include <string.h>

#define REMIND_AGAIN_MS 86400000 /* of a reminder without an interval of its own: a follow-up */

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
#define CONSULT_TIMER(id, name, state, base, routine_s, urgent_s, stat_s, setting, event, again)   \
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

/* Terms in minutes that stand for a timer. */
static int64_t terms_s(const struct terms *terms, enum consult_timer timer, const char *urgency)
{
    int64_t seconds = terms_timer_s(terms, consult_timer_rule(timer)->name, urgency);
    if (seconds > 0) {
        return seconds;
    }
    if (timer == CONSULT_TIMER_READY_MISSED || timer == CONSULT_TIMER_APPOINTMENT_MISSED) {
        return terms->no_show_minutes * 60;
    }
    if (timer == CONSULT_TIMER_OVERRUN) {
        return terms->session_minutes * 60;
    }
    if (timer == CONSULT_TIMER_DRAFT_CRITICAL || timer == CONSULT_TIMER_SIGNED_CRITICAL) {
        return terms->critical_minutes * 60;
    }
    return 0;
}

int64_t consult_timer_interval_ms(const struct api_config *config, const struct terms *terms,
                                  enum consult_timer timer, const char *urgency)
{
    unsigned index = urgency_index(urgency);
    int64_t otherwise = consult_timer_rule(timer)->default_ms[index];
    if (otherwise == 0) {
        return 0; /* never, whatever an agreement says */
    }
    int64_t seconds = terms == NULL ? 0 : terms_s(terms, timer, urgency);
    if (seconds == 0 && config != NULL) {
        seconds = setting_s(config, timer, index);
    }
    if (seconds == 0) {
        return otherwise;
    }
    return otherwise < 0 ? -seconds * 1000 : seconds * 1000; /* so long before the appointment */
}

/* When the timer is due in the state as it is; 0: it does not run. */
static int64_t due_ms(const struct api_call *call, const struct terms *terms,
                      const struct consult_row *row, enum consult_timer timer)
{
    const struct consult_timer_rule *rule = consult_timer_rule(timer);
    int64_t interval = consult_timer_interval_ms(call->config, terms, timer, row->urgency);
    switch (rule->base) {
    case CONSULT_BASE_ENTRY:
        return interval == 0 ? 0 : row->state_since_ms + interval;
    case CONSULT_BASE_APPOINTMENT: {
        int64_t due = row->scheduled_from_ms + interval;
        return row->scheduled_from_ms == 0 || (interval < 0 && due <= call->now_ms) ? 0 : due;
    }
    case CONSULT_BASE_CRITICAL:
        return row->critical_ms == 0 || row->critical_known_ms != 0 ? 0
                                                                    : row->critical_ms + interval;
    case CONSULT_BASE_DUE:
        return json_integer_value(json_object_get(row->follow_up, "due_ms"));
    }
    return 0;
}

enum status consult_timers_deadline(struct api_call *call, struct consult_row *row)
{
    struct terms terms;
    int64_t last = 0;
    enum status status = terms_load(call->db, row->agreement_id, &terms);
    if (status != STATUS_OK) {
        return status;
    }
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT; i++) {
        enum consult_timer timer = (enum consult_timer)i;
        int64_t due =
            consult_timer_rule(timer)->state == row->state ? due_ms(call, &terms, row, timer) : 0;
        last = due > last ? due : last;
    }
    terms_clear(&terms);
    row->deadline_ms = last;
    return STATUS_OK;
}

static enum status set_timer(struct db *db, const char *id, const char *kind, int64_t at_ms)
{
    return db_run(
        db,
        "INSERT INTO consultation_timer (consultation_id, kind, due_ms) VALUES ($1, $2, $3) "
        "ON CONFLICT (consultation_id, kind) DO UPDATE SET due_ms = excluded.due_ms",
        "ssi", id, kind, at_ms);
}

enum status consult_timers_enter(struct api_call *call, const struct consult_row *row)
{
    struct terms terms;
    enum status status = terms_load(call->db, row->agreement_id, &terms);
    if (status != STATUS_OK) {
        return status;
    }
    status =
        db_run(call->db, "DELETE FROM consultation_timer WHERE consultation_id = $1", "s", row->id);
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT && status == STATUS_OK; i++) {
        enum consult_timer timer = (enum consult_timer)i;
        const struct consult_timer_rule *rule = consult_timer_rule(timer);
        int64_t due = rule->state == row->state ? due_ms(call, &terms, row, timer) : 0;
        if (due != 0) {
            status = set_timer(call->db, row->id, rule->name, due);
        }
    }
    terms_clear(&terms);
    return status;
}

enum status consult_timer_again(struct api_call *call, const struct consult_row *row,
                                enum consult_timer timer, int64_t *out_due_ms)
{
    struct terms terms;
    enum status status = terms_load(call->db, row->agreement_id, &terms);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t interval = consult_timer_interval_ms(call->config, &terms, timer, row->urgency);
    terms_clear(&terms);
    *out_due_ms = call->now_ms + (interval > 0 ? interval : REMIND_AGAIN_MS);
    return set_timer(call->db, row->id, consult_timer_rule(timer)->name, *out_due_ms);
}
