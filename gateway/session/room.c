/* A room is what a running consultation has in memory: seats and observers' places with the
 * connections that hold them, the shared view, the chat.
 *
 *   room.join ──store──> seat ──> present ──media.offer──> connecting ──> live <──> silent
 *                                    │ WebSocket closed; room.leave and the end of the session end
 *                                    │ the media, too
 *                                    v
 *                                 absent ──without media either──> consult_session_absent
 * (interrupted)
 *
 * Invariants: a seat has at most one connection; a connection is in at most one room; a room that
 * nobody is in for 15 minutes closes (the consultation's own timer has decided by then). */
#include "gateway/config/config.h"
#include "gateway/consult/consult_session.h"
#include "gateway/session/chat.h"
#include "gateway/session/hub_internal.h"
#include "gateway/session/message.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct room *room_find(const struct hub *hub, const char *consultation)
{
    struct room *room = hub->rooms;
    while (room != NULL && strcmp(room->consultation, consultation) != 0) {
        room = room->next;
    }
    return room;
}

struct room *room_by_media(const struct hub *hub, struct media_room media)
{
    CHECK(media.index < (uint32_t)config_values(hub->app->config)->rooms_max);
    struct room *room = hub->by_media[media.index];
    return room != NULL && room->media.generation == media.generation ? room : NULL;
}

struct seat *room_place(struct room *room, unsigned index)
{
    if (index < MEDIA_SEATS_MAX) {
        return &room->seats[index];
    }
    return room->observers == NULL || index >= MEDIA_PLACES_MAX
               ? NULL
               : &room->observers[index - MEDIA_SEATS_MAX];
}

bool room_observes(const struct conn *conn)
{
    return conn->room != NULL && conn->seat >= MEDIA_SEATS_MAX;
}

static struct loop *room_loop(const struct room *room)
{
    return web_loop(room->hub->app->web);
}

/* How long a seat may be empty before the consultation is told (setting interrupted_after_s). */
static int64_t absent_us(const struct room *room)
{
    return config_values(room->hub->app->config)->interrupted_after_s * 1000000;
}

static bool somebody_present(const struct room *room)
{
    for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
        if (room->seats[i].conn != NULL || room->seats[i].media == SEAT_MEDIA_LIVE) {
            return true;
        }
    }
    return false;
}

static void on_idle(struct loop_timer *timer)
{
    struct room *room = (struct room *)(void *)((char *)timer - offsetof(struct room, idle));
    CHECK(room->magic == ROOM_MAGIC);
    if (somebody_present(room)) {
        loop_timer_set(room_loop(room), &room->idle, ROOM_IDLE_CLOSE_US);
    } else {
        room_close(room, "technical");
    }
}

/* ---- absence ---- */

static void absence_noted(void *context, const struct api_call *call)
{
    (void)context;
    if (call->status >= 500) {
        log_warn("session_absent", "status=%d",
                 call->status); /* the consultation's timer still stands */
    }
}

static void on_absent(struct loop_timer *timer)
{
    struct seat *seat = (struct seat *)(void *)((char *)timer - offsetof(struct seat, absent));
    struct room *room = seat->room;
    json_t *body = json_pack("{s:s, s:s, s:i}", "consultation", room->consultation, "account",
                             seat->account, "seat", (int)seat->index);
    log_info("seat_absent", "consultation=%s seat=%u", room->consultation, (unsigned)seat->index);
    if (app_call(room->hub->app, NULL, consult_session_absent, body, absence_noted, NULL) !=
        STATUS_OK) {
        loop_timer_set(room_loop(room), timer, absent_us(room)); /* store busy: later */
    }
}

void room_seat_check(struct seat *seat)
{
    struct loop *loop = room_loop(seat->room);
    bool empty = seat->taken && seat->conn == NULL && seat->media != SEAT_MEDIA_LIVE;
    if (!empty) {
        loop_timer_cancel(loop, &seat->absent);
    } else if (!seat->absent_armed) {
        loop_timer_set(loop, &seat->absent, absent_us(seat->room));
    }
    seat->absent_armed = empty;
}

/* ---- what the parties are told ---- */

static json_t *party_json(const struct seat *seat, unsigned index)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:b, s:s}", "seat", (int)index, "account",
                     seat->account, "name_zh", seat->name_zh, "name_en", seat->name_en, "role",
                     seat->role, "present", seat->conn != NULL, "media",
                     seat_media_name(seat->media));
}

static int observers_present(const struct room *room)
{
    int count = 0;
    for (unsigned i = 0; room->observers != NULL && i < MEDIA_OBSERVERS_MAX; i++) {
        count += room->observers[i].conn != NULL;
    }
    return count;
}

/* An observer learns who is there; what is shown and written stays on stage (decisions/009). */
static json_t *state_json(const struct room *room, unsigned own_seat, bool with_chat)
{
    bool on_stage = own_seat < MEDIA_SEATS_MAX;
    json_t *parties = json_array();
    for (unsigned i = 0; i < MEDIA_SEATS_MAX && parties != NULL; i++) {
        if (room->seats[i].taken) {
            json_array_append_new(parties, party_json(&room->seats[i], i));
        }
    }
    json_t *state =
        json_pack("{s:s, s:s, s:i, s:o, s:b, s:i}", "type", "room.state", "consultation",
                  room->consultation, "seat", (int)own_seat, "parties", parties, "recording",
                  room->recording != 0, "observers", observers_present(room));
    if (state != NULL && on_stage && room->view != NULL) {
        json_object_set(state, "view", room->view);
    }
    if (state != NULL && on_stage && with_chat) {
        json_object_set(state, "chat", room->chat);
    }
    return state;
}

/* The joiner gets the chat, too. */
static void send_state(struct room *room, const struct conn *joiner)
{
    for (unsigned i = 0; i < MEDIA_PLACES_MAX; i++) {
        const struct seat *seat = room_place(room, i);
        if (seat != NULL && seat->conn != NULL) {
            conn_send(seat->conn, state_json(room, i, seat->conn == joiner));
        }
    }
}

void room_send_state(struct room *room)
{
    send_state(room, NULL);
}

void room_broadcast(struct room *room, const json_t *message, const struct conn *except)
{
    for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
        struct conn *conn = room->seats[i].conn;
        if (conn != NULL && conn != except) {
            conn_send_borrowed(conn, message);
        }
    }
}

/* ---- join ---- */

static void seats_init(struct room *room, struct seat *seats, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        seats[i].room = room;
        seats[i].index = (uint8_t)(first + i);
        seats[i].absent.run = on_absent;
    }
}

/* Places for observers; false: out of memory. */
static bool observers_open(struct room *room)
{
    if (room->observers == NULL) {
        room->observers = calloc(MEDIA_OBSERVERS_MAX, sizeof(*room->observers));
        if (room->observers != NULL) {
            seats_init(room, room->observers, MEDIA_SEATS_MAX, MEDIA_OBSERVERS_MAX);
        }
    }
    return room->observers != NULL;
}

static struct room *room_open(struct hub *hub, const char *consultation)
{
    struct room *room = hub->closing ? NULL : calloc(1, sizeof(*room));
    if (room == NULL || media_room_open(hub->app->media, &room->media) != STATUS_OK) {
        free(room);
        return NULL;
    }
    room->magic = ROOM_MAGIC;
    room->hub = hub;
    memcpy(room->consultation, consultation, strlen(consultation) + 1);
    room->chat = json_array();
    room->quality.run = room_quality_tick;
    room->idle.run = on_idle;
    seats_init(room, room->seats, 0, MEDIA_SEATS_MAX);
    room->next = hub->rooms;
    hub->rooms = room;
    hub->by_media[room->media.index] = room;
    loop_timer_set(room_loop(room), &room->quality, ROOM_QUALITY_US);
    loop_timer_set(room_loop(room), &room->idle, ROOM_IDLE_CLOSE_US);
    log_info("room_open", "consultation=%s", consultation);
    return room;
}

static void copy_text(char *buffer, size_t buffer_len, const char *text)
{
    (void)snprintf(buffer, buffer_len, "%s", text == NULL ? "" : text);
}

static void fill_seats(struct room *room, const json_t *parties)
{
    size_t index;
    const json_t *party;
    json_array_foreach(parties, index, party)
    {
        long long seat_index = message_int(party, "seat");
        CHECK(seat_index >= 0 && seat_index < MEDIA_PLACES_MAX); /* the store's own answer */
        struct seat *seat = room_place(room, (unsigned)seat_index);
        CHECK(seat != NULL); /* join_done() has made it */
        seat->taken = true;
        copy_text(seat->account, sizeof(seat->account), message_text(party, "account"));
        copy_text(seat->name_zh, sizeof(seat->name_zh), message_text(party, "name_zh"));
        copy_text(seat->name_en, sizeof(seat->name_en), message_text(party, "name_en"));
        copy_text(seat->role, sizeof(seat->role), message_text(party, "role"));
    }
}

/* Another tab or browser of the same person takes the seat over; the former one is told and closes
 * its connection. */
static void take_over(struct seat *seat, struct conn *conn)
{
    struct conn *former = seat->conn;
    if (former == NULL || former == conn) {
        return;
    }
    former->room = NULL;
    seat->conn = NULL;
    conn_send(former, json_pack("{s:s, s:s, s:s}", "type", "room.closed", "consultation",
                                seat->room->consultation, "reason", "taken-over"));
}

static void sit_down(struct room *room, struct conn *conn, unsigned seat_index, const char *device)
{
    if (conn->room != NULL && conn->room != room) {
        room_leave(conn);
    }
    struct seat *seat = room_place(room, seat_index);
    CHECK(seat != NULL);
    take_over(seat, conn);
    if (strcmp(seat->token_hash, conn->token_hash) != 0) {
        room_seat_cut(seat); /* the camera of another browser, which was left or signs out */
        memcpy(seat->token_hash, conn->token_hash, sizeof(seat->token_hash));
    }
    copy_text(conn->device, sizeof(conn->device), device);
    seat->conn = conn;
    conn->room = room;
    conn->seat = (uint8_t)seat_index;
    memset(seat->told, -1, sizeof(seat->told)); /* it may be another page */
    room_seat_check(seat);
    log_info("room_join", "consultation=%s seat=%u", room->consultation, seat_index);
    room_media_renegotiate(room, conn); /* before room.state, whose receiver makes its offer */
    send_state(room, conn);
    room_media_tell_slots(room);
}

struct join {
    struct hub *hub;
    uint64_t conn;
    char consultation[33];
    char device[65];
};

static void refuse_join(struct conn *conn, const struct api_call *call)
{
    const char *code = json_string_value(json_object_get(call->reply, "code"));
    const char *zh = json_string_value(json_object_get(call->reply, "detail_zh"));
    const char *en = json_string_value(json_object_get(call->reply, "detail_en"));
    conn_refuse(conn, code == NULL ? "store.unavailable" : code,
                zh == NULL ? "系统暂时不可用。" : zh, en == NULL ? "Temporarily unavailable." : en,
                "room.join");
}

static void join_done(void *context, const struct api_call *call)
{
    struct join *join = context;
    struct conn *conn = hub_find(join->hub, join->conn);
    if (conn == NULL || conn->ended) { /* meanwhile its WebSocket closed, or its session ended; the
                                          seat's absence was never interrupted */
        free(join);
        return;
    }
    if (call->status != 200) {
        refuse_join(conn, call);
        free(join);
        return;
    }
    struct room *room = room_find(join->hub, join->consultation);
    if (room == NULL) {
        room = room_open(join->hub, join->consultation);
    }
    unsigned place = (unsigned)message_int(call->reply, "seat");
    if (room == NULL || (place >= MEDIA_SEATS_MAX && !observers_open(room))) {
        conn_refuse(conn, "room.full", "会诊室已满，请稍后再试。",
                    "No room is free; try again soon.", "room.join");
        free(join);
        return;
    }
    fill_seats(room, json_object_get(call->reply, "parties"));
    sit_down(room, conn, place, join->device);
    const json_t *recording = json_object_get(call->reply, "recording");
    if (room->recording == 0 && json_is_object(recording)) {
        room_recording_start(room, message_text(recording, "recording_id"),
                             message_text(recording, "file"));
    }
    free(join);
}

void room_join_request(struct conn *conn, const json_t *message)
{
    struct join *join = calloc(1, sizeof(*join));
    if (join == NULL) {
        conn_refuse(conn, "overload", "系统繁忙，请稍后再试。", "Busy, try again soon.",
                    "room.join");
        return;
    }
    join->hub = conn->hub;
    join->conn = conn->id;
    copy_text(join->consultation, sizeof(join->consultation),
              message_text(message, "consultation"));
    copy_text(join->device, sizeof(join->device), message_text(message, "device"));
    json_t *body = json_pack("{s:s, s:s}", "consultation", join->consultation, "account",
                             conn->actor.account_id);
    if (app_call(conn->hub->app, &conn->actor, consult_session_join, body, join_done, join) !=
        STATUS_OK) {
        conn_refuse(conn, "overload", "系统繁忙，请稍后再试。", "Busy, try again soon.",
                    "room.join");
        free(join);
    }
}

/* ---- leave and close ---- */

void room_leave(struct conn *conn)
{
    struct room *room = conn->room;
    if (room == NULL) {
        return;
    }
    struct seat *seat = room_place(room, conn->seat);
    conn->room = NULL;
    if (seat == NULL || seat->conn != conn) {
        return;
    }
    seat->conn = NULL;
    log_info("room_leave", "consultation=%s seat=%u", room->consultation, (unsigned)conn->seat);
    room_seat_check(seat);
    room_send_state(room);
}

void room_seat_cut(struct seat *seat)
{
    struct room *room = seat->room;
    media_leave(room->hub->app->media, room->media, seat->index);
    seat->media = SEAT_MEDIA_NONE; /* the media plane reports nothing more of it */
    seat->has_stats = false;
    seat->token_hash[0] = '\0';
    room_seat_check(seat);
    room_media_tell_slots(room);
}

void room_seat_close(struct room *room, const char *account, const char *reason)
{
    for (unsigned i = 0; i < MEDIA_PLACES_MAX; i++) {
        struct seat *seat = room_place(room, i);
        if (seat == NULL || !seat->taken || strcmp(seat->account, account) != 0) {
            continue;
        }
        struct conn *conn = seat->conn;
        seat->conn = NULL;
        seat->taken = false;
        room_seat_cut(seat);
        seat->account[0] = '\0';
        if (conn != NULL) {
            conn->room = NULL;
            conn_send(conn, json_pack("{s:s, s:s, s:s}", "type", "room.closed", "consultation",
                                      room->consultation, "reason", reason));
        }
        log_info("seat_close", "consultation=%s seat=%u reason=%s", room->consultation, i, reason);
        room_send_state(room);
    }
}

void room_hang_up(struct conn *conn)
{
    struct room *room = conn->room;
    struct seat *seat = room == NULL ? NULL : room_place(room, conn->seat);
    if (seat != NULL && seat->conn == conn) {
        room_seat_cut(seat);
    }
    room_leave(conn);
}

void room_close(struct room *room, const char *reason)
{
    struct hub *hub = room->hub;
    room_recording_stop(room);
    for (unsigned i = 0; i < MEDIA_PLACES_MAX; i++) {
        struct seat *seat = room_place(room, i);
        struct conn *conn = seat == NULL ? NULL : seat->conn;
        if (seat != NULL) {
            loop_timer_cancel(room_loop(room), &seat->absent);
        }
        if (conn != NULL) {
            conn_send(conn, json_pack("{s:s, s:s, s:s}", "type", "room.closed", "consultation",
                                      room->consultation, "reason", reason));
            conn->room = NULL;
        }
    }
    loop_timer_cancel(room_loop(room), &room->quality);
    loop_timer_cancel(room_loop(room), &room->idle);
    media_room_close(hub->app->media, room->media);
    struct room **at = &hub->rooms;
    while (*at != room) {
        at = &(*at)->next;
    }
    *at = room->next;
    hub->by_media[room->media.index] = NULL;
    log_info("room_close", "consultation=%s reason=%s", room->consultation, reason);
    json_decref(room->view);
    json_decref(room->chat);
    free(room->observers);
    room->magic = 0;
    free(room);
}

/* ---- shared view and chat ---- */

void room_view_show(struct conn *conn, const json_t *message)
{
    struct room *room = conn->room;
    json_t *view = json_deep_copy(message);
    json_object_del(view, "type");
    json_object_del(view, "consultation");
    json_decref(room->view);
    room->view = view;
    json_t *shown = json_pack("{s:s, s:s, s:i, s:O}", "type", "view.shown", "consultation",
                              room->consultation, "seat", (int)conn->seat, "view", view);
    room_broadcast(room, shown, conn);
    json_decref(shown);
}

void room_chat_say(struct conn *conn, const json_t *message)
{
    struct room *room = conn->room;
    json_t *said = json_pack("{s:i, s:s, s:I}", "seat", (int)conn->seat, "text",
                             message_text(message, "text"), "at_ms", (json_int_t)clock_wall_ms());
    chat_add(room->chat, said);
    json_t *push = json_deep_copy(said);
    json_object_set_new(push, "type", json_string("chat.said"));
    json_object_set_new(push, "consultation", json_string(room->consultation));
    room_broadcast(room, push, NULL);
    json_decref(push);
    json_decref(said);
}
