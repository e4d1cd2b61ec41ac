/* consult-gateway: puts the parts together, in this order, and takes them apart in the reverse one:
 *   settings -> data folder -> metrics, health -> TLS port -> database -> workers -> hub ->
 * recorder, media, image decoder
 *   -> what the last run left behind -> rounds -> the loop
 * Exit codes: 0 ended as asked, 2 settings, 3 port or certificate, 4 database or data folder, 5
 * media, 6 anything else. */
#include "gateway/app.h"
#include "gateway/auth/sign.h"
#include "gateway/config/config.h"
#include "gateway/consult/consult_session.h"
#include "gateway/dispatch.h"
#include "gateway/document/pdf.h"
#include "gateway/imaging/imaging_api.h"
#include "gateway/ops/crash.h"
#include "gateway/ops/data_lock.h"
#include "gateway/ops/front.h"
#include "gateway/ops/health.h"
#include "gateway/ops/legs.h"
#include "gateway/ops/metrics.h"
#include "gateway/ops/rounds.h"
#include "gateway/session/hub.h"
#include "gateway/session/live.h"
#include "gateway/session/room_recording.h"
#include "gateway/store/db_batch.h"
#include "gateway/store/worker.h"
#include "media/imaging/imaging.h"
#include "media/media.h"
#include "media/recording/recorder.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENSSL_LEAST 0x30000160L /* 3.0.22: three remote faults in DTLS are repaired */
#define BLOB_QUEUE 1000           /* jobs; more are answered 503 */
#define PASSWORD_QUEUE 64         /* x 0.2 s each: nobody waits longer for a sign-in */
#define QUIET_US 10000
#define QUIET_TRIES 500 /* 5 s for the workers to finish after the drain */
#define RECORDINGS_TRIES                                                                           \
    1500 /* 15 s for recordings to be completed: an hour is copied in some 10 s */
#define IMAGING_REQUESTS_EACH 500

enum exit_code {
    EXIT_OK = 0,
    EXIT_SETTINGS = 2,
    EXIT_PORT = 3,
    EXIT_STORE = 4,
    EXIT_MEDIA = 5,
    EXIT_OTHER = 6
};

struct gateway {
    struct app app;
    struct config *config;
    const struct api_config *values;
    struct db *db;
    struct imaging *imaging;
    struct rounds *rounds;
    struct live *live;
    struct front front;
    struct sign_keys sign_keys;
    char certificate[PATH_MAX], key[PATH_MAX], console_folder[PATH_MAX], helper[PATH_MAX],
        recordings[PATH_MAX];
    int data_lock;    /* held to the end of the process: never closed */
    sigset_t blocked; /* until the loop takes them */
    bool stopping;
    unsigned quiet_tries, quiet_idle;
    struct loop_timer quiet;
};

/* --- start
 * ----------------------------------------------------------------------------------------------------------
 */

static bool join(char *out, size_t room, const char *folder, const char *name)
{
    int n = snprintf(out, room, "%s/%s", folder, name);
    return n > 0 && (size_t)n < room;
}

/* Beside the running program. */
static bool beside(char *out, size_t room, const char *name)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0) {
        return false;
    }
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return join(out, room, self, name);
}

static bool choose(char *out, size_t room, const char *setting, const char *folder,
                   const char *name)
{
    if (setting[0] != '\0') {
        int n = snprintf(out, room, "%s", setting);
        return n > 0 && (size_t)n < room;
    }
    return folder != NULL ? join(out, room, folder, name) : beside(out, room, name);
}

static bool make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return true;
    }
    log_error("data_folder_failed", "folder=%s error=%s", path, strerror(errno));
    return false;
}

static bool prepare_folders(struct gateway *g)
{
    static const char *const folders[] = {"blobs", "recordings", "keys", "uploads", "thumbs"};
    const char *data = g->values->data;
    char path[PATH_MAX];
    bool ok = make_folder(data) && data_lock_take(data, &g->data_lock) == STATUS_OK;
    for (size_t i = 0; ok && i < sizeof(folders) / sizeof(folders[0]); i++) {
        ok = join(path, sizeof(path), data, folders[i]) && make_folder(path);
    }
    return ok && join(g->recordings, sizeof(g->recordings), data, "recordings") &&
           choose(g->certificate, sizeof(g->certificate), g->values->certificate, data,
                  "tls/server.pem") &&
           choose(g->key, sizeof(g->key), g->values->key, data, "tls/server.key") &&
           choose(g->console_folder, sizeof(g->console_folder), g->values->console_folder, NULL,
                  "console") &&
           choose(g->helper, sizeof(g->helper), g->values->helper, NULL, "consult-imaging");
}

static void check_libraries(struct gateway *g)
{
    if (OpenSSL_version_num() < OPENSSL_LEAST) {
        log_warn(
            "openssl_old",
            "version=%s least=3.0.22 hint=\"remote faults in DTLS: install the security update\"",
            OpenSSL_version(OPENSSL_VERSION_STRING));
    }
    (void)snprintf(g->front.build_info, sizeof(g->front.build_info),
                   "version=\"%s\",openssl=\"%s\",libwebsockets=\"%.60s\",libsodium=\"%s\"",
                   CG_VERSION, OpenSSL_version(OPENSSL_VERSION_STRING), web_library(),
                   sodium_version_string());
}

/* As many descriptors as the hard limit gives: each connection needs one. */
static void raise_descriptors(const struct api_config *values)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur < (rlim_t)values->connections_max + 512) {
        log_warn("descriptors_few", "limit=%llu connections_max=%lld",
                 (unsigned long long)limit.rlim_cur, (long long)values->connections_max);
    }
}

static enum exit_code start_web(struct gateway *g)
{
    const struct api_config *v = g->values;
    struct web_config config = {
        .listen_address = v->listen,
        .port = (unsigned)v->port,
        .certificate_file = g->certificate,
        .key_file = g->key,
        .connections_max = (unsigned)v->connections_max,
        .connections_per_address = (unsigned)v->connections_per_address,
        .header_timeout_ms = (unsigned)v->header_timeout_s * 1000,
        .idle_timeout_ms = (unsigned)v->idle_timeout_s * 1000,
        .ws_send_queue_bytes = (unsigned)v->ws_send_queue_bytes,
        .origins = v->origins,
    };
    struct web_handlers handlers = front_handlers(&g->front);
    return web_create(&config, &handlers, &g->app.web) == STATUS_OK ? EXIT_OK : EXIT_PORT;
}

static enum exit_code start_store(struct gateway *g)
{
    const struct api_config *v = g->values;
    struct loop *loop = web_loop(g->app.web);
    char path[PATH_MAX];
    if (!join(path, sizeof(path), v->data, DB_FILE_NAME) || db_open(path, &g->db) != STATUS_OK ||
        imaging_recover(g->db, v->data) != STATUS_OK) {
        log_error("store_failed", "data=%s", v->data);
        return EXIT_STORE;
    }
    db_batch_observe(g->db, dispatch_commit_observed, g->app.metrics);
    if (worker_create("store", 1, (unsigned)v->store_queue, loop, &db_batch_hooks, g->db,
                      &g->app.store) != STATUS_OK ||
        worker_create("blob", (unsigned)v->blob_threads, BLOB_QUEUE, loop, NULL, NULL,
                      &g->app.blob) != STATUS_OK ||
        worker_create("images", (unsigned)v->imaging_processes, BLOB_QUEUE, loop, NULL, NULL,
                      &g->app.images) != STATUS_OK ||
        worker_create("password", (unsigned)v->password_threads, PASSWORD_QUEUE, loop, NULL, NULL,
                      &g->app.password) != STATUS_OK) {
        return EXIT_OTHER;
    }
    web_set_blob(g->app.web, g->app.blob);
    return EXIT_OK;
}

static unsigned media_workers(const struct api_config *v)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (v->workers > 0) {
        return (unsigned)v->workers;
    }
    return cores < 1 ? 1 : cores > 64 ? 64 : (unsigned)cores;
}

static enum exit_code start_media(struct gateway *g)
{
    const struct api_config *v = g->values;
    struct media_config config = {
        .workers = media_workers(v),
        .udp_port_first = (uint16_t)v->udp_port_first,
        .bind_address = v->bind_address,
        .rooms_max = (uint32_t)v->rooms_max,
        .wake = hub_media_wake,
        .context = g->app.hub,
    };
    struct recorder_config recording = {
        .folder = g->recordings,
        .workers = config.workers,
        .ring_bytes = (uint32_t)v->recording_ring_bytes,
        .wake = hub_recorder_wake,
        .context = g->app.hub,
    };
    for (unsigned i = 0; v->candidates[i] != NULL; i++) {
        if (i == MEDIA_ADDRESSES_MAX) {
            log_error("candidates_too_many", "max=%d", MEDIA_ADDRESSES_MAX);
            return EXIT_SETTINGS;
        }
        config.candidates[i] = v->candidates[i];
    }
    if (v->recording && recorder_create(&recording, &g->app.recorder) != STATUS_OK) {
        log_error("recorder_failed", "folder=%s", g->recordings);
        return EXIT_MEDIA;
    }
    config.recorder = g->app.recorder;
    if (media_create(&config, &g->app.media) != STATUS_OK) {
        log_error("media_failed", "bind_address=%s udp_port_first=%lld workers=%u", v->bind_address,
                  (long long)v->udp_port_first, config.workers);
        return EXIT_MEDIA;
    }
    health_set(&g->front.health, HEALTH_MEDIA, true, NULL);
    health_set(&g->front.health, HEALTH_RECORDER, v->recording,
               v->recording ? "ok" : "switched off");
    return EXIT_OK;
}

/* Without it the rest works: images cannot be shown, and readyz says so. */
static void start_imaging(struct gateway *g)
{
    const struct api_config *v = g->values;
    struct imaging_config config = {
        .helper = g->helper,
        .processes = (unsigned)v->imaging_processes,
        .memory_mib = (unsigned)(v->imaging_memory_bytes >> 20),
        .time_limit_ms = (unsigned)v->imaging_timeout_s * 1000,
        .requests_each = IMAGING_REQUESTS_EACH,
    };
    bool ok = imaging_create(&config, &g->imaging) == STATUS_OK;
    g->app.services.imaging = g->imaging;
    health_set(&g->front.health, HEALTH_IMAGING, ok,
               ok ? "ok" : "the image decoder cannot be started");
}

static void fill_services(struct gateway *g)
{
    g->sign_keys.data_folder = g->values->data;
    g->app.services.data_folder = g->values->data;
    g->app.services.metrics = g->app.metrics;
    g->app.services.sign = sign_with_organisation;
    g->app.services.person_key = sign_account_key;
    g->app.services.sign_person = sign_with_account;
    g->app.services.sign_context = &g->sign_keys;
    g->app.services.started_ms = clock_wall_ms();
    randombytes_buf(&g->app.services.epoch, sizeof(g->app.services.epoch));
}

/* --- what the last run left
 * ------------------------------------------------------------------------------------------ */

static void recovered(void *context, const struct api_call *call)
{
    struct gateway *g = context;
    if (call->status >= 400) {
        log_error("startup_failed", "status=%d", call->status);
        health_set(&g->front.health, HEALTH_STORE, false, "the last run could not be put in order");
        return;
    }
    const json_t *recordings = json_object_get(call->reply, "recordings");
    log_info("startup", "interrupted=%zu recordings_left=%zu",
             json_array_size(json_object_get(call->reply, "interrupted")),
             json_array_size(recordings));
    if (json_array_size(recordings) > 0) {
        room_recording_recover(&g->app, recordings);
    }
}

/* --- the operator's page
 * ---------------------------------------------------------------------------------------------- */

static void add_live(void *context, json_t *overview)
{
    struct gateway *g = context;
    json_t *health = json_array();
    for (unsigned i = 0; i < HEALTH_COUNT; i++) {
        const struct health_row *row = &g->front.health.rows[i];
        json_array_append_new(health, json_pack("{s:s, s:b, s:s}", "name", row->name, "ok",
                                                row->known && row->ok, "detail", row->detail));
    }
    json_object_set_new(overview, "health", health);
    json_object_set_new(
        overview, "store",
        json_pack("{s:i, s:f, s:f}", "queue", (int)worker_depth(g->app.store), "commit_p50_ms",
                  metrics_quantile(g->app.metrics, METRIC_STORE_SECONDS, 0, 0, 0, 0.5) * 1000,
                  "commit_p99_ms",
                  metrics_quantile(g->app.metrics, METRIC_STORE_SECONDS, 0, 0, 0, 0.99) * 1000));
    json_object_set_new(overview, "build",
                        json_pack("{s:s, s:{s:s, s:s, s:s}}", "version", CG_VERSION, "libraries",
                                  "openssl", OpenSSL_version(OPENSSL_VERSION_STRING),
                                  "libwebsockets", web_library(), "libsodium",
                                  sodium_version_string()));
}

/* --- end
 * ------------------------------------------------------------------------------------------------------------
 */

static bool workers_idle(const struct gateway *g)
{
    return worker_depth(g->app.store) == 0 && worker_depth(g->app.blob) == 0 &&
           worker_depth(g->app.images) == 0 && worker_depth(g->app.password) == 0;
}

/* Waits until the workers have nothing left, twice in a row: a done() may post the next part. */
static void on_quiet(struct loop_timer *timer)
{
    struct gateway *g = (struct gateway *)(void *)((char *)timer - offsetof(struct gateway, quiet));
    g->quiet_idle = workers_idle(g) ? g->quiet_idle + 1 : 0;
    if (g->quiet_idle >= 2 || ++g->quiet_tries >= QUIET_TRIES) {
        web_stop(g->app.web);
        return;
    }
    loop_timer_set(web_loop(g->app.web), &g->quiet, QUIET_US);
}

static void on_drained(void *context)
{
    struct gateway *g = context;
    g->quiet.run = on_quiet;
    loop_timer_set(web_loop(g->app.web), &g->quiet, QUIET_US);
}

static void on_stop_signal(void *context, int signal_number)
{
    struct gateway *g = context;
    if (g->stopping) {
        log_warn("stop_again", "signal=%d", signal_number);
        web_stop(g->app.web);
        return;
    }
    g->stopping = true;
    log_info("drain", "signal=%d grace_s=%lld", signal_number, (long long)g->values->drain_s);
    health_set(&g->front.health, HEALTH_ACCEPTING, false, "shutting down");
    if (g->rounds != NULL) {
        rounds_stop(g->rounds);
    }
    web_drain(g->app.web, g->values->drain_s * 1000000, on_drained, g);
}

static void on_reload_signal(void *context, int signal_number)
{
    struct gateway *g = context;
    (void)signal_number;
    enum status status = web_reload_certificate(g->app.web, g->certificate, g->key);
    if (status != STATUS_OK) {
        log_error("certificate_kept", "status=%s", status_name(status));
    }
}

/* Blocked from the first line on, taken from here on: a stop or a reload that comes during the
 * start waits for the loop and is then carried out, instead of ending the process half-way. */
static bool take_signals(struct gateway *g)
{
    return web_on_signal(g->app.web, SIGTERM, on_stop_signal, g) &&
           web_on_signal(g->app.web, SIGINT, on_stop_signal, g) &&
           web_on_signal(g->app.web, SIGHUP, on_reload_signal, g) &&
           pthread_sigmask(SIG_UNBLOCK, &g->blocked, NULL) == 0;
}

static void block_signals(sigset_t *out_blocked)
{
    (void)sigemptyset(out_blocked); /* fail on a bad pointer or number only */
    (void)sigaddset(out_blocked, SIGTERM);
    (void)sigaddset(out_blocked, SIGINT);
    (void)sigaddset(out_blocked, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, out_blocked, NULL);
}

/* Turns the loop until the workers are idle (bounded), so that nothing is left to a done() without
 * a worker. */
static void settle(struct gateway *g, unsigned tries)
{
    unsigned idle = 0; /* turns in a row: what one turn takes in may post the next part */
    for (unsigned i = 0; g->app.web != NULL && g->app.store != NULL && g->app.blob != NULL &&
                         g->app.images != NULL && g->app.password != NULL && i < tries;
         i++) {
        struct recorder_stats stats = {0};
        web_turn(g->app.web);
        if (g->app.recorder != NULL) {
            recorder_stats(g->app.recorder, &stats);
        }
        idle = workers_idle(g) && stats.running + stats.completing == 0 ? idle + 1 : 0;
        if (idle == 3) {
            return;
        }
        (void)usleep(QUIET_US);
    }
}

static void stop(struct gateway *g)
{
    if (g->rounds != NULL) {
        rounds_stop(g->rounds);
    }
    hub_close(g->app.hub);
    settle(g, RECORDINGS_TRIES); /* recordings are completed and noted */
    media_destroy(g->app.media);
    if (g->app.recorder != NULL) {
        recorder_destroy(g->app.recorder);
    }
    worker_destroy(g->app.store);
    worker_destroy(g->app.blob);
    worker_destroy(g->app.images);
    worker_destroy(g->app.password);
    pdf_close(); /* the blob threads have ended */
    live_destroy(g->live);
    web_destroy(g->app.web);
    hub_destroy(g->app.hub);
    legs_destroy(g->app.legs);
    rounds_destroy(g->rounds);
    web_static_close(g->front.console);
    imaging_destroy(g->imaging);
    db_close(g->db);
    metrics_destroy(g->app.metrics);
}

static enum exit_code run(struct gateway *g)
{
    enum exit_code code = prepare_folders(g) ? EXIT_OK : EXIT_STORE;
    if (code == EXIT_OK && metrics_create(&g->app.metrics) != STATUS_OK) {
        code = EXIT_OTHER;
    }
    fill_services(g);
    g->front.app = &g->app;
    code = code == EXIT_OK ? start_web(g) : code;
    if (code == EXIT_OK && !take_signals(g)) {
        code = EXIT_OTHER;
    }
    code = code == EXIT_OK ? start_store(g) : code;
    if (code == EXIT_OK &&
        (legs_create(g->app.metrics, (uint32_t)g->values->rooms_max, &g->app.legs) != STATUS_OK ||
         hub_create(&g->app, &g->app.hub) != STATUS_OK)) {
        code = EXIT_OTHER;
    }
    code = code == EXIT_OK ? start_media(g) : code;
    if (code != EXIT_OK) {
        return code;
    }
    start_imaging(g);
    bool console = web_static_open(g->console_folder, &g->front.console) == STATUS_OK;
    health_set(&g->front.health, HEALTH_CONSOLE, console, console ? "ok" : "not built");
    health_set(&g->front.health, HEALTH_ACCEPTING, true, NULL);
    if (app_call(&g->app, NULL, consult_startup, NULL, recovered, g) != STATUS_OK ||
        rounds_create(&g->app, &g->front.health, &g->rounds) != STATUS_OK ||
        live_create(&g->app, add_live, g, &g->live) != STATUS_OK) {
        return EXIT_OTHER;
    }
    log_info("started", "version=%s address=%s port=%u workers=%u udp_port_first=%u epoch=%016llx",
             CG_VERSION, g->values->listen, web_port(g->app.web), media_workers(g->values),
             media_port(g->app.media, 0), (unsigned long long)g->app.services.epoch);
    return web_run(g->app.web) == 0 ? EXIT_OK : EXIT_OTHER;
}

/* True: go on; false: *out_code is the end. */
static bool read_settings(struct gateway *g, int argc, char **argv, char **environment,
                          int *out_code)
{
    struct config_error error;
    enum config_request request = CONFIG_REQUEST_RUN;
    *out_code = EXIT_SETTINGS;
    if (config_create(&g->config) != STATUS_OK) {
        return false;
    }
    if (config_read_all(g->config, argc, argv, environment, &request, &error) != STATUS_OK) {
        (void)fprintf(stderr, "consult-gateway: %s\n", error.text);
        return false;
    }
    g->app.config = g->config;
    g->values = config_values(g->config);
    *out_code = EXIT_OK;
    switch (request) {
    case CONFIG_REQUEST_HELP:
        config_print_help(stdout);
        return false;
    case CONFIG_REQUEST_VERSION:
        (void)printf("consult-gateway %s\n", CG_VERSION);
        return false;
    case CONFIG_REQUEST_PRINT:
        config_print(g->config, stdout);
        return false;
    case CONFIG_REQUEST_RUN:
        break;
    }
    return true;
}

int main(int argc, char **argv, char **environment)
{
    int code = EXIT_OTHER;
    struct gateway *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        return EXIT_OTHER;
    }
    block_signals(&g->blocked);
    if (read_settings(g, argc, argv, environment, &code)) {
        log_set_level((enum log_level)log_level_of(g->values->log_level));
        crash_prepare(g->values->core_dumps);
        (void)signal(SIGPIPE, SIG_IGN);
        (void)umask(077);
        health_init(&g->front.health);
        if (sodium_init() < 0) {
            log_error("libsodium_failed", "hint=%s", "no randomness");
        } else {
            raise_descriptors(g->values);
            check_libraries(g);
            code = (int)run(g);
            stop(g);
            log_info("stopped", "code=%d", code);
        }
    }
    config_destroy(g->config);
    free(g);
    return code;
}
