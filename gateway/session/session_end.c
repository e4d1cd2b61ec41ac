/* A session that is over (signed out, expired, disabled, displaced) holds nothing any more: its
 * WebSockets are told and closed, and the seats that it took are cut from the media plane. Media
 * outlive their WebSocket on purpose, for a lost link; so a seat remembers its session, and is
 * found here also when no WebSocket is left. */
#include "gateway/session/hub_internal.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <string.h>

/* By its token, or all of the account when the effect names no token. */
static bool is_of(const struct api_effect *effect, const char *token_hash, const char *account)
{
    const char *ended = json_string_value(json_object_get(effect->message, "token_hash"));
    return ended != NULL ? strcmp(token_hash, ended) == 0
                         : strcmp(account, effect->account_id) == 0;
}

static void end_conn(struct conn *conn, const char *reason)
{
    CHECK(conn->magic == CONN_MAGIC);
    conn->ended = true;
    conn_send(conn, json_pack("{s:s, s:s}", "type", "session.ended", "reason", reason));
    room_hang_up(conn);
    web_ws_close(conn->ws, 1008, "session ended");
}

static void cut_seats(struct room *room, const struct api_effect *effect, const char *reason)
{
    for (unsigned i = 0; i < MEDIA_PLACES_MAX; i++) {
        struct seat *seat = room_place(room, i);
        if (seat == NULL || seat->token_hash[0] == '\0' ||
            !is_of(effect, seat->token_hash, seat->account)) {
            continue;
        }
        log_info("seat_cut", "consultation=%s seat=%u reason=%s", room->consultation, i, reason);
        room_seat_cut(seat);
        room_send_state(room);
    }
}

void hub_end_sessions(struct hub *hub, const struct api_effect *effect)
{
    const char *reason = json_string_value(json_object_get(effect->message, "reason"));
    reason = reason == NULL ? "signed-out" : reason;
    for (unsigned i = 0; i < HUB_BUCKETS; i++) {
        struct conn *next;
        for (struct conn *conn = hub->by_id[i]; conn != NULL; conn = next) {
            next = conn->next_id;
            if (is_of(effect, conn->token_hash, conn->actor.account_id)) {
                end_conn(conn, reason);
            }
        }
    }
    for (struct room *room = hub->rooms; room != NULL; room = room->next) {
        cut_seats(room, effect, reason);
    }
}
