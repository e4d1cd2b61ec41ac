/* The hub's own structures, shared by hub.c (connections), room.c (seats, shared view, chat),
 * room_media.c (SDP, figures) and room_recording.c. T0 only; nothing outside gateway/session
 * includes this. */
#ifndef GATEWAY_SESSION_HUB_INTERNAL_H
#define GATEWAY_SESSION_HUB_INTERNAL_H

#include "gateway/session/hub.h"
#include "media/media.h"

#include <stdatomic.h>

#define HUB_BUCKETS 4096u       /* 10,000 connections: chains of two or three */
#define ROOM_QUALITY_US 2000000 /* figures to the parties each 2 s */
#define ROOM_IDLE_CLOSE_US                                                                         \
    900000000 /* nobody in it for 15 min: the consultation's own timer has decided by then */

#define CONN_MAGIC 0x434f4e4eu /* "CONN" */
#define ROOM_MAGIC 0x524f4f4du /* "ROOM" */

struct room;

struct conn {
    uint32_t magic;
    uint64_t id; /* never used again; late answers find their connection by it */
    struct hub *hub;
    struct web_ws *ws;
    struct api_actor actor;
    char token_hash[65];
    bool greeted; /* hello was accepted */
    bool ended;   /* its session is over: answers that are still on their way seat it no more */
    struct room *room; /* NULL while in none */
    uint8_t seat;
    char device[65];
    int64_t quality_us; /* of the last quality.report */
    struct conn *next_id, *next_account;
};

enum seat_media { SEAT_MEDIA_NONE, SEAT_MEDIA_CONNECTING, SEAT_MEDIA_LIVE, SEAT_MEDIA_SILENT };

struct seat {
    bool taken;
    uint8_t index; /* 0..5: on stage; 6..29: an observer's place */
    char account[33];
    char token_hash[65]; /* the session that sat here last: its media may outlive its WebSocket, but
                            not the session */
    char name_zh[128], name_en[128], role[16];
    struct conn *conn; /* NULL while its browser is away */
    enum seat_media media;
    bool has_stats;
    struct media_event stats;
    unsigned offers_left; /* offer_allowed() */
    int64_t offers_us;
    struct loop_timer absent;
    bool absent_armed;
    int8_t told[MEDIA_SEATS_MAX]; /* media.slots, or the answer, as its browser knows it last */
    struct room *room;            /* back, for the timer */
};

struct room {
    uint32_t magic;
    struct hub *hub;
    char consultation[33];
    struct media_room media;
    struct seat seats[MEDIA_SEATS_MAX];
    struct seat *observers; /* MEDIA_OBSERVERS_MAX, made for the first one: 22 kB; NULL: none yet */
    json_t *view;           /* last view.show without type and consultation; NULL */
    json_t *chat;           /* array */
    uint32_t recording;     /* recorder's handle; 0 while none is written */
    char recording_id[33];
    struct loop_timer quality, idle;
    struct room *next;
};

/* A recording whose end the recorder has not reported yet; outlives its room. */
struct hub_recording {
    uint32_t handle;
    char recording_id[33], consultation[33];
    struct hub_recording *next;
};

struct hub {
    struct app *app;
    struct conn *by_id[HUB_BUCKETS], *by_account[HUB_BUCKETS];
    struct room *rooms;
    struct room **by_media; /* media room's index -> room, rooms_max of them; NULL: none */
    struct hub_recording *recordings;
    uint64_t next_conn_id;
    bool closing; /* no room opens any more */
    struct loop_task media_task, recorder_task;
    _Atomic bool media_posted, recorder_posted;
    struct hub_stats stats;
};

/* hub.c */
void conn_send(struct conn *conn, json_t *message); /* steals message */
void conn_send_borrowed(struct conn *conn, const json_t *message);
void conn_refuse(struct conn *conn, const char *code, const char *zh, const char *en,
                 const char *to);
struct conn *hub_find(const struct hub *hub, uint64_t id);
void hub_push_account(struct hub *hub, const char *account, const json_t *message);

/* session_end.c: everything that a session holds ends with it (EFFECT_SESSION_ENDED) */
void hub_end_sessions(struct hub *hub, const struct api_effect *effect);

/* room.c */
struct room *room_find(const struct hub *hub, const char *consultation);
struct room *room_by_media(const struct hub *hub, struct media_room media);
/* The seat or observer's place; NULL: nobody has observed yet, or there is no such place. */
struct seat *room_place(struct room *room, unsigned index);
bool room_observes(const struct conn *conn); /* it is in a room, and not on its stage */
void room_join_request(struct conn *conn, const json_t *message);
void room_leave(struct conn *conn);    /* its WebSocket closed; the media may go on (a lost link) */
void room_hang_up(struct conn *conn);  /* ... and its media end with it */
void room_seat_cut(struct seat *seat); /* nothing is sent to or taken from this seat any more, until
                                          it offers anew */
/* The account is no party any more: told, cut, and its seat is free. */
void room_seat_close(struct room *room, const char *account, const char *reason);
void room_close(struct room *room, const char *reason);
/* To those on stage: what is said, shown and measured is not for observers. */
void room_broadcast(struct room *room, const json_t *message, const struct conn *except);
/* To all, observers too. */
void room_send_state(struct room *room);
void room_seat_check(struct seat *seat); /* starts or stops the absence timer */
void room_view_show(struct conn *conn, const json_t *message);
void room_chat_say(struct conn *conn, const json_t *message);

/* room_media.c */
void room_media_offer(struct conn *conn, const json_t *message);
void room_media_events(struct hub *hub);
/* Asks those whose offers have too few receive slots for a further one; `joiner`, who has just
 * taken a seat, in any case. */
void room_media_renegotiate(struct room *room, const struct conn *joiner);
/* media.slots to whoever receives other seats than it was told last. */
void room_media_tell_slots(struct room *room);
void room_quality_report(struct conn *conn, const json_t *message);
void room_quality_tick(struct loop_timer *timer);
json_t *room_seats_json(const struct room *room);
const char *seat_media_name(enum seat_media media);

/* room_recording.c */
void room_recording_start(struct room *room, const char *recording_id, const char *file);
void room_recording_stop(struct room *room);
void room_recording_events(struct hub *hub);

#endif
