/* One call of /api/v1, as a transaction script in up to three parts:
 *   run     store thread, inside a transaction: who may, what is wanted, what changes;
 *   blob    optional, on a blob thread (files, image decoder) or a password thread (Argon2id): what
 * blocks, no SQL; finish  optional, store thread, a second transaction: what the blob part made
 * true. A status of 400 and above ends the call after the part that set it.
 *
 * T0 reads the request (gateway/web), finds the route, and posts a job; on the store thread the
 * actor is looked up from the session cookie, the CSRF token is checked for every method but GET
 * and HEAD, the role is checked against the route, and the route's function runs inside a
 * transaction. It reads call->body / call->params, writes call->status and call->reply, and lists
 * what others must learn as effects. A status of 400 and above rolls the transaction back, unless
 * keep_on_error is set (failed logins, refused playbacks are recorded too). The answer and the
 * effects leave T0 only after the commit is durable.
 *
 * All pointers in struct api_call are borrowed for the length of the call; reply is moved to the
 * caller. Store thread only. */
#ifndef GATEWAY_API_H
#define GATEWAY_API_H

#include "gateway/store/db.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role {
    ROLE_CLINICIAN = 1,
    ROLE_SPECIALIST = 2,
    ROLE_COORDINATOR = 4,
    ROLE_OPERATOR = 8,
    ROLE_ADMIN = 16,
    ROLE_APPROVER = 32,  /* medical affairs: approves what its institution asks for */
    ROLE_MANAGER = 64,   /* of partnerships: agreements, members, terms */
    ROLE_REVIEWER = 128, /* of quality: reads a sample afterwards */
    ROLE_REFERRALS = 256 /* the department that receives referred patients */
};
#define ROLE_LAST ROLE_REFERRALS
#define ROLE_ANY 511u  /* every signed-in account */
#define ROLE_PUBLIC 0u /* no session needed */

struct api_actor {
    char account_id[33];
    char organisation_id[33];
    char practitioner_id[33];
    char csrf_token[65];
    char language[8]; /* "zh-CN" or "en" */
    unsigned roles;   /* enum role, ORed */
};

#define API_PARAMS_MAX 3
#define API_QUERY_MAX 8

struct api_query_pair {
    const char *name; /* decoded */
    const char *value;
};

enum effect_kind {
    EFFECT_PUSH,      /* send `message` (a signalling message, proto/signal) to every connection of
                         `account_id` */
    EFFECT_PUSH_ROLE, /* ... of every connected account that holds a role of `roles` */
    EFFECT_CONSULTATION,    /* the consultation changed: push consultation.changed to all parties
                               (accounts in `message.accounts`) */
    EFFECT_ROOM_CLOSE,      /* `consultation_id`: end the room, stop its recording */
    EFFECT_SEAT_CLOSE,      /* the seat of account_id in the room of consultation_id is closed at
                               once; message: {"reason"} */
    EFFECT_RECORDING_START, /* both consents are there and the session runs; message:
                               {"recording_id","file","part"} */
    EFFECT_RECORDING_STOP,  /* consent withdrawn or session ended; within one second */
    EFFECT_SESSION_ENDED,   /* close every connection of the session whose token hash is
                               message.token_hash, or of account_id */
    EFFECT_COUNT_METRIC     /* message: {"metric": name, "labels": "..."}: counted in ops/metrics */
};

struct api_effect {
    enum effect_kind kind;
    char account_id[33];
    char consultation_id[33];
    unsigned roles;
    json_t *message; /* owned by the effect; may be NULL */
    struct api_effect *next;
};

struct api_config;   /* settings that scripts read; gateway/config */
struct api_services; /* gateway/app.h */

struct api_call {
    struct db *db;
    int64_t now_ms; /* UTC */
    const struct api_config *config;
    const struct api_actor *actor;      /* NULL on ROLE_PUBLIC routes without a session */
    const char *method;                 /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *params[API_PARAMS_MAX]; /* of the path pattern, decoded, NUL-terminated; ids are
                                           checked by api_id() */
    struct api_query_pair query[API_QUERY_MAX]; /* name NULL ends */
    const char *if_match;                       /* NULL when absent */
    const char *session_token_hash;             /* hex; NULL without a cookie */
    json_t *body;                               /* parsed; NULL when there is none */
    const uint8_t *raw; /* octets of a body that is not JSON (application/octet-stream) */
    size_t raw_len;
    const char *chunk_sha256;      /* header X-Chunk-SHA256; NULL when absent */
    const char *idempotency_key;   /* NULL when absent */
    const char *peer_address;      /* text, for throttling; never stored with patient data */
    struct api_services *services; /* signing keys, folders, image decoder ... (gateway/app.h) */
    void *data; /* of the parts, one to the next; freed by data_free at the end */
    void (*data_free)(void *data);

    int status;     /* HTTP; 200 unless set */
    json_t *reply;  /* moved out; NULL = no body */
    uint8_t *bytes; /* instead of reply: malloc'd body of content_type, moved out */
    size_t bytes_len;
    char file[256]; /* instead of both: path to send, with ranges and conditions; "" = none */
    char content_type[64]; /* of bytes or file */
    char set_cookie[256];  /* value of Set-Cookie; "" = none */
    int retry_after_s;     /* 0 = none */
    bool reusable; /* the browser may keep it if it asks again at each use, which costs a 304:
                      Cache-Control: private, no-cache; else no-store (decisions/003) */
    bool clear_site_data; /* what the browser kept goes: Clear-Site-Data, at the sign-out */
    char etag[40];        /* without quotes; empty = none */
    bool keep_on_error;
    struct api_effect *effects; /* in order of addition; moved out */
};

typedef void (*api_fn)(struct api_call *call);

enum api_body { API_BODY_NONE, API_BODY_JSON, API_BODY_OCTETS };
enum api_blob {
    API_BLOB_FILES,
    API_BLOB_IMAGES,
    API_BLOB_PASSWORD
}; /* which threads run the blob part */

struct api_route {
    const char *method;
    const char *pattern; /* "/api/v1/consultations/{id}/actions/{action}" */
    unsigned roles; /* who may call at all; relation to the object is checked in the function */
    enum api_body body;
    size_t body_max; /* octets */
    api_fn run;
    api_fn blob; /* NULL: none */
    enum api_blob blob_threads;
    api_fn finish; /* NULL: none */
};

/* Each domain module exports its table; the last row has method NULL. */
extern const struct api_route auth_routes[], directory_routes[], duty_routes[],
    partnership_routes[], consult_routes[], records_routes[], imaging_routes[], referral_routes[],
    document_routes[];

/* The problem answer (RFC 9457): status, code "rule.no-agreement" (stable, machine), sentences in
 * both languages, and optionally the field that is wrong (JSON pointer). Always returns false, so
 * `return api_problem(...)` reads well in bool helpers. */
bool api_problem(struct api_call *call, int status, const char *code, const char *zh,
                 const char *en, const char *field);
/* Database trouble -> 503 store.unavailable (STATUS_CONFLICT -> 409). Returns false. */
bool api_store_failed(struct api_call *call, enum status status);
/* Adds an effect; message is stolen. */
void api_effect_push(struct api_call *call, enum effect_kind kind, const char *account_id,
                     const char *consultation_id, json_t *message);
/* 32 lower-case hex digits. */
bool api_id(const char *text);
/* Fresh random id: 32 hex digits and NUL. */
void api_new_id(char out_id[33]);
/* Text member of the body: NULL when absent and not required. A wrong type, a missing required one
 * or a length beyond max_chars (Unicode code points) is answered with 422 and *ok = false. The text
 * is borrowed from the body. */
const char *api_body_text(struct api_call *call, const char *name, bool required, size_t max_chars,
                          bool *ok);
const char *api_query(const struct api_call *call, const char *name);

#endif
