#include "gateway/partnership/terms.h"

#include "gateway/consult/consult_fsm.h"
#include "gateway/referral/referral_fsm.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_MAX 2592000 /* 30 days: longer waits are no waits */

static const struct terms defaults = {
    .escalation = true,
    .session_minutes = 30,
    .reschedules_max = 3,
    .no_show_minutes = 15,
    .critical_minutes = 15,
    .review_percent = 5,
};

static bool wrong(struct terms_error *error, const char *pointer, const char *zh, const char *en)
{
    (void)snprintf(error->pointer, sizeof error->pointer, "%s", pointer);
    error->zh = zh;
    error->en = en;
    return false;
}

static bool read_kinds(const json_t *value, unsigned *out_kinds, struct terms_error *error)
{
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
        int kind = rules_kind_of(json_string_value(json_array_get(value, i)));
        if (kind < 0) {
            char pointer[48];
            (void)snprintf(pointer, sizeof pointer, "/second_reader/%zu", i);
            return wrong(error, pointer, "应为 live、read、mdt 或 teaching。",
                         "Must be live, read, mdt or teaching.");
        }
        *out_kinds |= 1u << kind;
    }
    return json_is_array(value) ||
           wrong(error, "/second_reader", "应为会诊类型的列表。", "Must be a list of kinds.");
}

static bool timer_known(const char *name, bool *out_referral)
{
    *out_referral = false;
    for (unsigned i = 0; i < CONSULT_TIMER_COUNT; i++) {
        if (strcmp(consult_timer_rule((enum consult_timer)i)->name, name) == 0) {
            return true;
        }
    }
    for (unsigned i = 0; i < REFERRAL_TIMER_COUNT && !*out_referral; i++) {
        *out_referral = strcmp(referral_timer_rule((enum referral_timer)i)->name, name) == 0;
    }
    return *out_referral;
}

static bool read_timer(const char *timer, json_t *waits, struct terms_error *error)
{
    const char *urgency;
    json_t *seconds;
    char pointer[96];
    bool referral = false;
    (void)snprintf(pointer, sizeof pointer, "/timers/%.48s", timer);
    if (!timer_known(timer, &referral) || !json_is_object(waits)) {
        return wrong(error, pointer, "没有这个时限，或内容不是对象。",
                     "There is no such timer, or it is no object.");
    }
    json_object_foreach(waits, urgency, seconds)
    {
        (void)snprintf(pointer, sizeof pointer, "/timers/%.48s/%.16s", timer, urgency);
        bool known = strcmp(urgency, "routine") == 0 || strcmp(urgency, "urgent") == 0 ||
                     (strcmp(urgency, "stat") == 0 && !referral);
        if (!known || !json_is_integer(seconds) || json_integer_value(seconds) < 1 ||
            json_integer_value(seconds) > SECONDS_MAX) {
            return wrong(error, pointer,
                         "应为 routine、urgent 或 stat（转诊无 stat），及 1 至 2592000 秒。",
                         "Must be routine, urgent or stat (no stat of a referral), with 1 to "
                         "2592000 seconds.");
        }
    }
    return true;
}

static bool read_timers(const json_t *value, struct terms *terms, struct terms_error *error)
{
    const char *timer;
    json_t *waits;
    json_t *timers = json_is_object(value) ? json_deep_copy(value) : NULL;
    if (timers == NULL) {
        return wrong(error, "/timers", "应为对象。", "Must be an object.");
    }
    json_object_foreach(timers, timer, waits)
    {
        if (!read_timer(timer, waits, error)) {
            json_decref(timers);
            return false;
        }
    }
    json_decref(terms->timers);
    terms->timers = timers;
    return true;
}

struct number {
    const char *name;
    size_t offset;
    int64_t min, max;
};
static const struct number numbers[] = {
    {"session_minutes", offsetof(struct terms, session_minutes), 5, 480},
    {"reschedules_max", offsetof(struct terms, reschedules_max), 0, 20},
    {"no_show_minutes", offsetof(struct terms, no_show_minutes), 1, 240},
    {"critical_minutes", offsetof(struct terms, critical_minutes), 1, 240},
    {"review_percent", offsetof(struct terms, review_percent), 0, 100},
};

static bool read_number(const char *name, const json_t *value, struct terms *terms,
                        struct terms_error *error)
{
    char pointer[64];
    (void)snprintf(pointer, sizeof pointer, "/%.48s", name);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].name, name) != 0) {
            continue;
        }
        int64_t given = json_integer_value(value);
        if (!json_is_integer(value) || given < numbers[i].min || given > numbers[i].max) {
            return wrong(error, pointer, "数值超出允许范围。", "The number is out of range.");
        }
        memcpy((char *)terms + numbers[i].offset, &given, sizeof given);
        return true;
    }
    return wrong(error, pointer, "没有这个条款。", "There is no such term.");
}

static bool read_switch(const char *name, const json_t *value, struct terms *terms,
                        struct terms_error *error, bool *out_known)
{
    bool *target = strcmp(name, "approval") == 0     ? &terms->approval
                   : strcmp(name, "triage") == 0     ? &terms->triage
                   : strcmp(name, "escalation") == 0 ? &terms->escalation
                                                     : NULL;
    *out_known = target != NULL;
    if (target == NULL) {
        return true;
    }
    char pointer[16];
    (void)snprintf(pointer, sizeof pointer, "/%s", name);
    *target = json_is_true(value);
    return json_is_boolean(value) ||
           wrong(error, pointer, "应为 true 或 false。", "Must be true or false.");
}

static bool read_member(const char *name, const json_t *value, struct terms *terms,
                        struct terms_error *error)
{
    bool known = false;
    if (!read_switch(name, value, terms, error, &known)) {
        return false;
    }
    return known                                ? true
           : strcmp(name, "second_reader") == 0 ? read_kinds(value, &terms->second_reader, error)
           : strcmp(name, "timers") == 0        ? read_timers(value, terms, error)
                                                : read_number(name, value, terms, error);
}

bool terms_read(json_t *object, struct terms *out_terms, struct terms_error *out_error)
{
    struct terms terms = defaults;
    if (!json_is_object(object)) {
        return wrong(out_error, "", "应为对象。", "Must be an object.");
    }
    void *at = json_object_iter(object);
    while (at != NULL) {
        if (!read_member(json_object_iter_key(at), json_object_iter_value(at), &terms, out_error)) {
            terms_clear(&terms);
            return false;
        }
        at = json_object_iter_next(object, at);
    }
    *out_terms = terms;
    return true;
}

void terms_clear(struct terms *terms)
{
    json_decref(terms->timers);
    terms->timers = NULL;
}

int64_t terms_timer_s(const struct terms *terms, const char *timer, const char *urgency)
{
    return json_integer_value(
        json_object_get(json_object_get(terms->timers, timer), urgency)); /* 0 for what is absent */
}

static bool switched(struct db_query *q, int column, const char *word, enum rules_type type)
{
    return rules_switched(db_is_null(q, column) ? NULL : db_text(q, column), word, type);
}

enum status terms_load(struct db *db, const char *agreement_id, struct terms *out_terms)
{
    struct terms terms = defaults;
    struct terms_error error;
    struct db_query q;
    enum status status = STATUS_OK;
    if (agreement_id == NULL || agreement_id[0] == '\0') {
        *out_terms = terms;
        return STATUS_OK;
    }
    db_begin_query(&q, db,
                   "SELECT a.terms, p.type, p.record_scope, p.money, p.governance FROM agreement a "
                   "JOIN partnership p ON p.id = a.partnership_id WHERE a.id = $1");
    db_bind_text(&q, agreement_id);
    if (db_next(&q)) {
        json_t *stored = json_loads(db_text(&q, 0), 0, NULL);
        enum rules_type type = strcmp(db_text(&q, 1), "close") == 0 ? RULES_CLOSE : RULES_LOOSE;
        status = terms_read(stored, &terms, &error) ? STATUS_OK : STATUS_MALFORMED;
        json_decref(stored);
        terms.continuous = switched(&q, 2, "continuous", type);
        terms.pooled = switched(&q, 3, "pooled", type);
        terms.lead_disposes = switched(&q, 4, "lead", type);
    }
    enum status ended = db_end(&q);
    status = ended != STATUS_OK ? ended : status;
    if (status != STATUS_OK) {
        terms_clear(&terms);
        return status;
    }
    *out_terms = terms;
    return STATUS_OK;
}
