#include "tests/sim/engine.h"

#include "gateway/consult/consult_rounds.h"
#include "gateway/consult/consult_session.h"
#include "gateway/directory/duty_round.h"
#include "gateway/referral/referral_timers.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"
#include "tests/sim/material.h"
#include "tests/sim/sabotage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct api_route *const tables[] = {
    auth_routes,    directory_routes, duty_routes,    partnership_routes,
    consult_routes, records_routes,   imaging_routes, referral_routes};

void engine_must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "consult-sim: %s: %s\n", what, status_text(status));
        exit(2);
    }
}

/* ---- the routes ---- */

static void find_route(struct engine *engine, enum script script, const char *method,
                       const char *path)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (const struct api_route *r = tables[t]; r->method != NULL; r++) {
            if (strcmp(r->method, method) == 0 && strcmp(r->pattern, path) == 0) {
                engine->functions[script] = r->run;
                engine->roles[script] = r->roles;
            }
        }
    }
    if (engine->functions[script] == NULL) {
        (void)fprintf(stderr, "consult-sim: there is no route %s %s\n", method, path);
        exit(2);
    }
}

static void find_routes(struct engine *engine)
{
#define SCRIPT(name, method, path) find_route(engine, SCRIPT_##name, method, path);
    SCRIPTS
#undef SCRIPT
    engine->functions[SCRIPT_JOIN] = consult_session_join;
    engine->functions[SCRIPT_ABSENT] = consult_session_absent;
    engine->functions[SCRIPT_TIMERS] = consult_timers_run;
    engine->functions[SCRIPT_ATTACH] = material_attach;
    engine->functions[SCRIPT_REFERRAL_TIMERS] = referral_timers_run;
    engine->functions[SCRIPT_ROUND] = duty_round;
    engine->functions[SCRIPT_SNAPSHOT] = consult_snapshot;
    engine->functions[SCRIPT_SABOTAGE] = sabotage_script;
}

/* Of the other table: the same words stand for something else there. */
static const char *referral_action_name(const char *action)
{
    static const char *const names[] = {"send",   "accept",         "refuse",
                                        "arrive", "return-message", "acknowledge-return"};
    static const char *const shown[] = {"referral send",   "referral accept",
                                        "referral refuse", "referral arrive",
                                        "referral return", "referral acknowledge"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], action) == 0) {
            return shown[i];
        }
    }
    return "referral other";
}

static const char *script_name(const struct engine_request *request)
{
    static const char *const names[SCRIPT_COUNT] = {[SCRIPT_CREATE] = "create",
                                                    [SCRIPT_LIST] = "list",
                                                    [SCRIPT_GET] = "get",
                                                    [SCRIPT_PATCH] = "patch",
                                                    [SCRIPT_STAT] = "stat",
                                                    [SCRIPT_CONSENT] = "consent",
                                                    [SCRIPT_OPINION] = "opinion",
                                                    [SCRIPT_PEOPLE] = "people",
                                                    [SCRIPT_DUTY] = "duty",
                                                    [SCRIPT_JOIN] = "room join",
                                                    [SCRIPT_ABSENT] = "room absent",
                                                    [SCRIPT_TIMERS] = "timers",
                                                    [SCRIPT_ATTACH] = "attach",
                                                    [SCRIPT_SHIFT] = "shift",
                                                    [SCRIPT_TARGETS] = "referral targets",
                                                    [SCRIPT_REFER] = "refer",
                                                    [SCRIPT_REFERRALS] = "referral list",
                                                    [SCRIPT_REFERRAL_TIMERS] = "referral timers",
                                                    [SCRIPT_ROUND] = "duty round",
                                                    [SCRIPT_SNAPSHOT] = "snapshot",
                                                    [SCRIPT_SABOTAGE] = "sabotage"};
    return request->script == SCRIPT_ACTION            ? request->param
           : request->script == SCRIPT_REFERRAL_ACTION ? referral_action_name(request->param)
                                                       : names[request->script];
}

/* ---- open, close ---- */

static void committed(void *context, int64_t duration_us, unsigned jobs, enum status status)
{
    struct engine *engine = context;
    (void)status; /* engine_commit asks each job */
    samples_add(&engine->commit_us, duration_us);
    samples_add(&engine->commit_jobs, jobs);
}

void engine_open(struct engine *engine, const char *folder, unsigned batch_max)
{
    log_set_level(LOG_LEVEL_ERROR);
    engine->batch_max = batch_max < 1                  ? 1
                        : batch_max > ENGINE_BATCH_MAX ? ENGINE_BATCH_MAX
                                                       : batch_max;
    (void)snprintf(engine->folder, sizeof engine->folder, "%s", folder);
    (void)snprintf(engine->database, sizeof engine->database, "%s/%s", folder, DB_FILE_NAME);
    (void)mkdir(folder, 0700); /* db_open says when it cannot be used */
    engine_must(db_open(engine->database, &engine->db), engine->database);
    engine_must(config_create(&engine->config), "settings");
    engine->keys.data_folder = engine->folder;
    engine->services = (struct api_services){.data_folder = engine->folder,
                                             .sign = sign_with_organisation,
                                             .person_key = sign_account_key,
                                             .sign_person = sign_with_account,
                                             .sign_context = &engine->keys};
    db_batch_observe(engine->db, committed, engine);
    find_routes(engine);
}

static void clear_call(struct api_call *call)
{
    while (call->effects != NULL) {
        struct api_effect *next = call->effects->next;
        json_decref(call->effects->message);
        free(call->effects);
        call->effects = next;
    }
    json_decref(call->reply);
    json_decref(call->body);
    free(call->bytes);
    if (call->data_free != NULL) {
        call->data_free(call->data);
    }
    memset(call, 0, sizeof *call);
}

void engine_close(struct engine *engine)
{
    engine_commit(engine);
    clear_call(&engine->call);
    for (size_t i = 0; i < engine->time_count; i++) {
        samples_clear(&engine->times[i].us);
    }
    samples_clear(&engine->commit_us);
    samples_clear(&engine->commit_jobs);
    config_destroy(engine->config);
    db_close(engine->db);
}

/* ---- group commit ---- */

void engine_commit(struct engine *engine)
{
    if (!engine->in_batch) {
        return;
    }
    db_batch_hooks.end_batch(engine->db);
    engine->in_batch = false;
    for (unsigned i = 0; i < engine->batch_count; i++) {
        engine_must(engine->items[i].status, "commit");
    }
    engine->batch_count = 0;
}

static struct db_batch_item *join_batch(struct engine *engine)
{
    if (engine->in_batch && engine->batch_count == engine->batch_max) {
        engine_commit(engine);
    }
    if (!engine->in_batch) {
        db_batch_hooks.begin_batch(engine->db);
        engine->in_batch = true;
    }
    struct db_batch_item *item = &engine->items[engine->batch_count++];
    engine_must(db_batch_join(engine->db, item), "batch");
    return item;
}

/* ---- one script ---- */

static struct engine_times *times_of(struct engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->time_count; i++) {
        if (engine->times[i].name == name || strcmp(engine->times[i].name, name) == 0) {
            return &engine->times[i];
        }
    }
    CHECK(engine->time_count < ENGINE_NAMES_MAX);
    engine->times[engine->time_count].name = name;
    return &engine->times[engine->time_count++];
}

static void count_refusal(struct engine *engine, struct engine_times *times)
{
    const char *code = engine_text(engine, "code");
    size_t i = 0;
    engine->refused++;
    engine->store_errors += engine->call.status >= 500;
    times->refused++;
    while (i < engine->code_count && strcmp(engine->codes[i].code, code) != 0) {
        i++;
    }
    if (i == engine->code_count && i < ENGINE_CODES_MAX) {
        (void)snprintf(engine->codes[i].code, sizeof engine->codes[i].code, "%s", code);
        engine->code_count++;
    }
    if (i < engine->code_count) {
        engine->codes[i].count++;
    }
}

static bool admitted(struct engine *engine, const struct engine_request *request)
{
    unsigned roles = engine->roles[request->script];
    return roles == 0 || (request->actor != NULL && (request->actor->roles & roles) != 0);
}

int engine_run(struct engine *engine, int64_t now_ms, const struct engine_request *request)
{
    struct api_call *call = &engine->call;
    clear_call(call);
    CHECK(admitted(engine, request)); /* an agent never asks for what its console does not show */
    (void)join_batch(engine);
    *call = (struct api_call){.db = engine->db,
                              .now_ms = now_ms,
                              .config = config_values(engine->config),
                              .actor = request->actor,
                              .method = request->script == SCRIPT_LIST ? "GET" : "POST",
                              .params = {request->id, request->param, NULL},
                              .body = request->body,
                              .services = &engine->services,
                              .status = 200};
    memcpy(call->query, request->query, sizeof request->query);
    int64_t start_us = clock_monotonic_us();
    engine->functions[request->script](call);
    bool keep = call->status < 400 || call->keep_on_error;
    if (keep) {
        engine_must(db_batch_keep(engine->db), "savepoint");
    } else {
        db_batch_undo(engine->db);
    }
    int64_t took_us = clock_monotonic_us() - start_us;
    struct engine_times *times = times_of(engine, script_name(request));
    samples_add(&times->us, took_us);
    engine->script_us += took_us;
    engine->scripts++;
    engine->changed = engine->changed || request->script != SCRIPT_LIST;
    if (call->status >= 400) {
        count_refusal(engine, times);
    }
    for (const struct api_effect *e = call->effects; keep && e != NULL; e = e->next) {
        engine->effect(engine->context, e);
    }
    return call->status;
}

const char *engine_text(const struct engine *engine, const char *name)
{
    const char *text = json_string_value(json_object_get(engine->call.reply, name));
    return text == NULL ? "" : text;
}
