#include "tests/load/janus.h"

#include "proto/base/check.h"
#include "tests/load/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CALLER = 0,
    CALLEE = 1,
    PATH_SIZE = 96,
    NAME_SIZE = 48,
    EVENTS_AT_ONCE = 10, /* a session has three or four when it is asked */
    POLLS_MAX = 10
};
#define REQUEST_TIMEOUT_MS 5000L /* a request or an event takes some milliseconds */

struct party {
    bool open;
    json_int_t session, handle; /* Janus's numbers, below 2^53; handle 0: none yet */
    char name[NAME_SIZE];
};

struct janus {
    struct rest *rest;
    unsigned calls;
    unsigned names;        /* given so far: a name is never given twice */
    struct party *parties; /* 2 a call */
};

static struct party *party_of(struct janus *janus, unsigned call, unsigned role)
{
    CHECK(call < janus->calls);
    return &janus->parties[2 * call + role];
}

/* What Janus said instead of what we wanted; the plugin's words come before the core's. */
static bool complain(const char *what, long status, const json_t *answer)
{
    const char *reason = NULL;
    const char *event = NULL;
    if (answer != NULL) {
        const json_t *data = json_object_get(json_object_get(answer, "plugindata"), "data");
        reason = json_string_value(json_object_get(data, "error"));
        if (reason == NULL) {
            reason = json_string_value(json_object_get(json_object_get(answer, "error"), "reason"));
        }
        event = json_string_value(json_object_get(answer, "janus"));
    }
    (void)fprintf(stderr, "janus: %s: HTTP %ld, %s: %s\n", what, status,
                  event == NULL ? "no answer" : event, reason == NULL ? "" : reason);
    return false;
}

/* body: taken over (NULL: no memory). *out_answer: the caller's; may be NULL. */
static bool post(struct janus *janus, const char *path, json_t *body, json_t **out_answer)
{
    bool good = false;
    json_t *answer = NULL;
    const char *what = json_string_value(json_object_get(body, "janus"));
    if (body == NULL) {
        return complain("no memory", 0, NULL);
    }
    long status = rest_call(janus->rest, "POST", path, body, &answer);
    const char *kind = json_string_value(json_object_get(answer, "janus"));
    if (status == 200 && kind != NULL &&
        (strcmp(kind, "success") == 0 || strcmp(kind, "ack") == 0)) {
        good = true;
    } else {
        (void)complain(what, status, answer);
    }
    json_decref(body);
    if (good && out_answer != NULL) {
        *out_answer = answer;
        answer = NULL;
    }
    json_decref(answer);
    return good;
}

/* The number of the session or handle that was made. */
static bool made(struct janus *janus, const char *path, json_t *body, json_int_t *out_number)
{
    json_t *answer = NULL;
    if (!post(janus, path, body, &answer)) {
        return false;
    }
    json_int_t number = json_integer_value(json_object_get(json_object_get(answer, "data"), "id"));
    bool good = number > 0 || complain("no number", 200, answer);
    json_decref(answer);
    if (good) {
        *out_number = number;
    }
    return good;
}

static void session_path(const struct party *party, char path[PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "/janus/%" JSON_INTEGER_FORMAT, party->session);
}

/* A message to the plugin; body and jsep are taken over, jsep may be NULL. */
static bool say(struct janus *janus, const struct party *party, json_t *body, json_t *jsep)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/janus/%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
                   party->session, party->handle);
    return post(janus, path,
                json_pack("{s:s, s:s, s:o, s:o*}", "janus", "message", "transaction", "load",
                          "body", body, "jsep", jsep),
                NULL);
}

static bool is_event(const json_t *message, const char *name)
{
    const json_t *data = json_object_get(json_object_get(message, "plugindata"), "data");
    const char *event =
        json_string_value(json_object_get(json_object_get(data, "result"), "event"));
    return event != NULL && strcmp(event, name) == 0;
}

static bool is_error(const json_t *message)
{
    const json_t *data = json_object_get(json_object_get(message, "plugindata"), "data");
    return json_object_get(message, "error") != NULL || json_object_get(data, "error") != NULL;
}

/* Asks for the session's events until this one is there; those before it, and those that came with
 * it, are of no interest. *out_message: the caller's; may be NULL. */
static bool await(struct janus *janus, const struct party *party, const char *name,
                  json_t **out_message)
{
    char path[PATH_SIZE + 16];
    session_path(party, path);
    size_t len = strlen(path);
    (void)snprintf(path + len, sizeof path - len, "?maxev=%d", EVENTS_AT_ONCE);
    for (unsigned poll = 0; poll < POLLS_MAX; poll++) {
        json_t *messages = NULL;
        long status = rest_call(janus->rest, "GET", path, NULL, &messages);
        size_t index;
        json_t *message;
        json_array_foreach(messages, index, message)
        {
            if (is_event(message, name)) {
                if (out_message != NULL) {
                    *out_message = json_incref(message);
                }
                json_decref(messages);
                return true;
            }
            if (is_error(message)) {
                (void)complain(name, status, message);
                json_decref(messages);
                return false;
            }
        }
        bool answered = status == 200 && json_is_array(messages);
        if (!answered) {
            (void)complain(name, status, messages);
        }
        json_decref(messages);
        if (!answered) {
            return false;
        }
    }
    return complain(name, 200, NULL);
}

/* A line of text that begins here, its end included. */
static size_t line_len(const char *text, size_t len)
{
    const char *end = memchr(text, '\n', len);
    return end == NULL ? len : (size_t)(end - text) + 1;
}

/* Janus repeats a=mid in its answers, once from the other party and once of its own; RFC 5888 §4
 * allows one, and our parser refuses more. The length without the later ones; 0: too long. */
static size_t with_single_mids(struct span sdp, char out[PEER_SDP_MAX])
{
    const char *text = (const char *)sdp.data;
    bool has_mid = false;
    size_t kept = 0;
    for (size_t at = 0; at < sdp.len;) {
        size_t len = line_len(text + at, sdp.len - at);
        bool is_mid = len > 6 && memcmp(text + at, "a=mid:", 6) == 0;
        if (text[at] == 'm') {
            has_mid = false;
        }
        if (!is_mid || !has_mid) {
            if (len > PEER_SDP_MAX - kept) {
                return 0;
            }
            memcpy(out + kept, text + at, len);
            kept += len;
        }
        has_mid = has_mid || is_mid;
        at += len;
    }
    return kept;
}

/* The description that came with an event, in out; empty: none, said. */
static struct span description(const json_t *message, char out[PEER_SDP_MAX])
{
    const json_t *sdp = json_object_get(json_object_get(message, "jsep"), "sdp");
    size_t len = 0;
    if (json_is_string(sdp)) {
        len = with_single_mids(span_of(json_string_value(sdp), json_string_length(sdp)), out);
    }
    if (len == 0) {
        (void)complain("no description", 200, message);
    }
    return span_of(out, len);
}

static json_t *jsep(const char *type, const char *sdp, size_t len)
{
    return json_pack("{s:s, s:s%}", "type", type, "sdp", sdp, len);
}

static bool open_party(struct janus *janus, struct party *party)
{
    char path[PATH_SIZE];
    *party = (struct party){0};
    (void)snprintf(party->name, sizeof party->name, "person-%u", janus->names++);
    if (!made(janus, "/janus", json_pack("{s:s, s:s}", "janus", "create", "transaction", "load"),
              &party->session)) {
        return false;
    }
    party->open = true;
    session_path(party, path);
    return made(janus, path,
                json_pack("{s:s, s:s, s:s}", "janus", "attach", "plugin", "janus.plugin.videocall",
                          "transaction", "load"),
                &party->handle) &&
           say(janus, party,
               json_pack("{s:s, s:s}", "request", "register", "username", party->name), NULL) &&
           await(janus, party, "registered", NULL);
}

static bool close_party(struct janus *janus, struct party *party)
{
    char path[PATH_SIZE];
    if (!party->open) {
        return true;
    }
    party->open = false;
    session_path(party, path);
    return post(janus, path, json_pack("{s:s, s:s}", "janus", "destroy", "transaction", "load"),
                NULL);
}

static bool prepare(void *context, unsigned call)
{
    struct janus *janus = context;
    for (unsigned role = CALLER; role <= CALLEE; role++) {
        struct party *party = party_of(janus, call, role);
        (void)close_party(janus, party); /* the one before it; it has said what went wrong */
        if (!open_party(janus, party)) {
            return false;
        }
    }
    return true;
}

/* The callee hears of the call and accepts it. */
static bool accept_call(struct janus *janus, const struct party *party, struct peer *callee)
{
    char theirs[PEER_SDP_MAX];
    char ours[PEER_SDP_MAX];
    json_t *message = NULL;
    size_t len = 0;
    if (!await(janus, party, "incomingcall", &message)) {
        return false;
    }
    struct span offer = description(message, theirs);
    if (offer.len > 0) {
        len = peer_answer(callee, offer, ours);
        if (len == 0) {
            (void)complain("offer not understood", 200, message);
        }
    }
    json_decref(message);
    if (len == 0 ||
        !say(janus, party, json_pack("{s:s}", "request", "accept"), jsep("answer", ours, len))) {
        return false;
    }
    peer_begin(callee);
    return true;
}

/* Janus would take the DTLS client's part towards a caller that leaves it the choice, and our peers
 * are DTLS clients (peer.h): the offer says that this one is (RFC 8842 §5.2 lets an answerer only
 * follow). Every "actpass" becomes "active"; the new length. */
static size_t offer_active(char *sdp, size_t len)
{
    static const char from[] = "a=setup:actpass";
    static const char to[] = "a=setup:active";
    size_t kept = 0;
    for (size_t at = 0; at < len;) {
        if (len - at >= sizeof from - 1 && memcmp(sdp + at, from, sizeof from - 1) == 0) {
            memcpy(sdp + kept, to, sizeof to - 1);
            kept += sizeof to - 1;
            at += sizeof from - 1;
        } else {
            sdp[kept++] = sdp[at++];
        }
    }
    return kept;
}

static bool connect_call(void *context, unsigned call, struct peer *caller, struct peer *callee)
{
    struct janus *janus = context;
    const struct party *from = party_of(janus, call, CALLER);
    const struct party *to = party_of(janus, call, CALLEE);
    char sdp[PEER_SDP_MAX];
    size_t len = peer_offer(caller, sdp);
    if (len == 0) {
        return complain("no offer", 0, NULL);
    }
    len = offer_active(sdp, len);
    json_t *message = NULL;
    if (!say(janus, from, json_pack("{s:s, s:s}", "request", "call", "username", to->name),
             jsep("offer", sdp, len)) ||
        !accept_call(janus, to, callee) || !await(janus, from, "accepted", &message)) {
        return false;
    }
    struct span answer = description(message, sdp);
    bool good = answer.len > 0;
    if (good && !peer_take_answer(caller, answer)) {
        good = complain("answer not understood", 200, message);
    }
    json_decref(message);
    if (good) {
        peer_begin(caller);
    }
    return good;
}

static void end_call(struct janus *janus, unsigned call)
{
    const struct party *caller = party_of(janus, call, CALLER);
    if (caller->open && caller->handle != 0) {
        /* Fails when the call was never made; it has said so. */
        (void)say(janus, caller, json_pack("{s:s}", "request", "hangup"), NULL);
    }
    (void)close_party(janus, party_of(janus, call, CALLER));
    (void)close_party(janus, party_of(janus, call, CALLEE));
}

/* Janus ends a call some time after it has answered the hangup, and until then its user is busy:
 * whoever calls again is somebody new. */
static void hang_up(void *context, unsigned call)
{
    end_call(context, call);
    (void)prepare(context, call); /* a failure is said, and connect_call() will fail */
}

/* What the sessions get during a call (webrtcup, media) waits in Janus until they are destroyed. */
static void attend(void *context)
{
    (void)context;
}

static void destroy(void *context)
{
    struct janus *janus = context;
    if (janus == NULL) {
        return;
    }
    for (unsigned call = 0; janus->parties != NULL && call < janus->calls; call++) {
        end_call(janus, call);
    }
    free(janus->parties);
    rest_destroy(janus->rest);
    free(janus);
}

bool janus_target(const char *base, unsigned calls, struct target *out_target)
{
    CHECK(calls > 0);
    struct janus *janus = calloc(1, sizeof *janus);
    if (janus == NULL) {
        return complain("no memory", 0, NULL);
    }
    janus->calls = calls;
    janus->parties = calloc(2 * (size_t)calls, sizeof *janus->parties);
    janus->rest = rest_create(base);
    if (janus->parties == NULL || janus->rest == NULL) {
        destroy(janus);
        return complain("no memory", 0, NULL);
    }
    rest_set_timeout_ms(janus->rest, REQUEST_TIMEOUT_MS);
    long status = rest_call(janus->rest, "GET", "/janus/info", NULL, NULL);
    if (status != 200) {
        destroy(janus);
        return complain(base, status, NULL);
    }
    *out_target = (struct target){.context = janus,
                                  .prepare = prepare,
                                  .connect = connect_call,
                                  .hang_up = hang_up,
                                  .attend = attend,
                                  .destroy = destroy};
    return true;
}
