/* consult-sim: a month of one city in virtual time, through the real scripts and the real store.
 * README.md says what is simulated and what each number means. Exit status: 0 all gates passed, 1
 * some failed, 2 it could not be run. */
#include "media/rt/clock.h"
#include "proto/base/check.h"
#include "tests/sim/checks.h"
#include "tests/sim/material.h"
#include "tests/sim/month.h"
#include "tests/sim/notices.h"
#include "tests/sim/report.h"
#include "tests/sim/sabotage.h"
#include "tests/sim/world.h"

#include <ftw.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_CASES 200
#define CONTROL_DAYS 3
#define CONTROL_CASES_OF_RATIO 2500 /* enough referrals that their number says something */

static void usage(FILE *out)
{
    (void)fputs(
        "usage: consult-sim [--cases N] [--days N] [--seed N] [--batch N] [--data DIR] [--report "
        "FILE]\n"
        "                   [--break "
        "lose-timers|lose-case|unknown-state|two-consultants|disable|\n"
        "                    disable-unseen|forge-audit|empty-wards]\n"
        "       consult-sim --control     each of these breaks in a small month: is it seen? "
        "(disable\n"
        "                                 is mended by the coordinators: does nothing stay "
        "behind?)\n"
        "  --cases 100000   that begin in --days 30\n"
        "  --batch 128      scripts in one commit, at most (1: each its own fsync)\n"
        "  --data DIR       is made, and stays; default: a temporary folder that is removed\n",
        out);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* ---- one run ---- */

static void run(struct sim *sim, bool progress)
{
    material_write(sim->engine.folder);
    world_make(sim);
    month_begin(sim);
    month_run(sim, progress);
    checks_end(sim);
}

static struct sim *sim_create(const struct options *options)
{
    struct sim *sim = calloc(1, sizeof *sim);
    CHECK(sim != NULL);
    sim->checks = calloc(1, sizeof *sim->checks);
    CHECK(sim->checks != NULL);
    sim->options = *options;
    random_seed(&sim->random, options->seed);
    sim->engine.effect = notices_effect;
    sim->engine.context = sim;
    engine_open(&sim->engine, options->folder, options->batch);
    return sim;
}

static void sim_destroy(struct sim *sim)
{
    engine_close(&sim->engine);
    events_clear(&sim->events);
    world_clear(sim);
    if (!sim->options.keep) {
        (void)nftw(sim->options.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    free(sim->checks);
    free(sim);
}

static uint64_t size_on_disk(const char *database)
{
    struct stat st;
    return stat(database, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t count_rows(struct sim *sim, int table)
{
    static const char *const sql[] = {
        "SELECT COUNT(*) FROM audit", "SELECT COUNT(*) FROM consultation_offer",
        "SELECT COUNT(*) FROM opinion", "SELECT COUNT(*) FROM consent"};
    int64_t count = 0;
    engine_must(db_one_int(sim->engine.db, &count, sql[table], ""), "count");
    return (uint64_t)count;
}

static int simulate(const struct options *options)
{
    unsigned passed = 0;
    struct sim *sim = sim_create(options);
    struct result result = {.sim = sim};
    int64_t start_us = clock_monotonic_us();
    run(sim, true);
    result.wall_us = clock_monotonic_us() - start_us;
    result.cpu_us = (int64_t)((double)clock() * 1e6 / CLOCKS_PER_SEC);
    (void)getloadavg(&result.load, 1);
    outcome_read(sim, &result.outcomes);
    for (int i = 0; i < 4; i++) {
        result.rows[i] = count_rows(sim, i);
    }
    uint64_t scripts = sim->engine.scripts;
    measure_lists(sim, &result.lists);
    sim->engine.scripts = scripts; /* a second is one of the month's */
    engine_commit(&sim->engine);
    db_close(sim->engine.db); /* moves the log into the file */
    sim->engine.db = NULL;
    result.file_bytes = size_on_disk(sim->engine.database);
    unsigned failed = report_print(&result, &passed);
    if (options->report != NULL && !report_write(&result, options->report)) {
        (void)fprintf(stderr, "consult-sim: cannot write %s\n", options->report);
        failed++;
    }
    outcome_clear(&result.outcomes);
    measure_clear(&result.lists);
    sim_destroy(sim);
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0;
}

/* ---- controls ---- */

static bool seen(enum sabotage sabotage, const struct sim *sim)
{
    static const enum check_id by[SABOTAGE_COUNT] = {
        [SABOTAGE_TIMERS] = CHECK_TIMER,    [SABOTAGE_CASE] = CHECK_LOST,
        [SABOTAGE_STATE] = CHECK_STATE,     [SABOTAGE_TWO] = CHECK_SINGLE,
        [SABOTAGE_UNSEEN] = CHECK_ATTENDED, [SABOTAGE_AUDIT] = CHECK_AUDIT,
        [SABOTAGE_WARDS] = CHECK_RATIO};
    if (sabotage == SABOTAGE_DISABLED) { /* the coordinators see to it: nothing is left */
        return checks_failed(sim) == 0 && sim->tallies.take_overs > 0;
    }
    return sabotage == SABOTAGE_NONE ? checks_failed(sim) == 0
                                     : sim->checks->by[by[sabotage]].failed > 0;
}

static int control(const struct options *options)
{
    unsigned failed = 0;
    for (int i = 0; i < SABOTAGE_COUNT; i++) {
        struct options small = *options;
        small.cases = i == SABOTAGE_WARDS ? CONTROL_CASES_OF_RATIO : CONTROL_CASES;
        small.days = CONTROL_DAYS;
        small.sabotage = (enum sabotage)i;
        struct sim *sim = sim_create(&small);
        run(sim, false);
        bool good = seen(small.sabotage, sim);
        failed += !good;
        printf("%s %s: %llu of %d checks failed\n", good ? "ok  " : "FAIL",
               sabotage_name(small.sabotage), (unsigned long long)checks_failed(sim), CHECK_COUNT);
        for (int c = 0; c < CHECK_COUNT; c++) {
            if (sim->checks->by[c].failed > 0) {
                printf("       %s: %llu, first %s\n", check_words((enum check_id)c),
                       (unsigned long long)sim->checks->by[c].failed, sim->checks->by[c].first);
            }
        }
        sim_destroy(sim);
    }
    printf("%u passed, %u failed\n", SABOTAGE_COUNT - failed, failed);
    return failed > 0;
}

/* ---- command line ---- */

static bool read_number(const char *text, int64_t least, int64_t most, int64_t *out)
{
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > most) {
        return false;
    }
    *out = value;
    return true;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"cases", required_argument, NULL, 'c'}, {"days", required_argument, NULL, 'd'},
        {"seed", required_argument, NULL, 's'},  {"batch", required_argument, NULL, 'b'},
        {"data", required_argument, NULL, 'f'},  {"report", required_argument, NULL, 'r'},
        {"break", required_argument, NULL, 'x'}, {"control", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    int64_t number = 0;
    bool good = true;
    for (int c; good && (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'c':
            good = read_number(optarg, 1, 10000000, &o->cases);
            break;
        case 'd':
            good = read_number(optarg, 1, 366, &o->days);
            break;
        case 's':
            good = read_number(optarg, 0, INT64_MAX, &number);
            o->seed = (uint64_t)number;
            break;
        case 'b':
            good = read_number(optarg, 1, ENGINE_BATCH_MAX, &number);
            o->batch = (unsigned)number;
            break;
        case 'f':
            o->folder = optarg;
            o->keep = true;
            break;
        case 'r':
            o->report = optarg;
            break;
        case 'x':
            o->sabotage = sabotage_of(optarg);
            good = o->sabotage < SABOTAGE_COUNT;
            break;
        case 'k':
            o->control = true;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            good = false;
            break;
        }
    }
    return good && optind == argc;
}

int main(int argc, char **argv)
{
    static char temporary[] = "/tmp/consult-sim-XXXXXX";
    struct options options = {.cases = 100000, .days = 30, .seed = 1, .batch = ENGINE_BATCH_MAX};
    if (!read_options(argc, argv, &options)) {
        usage(stderr);
        return 2;
    }
    random_install(options.seed);
    if (sodium_init() < 0) {
        return 2;
    }
    if (options.folder == NULL) {
        options.folder = mkdtemp(temporary);
        CHECK(options.folder != NULL);
    }
    return options.control ? control(&options) : simulate(&options);
}
