#include "gateway/session/hub.h"

#include "gateway/auth/auth.h"
#include "gateway/config/config.h"
#include "gateway/session/hub_internal.h"
#include "gateway/session/message.h"
#include "media/recording/recorder.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"
#include "proto/signal/signal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- connections ---- */

static unsigned bucket_of_account(const char *account)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = account; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    }
    return hash % HUB_BUCKETS;
}

struct conn *hub_find(const struct hub *hub, uint64_t id)
{
    for (struct conn *conn = hub->by_id[id % HUB_BUCKETS]; conn != NULL; conn = conn->next_id) {
        if (conn->id == id) {
            return conn;
        }
    }
    return NULL;
}

static void link_conn(struct hub *hub, struct conn *conn)
{
    struct conn **head = &hub->by_id[conn->id % HUB_BUCKETS];
    conn->next_id = *head;
    *head = conn;
    head = &hub->by_account[bucket_of_account(conn->actor.account_id)];
    conn->next_account = *head;
    *head = conn;
    hub->stats.connections++;
}

static void unlink_conn(struct hub *hub, struct conn *conn)
{
    struct conn **at = &hub->by_id[conn->id % HUB_BUCKETS];
    while (*at != NULL && *at != conn) {
        at = &(*at)->next_id;
    }
    CHECK(*at == conn);
    *at = conn->next_id;
    at = &hub->by_account[bucket_of_account(conn->actor.account_id)];
    while (*at != NULL && *at != conn) {
        at = &(*at)->next_account;
    }
    CHECK(*at == conn);
    *at = conn->next_account;
    hub->stats.connections--;
}

void conn_send_borrowed(struct conn *conn, const json_t *message)
{
    char *text = message == NULL ? NULL : json_dumps(message, JSON_COMPACT);
    if (text == NULL) {
        log_warn("signal_send", "reason=no_memory");
        return;
    }
    conn->hub->stats.messages_out++;
    web_ws_send(conn->ws, text, strlen(text));
    free(text);
}

void conn_send(struct conn *conn, json_t *message)
{
    conn_send_borrowed(conn, message);
    json_decref(message);
}

void conn_refuse(struct conn *conn, const char *code, const char *zh, const char *en,
                 const char *to)
{
    conn->hub->stats.messages_refused++;
    conn_send(conn, message_error(code, zh, en, to));
}

void hub_push_account(struct hub *hub, const char *account, const json_t *message)
{
    struct conn *conn = hub->by_account[bucket_of_account(account)];
    while (conn != NULL) {
        struct conn *next =
            conn->next_account; /* a send may close a slow connection, never free it at once */
        if (conn->greeted && strcmp(conn->actor.account_id, account) == 0) {
            conn_send_borrowed(conn, message);
        }
        conn = next;
    }
}

static void push_role(struct hub *hub, unsigned roles, const json_t *message)
{
    for (unsigned i = 0; i < HUB_BUCKETS; i++) {
        for (struct conn *conn = hub->by_id[i]; conn != NULL; conn = conn->next_id) {
            if (conn->greeted && (conn->actor.roles & roles) != 0) {
                conn_send_borrowed(conn, message);
            }
        }
    }
}

/* ---- upgrade: the cookie is looked up in the store before 101 ---- */

struct upgrade {
    struct hub *hub;
    struct web_exchange *exchange;
    char token_hash[65];
};

static void actor_lookup(struct api_call *call)
{
    const char *token_hash = json_string_value(json_object_get(call->body, "token_hash"));
    struct api_actor actor;
    enum status status = token_hash == NULL ? STATUS_UNAUTHENTIC
                                            : auth_actor_load(call->db, token_hash, call->now_ms,
                                                              call->config, &actor);
    if (status != STATUS_OK) {
        api_problem(call, 401, "session.required", "请先登录。", "Sign in first.", NULL);
        return;
    }
    call->reply =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "account", actor.account_id, "organisation",
                  actor.organisation_id, "practitioner", actor.practitioner_id, "csrf",
                  actor.csrf_token, "language", actor.language, "roles", (int)actor.roles);
}

static void copy_member(char *buffer, size_t buffer_len, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    (void)snprintf(buffer, buffer_len, "%s", text == NULL ? "" : text);
}

static void read_actor(const json_t *reply, struct api_actor *out)
{
    *out =
        (struct api_actor){.roles = (unsigned)json_integer_value(json_object_get(reply, "roles"))};
    copy_member(out->account_id, sizeof(out->account_id), reply, "account");
    copy_member(out->organisation_id, sizeof(out->organisation_id), reply, "organisation");
    copy_member(out->practitioner_id, sizeof(out->practitioner_id), reply, "practitioner");
    copy_member(out->csrf_token, sizeof(out->csrf_token), reply, "csrf");
    copy_member(out->language, sizeof(out->language), reply, "language");
}

static void accept_upgrade(struct upgrade *upgrade, const json_t *reply)
{
    struct hub *hub = upgrade->hub;
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL) {
        web_reply_problem(upgrade->exchange, 503, "overload", "系统繁忙，请稍后再试。",
                          "Busy, try again soon.");
        return;
    }
    conn->magic = CONN_MAGIC;
    conn->hub = hub;
    conn->id = ++hub->next_conn_id;
    memcpy(conn->token_hash, upgrade->token_hash, sizeof(conn->token_hash));
    read_actor(reply, &conn->actor);
    conn->ws = web_ws_accept(upgrade->exchange, conn);
    if (conn->ws == NULL) { /* gone while the store was asked */
        free(conn);
        return;
    }
    link_conn(hub, conn);
}

static void upgrade_done(void *context, const struct api_call *call)
{
    struct upgrade *upgrade = context;
    if (call->status == 200) {
        accept_upgrade(upgrade, call->reply);
    } else if (call->status == 401) {
        web_reply_problem(upgrade->exchange, 401, "session.required", "请先登录。",
                          "Sign in first.");
    } else {
        web_reply_problem(upgrade->exchange, 503, "store.unavailable", "系统暂时不可用。",
                          "Temporarily unavailable.");
    }
    free(upgrade);
}

void hub_ws_request(struct hub *hub, struct web_exchange *exchange)
{
    const struct web_request *request = web_exchange_request(exchange);
    struct upgrade *upgrade = request->session_token == NULL ? NULL : calloc(1, sizeof(*upgrade));
    if (upgrade == NULL) {
        web_reply_problem(exchange, 401, "session.required", "请先登录。", "Sign in first.");
        return;
    }
    upgrade->hub = hub;
    upgrade->exchange = exchange;
    auth_token_hash(request->session_token, upgrade->token_hash);
    json_t *body = json_pack("{s:s}", "token_hash", upgrade->token_hash);
    if (app_call(hub->app, NULL, actor_lookup, body, upgrade_done, upgrade) != STATUS_OK) {
        web_reply_problem(exchange, 503, "overload", "系统繁忙，请稍后再试。",
                          "Busy, try again soon.");
        free(upgrade);
    }
}

/* ---- messages ---- */

static void on_hello(struct conn *conn, const json_t *message)
{
    const char *csrf = message_text(message, "csrf");
    if (strlen(csrf) != strlen(conn->actor.csrf_token) ||
        sodium_memcmp(csrf, conn->actor.csrf_token, strlen(csrf)) != 0) {
        conn_refuse(conn, "session.csrf", "页面已过期，请刷新。",
                    "The page is out of date; reload it.", "hello");
        web_ws_close(conn->ws, 1008, "csrf");
        return;
    }
    char epoch[17];
    (void)snprintf(epoch, sizeof(epoch), "%016llx",
                   (unsigned long long)conn->hub->app->services.epoch);
    conn->greeted = true;
    conn_send(conn, json_pack("{s:s, s:s, s:s, s:I, s:s}", "type", "welcome", "server",
                              "consult-gateway " CG_VERSION, "epoch", epoch, "time_ms",
                              (json_int_t)clock_wall_ms(), "account", conn->actor.account_id));
}

static void on_ping(struct conn *conn, const json_t *message)
{
    json_t *pong = json_pack("{s:s, s:I}", "type", "pong", "time_ms", (json_int_t)clock_wall_ms());
    json_t *t = json_object_get(message, "t");
    if (pong != NULL && t != NULL) {
        json_object_set(pong, "t", t);
    }
    conn_send(conn, pong);
}

static void on_leave(struct conn *conn, const json_t *message)
{
    (void)message;
    room_hang_up(conn);
}

static void on_candidate(struct conn *conn, const json_t *message)
{
    (void)conn; /* ICE-lite: the address is learned from authenticated checks alone */
    (void)message;
}

static const struct handler {
    const char *type;
    bool in_room; /* the message names a consultation, which must be the room that the connection is
                     in */
    bool on_stage; /* not for observers: they send no media, texts or pictures */
    void (*run)(struct conn *conn, const json_t *message);
} handlers[] = {
    {"hello", false, false, on_hello},
    {"ping", false, false, on_ping},
    {"room.join", false, false, room_join_request},
    {"room.leave", true, false, on_leave},
    {"media.offer", true, false, room_media_offer},
    {"media.candidate", true, false, on_candidate},
    {"view.show", true, true, room_view_show},
    {"chat.say", true, true, room_chat_say},
    {"quality.report", true, false, room_quality_report},
};

static const struct handler *find_handler(const char *type)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (strcmp(handlers[i].type, type) == 0) {
            return &handlers[i];
        }
    }
    return NULL;
}

static bool in_named_room(const struct conn *conn, const json_t *message)
{
    return conn->room != NULL &&
           strcmp(conn->room->consultation, message_text(message, "consultation")) == 0;
}

static void dispatch(struct conn *conn, const json_t *message)
{
    const char *type = message_text(message, "type");
    const struct handler *handler = find_handler(type);
    CHECK(handler != NULL); /* the table of messages and this one name the same types */
    if (!conn->greeted && handler->run != on_hello) {
        conn_refuse(conn, "session.hello-first", "连接尚未建立。", "Say hello first.", type);
        return;
    }
    if (handler->in_room && !in_named_room(conn, message)) {
        conn_refuse(conn, "room.not-joined", "您不在该会诊室中。", "You are not in that room.",
                    type);
        return;
    }
    if (handler->on_stage && room_observes(conn)) {
        conn_refuse(conn, "room.observer", "旁听者不能发言或操作。",
                    "Observers neither write nor show anything.", type);
        return;
    }
    handler->run(conn, message);
}

void hub_ws_message(struct hub *hub, struct web_ws *ws, struct span text)
{
    struct conn *conn = web_ws_data(ws);
    CHECK(conn != NULL && conn->magic == CONN_MAGIC && conn->hub == hub);
    hub->stats.messages_in++;
    json_t *message = NULL;
    struct message_problem problem;
    if (message_read(text, &message, &problem) != STATUS_OK) {
        hub->stats.messages_refused++;
        json_t *error = message_error(problem.code, "消息格式不正确。",
                                      "The message does not fit the protocol.", problem.type);
        if (error != NULL && problem.field[0] != '\0') {
            json_object_set_new(error, "field", json_string(problem.field));
        }
        conn_send(conn, error);
        return;
    }
    dispatch(conn, message);
    json_decref(message);
}

void hub_ws_closed(struct hub *hub, struct web_ws *ws)
{
    struct conn *conn = web_ws_data(ws);
    if (conn == NULL) {
        return;
    }
    CHECK(conn->magic == CONN_MAGIC && conn->hub == hub);
    room_leave(conn);
    unlink_conn(hub, conn);
    sodium_memzero(conn, sizeof(*conn)); /* the CSRF token is in it */
    free(conn);
}

/* ---- effects of committed calls ---- */

static void push_changed(struct hub *hub, const struct api_effect *effect)
{
    size_t index;
    json_t *account;
    json_t *message =
        json_pack("{s:s, s:s, s:O, s:O}", "type", "consultation.changed", "consultation",
                  effect->consultation_id, "version", json_object_get(effect->message, "version"),
                  "state", json_object_get(effect->message, "state"));
    if (message == NULL) {
        return;
    }
    json_array_foreach(json_object_get(effect->message, "accounts"), index, account)
    {
        hub_push_account(hub, json_string_value(account), message);
    }
    json_decref(message);
}

static void start_recording(struct hub *hub, const struct api_effect *effect)
{
    struct room *room = room_find(hub, effect->consultation_id);
    if (room != NULL) {
        room_recording_start(room,
                             json_string_value(json_object_get(effect->message, "recording_id")),
                             json_string_value(json_object_get(effect->message, "file")));
    }
}

static void deliver(struct hub *hub, const struct api_effect *effect)
{
    struct room *room;
    switch (effect->kind) {
    case EFFECT_PUSH:
        hub_push_account(hub, effect->account_id, effect->message);
        break;
    case EFFECT_PUSH_ROLE:
        push_role(hub, effect->roles, effect->message);
        break;
    case EFFECT_CONSULTATION:
        push_changed(hub, effect);
        break;
    case EFFECT_ROOM_CLOSE:
        room = room_find(hub, effect->consultation_id);
        if (room != NULL) {
            const char *reason = json_string_value(json_object_get(effect->message, "reason"));
            room_close(room, reason == NULL ? "ended" : reason);
        }
        break;
    case EFFECT_SEAT_CLOSE:
        room = room_find(hub, effect->consultation_id);
        if (room != NULL) {
            const char *reason = json_string_value(json_object_get(effect->message, "reason"));
            room_seat_close(room, effect->account_id, reason == NULL ? "uninvited" : reason);
        }
        break;
    case EFFECT_RECORDING_START:
        start_recording(hub, effect);
        break;
    case EFFECT_RECORDING_STOP:
        room = room_find(hub, effect->consultation_id);
        if (room != NULL) {
            room_recording_stop(room);
        }
        break;
    case EFFECT_SESSION_ENDED:
        hub_end_sessions(hub, effect);
        break;
    case EFFECT_COUNT_METRIC:
        break; /* counted by the dispatcher */
    }
}

void hub_effects(struct hub *hub, struct api_effect *effects)
{
    for (const struct api_effect *effect = effects; effect != NULL; effect = effect->next) {
        deliver(hub, effect);
    }
}

/* ---- life ---- */

static void media_ready(struct loop_task *task)
{
    struct hub *hub = (struct hub *)(void *)((char *)task - offsetof(struct hub, media_task));
    atomic_store(&hub->media_posted, false);
    room_media_events(hub);
}

static void recorder_ready(struct loop_task *task)
{
    struct hub *hub = (struct hub *)(void *)((char *)task - offsetof(struct hub, recorder_task));
    atomic_store(&hub->recorder_posted, false);
    room_recording_events(hub);
}

void hub_media_wake(void *context)
{
    struct hub *hub = context;
    if (!atomic_exchange(&hub->media_posted, true)) {
        loop_post(web_loop(hub->app->web), &hub->media_task);
    }
}

void hub_recorder_wake(void *context)
{
    struct hub *hub = context;
    if (!atomic_exchange(&hub->recorder_posted, true)) {
        loop_post(web_loop(hub->app->web), &hub->recorder_task);
    }
}

enum status hub_create(struct app *app, struct hub **out_hub)
{
    struct hub *hub = calloc(1, sizeof(*hub));
    size_t rooms = (size_t)config_values(app->config)->rooms_max;
    if (hub == NULL || (hub->by_media = calloc(rooms, sizeof(struct room *))) == NULL) {
        free(hub);
        return STATUS_NO_MEMORY;
    }
    hub->app = app;
    hub->media_task.run = media_ready;
    hub->recorder_task.run = recorder_ready;
    *out_hub = hub;
    return STATUS_OK;
}

void hub_close(struct hub *hub)
{
    if (hub != NULL) {
        hub->closing = true; /* an answer of the store may still bring a room.join */
    }
    while (hub != NULL && hub->rooms != NULL) {
        room_close(hub->rooms, "restart");
    }
}

void hub_destroy(struct hub *hub)
{
    if (hub == NULL) {
        return;
    }
    CHECK(hub->rooms == NULL);
    while (hub->recordings != NULL) {
        struct hub_recording *recording = hub->recordings;
        hub->recordings = recording->next;
        free(recording);
    }
    free(hub->by_media);
    free(hub);
}

json_t *hub_rooms_json(const struct hub *hub)
{
    json_t *rooms = json_array();
    for (const struct room *room = hub->rooms; room != NULL && rooms != NULL; room = room->next) {
        json_array_append_new(rooms, json_pack("{s:s, s:o, s:b}", "consultation",
                                               room->consultation, "seats", room_seats_json(room),
                                               "recording", room->recording != 0));
    }
    return rooms;
}

void hub_stats(const struct hub *hub, struct hub_stats *out_stats)
{
    *out_stats = hub->stats;
    for (const struct room *room = hub->rooms; room != NULL; room = room->next) {
        out_stats->rooms++;
        out_stats->recordings += room->recording != 0;
        for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
            out_stats->seats_live += room->seats[i].media == SEAT_MEDIA_LIVE;
        }
    }
}
