#include "gateway/ops/rounds.h"

#include "gateway/auth/auth.h"
#include "gateway/config/config.h"
#include "gateway/consult/consult_rounds.h"
#include "gateway/consult/consult_session.h"
#include "gateway/directory/duty_round.h"
#include "gateway/imaging/imaging_api.h"
#include "gateway/ops/metrics.h"
#include "gateway/referral/referral_timers.h"
#include "gateway/session/hub.h"
#include "gateway/store/worker.h"
#include "media/recording/recorder.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define ROUND_US 1000000
#define SNAPSHOT_EACH 5 /* rounds */
#define DISK_EACH 10
#define EXPIRE_EACH 3600
#define SWEEP_EACH                                                                                 \
    1 /* a disabled account's connections and media are cut within 5 s (ASVS 7.4.2), an observer's \
         within one, as a withdrawn consent does */
#define DUTY_EACH 2
#define TIMERS_FULL 64 /* consult_timers_run() did all it may in one call: there may be more */
#define QUEUE_FULL_PERCENT 80
#define CERTIFICATE_DAYS_MIN 14
#define DAY_S 86400

struct rounds {
    struct app *app;
    struct health *health;
    struct loop_timer timer;
    uint64_t count;
    bool stopped, timers_running, snapshot_running, expire_running, disk_running, sweep_running,
        duty_running, referrals_running;
    struct job disk;
    uint64_t disk_free; /* octets; written by the blob thread, read in done() */
    bool disk_known;
};

/* --- measuring
 * ----------------------------------------------------------------------------------------------------
 */

static void raise_refusal(struct metrics *m, const char *reason, uint64_t value)
{
    metrics_raise(m, METRIC_CONNECTIONS_CLOSED, metrics_label(METRICS_LABELS_REFUSAL, reason), 0, 0,
                  value);
}

static void measure_web(struct app *app)
{
    struct metrics *m = app->metrics;
    struct web_stats s;
    web_stats(app->web, &s);
    metrics_set(m, METRIC_CONNECTIONS, metrics_label(METRICS_LABELS_CONNECTION, "tls"), 0, 0,
                s.connections);
    metrics_set(m, METRIC_CONNECTIONS, metrics_label(METRICS_LABELS_CONNECTION, "websocket"), 0, 0,
                s.websockets);
    metrics_set(m, METRIC_CONNECTIONS, metrics_label(METRICS_LABELS_CONNECTION, "waiting"), 0, 0,
                s.waiting);
    metrics_raise(m, METRIC_CONNECTIONS_ACCEPTED, 0, 0, 0, s.accepted);
    raise_refusal(m, "limit", s.refused_limit);
    raise_refusal(m, "address_limit", s.refused_address_limit);
    raise_refusal(m, "not_tls", s.not_tls);
    raise_refusal(m, "tls_failed", s.tls_failed);
    raise_refusal(m, "header_timeout", s.header_timeout);
    raise_refusal(m, "idle_timeout", s.idle_timeout);
    raise_refusal(m, "slow", s.closed_slow);
    raise_refusal(m, "flood", s.closed_flood);
    raise_refusal(m, "protocol", s.closed_protocol);
    raise_refusal(m, "ping_timeout", s.ping_timeout);
    raise_refusal(m, "origin", s.refused_origin);
    raise_refusal(m, "overload", s.refused_overload);
    raise_refusal(m, "draining", s.draining);
    metrics_set(m, METRIC_CERTIFICATE_LEFT, 0, 0, 0, web_certificate_days(app->web) * DAY_S);
}

static void measure_hub(struct app *app)
{
    struct metrics *m = app->metrics;
    struct hub_stats s;
    hub_stats(app->hub, &s);
    metrics_set(m, METRIC_ROOMS, 0, 0, 0, s.rooms);
    metrics_raise(m, METRIC_WS_MESSAGES, metrics_label(METRICS_LABELS_WS_MESSAGE, "in"), 0, 0,
                  s.messages_in);
    metrics_raise(m, METRIC_WS_MESSAGES, metrics_label(METRICS_LABELS_WS_MESSAGE, "out"), 0, 0,
                  s.messages_out);
    metrics_raise(m, METRIC_WS_MESSAGES, metrics_label(METRICS_LABELS_WS_MESSAGE, "refused"), 0, 0,
                  s.messages_refused);
}

static unsigned measure_worker(struct app *app, const char *name, struct worker *worker)
{
    unsigned depth = worker_depth(worker);
    metrics_set(app->metrics, METRIC_WORKER_DEPTH, metrics_label(METRICS_LABELS_COMPONENT, name), 0,
                0, depth);
    return depth;
}

void rounds_measure(struct app *app, struct health *health)
{
    const struct api_config *config = config_values(app->config);
    measure_web(app);
    measure_hub(app);
    unsigned depth = measure_worker(app, "store", app->store);
    (void)measure_worker(app, "blob", app->blob);
    (void)measure_worker(app, "images", app->images);
    (void)measure_worker(app, "password", app->password);
    if (app->recorder != NULL) {
        struct recorder_stats recorder;
        recorder_stats(app->recorder, &recorder);
        metrics_set(app->metrics, METRIC_RECORDING, 0, 0, 0, recorder.running);
        metrics_raise(app->metrics, METRIC_RECORDER_DROPPED, 0, 0, 0, recorder.dropped);
        metrics_raise(app->metrics, METRIC_ERRORS, metrics_label(METRICS_LABELS_ERROR, "recorder"),
                      0, 0, recorder.errors);
        health_set(health, HEALTH_RECORDER, !recorder.failing,
                   recorder.failing ? "a recording could not be written" : "ok");
    }
    char detail[HEALTH_DETAIL_SIZE];
    (void)snprintf(detail, sizeof(detail), "%u store jobs wait", depth);
    health_set(health, HEALTH_QUEUE,
               (int64_t)depth * 100 < config->store_queue * QUEUE_FULL_PERCENT, detail);
    (void)snprintf(detail, sizeof(detail), "%lld days left",
                   (long long)web_certificate_days(app->web));
    health_set(health, HEALTH_CERTIFICATE, web_certificate_days(app->web) >= CERTIFICATE_DAYS_MIN,
               detail);
}

/* --- consultations
 * ------------------------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void snapshot_states(struct metrics *m, const json_t *by)
{
    size_t index = 0;
    const json_t *row = NULL;
    metrics_clear(m, METRIC_CONSULTATIONS);
    json_array_foreach(by, index, row)
    {
        metrics_set(m, METRIC_CONSULTATIONS,
                    metrics_label(METRICS_LABELS_STATE, text_of(row, "state")),
                    metrics_label(METRICS_LABELS_MODE, text_of(row, "mode")),
                    metrics_label(METRICS_LABELS_URGENCY, text_of(row, "urgency")),
                    json_integer_value(json_object_get(row, "count")));
    }
}

static void snapshot_queue(struct metrics *m, const json_t *queue)
{
    static const char *const urgencies[] = {"stat", "urgent", "routine"};
    const json_t *counts = json_object_get(queue, "by_urgency");
    const json_t *ages = json_object_get(queue, "oldest_by_urgency");
    for (unsigned i = 0; i < 3; i++) {
        unsigned label = metrics_label(METRICS_LABELS_URGENCY, urgencies[i]);
        metrics_set(m, METRIC_QUEUE_DEPTH, label, 0, 0,
                    json_integer_value(json_object_get(counts, urgencies[i])));
        metrics_set(m, METRIC_QUEUE_AGE, label, 0, 0,
                    json_integer_value(json_object_get(ages, urgencies[i])) / 1000);
    }
}

/* The figures of the operator's page, and who is signed in. Store thread. */
static void run_snapshot(struct api_call *call)
{
    int64_t signed_in = 0;
    consult_snapshot(call);
    if (call->status < 400 && call->reply != NULL) {
        enum status status =
            db_one_int(call->db, &signed_in,
                       "SELECT COUNT(DISTINCT account_id) FROM session WHERE expires_ms > $1", "i",
                       call->now_ms);
        if (status == STATUS_OK) {
            (void)json_object_set_new(call->reply, "signed_in",
                                      json_integer(signed_in)); /* no memory: stays as it was */
        }
    }
}

static void snapshot_done(void *context, const struct api_call *call)
{
    struct rounds *r = context;
    bool ok = call->status < 400 && call->reply != NULL;
    r->snapshot_running = false;
    health_set(r->health, HEALTH_STORE, ok, ok ? "ok" : "a query failed");
    if (ok) {
        snapshot_states(r->app->metrics, json_object_get(call->reply, "by"));
        snapshot_queue(r->app->metrics, json_object_get(call->reply, "queue"));
        metrics_set(r->app->metrics, METRIC_SESSIONS_SIGNED_IN, 0, 0, 0,
                    json_integer_value(json_object_get(call->reply, "signed_in")));
    }
}

static void begin_timers(struct rounds *r, json_t *put_off);

static void timers_done(void *context, const struct api_call *call)
{
    struct rounds *r = context;
    r->timers_running = false;
    if (call->status >= 400) {
        json_t *id = json_object_get(call->reply, "consultation");
        json_t *kind = json_object_get(call->reply, "kind");
        log_warn("timers_failed", "status=%d", call->status);
        if (id != NULL && !r->stopped) {
            begin_timers(r, json_pack("{s:O, s:O}", "consultation", id, "kind", kind));
        }
    } else if (json_integer_value(json_object_get(call->reply, "ran")) >= TIMERS_FULL &&
               !r->stopped) {
        begin_timers(r, NULL);
    }
}

/* put_off: the timer that failed in the call before; taken. */
static void begin_timers(struct rounds *r, json_t *put_off)
{
    r->timers_running =
        app_call(r->app, NULL, consult_timers_run, put_off, timers_done, r) == STATUS_OK;
}

static void begin_referrals(struct rounds *r);

static void referrals_done(void *context, const struct api_call *call)
{
    struct rounds *r = context;
    r->referrals_running = false;
    if (call->status >= 400) {
        log_warn("referral_timers_failed", "status=%d", call->status);
    } else if (json_integer_value(json_object_get(call->reply, "ran")) >= TIMERS_FULL &&
               !r->stopped) {
        begin_referrals(r);
    }
}

static void begin_referrals(struct rounds *r)
{
    r->referrals_running =
        app_call(r->app, NULL, referral_timers_run, NULL, referrals_done, r) == STATUS_OK;
}

/* --- disk
 * ---------------------------------------------------------------------------------------------------------
 */

static void run_disk(struct job *job, void *context)
{
    struct rounds *r = (struct rounds *)(void *)((char *)job - offsetof(struct rounds, disk));
    struct statvfs about;
    (void)context;
    r->disk_known = statvfs(r->app->services.data_folder, &about) == 0;
    r->disk_free = r->disk_known ? (uint64_t)about.f_bavail * about.f_frsize : 0;
}

static void disk_done(struct job *job)
{
    struct rounds *r = (struct rounds *)(void *)((char *)job - offsetof(struct rounds, disk));
    char detail[HEALTH_DETAIL_SIZE];
    r->disk_running = false;
    (void)snprintf(detail, sizeof(detail), "%llu MiB free",
                   (unsigned long long)(r->disk_free >> 20));
    health_set(r->health, HEALTH_DISK,
               r->disk_free >= (uint64_t)config_values(r->app->config)->disk_reserve_bytes, detail);
}

static void run_expire(struct api_call *call)
{
    enum status status = imaging_expire(call->db, call->services->data_folder,
                                        call->now_ms - call->config->upload_abandoned_s * 1000);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    }
}

static void expire_done(void *context, const struct api_call *call)
{
    struct rounds *r = context;
    r->expire_running = false;
    if (call->status >= 400) {
        log_warn("upload_expiry_failed", "status=%d", call->status);
    }
}

/* --- sessions that are over --- */

static void sweep_done(void *context, const struct api_call *call)
{
    struct rounds *r = context;
    r->sweep_running = false;
    if (call->status >= 400) {
        log_warn("session_sweep_failed", "status=%d", call->status);
    }
}

/* --- duty --- */

static void duty_done(void *context, const struct api_call *call)
{
    struct rounds *r = context;
    r->duty_running = false;
    if (call->status >= 400) {
        log_warn("duty_round_failed", "status=%d", call->status);
    }
}

/* --- the clock
 * ----------------------------------------------------------------------------------------------------
 */

static void round_begin(struct loop_timer *timer)
{
    struct rounds *r = (struct rounds *)(void *)((char *)timer - offsetof(struct rounds, timer));
    if (r->stopped) {
        return;
    }
    rounds_measure(r->app, r->health);
    if (!r->timers_running) {
        begin_timers(r, NULL);
    }
    if (!r->referrals_running) {
        begin_referrals(r);
    }
    if (r->count % SNAPSHOT_EACH == 0 && !r->snapshot_running) {
        r->snapshot_running =
            app_call(r->app, NULL, run_snapshot, NULL, snapshot_done, r) == STATUS_OK;
    }
    if (r->count % DISK_EACH == 0 && !r->disk_running) {
        r->disk_running = worker_post(r->app->blob, &r->disk) == STATUS_OK;
    }
    if (r->count % EXPIRE_EACH == 0 && !r->expire_running) {
        r->expire_running = app_call(r->app, NULL, run_expire, NULL, expire_done, r) == STATUS_OK;
    }
    if (r->count % SWEEP_EACH == 0 && !r->sweep_running) {
        r->sweep_running = app_call(r->app, NULL, auth_sweep, NULL, sweep_done, r) == STATUS_OK;
    }
    if (r->count % DUTY_EACH == 0 && !r->duty_running) {
        r->duty_running = app_call(r->app, NULL, duty_round, NULL, duty_done, r) == STATUS_OK;
    }
    r->count++;
    loop_timer_set(web_loop(r->app->web), &r->timer, ROUND_US);
}

enum status rounds_create(struct app *app, struct health *health, struct rounds **out_rounds)
{
    struct rounds *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return STATUS_NO_MEMORY;
    }
    r->app = app;
    r->health = health;
    r->timer.run = round_begin;
    r->disk.run = run_disk;
    r->disk.done = disk_done;
    loop_timer_set(web_loop(app->web), &r->timer, 0);
    *out_rounds = r;
    return STATUS_OK;
}

void rounds_stop(struct rounds *rounds)
{
    rounds->stopped = true;
    loop_timer_cancel(web_loop(rounds->app->web), &rounds->timer);
}

void rounds_destroy(struct rounds *rounds)
{
    free(rounds);
}
