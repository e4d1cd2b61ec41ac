/* What the parts of the running gateway share. One struct per process, made by main, read by all;
 * the members are set once at start and are each other's by pointer only. */
#ifndef GATEWAY_APP_H
#define GATEWAY_APP_H

#include "gateway/api.h"
#include "gateway/web/web.h"

struct config;   /* gateway/config */
struct worker;   /* gateway/store/worker.h */
struct media;    /* media/media.h */
struct recorder; /* media/recording/recorder.h */
struct imaging;  /* media/imaging/imaging.h */
struct metrics;  /* gateway/ops/metrics.h */
struct hub;      /* gateway/session/hub.h */
struct legs;     /* gateway/ops/legs.h */

/* What transaction scripts may use besides the database. Any thread; each member is safe for the
 * threads named. */
struct api_services {
    const char *data_folder; /* blobs/, recordings/, keys/, uploads/ lie below */
    struct imaging *imaging; /* blob and image threads */
    struct metrics *metrics; /* any thread */
    /* Signs with the institution's Ed25519 key (keys/ORGANISATION_ID.key, made at import;
     * libsodium). Store thread. */
    enum status (*sign)(void *context, const char *organisation_id, const void *message, size_t len,
                        char out_signature_hex[129], char out_public_key_hex[65]);
    /* The same for a person, by keys/account-ACCOUNT_ID.key: its public half (make: a missing key
     * is made), and a signature. Store thread. */
    enum status (*person_key)(void *context, const char *account_id, bool make,
                              char out_public_key_hex[65]);
    enum status (*sign_person)(void *context, const char *account_id, const void *message,
                               size_t len, char out_signature_hex[129]);
    void *sign_context; /* of the three */
    uint64_t epoch;     /* of this process; random */
    int64_t started_ms;
};

struct app {
    const struct config *config;
    struct web *web;
    struct worker *store; /* context: struct db * */
    struct worker *blob, *password;
    struct worker *images; /* wait for the decoders: many who look at images hold up no upload */
    struct media *media;
    struct recorder *recorder;
    struct hub *hub;
    struct metrics *metrics;
    struct legs *legs; /* given every media event by the hub; NULL: no figures */
    struct api_services services;
};

/* Runs a route's function for somebody who is no HTTP request (timers, the signalling hub): posts
 * to the store; done on T0 with the finished call (reply, effects already handed to the hub). Actor
 * may be NULL for the system. Takes body. */
typedef void (*app_done)(void *context, const struct api_call *call);
MUST_USE enum status app_call(struct app *app, const struct api_actor *actor, api_fn run,
                              json_t *body, app_done done, void *context);
/* Routes an HTTP exchange under /api/v1 (gateway/dispatch.c). */
void app_request(struct app *app, struct web_exchange *exchange);
long app_body_limit(struct app *app, const struct web_request *request);
/* After a commit: delivers what a call wants others to learn. T0. Implemented by the hub
 * (gateway/session). */
void hub_effects(struct hub *hub, struct api_effect *effects);

#endif
