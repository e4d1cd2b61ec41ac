#include "tests/sim/report.h"

#include "tests/sim/checks.h"
#include "tests/sim/material.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_NOTABLE 20 /* scripts with fewer calls are left out of the table */

static double per_second(const struct result *r)
{
    return r->wall_us == 0 ? 0 : (double)r->sim->engine.scripts * 1e6 / (double)r->wall_us;
}

static double per_case(const struct result *r)
{
    return r->sim->kase_count == 0 ? 0 : (double)r->file_bytes / (double)r->sim->kase_count;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

/* "35 s", "12.5 min", "7.1 h" */
static const char *span(int64_t ms, char text[24])
{
    double s = (double)ms / 1000.0;
    if (s < 120) {
        (void)snprintf(text, 24, "%.0f s", s);
    } else if (s < 7200) {
        (void)snprintf(text, 24, "%.1f min", s / 60);
    } else {
        (void)snprintf(text, 24, "%.1f h", s / 3600);
    }
    return text;
}

static void print_outcomes(struct result *r)
{
    char a[24], b[24], c[24], d[24];
    printf("\n| urgency | submitted | accepted | to accept: median | p90 | to signed: median | p90 "
           "| in "
           "time | escalated | expired once | withdrawn | rejected | open |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (int u = 0; u < URGENCIES; u++) {
        struct outcome *o = &r->outcomes.by[u];
        printf(
            "| %s | %llu | %llu | %s | %s | %s | %s | %.1f %% | %.1f %% | %.2f %% | %.1f %% | %.1f "
            "%% | %llu |\n",
            sim_urgencies[u], (unsigned long long)o->submitted, (unsigned long long)o->accepted,
            span(samples_share(&o->accept_ms, 0.5), a), span(samples_share(&o->accept_ms, 0.9), b),
            span(samples_share(&o->sign_ms, 0.5), c), span(samples_share(&o->sign_ms, 0.9), d),
            share(o->in_time, o->submitted), share(o->escalated, o->submitted),
            share(o->expired, o->submitted), share(o->withdrawn, o->submitted),
            share(o->rejected, o->submitted), (unsigned long long)o->open);
    }
    printf("\nstates at the end:");
    for (int s = 0; s < CONSULT_STATE_COUNT; s++) {
        if (r->outcomes.states[s] > 0) {
            printf(" %s %lld,", consult_state_name((enum consult_state)s),
                   (long long)r->outcomes.states[s]);
        }
    }
    printf(" reads %llu, live %llu, several disciplines %llu\n",
           (unsigned long long)r->outcomes.reads, (unsigned long long)r->outcomes.lives,
           (unsigned long long)r->outcomes.mdts);
    const struct tallies *t = &r->sim->tallies;
    printf("rings answered %llu, not heard by somebody busy %llu, answered too late %llu; sessions "
           "%llu, appointments %llu, broken links %llu; second readings %llu; handed over %llu; "
           "drafts discarded %llu; timers fired %llu\n",
           (unsigned long long)t->answered, (unsigned long long)t->busy,
           (unsigned long long)t->races, (unsigned long long)t->sessions,
           (unsigned long long)t->appointments, (unsigned long long)t->interruptions,
           (unsigned long long)t->second_reads, (unsigned long long)t->hand_overs,
           (unsigned long long)t->discarded, (unsigned long long)t->timers_fired);
    const struct outcomes *o = &r->outcomes;
    printf("referrals sent: %lld up, %lld down, %.1f to 1; arrived %lld, written back %lld, lapsed "
           "%lld, refused %lld; in hospital when the month began: %lld\n",
           (long long)o->up, (long long)o->down, o->down == 0 ? 0 : (double)o->up / (double)o->down,
           (long long)o->arrived, (long long)o->returned, (long long)o->lapsed,
           (long long)o->refused, (long long)o->inpatients);
}

static void print_scripts(struct result *r)
{
    printf("\n| script | calls | refused | p50 us | p99 us | max us | share of time |\n"
           "|---|---|---|---|---|---|---|\n");
    struct engine *e = &r->sim->engine;
    for (size_t i = 0; i < e->time_count; i++) {
        struct engine_times *t = &e->times[i];
        if (t->us.count >= PARTS_NOTABLE) {
            printf("| %s | %zu | %llu | %lld | %lld | %lld | %.1f %% |\n", t->name, t->us.count,
                   (unsigned long long)t->refused, (long long)samples_share(&t->us, 0.5),
                   (long long)samples_share(&t->us, 0.99), (long long)samples_share(&t->us, 1.0),
                   share((uint64_t)t->us.sum, (uint64_t)e->script_us));
        }
    }
    printf("\nrefusals:");
    for (size_t i = 0; i < e->code_count; i++) {
        printf(" %s %llu,", e->codes[i].code, (unsigned long long)e->codes[i].count);
    }
    printf(" of %llu scripts\n", (unsigned long long)e->scripts);
}

static void print_lists(struct result *r)
{
    printf(
        "\n| worklist | role | accounts | most rows | processor: p50 ms | p99 ms | max ms | clock: "
        "p50 ms | p99 ms |\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < r->lists.count; i++) {
        struct measure *m = &r->lists.by[i];
        printf("| %s | %s | %zu | %zu | %.2f | %.2f | %.2f | %.2f | %.2f |\n", m->list, m->role,
               m->us.count, m->rows_max, (double)samples_share(&m->cpu_us, 0.5) / 1000,
               (double)samples_share(&m->cpu_us, 0.99) / 1000,
               (double)samples_share(&m->cpu_us, 1) / 1000,
               (double)samples_share(&m->us, 0.5) / 1000,
               (double)samples_share(&m->us, 0.99) / 1000);
    }
}

static void print_store(struct result *r)
{
    struct engine *e = &r->sim->engine;
    printf(
        "\n%llu scripts in %.1f s: %.0f a second, %.0f a second of processor time (%.1f s of it); "
        "%.1f s in scripts, %.1f s in commits, %.1f s in the hourly checks; %zu commits of %lld "
        "scripts each (median), p99 of a commit %.1f ms; "
        "load of the machine at the end %.1f\n",
        (unsigned long long)e->scripts, (double)r->wall_us / 1e6, per_second(r),
        r->cpu_us == 0 ? 0 : (double)e->scripts * 1e6 / (double)r->cpu_us, (double)r->cpu_us / 1e6,
        (double)e->script_us / 1e6, (double)e->commit_us.sum / 1e6,
        (double)r->sim->checks->seconds_us / 1e6, e->commit_us.count,
        (long long)samples_share(&e->commit_jobs, 0.5),
        (double)samples_share(&e->commit_us, 0.99) / 1000, r->load);
    printf("database %.1f MB: %.1f kB a case (%llu audit rows, %.1f a case; %llu offers; %llu "
           "opinions; %llu consents); the one DICOM file of all reads has %llu octets\n",
           (double)r->file_bytes / 1e6, per_case(r) / 1e3, (unsigned long long)r->rows[0],
           (double)r->rows[0] / (double)(r->sim->kase_count > 0 ? r->sim->kase_count : 1),
           (unsigned long long)r->rows[1], (unsigned long long)r->rows[2],
           (unsigned long long)r->rows[3], (unsigned long long)material_bytes());
}

/* One line each; counts. */
static void gate(bool good, const char *words, const char *detail, unsigned *passed,
                 unsigned *failed)
{
    *passed += good;
    *failed += !good;
    printf("%s %s%s%s\n", good ? "ok  " : "FAIL", words, detail[0] == '\0' ? "" : ": ", detail);
}

static void gate_checks(struct result *r, unsigned *passed, unsigned *failed)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        char detail[256];
        const struct check *c = &r->sim->checks->by[i];
        (void)snprintf(detail, sizeof detail,
                       c->failed == 0 ? "%llu looked at"
                                      : "%llu looked at, "
                                        "%llu wrong, first %s",
                       (unsigned long long)c->looked, (unsigned long long)c->failed, c->first);
        gate(c->failed == 0, check_words((enum check_id)i), detail, passed, failed);
    }
}

static void gate_lists(struct result *r, unsigned *passed, unsigned *failed)
{
    int64_t worst = 0;
    char detail[96] = "";
    for (size_t i = 0; i < r->lists.count; i++) {
        int64_t p99 = samples_share(&r->lists.by[i].cpu_us, 0.99);
        if (p99 > worst && strcmp(r->lists.by[i].role, MEASURE_SYSTEM) != 0) {
            worst = p99;
            (void)snprintf(detail, sizeof detail,
                           "the slowest is %s of the %s with %.2f ms of processor time",
                           r->lists.by[i].list, r->lists.by[i].role, (double)p99 / 1000);
        }
    }
    gate(worst < MEASURE_LIMIT_US, "p99 of each worklist is below 20 ms", detail, passed, failed);
}

unsigned report_print(struct result *r, unsigned *passed)
{
    unsigned failed = 0;
    const struct options *o = &r->sim->options;
    printf("# %lld cases in %lld days of %d institutions and %d people, seed %llu\n",
           (long long)o->cases, (long long)o->days, r->sim->institution_count, r->sim->person_count,
           (unsigned long long)o->seed);
    print_outcomes(r);
    print_scripts(r);
    print_lists(r);
    print_store(r);
    printf("at most %lld cases not over at once; %llu hourly checks\n\n",
           (long long)r->sim->checks->open_max, (unsigned long long)r->sim->checks->hours);
    gate_checks(r, passed, &failed);
    gate_lists(r, passed, &failed);
    return failed;
}
