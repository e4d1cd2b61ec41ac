/* The signalling hub: every WebSocket of consult.v1, and the rooms that running consultations have.
 * T0 only, except the two wake functions, which any thread may call.
 *
 * The hub holds no truth of its own: who may join, which seat and which state come from the store
 * (consult/consult_session.h); what it keeps is who is connected now, the shared view and the chat
 * of the running room, and the media figures. */
#ifndef GATEWAY_SESSION_HUB_H
#define GATEWAY_SESSION_HUB_H

#include "gateway/app.h"

struct hub;

/* The app outlives the hub; app->media and app->recorder may be set later, before the first
 * room.join. */
MUST_USE enum status hub_create(struct app *app, struct hub **out_hub);
/* First half of the end, after web_drain: closes all rooms, so that recordings end. Events are
 * still taken. NULL is fine. */
void hub_close(struct hub *hub);
/* Second half, when media, recorder and web are gone and nobody can wake the hub any more. NULL is
 * fine. */
void hub_destroy(struct hub *hub);

/* For struct web_handlers. */
void hub_ws_request(struct hub *hub, struct web_exchange *exchange);
void hub_ws_message(struct hub *hub, struct web_ws *ws, struct span text);
void hub_ws_closed(struct hub *hub, struct web_ws *ws);

/* media_config.wake and recorder_config.wake, with the hub as context: events are taken on T0 soon
 * afterwards. */
void hub_media_wake(void *hub);
void hub_recorder_wake(void *hub);

/* For /ops/overview: [{consultation, seats:[...], recording}]; the caller decrefs. */
json_t *hub_rooms_json(const struct hub *hub);

struct hub_stats {
    unsigned connections, accounts, rooms, seats_live, recordings;
    uint64_t messages_in, messages_out, messages_refused, offers_ok, offers_refused;
};
void hub_stats(const struct hub *hub, struct hub_stats *out_stats);

#endif
