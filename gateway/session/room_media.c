/* SDP between the browsers and the media plane, and the media plane's events as the parties and the
 * operator see them. */
#include "gateway/ops/legs.h"
#include "gateway/session/hub_internal.h"
#include "gateway/session/message.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 65536u /* octets; an answer for six parties has some 12,000 */

const char *seat_media_name(enum seat_media media)
{
    static const char *const names[] = {"none", "connecting", "live", "silent"};
    CHECK((size_t)media < sizeof(names) / sizeof(names[0]));
    return names[media];
}

/* ---- offer and answer ---- */

/* Each offer costs a parse here and, at the worker that other rooms share, a connection with its
 * DTLS and its cache. A browser makes one when it joins, when parties come, and each few seconds on
 * a line that carries no media: ten at once and one a second after that. Kept with the seat, so
 * that a new WebSocket is no way around it. */
#define OFFERS_AT_ONCE 10
#define OFFER_INTERVAL_US 1000000

static bool offer_allowed(struct seat *seat, int64_t now_us)
{
    int64_t more = (now_us - seat->offers_us) / OFFER_INTERVAL_US;
    if (seat->offers_us == 0 || more >= OFFERS_AT_ONCE - (int64_t)seat->offers_left) {
        seat->offers_left = OFFERS_AT_ONCE;
        seat->offers_us = now_us;
    } else {
        seat->offers_left += (unsigned)more;
        seat->offers_us += more * OFFER_INTERVAL_US;
    }
    if (seat->offers_left == 0) {
        return false;
    }
    seat->offers_left--;
    return true;
}

static void send_offer_error(struct conn *conn, const json_t *message, enum status status,
                             const char *text)
{
    const char *code = "media.offer-refused";
    const char *zh = "浏览器的音视频参数不被支持。";
    if (status == STATUS_FULL) {
        code = "media.full";
        zh = "音视频通道已满，请稍后再试。";
    } else if (status == STATUS_REFUSED) {
        code = "media.too-often";
        zh = "音视频重连过于频繁，请稍后再试。";
    }
    json_t *error =
        message_error(code, zh, text == NULL ? status_text(status) : text, "media.offer");
    if (error != NULL) {
        json_object_set(error, "seq", json_object_get(message, "seq"));
    }
    conn->hub->stats.offers_refused++;
    log_info("offer_refused", "consultation=%s seat=%u status=%s", conn->room->consultation,
             (unsigned)conn->seat, status_name(status));
    conn_send(conn, error);
}

static json_t *slots_json(const struct media_slot *slots)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < MEDIA_SEATS_MAX && array != NULL; i++) {
        json_array_append_new(array, json_integer(slots[i].seat));
    }
    return array;
}

/* True: other than before. */
static bool remember_slots(struct seat *seat, const struct media_slot *slots)
{
    bool changed = false;
    for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
        changed = changed || seat->told[i] != slots[i].seat;
        seat->told[i] = slots[i].seat;
    }
    return changed;
}

void room_media_offer(struct conn *conn, const json_t *message)
{
    struct room *room = conn->room;
    const char *sdp = message_text(message, "sdp");
    struct media_slot slots[MEDIA_SEATS_MAX];
    const char *problem = NULL;
    struct seat *seat = room_place(room, conn->seat);
    CHECK(seat != NULL);
    if (!offer_allowed(seat, loop_now_us(web_loop(conn->hub->app->web)))) {
        send_offer_error(conn, message, STATUS_REFUSED, "Too many offers: wait a second.");
        return;
    }
    char *buffer = malloc(ANSWER_MAX);
    if (buffer == NULL) {
        send_offer_error(conn, message, STATUS_NO_MEMORY, NULL);
        return;
    }
    struct writer answer = writer_of(buffer, ANSWER_MAX);
    enum status status = media_offer(conn->hub->app->media, room->media, conn->seat, span_text(sdp),
                                     &answer, slots, &problem);
    if (status != STATUS_OK) {
        send_offer_error(conn, message, status, problem);
        free(buffer);
        return;
    }
    struct span text = writer_span(&answer);
    conn->hub->stats.offers_ok++;
    if (seat->media == SEAT_MEDIA_NONE) {
        seat->media = SEAT_MEDIA_CONNECTING;
    }
    conn_send(conn, json_pack("{s:s, s:s, s:s#, s:O, s:o}", "type", "media.answer", "consultation",
                              room->consultation, "sdp", (const char *)text.data, (int)text.len,
                              "seq", json_object_get(message, "seq"), "slots", slots_json(slots)));
    free(buffer);
    remember_slots(seat, slots);
    room_media_tell_slots(room);
}

void room_media_tell_slots(struct room *room)
{
    for (unsigned i = 0; i < MEDIA_PLACES_MAX; i++) {
        struct seat *seat = room_place(room, i);
        struct media_slot slots[MEDIA_SEATS_MAX];
        if (seat == NULL || seat->conn == NULL ||
            media_slots(room->hub->app->media, room->media, (uint8_t)i, slots) == 0 ||
            !remember_slots(seat, slots)) {
            continue;
        }
        conn_send(seat->conn, json_pack("{s:s, s:s, s:o}", "type", "media.slots", "consultation",
                                        room->consultation, "slots", slots_json(slots)));
    }
}

/* One slot for each seat that is taken, but the own one; one at least, which every offer has. */
static unsigned slots_wanted(const struct room *room, const struct seat *seat)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
        taken += room->seats[i].taken && &room->seats[i] != seat ? 1 : 0;
    }
    return taken > 1 ? taken : 1;
}

void room_media_renegotiate(struct room *room, const struct conn *joiner)
{
    for (unsigned i = 0; i < MEDIA_PLACES_MAX; i++) {
        struct seat *seat = room_place(room, i);
        struct media_slot shown[MEDIA_SEATS_MAX];
        if (seat == NULL || seat->conn == NULL) {
            continue;
        }
        unsigned slots = slots_wanted(room, seat);
        if (slots > 1 && (seat->conn == joiner || media_slots(room->hub->app->media, room->media,
                                                              (uint8_t)i, shown) < slots)) {
            conn_send(seat->conn,
                      json_pack("{s:s, s:s, s:i}", "type", "media.renegotiate", "consultation",
                                room->consultation, "slots", (int)slots));
        }
    }
}

/* ---- events ---- */

static void set_media(struct seat *seat, enum seat_media media)
{
    if (seat->media != media) {
        seat->media = media;
        room_seat_check(seat);
        if (seat->index < MEDIA_SEATS_MAX) { /* nobody is told of an observer's */
            room_send_state(seat->room);
        }
    }
}

static void on_gone(struct seat *seat, const struct media_event *event)
{
    const char *reason = event->reason == NULL ? "gone" : event->reason;
    log_info("media_gone", "consultation=%s seat=%u reason=%s", seat->room->consultation,
             (unsigned)event->seat, reason);
    seat->has_stats = false;
    set_media(seat, SEAT_MEDIA_NONE);
    room_media_tell_slots(seat->room);
    if (seat->conn != NULL) {
        conn_send(seat->conn, json_pack("{s:s, s:s, s:s}", "type", "media.reset", "consultation",
                                        seat->room->consultation, "reason", reason));
    }
}

static void on_event(struct hub *hub, const struct media_event *event)
{
    struct room *room = room_by_media(hub, event->room);
    struct seat *seat = room == NULL ? NULL : room_place(room, event->seat);
    if (seat == NULL) {
        return; /* the room closed while the event was on its way */
    }
    switch (event->type) {
    case MEDIA_SEAT_CONNECTED:
        log_info("media_connected", "consultation=%s seat=%u profile=%s", room->consultation,
                 (unsigned)event->seat, event->srtp_profile == NULL ? "" : event->srtp_profile);
        set_media(seat, SEAT_MEDIA_CONNECTING);
        break;
    case MEDIA_SEAT_LIVE:
        set_media(seat, SEAT_MEDIA_LIVE);
        break;
    case MEDIA_SEAT_SILENT:
        set_media(seat, SEAT_MEDIA_SILENT);
        break;
    case MEDIA_SEAT_GONE:
        on_gone(seat, event);
        break;
    case MEDIA_STATS:
        seat->stats = *event;
        seat->has_stats = true;
        break;
    }
}

void room_media_events(struct hub *hub)
{
    struct media_event event;
    while (media_poll(hub->app->media, &event)) {
        if (hub->app->legs != NULL) {
            legs_event(hub->app->legs, &event);
        }
        on_event(hub, &event);
    }
}

/* ---- figures ---- */

static json_t *leg_json(const struct media_stream_stats *leg)
{
    uint32_t loss =
        leg[0].loss_permille > leg[1].loss_permille ? leg[0].loss_permille : leg[1].loss_permille;
    uint32_t rtt_us = leg[0].rtt_us > 0 ? leg[0].rtt_us : leg[1].rtt_us;
    return json_pack("{s:i, s:i, s:i, s:i, s:i}", "loss_permille", (int)loss, "rtt_ms",
                     (int)(rtt_us / 1000), "jitter_ms", (int)(leg[0].jitter_us / 1000), "audio_bps",
                     (int)leg[0].bitrate_bps, "video_bps", (int)leg[1].bitrate_bps);
}

json_t *room_seats_json(const struct room *room)
{
    json_t *seats = json_array();
    for (unsigned i = 0; i < MEDIA_SEATS_MAX && seats != NULL; i++) {
        const struct seat *seat = &room->seats[i];
        if (!seat->taken || !seat->has_stats) {
            continue;
        }
        json_array_append_new(
            seats, json_pack("{s:i, s:o, s:o, s:s}", "seat", (int)i, "up", leg_json(seat->stats.up),
                             "down", leg_json(seat->stats.down), "transport",
                             seat->stats.transport == NULL ? "" : seat->stats.transport));
    }
    return seats;
}

void room_quality_tick(struct loop_timer *timer)
{
    struct room *room = (struct room *)(void *)((char *)timer - offsetof(struct room, quality));
    CHECK(room->magic == ROOM_MAGIC);
    json_t *message = json_pack("{s:s, s:s, s:o}", "type", "quality", "consultation",
                                room->consultation, "seats", room_seats_json(room));
    size_t index;
    json_t *seat;
    json_array_foreach(json_object_get(message, "seats"), index, seat)
    {
        json_object_del(seat, "transport"); /* for the operator only */
    }
    room_broadcast(room, message, NULL);
    json_decref(message);
    loop_timer_set(web_loop(room->hub->app->web), timer, ROOM_QUALITY_US);
}

void room_quality_report(struct conn *conn, const json_t *message)
{
    int64_t now_us = loop_now_us(web_loop(conn->hub->app->web));
    if (conn->quality_us != 0 && now_us - conn->quality_us < ROOM_QUALITY_US / 2) {
        return; /* more often than anybody looks: dropped, not worth a refusal */
    }
    conn->quality_us = now_us;
    long long freeze_ms = message_int(message, "freeze_ms");
    if (freeze_ms > 1000) {
        log_info("client_freeze", "consultation=%s seat=%u freeze_ms=%lld",
                 conn->room->consultation, (unsigned)conn->seat, freeze_ms);
    }
}
