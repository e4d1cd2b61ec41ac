/* The real store and the real transaction scripts, called without a server: a SQLite file with WAL
 * and synchronous=FULL, scripts in savepoints of a group commit (gateway/store/db_batch.h) as the
 * store worker runs them, but one after the other and with the time as an argument. Actors come
 * ready, as for the signalling hub (app_call): sign-in and CSRF are not simulated. One thread. */
#ifndef TESTS_SIM_ENGINE_H
#define TESTS_SIM_ENGINE_H

#include "gateway/app.h"
#include "gateway/auth/sign.h"
#include "gateway/config/config.h"
#include "gateway/store/db_batch.h"
#include "tests/sim/samples.h"

#define ENGINE_BATCH_MAX 128 /* of one commit, as gateway/store/worker.c */
#define ENGINE_NAMES_MAX 96  /* scripts, actions apart */
#define ENGINE_CODES_MAX 64  /* refusals by code */

/* SCRIPT(name, method, path): the route whose function is run. */
#define SCRIPTS                                                                                    \
    SCRIPT(CREATE, "POST", "/api/v1/consultations")                                                \
    SCRIPT(LIST, "GET", "/api/v1/consultations")                                                   \
    SCRIPT(GET, "GET", "/api/v1/consultations/{id}")                                               \
    SCRIPT(PATCH, "PATCH", "/api/v1/consultations/{id}")                                           \
    SCRIPT(ACTION, "POST", "/api/v1/consultations/{id}/actions/{action}")                          \
    SCRIPT(STAT, "POST", "/api/v1/stat")                                                           \
    SCRIPT(CONSENT, "PUT", "/api/v1/consultations/{id}/consents/{scope}")                          \
    SCRIPT(OPINION, "PUT", "/api/v1/consultations/{id}/opinion")                                   \
    SCRIPT(PEOPLE, "GET", "/api/v1/consultations/{id}/people")                                     \
    SCRIPT(DUTY, "PUT", "/api/v1/duty")                                                            \
    SCRIPT(SHIFT, "POST", "/api/v1/duty/shifts")                                                   \
    SCRIPT(TARGETS, "GET", "/api/v1/referral-targets")                                             \
    SCRIPT(REFER, "POST", "/api/v1/referrals")                                                     \
    SCRIPT(REFERRALS, "GET", "/api/v1/referrals")                                                  \
    SCRIPT(REFERRAL_ACTION, "POST", "/api/v1/referrals/{id}/actions/{action}")

enum script {
#define SCRIPT(name, method, path) SCRIPT_##name,
    SCRIPTS
#undef SCRIPT
        SCRIPT_JOIN, /* from here on: no routes */
    SCRIPT_ABSENT,
    SCRIPT_TIMERS,
    SCRIPT_ATTACH,
    SCRIPT_REFERRAL_TIMERS,
    SCRIPT_ROUND,
    SCRIPT_SNAPSHOT,
    SCRIPT_SABOTAGE,
    SCRIPT_COUNT
};

struct engine_times {
    const char *name; /* of the script, or of the action */
    struct samples us;
    uint64_t refused;
};

struct engine_code {
    char code[64];
    uint64_t count;
};

typedef void (*engine_effect)(void *context, const struct api_effect *effect);

struct engine {
    struct db *db;
    struct config *config;
    struct api_services services;
    struct sign_keys keys;
    char folder[200], database[240];
    unsigned batch_max, batch_count;
    bool in_batch;
    struct db_batch_item items[ENGINE_BATCH_MAX];
    struct api_call call; /* the last one: status, reply */
    engine_effect effect; /* of each one that was kept */
    void *context;
    bool changed; /* something was written since this was last cleared */
    struct samples commit_us, commit_jobs;
    struct engine_times times[ENGINE_NAMES_MAX];
    size_t time_count;
    struct engine_code codes[ENGINE_CODES_MAX];
    size_t code_count;
    uint64_t scripts, refused, store_errors;
    int64_t script_us;
    api_fn functions[SCRIPT_COUNT];
    unsigned roles[SCRIPT_COUNT]; /* who may call at all */
};

struct engine_request {
    const struct api_actor *actor; /* NULL: the system */
    enum script script;
    const char *id, *param;
    json_t *body; /* taken */
    struct api_query_pair query[3];
};

/* Makes the folder, the database and the settings. Ends the program with a line when it cannot. */
void engine_open(struct engine *engine, const char *folder, unsigned batch_max);
/* The HTTP status. The answer stays in engine->call until the next one. A batch that is full is
 * committed first. */
int engine_run(struct engine *engine, int64_t now_ms, const struct engine_request *request);
/* Member of the last answer, "" when it is not there. */
const char *engine_text(const struct engine *engine, const char *name);
/* What waits becomes durable; a commit that fails ends the program. */
void engine_commit(struct engine *engine);
void engine_close(struct engine *engine);
/* Ends the program when status is not STATUS_OK. */
void engine_must(enum status status, const char *what);

#endif
