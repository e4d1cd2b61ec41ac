#include "tests/sim/measure.h"

#include "gateway/auth/auth.h"
#include "media/rt/clock.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <time.h>

static const struct {
    const char *list;
    unsigned roles;
} lists[] = {
    {"mine", ROLE_CLINICIAN | ROLE_COORDINATOR},
    {"queue", ROLE_SPECIALIST | ROLE_COORDINATOR},
    {"assigned", ROLE_SPECIALIST | ROLE_COORDINATOR},
    {"history", ROLE_CLINICIAN | ROLE_SPECIALIST | ROLE_COORDINATOR},
    {"invited", ROLE_CLINICIAN | ROLE_SPECIALIST},
    {"member", ROLE_SPECIALIST},
    {"verify", ROLE_SPECIALIST},
    {"approval", ROLE_APPROVER},
    {"triage", ROLE_COORDINATOR},
    {"unanswered", ROLE_COORDINATOR},
    {"unattended", ROLE_COORDINATOR},
    {"review", ROLE_REVIEWER},
};

struct times {
    int64_t us[3], cpu_us[3];
};

static int64_t processor_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void time_once(struct sim *sim, int person, struct measure *measure, struct times *times,
                      int n)
{
    int64_t start_us = clock_monotonic_us(), start_cpu_us = processor_us();
    size_t rows = json_array_size(sim_list(sim, person, measure->list, "50", NULL));
    times->cpu_us[n] = processor_us() - start_cpu_us;
    times->us[n] = clock_monotonic_us() - start_us;
    measure->rows_max = rows > measure->rows_max ? rows : measure->rows_max;
}

static int64_t middle(const int64_t us[3])
{
    int64_t low = us[0] < us[1] ? us[0] : us[1], high = us[0] < us[1] ? us[1] : us[0];
    return us[2] < low ? low : us[2] > high ? high : us[2];
}

/* Every n-th who has the role, so that all kinds of institutions are among them. Of
 * three runs the middle one counts: what else the machine does is not the worklist's. */
static void measure_one(struct sim *sim, struct measure *measure, unsigned role)
{
    int holders = 0, seen = 0;
    for (int i = 0; i < sim->person_count; i++) {
        holders += (sim->people[i].actor.roles & role) != 0;
    }
    int step = holders / MEASURE_ACCOUNTS + 1;
    for (int i = 0; i < sim->person_count; i++) {
        if ((sim->people[i].actor.roles & role) == 0 || seen++ % step != 0) {
            continue;
        }
        struct times times;
        time_once(sim, i, measure, &times, 0); /* warms up */
        for (int n = 0; n < 3; n++) {
            time_once(sim, i, measure, &times, n);
        }
        samples_add(&measure->us, middle(times.us));
        samples_add(&measure->cpu_us, middle(times.cpu_us));
    }
}

/* The gateway's rounds count all cases each five seconds, on the thread that everybody waits for.
 */
static void measure_snapshot(struct sim *sim, struct measure *measure)
{
    measure->list = "counts, each 5 s";
    (void)snprintf(measure->role, sizeof measure->role, MEASURE_SYSTEM);
    for (int i = 0; i < 20; i++) {
        int64_t start_us = clock_monotonic_us(), start_cpu_us = processor_us();
        (void)sim_run(sim, -1, SCRIPT_SNAPSHOT, NULL, NULL, NULL);
        samples_add(&measure->cpu_us, processor_us() - start_cpu_us);
        samples_add(&measure->us, clock_monotonic_us() - start_us);
    }
}

void measure_lists(struct sim *sim, struct measures *out_measures)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (unsigned role = ROLE_CLINICIAN; role <= ROLE_LAST; role *= 2) {
            if ((lists[i].roles & role) == 0) {
                continue;
            }
            CHECK(out_measures->count < MEASURE_MAX);
            struct measure *measure = &out_measures->by[out_measures->count++];
            measure->list = lists[i].list;
            (void)snprintf(measure->role, sizeof measure->role, "%s",
                           auth_role_name((enum role)role));
            measure_one(sim, measure, role);
        }
    }
    measure_snapshot(sim, &out_measures->by[out_measures->count++]);
}

void measure_clear(struct measures *measures)
{
    for (size_t i = 0; i < measures->count; i++) {
        samples_clear(&measures->by[i].us);
        samples_clear(&measures->by[i].cpu_us);
    }
    measures->count = 0;
}
