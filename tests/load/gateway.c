#include "tests/load/gateway.h"

#include "tests/load/rest.h"
#include "tests/load/wss.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define PEOPLE_MAX 64 /* of each role: one of them holds several consultations at once */
#define SEATS_MAX 6
#define WAIT_MS 10000

struct person {
    struct rest *rest;
    char cookie[160], csrf[80], account[40];
};

struct call {
    char id[40];
    struct person *people[SEATS_MAX];
    struct wss *sockets[SEATS_MAX];
};

struct gateway {
    struct gateway_options options;
    SSL_CTX *tls;
    struct addr address;
    char authority[80];
    struct person clinicians[PEOPLE_MAX], specialists[PEOPLE_MAX];
    unsigned clinician_count, specialist_count;
    struct call *calls;
};

static bool complain(const char *what, long status, const json_t *answer)
{
    const char *code = json_string_value(json_object_get(answer, "code"));
    (void)fprintf(stderr, "gateway: %s: %ld %s\n", what, status, code == NULL ? "" : code);
    return false;
}

/* --- people --- */

static bool sign_in(const char *base, const json_t *account, struct person *person)
{
    json_t *answer = NULL;
    json_t *body = json_pack("{s:O, s:O}", "login", json_object_get(account, "login"), "password",
                             json_object_get(account, "password"));
    person->rest = rest_create(base);
    CHECK(body != NULL && person->rest != NULL);
    long status = rest_call(person->rest, "POST", "/api/v1/session", body, &answer);
    const char *cookie = rest_cookie(person->rest, "__Host-session");
    const char *csrf = json_string_value(json_object_get(answer, "csrf_token"));
    const char *id = json_string_value(json_object_get(json_object_get(answer, "account"), "id"));
    bool ok = status == 200 && cookie != NULL && csrf != NULL && id != NULL;
    if (ok) {
        (void)snprintf(person->cookie, sizeof(person->cookie), "%s", cookie);
        (void)snprintf(person->csrf, sizeof(person->csrf), "%s", csrf);
        (void)snprintf(person->account, sizeof(person->account), "%s", id);
        rest_set_csrf(person->rest, csrf);
    } else {
        (void)complain("sign-in", status, answer);
    }
    json_decref(answer);
    json_decref(body);
    return ok;
}

static bool array_has(const json_t *array, const char *text)
{
    size_t i;
    const json_t *item;
    json_array_foreach(array, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0) {
            return true;
        }
    }
    return false;
}

/* Clinicians and specialists at the institutions of the first of each: any two of them may meet. */
static bool sign_in_people(struct gateway *gateway, const json_t *file, unsigned wanted)
{
    const char *homes[2] = {NULL, NULL};
    size_t i;
    const json_t *practitioner;
    json_array_foreach(json_object_get(file, "practitioners"), i, practitioner)
    {
        const json_t *account = json_object_get(practitioner, "account");
        const json_t *roles = json_object_get(account, "roles");
        const char *home = json_string_value(json_object_get(practitioner, "organisation"));
        bool clinician = array_has(roles, "clinician");
        bool specialist =
            array_has(roles, "specialist") &&
            array_has(json_object_get(practitioner, "specialties"), gateway->options.specialty);
        if (home == NULL || (!clinician && !specialist)) {
            continue;
        }
        unsigned *count = clinician ? &gateway->clinician_count : &gateway->specialist_count;
        struct person *people = clinician ? gateway->clinicians : gateway->specialists;
        const char **first = &homes[clinician ? 0 : 1];
        *first = *first == NULL ? home : *first;
        if (*count < wanted && strcmp(home, *first) == 0 &&
            !sign_in(gateway->options.base, account, &people[(*count)++])) {
            return false;
        }
    }
    return gateway->clinician_count > 0 && gateway->specialist_count >= wanted;
}

static bool read_base(struct gateway *gateway)
{
    char host[64];
    unsigned port = 0;
    if (sscanf(gateway->options.base, "https://%63[0-9.]:%u", host, &port) != 2 ||
        addr_of_text(host, (uint16_t)port, &gateway->address) != STATUS_OK) {
        (void)fprintf(stderr, "gateway: not https://IPV4:PORT: %s\n", gateway->options.base);
        return false;
    }
    (void)snprintf(gateway->authority, sizeof(gateway->authority), "%s:%u", host, port);
    return true;
}

/* --- until a consultation is accepted --- */

static bool post(const struct person *person, const char *method, const char *path, json_t *body,
                 const char *what)
{
    json_t *answer = NULL;
    long status = rest_call(person->rest, method, path, body, &answer);
    bool ok = status == 200 || status == 201 || status == 204 || complain(what, status, answer);
    json_decref(answer);
    json_decref(body);
    return ok;
}

static bool create(const struct gateway *gateway, struct call *call)
{
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}", "specialty",
                  gateway->options.specialty, "urgency", "routine", "kind", "live", "patient",
                  "name", "Load", "sex", "female", "birth_date", "1961-07-02", "request",
                  "complaint", "load", "question", "load", "initial_diagnosis", "load");
    json_t *answer = NULL;
    long status = rest_call(call->people[0]->rest, "POST", "/api/v1/consultations", body, &answer);
    const char *id = json_string_value(json_object_get(answer, "id"));
    bool ok = status == 201 && id != NULL;
    if (ok) {
        (void)snprintf(call->id, sizeof(call->id), "%s", id);
    } else {
        (void)complain("new consultation", status, answer);
    }
    json_decref(answer);
    json_decref(body);
    return ok;
}

static bool consent(const struct call *call, unsigned seat, const char *scope)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "/api/v1/consultations/%s/consents/%s", call->id, scope);
    return post(call->people[seat], "PUT", path,
                json_pack("{s:s, s:b, s:s, s:s, s:s}", "party",
                          seat == 0 ? "patient" : "consultant", "given", 1, "relation", "self",
                          "method", "written", "text_version", "2026-1"),
                scope);
}

static bool act(const struct call *call, unsigned seat, const char *action, json_t *body)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "/api/v1/consultations/%s/actions/%s", call->id, action);
    return post(call->people[seat], "POST", path, body == NULL ? json_object() : body, action);
}

/* Only who will accept is on duty, so that nobody else is offered it. */
static bool duty(const struct person *person, bool on)
{
    return post(person, "PUT", "/api/v1/duty", json_pack("{s:b}", "on_duty", on ? 1 : 0), "duty");
}

static struct wss *open_socket(const struct gateway *gateway, const struct person *person)
{
    struct wss_config config = {.context = gateway->tls,
                                .to = gateway->address,
                                .authority = gateway->authority,
                                .cookie = person->cookie};
    return wss_open(&config);
}

/* --- messages --- */

static int64_t now_ms(void)
{
    return net_now_ns() / 1000000;
}

static bool send_message(struct wss *socket, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    bool ok = text != NULL && wss_send(socket, span_text(text));
    free(text);
    json_decref(message);
    return ok;
}

/* The next message of that type; others are passed over. NULL: closed, or none came in time; said.
 */
static json_t *wait_for(struct wss *socket, const char *type, const char *member)
{
    int64_t end_ms = now_ms() + WAIT_MS;
    while (wss_work(socket) != WSS_CLOSED && now_ms() < end_ms) {
        struct span text;
        while (wss_take(socket, &text)) {
            json_t *message = json_loadb((const char *)text.data, text.len, 0, NULL);
            const char *got = json_string_value(json_object_get(message, "type"));
            if (got != NULL && strcmp(got, type) == 0 && json_object_get(message, member) != NULL) {
                return message;
            }
            if (got != NULL && strcmp(got, "error") == 0) {
                (void)complain(type, 0, message);
                json_decref(message);
                return NULL;
            }
            json_decref(message);
        }
        struct pollfd fd = {wss_fd(socket), (short)wss_wants(socket), 0};
        (void)poll(&fd, 1, 1000);
    }
    (void)fprintf(stderr, "gateway: no %s (%s)\n", type, wss_reason(socket));
    return NULL;
}

static bool heard(json_t *message)
{
    json_decref(message);
    return message != NULL;
}

static bool open_seat(const struct gateway *gateway, struct call *call, unsigned seat)
{
    const struct person *person = call->people[seat];
    call->sockets[seat] = open_socket(gateway, person);
    if (call->sockets[seat] == NULL) {
        return complain("no descriptor", 0, NULL);
    }
    int64_t end_ms = now_ms() + WAIT_MS;
    while (wss_work(call->sockets[seat]) == WSS_CONNECTING && now_ms() < end_ms) {
        struct pollfd fd = {wss_fd(call->sockets[seat]), (short)wss_wants(call->sockets[seat]), 0};
        (void)poll(&fd, 1, 1000);
    }
    return send_message(call->sockets[seat], json_pack("{s:s, s:s, s:s}", "type", "hello", "client",
                                                       "consult-load", "csrf", person->csrf)) &&
           heard(wait_for(call->sockets[seat], "welcome", "epoch"));
}

/* Takes the seat and exchanges descriptions. */
static bool connect_seat(const struct call *call, unsigned seat, struct peer *peer)
{
    struct wss *socket = call->sockets[seat];
    char device[24];
    (void)snprintf(device, sizeof(device), "load-%u", peer->index);
    if (!send_message(socket, json_pack("{s:s, s:s, s:s}", "type", "room.join", "consultation",
                                        call->id, "device", device)) ||
        /* the answer to room.join alone has the chat; others may still be on their way */
        !heard(wait_for(socket, "room.state", "chat"))) {
        return false;
    }
    char sdp[PEER_SDP_MAX];
    (void)peer_offer(peer, sdp);
    if (!send_message(socket, json_pack("{s:s, s:s, s:s, s:i}", "type", "media.offer",
                                        "consultation", call->id, "sdp", sdp, "seq", 1))) {
        return false;
    }
    json_t *answer = wait_for(socket, "media.answer", "sdp");
    const char *text = json_string_value(json_object_get(answer, "sdp"));
    bool ok = text != NULL && peer_take_answer(peer, span_text(text));
    json_decref(answer);
    if (ok) {
        peer_begin(peer);
    }
    return ok;
}

/* --- target.h --- */

static bool prepare(void *context, unsigned index)
{
    struct gateway *gateway = context;
    struct call *call = &gateway->calls[index];
    call->people[0] = &gateway->clinicians[index % gateway->clinician_count];
    for (unsigned seat = 1; seat < gateway->options.parties; seat++) {
        call->people[seat] = &gateway->specialists[(index + seat - 1) % gateway->specialist_count];
    }
    bool ok = create(gateway, call) && consent(call, 0, "consultation") &&
              consent(call, 0, "imaging") &&
              (!gateway->options.record || consent(call, 0, "recording")) &&
              duty(call->people[1], true) && act(call, 0, "submit", NULL) &&
              act(call, 1, "accept", NULL) && duty(call->people[1], false) &&
              (!gateway->options.record || consent(call, 1, "recording"));
    for (unsigned seat = 2; seat < gateway->options.parties && ok; seat++) {
        ok = act(call, 0, "invite", json_pack("{s:s}", "account", call->people[seat]->account));
    }
    for (unsigned seat = 0; seat < gateway->options.parties && ok; seat++) {
        ok = open_seat(gateway, call, seat);
    }
    return ok;
}

static bool connect_two(void *context, unsigned index, struct peer *caller, struct peer *callee)
{
    const struct gateway *gateway = context;
    const struct call *call = &gateway->calls[index];
    return connect_seat(call, 0, caller) && connect_seat(call, 1, callee);
}

static bool join(void *context, unsigned index, struct peer *const *guests, unsigned count)
{
    const struct gateway *gateway = context;
    const struct call *call = &gateway->calls[index];
    for (unsigned i = 0; i < count; i++) {
        if (!connect_seat(call, i + 2, guests[i])) {
            return false;
        }
    }
    return true;
}

static void hang_up(void *context, unsigned index)
{
    const struct gateway *gateway = context;
    const struct call *call = &gateway->calls[index];
    for (unsigned seat = 0; seat < gateway->options.parties; seat++) {
        (void)send_message(call->sockets[seat],
                           json_pack("{s:s, s:s}", "type", "room.leave", "consultation", call->id));
    }
}

static void attend(void *context)
{
    struct gateway *gateway = context;
    for (unsigned i = 0; i < gateway->options.calls; i++) {
        for (unsigned seat = 0; seat < gateway->options.parties; seat++) {
            struct wss *socket = gateway->calls[i].sockets[seat];
            struct span text;
            if (socket != NULL && wss_work(socket) == WSS_OPEN) {
                while (wss_take(socket, &text)) {
                    /* quality, room.state: what a page would show */
                }
            }
        }
    }
}

static void destroy(void *context)
{
    struct gateway *gateway = context;
    for (unsigned i = 0; gateway->calls != NULL && i < gateway->options.calls; i++) {
        for (unsigned seat = 0; seat < SEATS_MAX; seat++) {
            wss_close(gateway->calls[i].sockets[seat]);
        }
    }
    for (unsigned i = 0; i < PEOPLE_MAX; i++) {
        rest_destroy(gateway->clinicians[i].rest);
        rest_destroy(gateway->specialists[i].rest);
    }
    SSL_CTX_free(gateway->tls);
    free(gateway->calls);
    free(gateway);
}

bool gateway_target(const struct gateway_options *options, struct target *out_target)
{
    struct gateway *gateway = calloc(1, sizeof(*gateway));
    CHECK(gateway != NULL && options->parties >= 2 && options->parties <= SEATS_MAX);
    gateway->options = *options;
    gateway->options.specialty = options->specialty == NULL ? "cardiology" : options->specialty;
    gateway->calls = calloc(options->calls, sizeof(*gateway->calls));
    gateway->tls = wss_context();
    CHECK(gateway->calls != NULL && gateway->tls != NULL);
    json_error_t error;
    json_t *file = json_load_file(options->accounts, 0, &error);
    if (file == NULL) {
        (void)fprintf(stderr, "gateway: %s: %s\n", options->accounts, error.text);
    }
    /* Eight consultations of one person at once are enough to keep sign-ins few. */
    unsigned wanted = (options->calls + 7) / 8;
    wanted = wanted < options->parties - 1 ? options->parties - 1 : wanted;
    bool ok = file != NULL && read_base(gateway) &&
              sign_in_people(gateway, file, wanted > PEOPLE_MAX ? PEOPLE_MAX : wanted);
    json_decref(file);
    if (!ok) {
        (void)fprintf(stderr, "gateway: %u clinicians, %u specialists signed in, %u needed\n",
                      gateway->clinician_count, gateway->specialist_count, wanted);
        destroy(gateway);
        return false;
    }
    *out_target = (struct target){gateway, prepare, connect_two, join, hang_up, attend, destroy};
    return true;
}
