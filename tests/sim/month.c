#include "tests/sim/month.h"

#include "media/rt/clock.h"
#include "proto/base/check.h"
#include "tests/sim/checks.h"
#include "tests/sim/roster.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUND_MS SECOND   /* the gateway looks for due timers each second */
#define TIMERS_FULL 64    /* consult_timers_run() has done all it may in one call */
#define TIMER_FAILURES 50 /* more of them: the run is worth nothing any more */
#define SABOTAGE_HOUR 34

/* ---- arrivals ---- */

/* How much of a day's cases begin in each hour; README.md. */
static const double by_hour[24] = {0.4, 0.3, 0.2, 0.2,  0.2, 0.3, 0.8, 2.0, 8.0, 12.0, 12.0, 9.0,
                                   3.5, 4.0, 9.5, 10.0, 9.0, 6.0, 3.0, 3.0, 2.6, 2.0,  1.2,  0.8};
#define WEEKEND 0.45 /* of a working day */
/* Patients are referred from three weeks before the month on, so that the wards are as full when it
 * begins as when it ends: 0.8 % stay longer (three days to come, four days / 0.6 there). So many of
 * what would be a case: 5 % of the acknowledged ones, which are 92 % (README.md). */
#define BEFORE_DAYS 21
#define REFERRED_OF_CASES (REFERRED * 0.92)

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The intensity of one hour, counted from a Monday's midnight. */
static double intensity(size_t hour)
{
    return by_hour[hour % 24] * (hour / 24 % 7 >= 5 ? WEEKEND : 1.0);
}

static double intensity_of_days(int64_t days)
{
    double sum = 0;
    for (size_t h = 0; h < (size_t)days * 24; h++) {
        sum += intensity(h);
    }
    return sum;
}

/* A Poisson process with that intensity from a Monday on, given how many come in all: independent
 * draws, sorted. */
static int64_t *draw_arrivals(struct sim *sim, int64_t from_ms, int64_t days, size_t count)
{
    size_t hours = (size_t)days * 24;
    double *until = calloc(hours, sizeof *until);
    int64_t *times = calloc(count + 1, sizeof *times);
    CHECK(until != NULL && times != NULL);
    double sum = 0;
    for (size_t h = 0; h < hours; h++) {
        sum += intensity(h);
        until[h] = sum;
    }
    for (size_t i = 0; i < count; i++) {
        double at = random_unit(&sim->random) * sum;
        size_t low = 0, high = hours - 1;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (until[middle] > at) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        times[i] = from_ms + (int64_t)low * HOUR + random_between(&sim->random, 0, HOUR - 1);
    }
    free(until);
    qsort(times, count, sizeof *times, compare);
    return times;
}

/* ---- what each is ---- */

static const struct {
    const char *modality;
    int specialty;
    double share;
} readings[] = {
    {"imaging", 0, 0.55}, {"ecg", 1, 0.30}, {"ultrasound", 2, 0.10}, {"pathology", 3, 0.05}};
/* Village clinics and health centres ask for live advice in these. */
static const int live_specialties[] = {1, 4, 5, 6, 7, 8, 9, 10};

static void draw_reading(struct sim *sim, struct kase *k)
{
    double dice = random_unit(&sim->random);
    size_t i = 0;
    while (i + 1 < sizeof readings / sizeof readings[0] && dice >= readings[i].share) {
        dice -= readings[i++].share;
    }
    k->kind = RULES_READ;
    k->modality = readings[i].modality;
    k->specialty = readings[i].specialty;
}

static void draw_live(struct sim *sim, struct kase *k)
{
    size_t n = sizeof live_specialties / sizeof live_specialties[0];
    k->kind = random_chance(&sim->random, 0.08) ? RULES_MDT : RULES_LIVE;
    k->modality = "imaging";
    k->specialty = live_specialties[random_below(&sim->random, n)];
    if (k->kind == RULES_MDT && k->urgency == STAT) {
        k->urgency = URGENT; /* several disciplines are not called in a minute */
    }
}

static void draw_case(struct sim *sim, struct kase *k, const int *requesters,
                      size_t requester_count)
{
    double dice = random_unit(&sim->random);
    k->urgency = dice < 0.85 ? ROUTINE : dice < 0.98 ? URGENT : STAT;
    k->consultant = k->members[0] = k->members[1] = -1;
    k->requester = requesters[random_below(&sim->random, requester_count)];
    if (random_below(&sim->random, 13) == 0) { /* twelve reads to one live */
        draw_live(sim, k);
    } else {
        draw_reading(sim, k);
    }
}

/* Clinicians, each as often as the place is busy. */
static int *weigh_requesters(struct sim *sim, size_t *out_count)
{
    size_t count = 0;
    int wards = 0;
    int *list = calloc((size_t)sim->person_count * 4, sizeof *list);
    CHECK(list != NULL);
    for (int i = 0; i < sim->person_count; i++) {
        const struct person *p = &sim->people[i];
        const struct institution *o = &sim->institutions[p->institution];
        int weight = o->level == RULES_VILLAGE ? 1 : o->level == RULES_TOWNSHIP ? 4 : 2;
        if ((p->actor.roles & ROLE_CLINICIAN) == 0 || o->code[0] == 'C') {
            continue; /* city hospitals ask nobody here */
        }
        wards += o->level == RULES_VILLAGE ? 0 : weight;
        for (int w = 0; w < weight; w++) {
            list[count++] = i;
        }
    }
    sim->from_wards = (double)wards / (double)count;
    *out_count = count;
    return list;
}

/* Those who are in hospital when the month begins, or on their way there. */
static int begin_before(struct sim *sim, const int *requesters, size_t requester_count)
{
    int64_t from_ms = START_MS - BEFORE_DAYS * DAY;
    double share = intensity_of_days(BEFORE_DAYS) / intensity_of_days(sim->options.days);
    size_t count = (size_t)((double)sim->options.cases * REFERRED_OF_CASES * share);
    if (sim->options.sabotage == SABOTAGE_WARDS) {
        count = 0;
    }
    int64_t *times = draw_arrivals(sim, from_ms, BEFORE_DAYS, count);
    for (size_t i = 0; i < count; i++) {
        int person = requesters[random_below(&sim->random, requester_count)];
        sim_event(sim, times[i], EVENT_refer, person, -1);
    }
    free(times);
    sim->now_ms = from_ms;
    return (int)count;
}

void month_begin(struct sim *sim)
{
    size_t requester_count = 0;
    int *requesters = weigh_requesters(sim, &requester_count);
    int before = begin_before(sim, requesters, requester_count);
    int64_t *arrivals = draw_arrivals(sim, START_MS, sim->options.days, (size_t)sim->options.cases);
    sim->end_ms = START_MS + sim->options.days * DAY;
    sim->kases = calloc((size_t)sim->options.cases, sizeof *sim->kases);
    sim->passage_room = (int)sim->options.cases + 2 * before;
    sim->passages = calloc((size_t)sim->passage_room, sizeof *sim->passages);
    CHECK(sim->kases != NULL && sim->passages != NULL);
    for (int i = 0; i < sim->options.cases; i++) {
        sim->kase_count++;
        draw_case(sim, &sim->kases[i], requesters, requester_count);
        sim_event(sim, arrivals[i], EVENT_create, sim->kases[i].requester, i);
    }
    free(requesters);
    free(arrivals);
    roster_begin(sim);
    sim_event(sim, START_MS + HOUR, EVENT_check, -1, -1);
    if (sim->options.sabotage != SABOTAGE_NONE) {
        sim_event(sim, START_MS + SABOTAGE_HOUR * HOUR, EVENT_sabotage, -1, -1);
    }
}

/* ---- the loop ---- */

/* When the gateway's next round would find something: after each change the store is asked, so that
 * a timer that was just set counts too. */
static void look_for_timers(struct sim *sim)
{
    int64_t due = 0, referral_due = 0;
    engine_must(db_one_int(sim->engine.db, &due,
                           "SELECT COALESCE(MIN(due_ms), 0) FROM consultation_timer", ""),
                "timers");
    engine_must(db_one_int(sim->engine.db, &referral_due,
                           "SELECT COALESCE(MIN(due_ms), 0) FROM referral_timer", ""),
                "timers");
    sim->engine.changed = false;
    due = due == 0 || (referral_due != 0 && referral_due < due) ? referral_due : due;
    sim->timer_ms = due == 0 ? 0 : (due + ROUND_MS - 1) / ROUND_MS * ROUND_MS;
    if (due != 0 && sim->timer_ms < sim->now_ms) {
        sim->timer_ms = sim->now_ms;
    }
}

/* As gateway/ops/rounds.c: a timer that failed is put off by the next call, which goes on. */
static void run_due(struct sim *sim, enum script script)
{
    int64_t ran = TIMERS_FULL;
    json_t *put_off = NULL;
    while (ran >= TIMERS_FULL && sim->tallies.timer_failures < TIMER_FAILURES) {
        sim->tallies.timer_runs++;
        if (sim_run(sim, -1, script, NULL, NULL, put_off) == 200) {
            ran = json_integer_value(json_object_get(sim->engine.call.reply, "ran"));
            sim->tallies.timers_fired += put_off == NULL ? (uint64_t)ran : 0;
            put_off = NULL;
            continue;
        }
        const json_t *reply = sim->engine.call.reply;
        json_t *id = json_object_get(reply, "consultation"), *kind = json_object_get(reply, "kind");
        (void)snprintf(sim->timer_problem, sizeof sim->timer_problem, "%s",
                       engine_text(&sim->engine, "code"));
        sim->tallies.timer_failures++;
        put_off = id == NULL ? NULL : json_pack("{s:O, s:O}", "consultation", id, "kind", kind);
        if (put_off == NULL) {
            sim->now_ms += ROUND_MS; /* the gateway tries again in its next round */
            return;
        }
    }
    json_decref(put_off);
}

static void run_timers(struct sim *sim)
{
    run_due(sim, SCRIPT_TIMERS);
    run_due(sim, SCRIPT_REFERRAL_TIMERS);
}

static void handle(struct sim *sim, const struct event *event)
{
    static void (*const handlers[EVENT_COUNT])(struct sim *, const struct event *) = {
#define EVENT(name) [EVENT_##name] = sim_on_##name,
        EVENTS
#undef EVENT
    };
    handlers[event->kind](sim, event);
}

void month_run(struct sim *sim, bool progress)
{
    int64_t event_ms = 0, day_ms = START_MS + DAY, start_us = clock_monotonic_us();
    while (events_peek(&sim->events, &event_ms) && event_ms < sim->end_ms &&
           sim->tallies.timer_failures < TIMER_FAILURES) {
        if (sim->engine.changed) {
            look_for_timers(sim);
        }
        if (sim->timer_ms != 0 && sim->timer_ms <= event_ms) {
            sim->now_ms = sim->timer_ms > sim->now_ms ? sim->timer_ms : sim->now_ms;
            run_timers(sim);
            continue;
        }
        struct event event = events_take(&sim->events);
        sim->now_ms = event.at_ms > sim->now_ms ? event.at_ms : sim->now_ms;
        handle(sim, &event);
        if (progress && sim->now_ms >= day_ms) {
            (void)fprintf(stderr, "  day %2lld  %llu scripts  %lld s  %llu checks failed\n",
                          (long long)((day_ms - START_MS) / DAY),
                          (unsigned long long)sim->engine.scripts,
                          (long long)((clock_monotonic_us() - start_us) / 1000000),
                          (unsigned long long)checks_failed(sim));
            day_ms += DAY;
        }
    }
    sim->now_ms = sim->end_ms;
    engine_commit(&sim->engine);
}
