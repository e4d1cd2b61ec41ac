#include "gateway/dispatch_call.h"

#include "gateway/auth/auth.h"
#include "media/rt/clock.h"
#include "proto/base/check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dispatch_effects_free(struct api_effect *effects)
{
    while (effects != NULL) {
        struct api_effect *next = effects->next;
        json_decref(effects->message);
        free(effects);
        effects = next;
    }
}

/* What was undone must reach nobody; counts are of what was tried and stay. */
static void keep_counts_only(struct api_call *call)
{
    struct api_effect **link = &call->effects;
    while (*link != NULL) {
        struct api_effect *effect = *link;
        if (effect->kind == EFFECT_COUNT_METRIC) {
            link = &effect->next;
            continue;
        }
        *link = effect->next;
        effect->next = NULL;
        dispatch_effects_free(effect);
    }
}

static bool safe_method(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* ---- who is it ---- */

static bool find_actor(struct dispatch_call *d)
{
    struct api_call *call = &d->call;
    if (d->token_hash[0] == '\0') {
        return true;
    }
    enum status status =
        auth_actor_load(call->db, d->token_hash, call->now_ms, call->config, &d->actor);
    if (status == STATUS_OK) {
        call->actor = &d->actor;
        call->session_token_hash = d->token_hash;
        return true;
    }
    return status == STATUS_NONE || api_store_failed(call, status);
}

static bool csrf_right(const struct dispatch_call *d)
{
    return strlen(d->csrf_token) == sizeof d->csrf_token - 1 &&
           strlen(d->actor.csrf_token) == sizeof d->csrf_token - 1 &&
           sodium_memcmp(d->csrf_token, d->actor.csrf_token, sizeof d->csrf_token - 1) == 0;
}

static bool admit(struct dispatch_call *d)
{
    struct api_call *call = &d->call;
    if (d->route == NULL) {
        return true;
    }
    if (!find_actor(d)) {
        return false;
    }
    if (d->route->roles == ROLE_PUBLIC) {
        return true;
    }
    if (call->actor == NULL) {
        return api_problem(call, 401, "session.required", "请先登录。", "Sign in first.", NULL);
    }
    if (!safe_method(call->method) && !csrf_right(d)) {
        return api_problem(call, 403, "session.csrf", "页面已过期，请刷新后重试。",
                           "The page is out of date: reload it and try again.", NULL);
    }
    if ((d->actor.roles & d->route->roles) == 0) {
        return api_problem(call, 403, "session.role", "您的角色无权进行此操作。",
                           "Your role does not allow this.", NULL);
    }
    return true;
}

/* ---- Idempotency-Key ---- */

static bool has_key(const struct dispatch_call *d)
{
    return d->idempotency_key[0] != '\0' && d->call.actor != NULL;
}

/* True: go on. False: answered, from the earlier call or with a problem. */
static bool look_up_key(struct dispatch_call *d)
{
    struct api_call *call = &d->call;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT request_sha256, status, reply, etag FROM idempotency WHERE "
                   "account_id=$1 AND idempotency_key=$2");
    db_bind_text(&q, d->actor.account_id);
    db_bind_text(&q, d->idempotency_key);
    bool found = db_next(&q);
    bool same = found && strcmp(db_text(&q, 0), d->request_sha256) == 0;
    if (same) {
        call->status = (int)db_int(&q, 1);
        const char *reply = db_text(&q, 2);
        call->reply = reply[0] != '\0' ? json_loads(reply, 0, NULL) : NULL;
        (void)snprintf(call->etag, sizeof call->etag, "%s", db_text(&q, 3));
        d->replayed = true;
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (found && !same) {
        return api_problem(call, 422, "request.idempotency-reused",
                           "该 Idempotency-Key 已用于另一请求。",
                           "This Idempotency-Key was used for another request.", NULL);
    }
    return !found;
}

static void store_key(struct dispatch_call *d)
{
    struct api_call *call = &d->call;
    if (call->bytes != NULL || call->file[0] != '\0' || call->set_cookie[0] != '\0') {
        return; /* nothing that may be kept */
    }
    char *reply = call->reply != NULL ? json_dumps(call->reply, JSON_COMPACT) : NULL;
    enum status status =
        call->reply != NULL && reply == NULL
            ? STATUS_NO_MEMORY
            : db_run(call->db,
                     "INSERT INTO idempotency (account_id, idempotency_key, request_sha256, "
                     "status, reply, etag,"
                     " at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                     "sssissi", d->actor.account_id, d->idempotency_key, d->request_sha256,
                     (int64_t)call->status, reply != NULL ? reply : "", call->etag, call->now_ms);
    free(reply);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    }
}

/* ---- a part ---- */

static void run_part(struct dispatch_call *d, api_fn part, bool first, bool last)
{
    struct api_call *call = &d->call;
    if (first && !admit(d)) {
        return;
    }
    if (first && has_key(d) && !look_up_key(d)) {
        return;
    }
    part(call);
    if (last && call->status < 400 && has_key(d)) {
        store_key(d);
    }
}

void dispatch_call_part(struct dispatch_call *d, struct db *db, api_fn part, bool first, bool last)
{
    struct api_call *call = &d->call;
    call->db = db;
    call->now_ms = clock_wall_ms();
    call->keep_on_error = false;
    enum status status = db_batch_join(db, &d->item);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    run_part(d, part, first, last);
    call->db = NULL;
    bool kept = false;
    if (call->status < 400 || call->keep_on_error) {
        status = db_batch_keep(db);
        kept = status == STATUS_OK;
        if (!kept) {
            (void)api_store_failed(call, status);
        }
    } else {
        db_batch_undo(db);
    }
    if (!kept) {
        keep_counts_only(call);
    }
}

void dispatch_call_settle(struct dispatch_call *d)
{
    struct api_call *call = &d->call;
    CHECK(d->item.status != STATUS_NONE); /* the batch is over */
    if (d->item.status == STATUS_OK) {
        return;
    }
    keep_counts_only(call);
    call->set_cookie[0] = '\0';
    (void)api_store_failed(call, d->item.status);
}
