/* The gateway's calls without sockets: an exchange that is filled by hand and answered into itself,
 * and worker queues that run when the test says so, batch by batch, on the test's own thread.
 * Include once; defines the functions of web.h, worker.h and hub.h that dispatch.c needs. */
#ifndef TESTS_UNIT_GATEWAY_FAKE_WEB_H
#define TESTS_UNIT_GATEWAY_FAKE_WEB_H

#include "gateway/app.h"
#include "gateway/dispatch.h"
#include "gateway/store/db_batch.h"
#include "tests/unit/test.h"

#include <strings.h>

struct web_exchange {
    struct web_request request;
    const char *headers[17]; /* name, value, ... NULL */
    int status;              /* 0 until answered */
    char content_type[64];
    char reply_headers[1024]; /* "Name: value\n" ... */
    char etag[64];
    json_t *body;
};

struct worker {
    struct job *first, **last;
    unsigned count, limit;
};

static struct worker fake_store, fake_pool;
static unsigned fake_effects; /* delivered to the hub */
static enum effect_kind fake_last_effect;

const struct web_request *web_exchange_request(const struct web_exchange *exchange)
{
    return &exchange->request;
}

const char *web_exchange_header(const struct web_exchange *exchange, const char *name)
{
    for (size_t i = 0; exchange->headers[i] != NULL; i += 2) {
        if (strcasecmp(exchange->headers[i], name) == 0) {
            return exchange->headers[i + 1];
        }
    }
    return NULL;
}

void web_reply(struct web_exchange *exchange, const struct web_reply *reply)
{
    EXPECT_INT(exchange->status, 0); /* answered once */
    exchange->status = reply->status;
    (void)snprintf(exchange->content_type, sizeof exchange->content_type, "%s",
                   reply->content_type != NULL ? reply->content_type : "");
    (void)snprintf(exchange->etag, sizeof exchange->etag, "%s",
                   reply->etag != NULL ? reply->etag : "");
    for (size_t i = 0; reply->headers != NULL && reply->headers[i] != NULL; i += 2) {
        size_t len = strlen(exchange->reply_headers);
        (void)snprintf(exchange->reply_headers + len, sizeof exchange->reply_headers - len,
                       "%s: %s\n", reply->headers[i], reply->headers[i + 1]);
    }
    exchange->body = reply->body_len > 0 ? json_loadb(reply->body, reply->body_len, 0, NULL) : NULL;
    if (reply->body_free != NULL) {
        reply->body_free((void *)(uintptr_t)reply->body);
    }
}

void hub_effects(struct hub *hub, struct api_effect *effects)
{
    (void)hub;
    for (; effects != NULL; effects = effects->next) {
        fake_effects += effects->kind != EFFECT_COUNT_METRIC;
        fake_last_effect = effects->kind;
    }
}

enum status worker_post(struct worker *worker, struct job *job)
{
    if (worker->count >= worker->limit) {
        return STATUS_FULL;
    }
    if (worker->count++ == 0) {
        worker->last = &worker->first;
    }
    job->next = NULL;
    *worker->last = job;
    worker->last = &job->next;
    return STATUS_OK;
}

static inline bool fake_turn(struct worker *worker, const struct worker_hooks *hooks, void *context)
{
    struct job *batch = worker->first;
    worker->first = NULL;
    worker->count = 0;
    if (batch == NULL) {
        return false;
    }
    if (hooks != NULL) {
        hooks->begin_batch(context);
    }
    for (struct job *job = batch; job != NULL; job = job->next) {
        job->run(job, context);
    }
    if (hooks != NULL) {
        hooks->end_batch(context);
    }
    while (batch != NULL) {
        struct job *job = batch;
        batch = job->next;
        job->done(job);
    }
    return true;
}

/* Until nothing is left to do. */
static inline void fake_run(struct db *db)
{
    while (fake_turn(&fake_store, &db_batch_hooks, db) || fake_turn(&fake_pool, NULL, NULL)) {
    }
}

static inline void fake_app(struct app *app)
{
    fake_store = (struct worker){.limit = 1000};
    fake_pool = (struct worker){.limit = 1000};
    *app = (struct app){.store = &fake_store,
                        .blob = &fake_pool,
                        .images = &fake_pool,
                        .password = &fake_pool,
                        .hub = (struct hub *)(void *)app};
}

#endif
