#include "tests/sim/roster.h"

#define DAY_BEGINS (8 * HOUR)
#define DAY_ENDS (17 * HOUR + 30 * MINUTE)
#define LUNCH (11 * HOUR + 30 * MINUTE)
#define NIGHT_PEOPLE_MIN 4 /* fewer cannot share the nights */

/* radiology, cardiology, neurology: where minutes count */
static const unsigned night_specialties = 1u << 0 | 1u << 1 | 1u << 4;

static bool is_specialist(const struct person *p)
{
    return (p->actor.roles & ROLE_SPECIALIST) != 0;
}

/* The province's hospital, the four large ones of the city, the first one of each county. */
static bool has_nights(const struct institution *o)
{
    return o->code[0] == 'P' || (o->code[0] == 'C' && o->code[3] <= '4') ||
           (o->code[0] == 'K' && o->code[2] == '0');
}

void roster_begin(struct sim *sim)
{
    for (int i = 0; i < sim->person_count; i++) {
        struct person *p = &sim->people[i];
        for (int j = 0; j < sim->person_count && is_specialist(p); j++) {
            const struct person *q = &sim->people[j];
            bool same = is_specialist(q) && q->institution == p->institution &&
                        q->specialties == p->specialties;
            p->places += same;
            p->place += same && j < i;
        }
    }
    for (int i = 0; i < sim->person_count; i++) {
        const struct person *p = &sim->people[i];
        if ((p->actor.roles & ROLE_CLINICIAN) != 0) {
            sim_event(sim, START_MS + DAY_BEGINS + random_between(&sim->random, 0, 90) * MINUTE,
                      EVENT_sweep, i, -1);
        }
        if ((p->actor.roles & ROLE_REVIEWER) != 0) {
            sim_event(sim, START_MS + DAY_BEGINS + random_between(&sim->random, 0, 30) * HOUR,
                      EVENT_review, i, -1);
        }
    }
    sim_event(sim, sim->now_ms + 1, EVENT_day, -1, -1);
    sim_event(sim, START_MS + MINUTE, EVENT_round, -1, -1);
}

/* Planned by a coordinator of the institution, as the roster's rights are. */
static void put_on_call(struct sim *sim, int person, int64_t from_ms, int64_t until_ms)
{
    struct person *p = &sim->people[person];
    int planner = 0;
    while (sim->people[planner].institution != p->institution ||
           (sim->people[planner].actor.roles & ROLE_COORDINATOR) == 0) {
        planner++; /* each institution with nights has one */
    }
    p->on_call_from_ms = from_ms;
    p->on_call_until_ms = until_ms;
    (void)sim_run(sim, planner, SCRIPT_SHIFT, NULL, NULL,
                  json_pack("{s:s, s:s, s:I, s:I}", "account", p->actor.account_id, "kind",
                            "on-call", "from_ms", (json_int_t)from_ms, "until_ms",
                            (json_int_t)until_ms));
}

static void shift(struct sim *sim, int person, int64_t from_ms, int64_t until_ms)
{
    sim_event(sim, from_ms + random_between(&sim->random, -8, 8) * MINUTE, EVENT_duty_on, person,
              -1);
    sim_event(sim, until_ms + random_between(&sim->random, 0, 25) * MINUTE, EVENT_duty_off, person,
              -1);
}

static void plan_specialist(struct sim *sim, int person, int64_t midnight, int day)
{
    const struct person *p = &sim->people[person];
    bool nights = has_nights(&sim->institutions[p->institution]);
    bool by_duty =
        nights && (p->specialties & night_specialties) != 0 && p->places >= NIGHT_PEOPLE_MIN;
    bool tonight = nights && day % p->places == p->place;
    bool last_night = nights && by_duty && day > 0 && (day - 1) % p->places == p->place;
    bool weekend = sim_weekend(midnight + HOUR);
    bool works = weekend ? (p->place + day) % 3 == 0 : p->places == 1 || (p->place + day) % 7 != 0;
    if (tonight && by_duty) {
        shift(sim, person, midnight + DAY_ENDS - 10 * MINUTE, midnight + DAY + DAY_BEGINS);
        return;
    }
    if (works && !last_night) {
        shift(sim, person, midnight + DAY_BEGINS, midnight + DAY_ENDS);
        sim_event(sim, midnight + LUNCH + random_between(&sim->random, 0, 90) * MINUTE, EVENT_lunch,
                  person, -1);
    }
    if (tonight) {
        put_on_call(sim, person, midnight + DAY_ENDS, midnight + DAY + DAY_BEGINS);
    }
}

/* Patients come and go at weekends, too, and before the month. */
static void plan_ward(struct sim *sim, int person, int64_t midnight)
{
    int64_t at = midnight + 10 * HOUR + random_between(&sim->random, 0, 60) * MINUTE;
    sim_event(sim, at, EVENT_receive, person, -1);
}

static void plan_office(struct sim *sim, int person, int64_t midnight)
{
    static const int64_t looks[] = {8 * HOUR + 10 * MINUTE, 10 * HOUR + 30 * MINUTE,
                                    13 * HOUR + 30 * MINUTE, 16 * HOUR + 30 * MINUTE};
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        int64_t at = midnight + looks[i] + random_between(&sim->random, 0, 15) * MINUTE;
        sim_event(sim, at,
                  (sim->people[person].actor.roles & (ROLE_APPROVER | ROLE_COORDINATOR)) != 0
                      ? EVENT_office
                      : EVENT_receive,
                  person, -1);
        if (i % 2 == 0 && (sim->people[person].actor.roles & ROLE_REFERRALS) != 0) {
            sim_event(sim, at + 10 * MINUTE, EVENT_receive, person, -1);
        }
    }
}

void sim_on_day(struct sim *sim, const struct event *event)
{
    int64_t midnight = sim_midnight(sim->now_ms);
    int day = (int)((midnight - START_MS) / DAY);
    bool before = midnight < START_MS, weekend = sim_weekend(midnight + HOUR);
    for (int i = 0; i < sim->person_count; i++) {
        const struct person *p = &sim->people[i];
        if (is_specialist(p) && !before) {
            plan_specialist(sim, i, midnight, day);
        }
        bool office = (p->actor.roles & (ROLE_APPROVER | ROLE_COORDINATOR | ROLE_REFERRALS)) != 0;
        if (office && !before && !weekend) {
            plan_office(sim, i, midnight);
        } else if ((p->actor.roles & ROLE_REFERRALS) != 0) {
            plan_ward(sim, i, midnight);
        }
    }
    sim_event(sim, midnight + DAY + 1, EVENT_day, event->person, -1);
}

void sim_on_round(struct sim *sim, const struct event *event)
{
    (void)sim_run(sim, event->person, SCRIPT_ROUND, NULL, NULL, NULL);
    sim_event(sim, sim->now_ms + MINUTE, EVENT_round, event->person, -1);
}
