#include "tests/load/idle.h"

#include "proto/base/check.h"
#include "tests/load/crowd.h"
#include "tests/load/process.h"
#include "tests/load/rest.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define OPENING_MAX 64 /* of the ramp: enough for two cores, too few for a queue */
#define A_SOURCE 200   /* sockets of one address; setting connections_per_address is 256 */
#define LINE_OCTETS 256
#define TURN_MS 10
#define LOGIN_FORMAT "%u"

struct idle {
    const struct idle_config *config;
    pid_t server;
    char base[64], authority[32];
    struct addr to;
    struct crowd_session *sessions;
    unsigned session_count;
    unsigned next_login;            /* of sign_ins */
    struct crowd_times alone_times; /* of the sign-ins before there was a crowd: what `sign_ins` is
                                       compared with */
    struct crowd *crowd;
    SSL_CTX *context; /* of sign_ins */
    char line[LINE_OCTETS];
    size_t line_len;
};

static void report(json_t *object)
{
    CHECK(object != NULL);
    CHECK(json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(object);
}

/* --- the gateway, from outside --- */

static double server_cpu_s(const struct idle *idle)
{
    struct process_sample sample;
    return process_sample(idle->server, &sample) ? (double)sample.run_ns / 1e9 : 0.0;
}

static json_int_t server_rss_kib(const struct idle *idle)
{
    return (json_int_t)process_rss_kib(idle->server);
}

/* --- sign-in --- */

/* config->login_format comes from an option: its one %u is replaced here and never printf'd. */
static void login_of(const struct idle *idle, unsigned number, char *out, size_t out_len)
{
    const char *format = idle->config->login_format;
    const char *place = strstr(format, LOGIN_FORMAT);
    size_t before = place == NULL ? strlen(format) : (size_t)(place - format);
    (void)snprintf(out, out_len, "%.*s%u%s", (int)before, format, number,
                   place == NULL ? "" : place + sizeof(LOGIN_FORMAT) - 1);
}

/* A connection of its own, as a browser that was just opened has. */
static bool sign_in(const struct idle *idle, unsigned number, struct crowd_session *out)
{
    char login[96];
    login_of(idle, number, login, sizeof(login));
    struct rest *rest = rest_create(idle->base);
    json_t *body = json_pack("{s:s, s:s}", "login", login, "password", idle->config->password);
    json_t *answer = NULL;
    long status = rest == NULL || body == NULL
                      ? 0
                      : rest_call(rest, "POST", "/api/v1/session", body, &answer);
    const char *csrf = json_string_value(json_object_get(answer, "csrf_token"));
    const char *cookie = status == 200 ? rest_cookie(rest, "__Host-session") : NULL;
    bool done = csrf != NULL && cookie != NULL && strlen(csrf) < sizeof(out->csrf) &&
                strlen(cookie) < sizeof(out->cookie);
    if (done) {
        (void)snprintf(out->csrf, sizeof(out->csrf), "%s", csrf);
        (void)snprintf(out->cookie, sizeof(out->cookie), "%s", cookie);
    } else {
        (void)fprintf(stderr, "sign-in of %s: %ld\n", login, status);
    }
    json_decref(answer);
    json_decref(body);
    rest_destroy(rest);
    return done;
}

/* From the upgrade to the welcome, while the others are attended to. */
static bool enter(struct idle *idle, const struct crowd_session *session)
{
    char hello[200];
    struct wss_config config = {.context = idle->context,
                                .to = idle->to,
                                .authority = idle->authority,
                                .cookie = session->cookie};
    struct wss *wss = wss_open(&config);
    bool greeted = false;
    bool welcome = false;
    (void)snprintf(hello, sizeof(hello),
                   "{\"type\":\"hello\",\"client\":\"consult-load\",\"csrf\":\"%s\"}",
                   session->csrf);
    int64_t end_us = crowd_now_us() + (int64_t)idle->config->limit_s * 1000000;
    while (wss != NULL && !welcome && crowd_now_us() < end_us) {
        struct pollfd pollfd = {.fd = wss_fd(wss), .events = POLLIN};
        if (wss_wants(wss) != POLLIN) {
            pollfd.events = POLLIN | POLLOUT;
        }
        (void)poll(&pollfd, 1, TURN_MS);
        struct span text;
        enum wss_state state = wss_work(wss);
        welcome = wss_take(wss, &text);
        if (state == WSS_CLOSED) {
            break;
        }
        if (state == WSS_OPEN && !greeted) {
            greeted = wss_send(wss, span_text(hello));
        }
    }
    wss_close(wss);
    return welcome;
}

static void sign_ins(struct idle *idle, unsigned count)
{
    struct crowd_times whole = {0};
    struct crowd_times password = {0};
    unsigned failed = 0;
    for (unsigned i = 0; i < count; i++) {
        struct crowd_session session;
        for (int turn = 0; turn < 4; turn++) {
            crowd_turn(idle->crowd, TURN_MS);
        }
        int64_t begin_us = crowd_now_us();
        if (!sign_in(idle, idle->next_login++, &session)) {
            failed++;
            continue;
        }
        int64_t signed_us = crowd_now_us();
        if (enter(idle, &session)) {
            crowd_times_add(&password, signed_us - begin_us);
            crowd_times_add(&whole, crowd_now_us() - begin_us);
        } else {
            failed++;
        }
    }
    report(json_pack("{s:s, s:i, s:i, s:o, s:o}", "step", "sign_ins", "failed", (int)failed,
                     "idle_sockets", (int)crowd_welcomed(idle->crowd), "ms",
                     crowd_times_json(&whole), "session_ms", crowd_times_json(&password)));
    free(whole.us);
    free(password.us);
}

/* --- the steps --- */

static bool sign_in_all(struct idle *idle)
{
    const struct idle_config *config = idle->config;
    unsigned each = config->sockets_a_session;
    idle->session_count = (config->sockets + each - 1) / each;
    idle->sessions = calloc(idle->session_count, sizeof(*idle->sessions));
    CHECK(idle->sessions != NULL);
    for (unsigned i = 0; i < idle->session_count; i++) {
        int64_t begin_us = crowd_now_us();
        if (!sign_in(idle, i, &idle->sessions[i])) {
            return false;
        }
        crowd_times_add(&idle->alone_times, crowd_now_us() - begin_us);
    }
    idle->next_login = idle->session_count;
    return true;
}

static bool make_crowd(struct idle *idle)
{
    struct crowd_config config = {.to = idle->to,
                                  .authority = idle->authority,
                                  .sockets = idle->config->sockets,
                                  .opens_s = idle->config->opens_s,
                                  .opening_max = OPENING_MAX,
                                  .from_address = A_SOURCE,
                                  .sessions = idle->sessions,
                                  .session_count = idle->session_count};
    idle->crowd = crowd_create(&config);
    idle->context = wss_context();
    return idle->crowd != NULL && idle->context != NULL;
}

/* Turns until all are there; false: not within the limit. */
static bool wait_for_all(struct idle *idle)
{
    int64_t end_us = crowd_now_us() + (int64_t)idle->config->limit_s * 1000000;
    while (crowd_welcomed(idle->crowd) < idle->config->sockets && crowd_now_us() < end_us) {
        crowd_turn(idle->crowd, TURN_MS);
    }
    return crowd_welcomed(idle->crowd) == idle->config->sockets;
}

static void settle(struct idle *idle, int64_t us)
{
    int64_t end_us = crowd_now_us() + us;
    while (crowd_now_us() < end_us) {
        crowd_turn(idle->crowd, TURN_MS);
    }
}

static bool open_all(struct idle *idle)
{
    json_int_t fresh_kib = server_rss_kib(idle);
    int64_t sign_us = crowd_now_us();
    if (!sign_in_all(idle) || !make_crowd(idle)) {
        return false;
    }
    int64_t begin_us = crowd_now_us();
    json_int_t before_kib = server_rss_kib(idle);
    double cpu_s = server_cpu_s(idle);
    bool all = wait_for_all(idle);
    int64_t end_us = crowd_now_us();
    cpu_s = server_cpu_s(idle) - cpu_s;
    settle(idle, 2000000);
    json_int_t after_kib = server_rss_kib(idle);
    unsigned opened = crowd_welcomed(idle->crowd);
    report(json_pack(
        "{s:s, s:i, s:i, s:i, s:o, s:f, s:o, s:f, s:o, s:I, s:I, s:I, s:f, s:f, s:f}", "step",
        "opened", "sockets", (int)idle->config->sockets, "sessions", (int)idle->session_count,
        "opened", (int)opened, "failed", crowd_failures_json(idle->crowd), "sign_in_s",
        (double)(begin_us - sign_us) / 1e6, "session_alone_ms",
        crowd_times_json(&idle->alone_times), "seconds", (double)(end_us - begin_us) / 1e6,
        "ramp_ms", crowd_times_json(crowd_welcome_times(idle->crowd)), "rss_fresh_kib", fresh_kib,
        "rss_before_kib", before_kib, "rss_after_kib", after_kib, "kib_each",
        opened == 0 ? 0.0 : (double)(after_kib - before_kib) / opened, "kib_each_with_session",
        opened == 0 ? 0.0 : (double)(after_kib - fresh_kib) / opened, "server_cpu_s", cpu_s));
    crowd_forget(idle->crowd);
    return all;
}

static void messages(struct idle *idle, unsigned rate, unsigned seconds)
{
    int64_t begin_us = crowd_now_us();
    int64_t length_us = (int64_t)seconds * 1000000;
    double cpu_s = server_cpu_s(idle);
    json_int_t sent = 0;
    json_int_t unsent = 0;
    crowd_forget(idle->crowd);
    for (int64_t at_us = 0; at_us < length_us; at_us = crowd_now_us() - begin_us) {
        int64_t due = at_us * rate / 1000000;
        while (sent + unsent < due) {
            if (crowd_ping(idle->crowd)) {
                sent++;
            } else {
                unsent++;
            }
        }
        crowd_turn(idle->crowd, 1);
    }
    cpu_s = server_cpu_s(idle) - cpu_s;
    double took_s = (double)(crowd_now_us() - begin_us) / 1e6;
    settle(idle, 1000000);
    struct crowd_times *pongs = crowd_pong_times(idle->crowd);
    report(json_pack("{s:s, s:i, s:I, s:I, s:I, s:f, s:f, s:f, s:o, s:o}", "step", "messages",
                     "rate", (int)rate, "sent", sent, "unsent", unsent, "answered",
                     (json_int_t)pongs->count, "seconds", took_s, "server_cpu_s", cpu_s,
                     "server_cpu_percent", 100.0 * cpu_s / took_s, "ms", crowd_times_json(pongs),
                     "lost", crowd_failures_json(idle->crowd)));
    crowd_forget(idle->crowd);
}

/* The restart may come a little before or after the command. */
static void storm(struct idle *idle)
{
    int64_t end_us = crowd_now_us() + (int64_t)idle->config->limit_s * 1000000;
    while (crowd_outage_began_us(idle->crowd) == 0 && crowd_now_us() < end_us) {
        crowd_turn(idle->crowd, TURN_MS);
    }
    double own_before_s = (double)clock() / CLOCKS_PER_SEC;
    int64_t begin_us = crowd_outage_began_us(idle->crowd);
    bool all = begin_us != 0 && wait_for_all(idle);
    int64_t back_us = crowd_now_us();
    double cpu_s = server_cpu_s(idle);
    double own_s = (double)clock() / CLOCKS_PER_SEC - own_before_s;
    settle(idle, 2000000);
    report(json_pack("{s:s, s:b, s:i, s:f, s:o, s:o, s:o, s:f, s:f, s:I}", "step", "storm", "all",
                     (int)all, "back", (int)crowd_welcomed(idle->crowd), "seconds",
                     begin_us == 0 ? 0.0 : (double)(back_us - begin_us) / 1e6, "outage_ms",
                     crowd_times_json(crowd_outage_times(idle->crowd)), "welcome_ms",
                     crowd_times_json(crowd_welcome_times(idle->crowd)), "lost",
                     crowd_failures_json(idle->crowd), "server_cpu_s", cpu_s, "client_cpu_s", own_s,
                     "rss_kib", server_rss_kib(idle)));
    crowd_forget(idle->crowd);
}

/* --- commands --- */

static bool obey(struct idle *idle, const char *line)
{
    char *end = NULL;
    if (strncmp(line, "sign_ins ", 9) == 0) {
        sign_ins(idle, (unsigned)strtoul(line + 9, NULL, 10));
    } else if (strncmp(line, "messages ", 9) == 0) {
        unsigned rate = (unsigned)strtoul(line + 9, &end, 10);
        messages(idle, rate, (unsigned)strtoul(end, NULL, 10));
    } else if (strncmp(line, "server ", 7) == 0) {
        idle->server = (pid_t)strtol(line + 7, NULL, 10);
    } else if (strcmp(line, "storm") == 0) {
        storm(idle);
    } else {
        if (strcmp(line, "quit") != 0) {
            (void)fprintf(stderr, "not a command: %s\n", line);
        }
        return false;
    }
    return true;
}

/* False: no more commands, or the last one was `quit`. */
static bool read_commands(struct idle *idle)
{
    struct pollfd pollfd = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&pollfd, 1, 0) <= 0) {
        return true;
    }
    ssize_t n = read(STDIN_FILENO, idle->line + idle->line_len, LINE_OCTETS - 1 - idle->line_len);
    if (n <= 0) {
        return false;
    }
    idle->line_len += (size_t)n;
    char *newline = NULL;
    while ((newline = memchr(idle->line, '\n', idle->line_len)) != NULL) {
        *newline = '\0';
        size_t used = (size_t)(newline - idle->line) + 1;
        if (!obey(idle, idle->line)) {
            return false;
        }
        idle->line_len -= used;
        memmove(idle->line, idle->line + used, idle->line_len);
    }
    return idle->line_len < LINE_OCTETS - 1;
}

int idle_run(const struct idle_config *config)
{
    struct idle idle = {.config = config, .server = config->server};
    (void)snprintf(idle.base, sizeof(idle.base), "https://%s:%u", config->address, config->port);
    (void)snprintf(idle.authority, sizeof(idle.authority), "localhost:%u", config->port);
    if (addr_of_text(config->address, (uint16_t)config->port, &idle.to) != STATUS_OK) {
        (void)fprintf(stderr, "not an address: %s\n", config->address);
        return 2;
    }
    bool done = open_all(&idle);
    if (done) {
        while (read_commands(&idle)) {
            crowd_turn(idle.crowd, TURN_MS);
        }
    }
    crowd_destroy(idle.crowd);
    SSL_CTX_free(idle.context);
    free(idle.sessions);
    free(idle.alone_times.us);
    return done ? 0 : 1;
}
