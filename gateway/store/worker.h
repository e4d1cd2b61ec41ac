/* A thread with a bounded queue of jobs: the store thread (SQL), the password threads (Argon2id),
 * the blob thread (files). A job runs on the worker, then its done() runs on T0 through loop_post.
 * Full means: worker_post() refuses with STATUS_FULL and the caller answers 503. */
#ifndef GATEWAY_STORE_WORKER_H
#define GATEWAY_STORE_WORKER_H

#include "gateway/web/loop.h"

struct worker;

struct job {
    void (*run)(struct job *job,
                void *context);    /* on the worker; context as given to worker_create */
    void (*done)(struct job *job); /* on T0; owns the job's memory from here on */
    struct loop_task task;         /* internal */
    struct job *next;              /* internal */
};

struct worker_hooks {
    /* Run on the worker around each batch of jobs taken at once (group commit). end_batch runs
     * before any done() of the batch: what it makes durable is durable when a done() sees it.
     * Either may be NULL. */
    void (*begin_batch)(void *context);
    void (*end_batch)(void *context);
};

/* name: shown in ps and top, at most 15 characters. threads >= 1 (hooks need exactly 1). */
MUST_USE enum status worker_create(const char *name, unsigned threads, unsigned queue_limit,
                                   struct loop *loop, const struct worker_hooks *hooks,
                                   void *context, struct worker **out_worker);
/* T0. Takes the job, or leaves it with the caller (STATUS_FULL, STATUS_CLOSED). */
MUST_USE enum status worker_post(struct worker *worker, struct job *job);
unsigned worker_depth(struct worker *worker); /* jobs waiting or running; any thread */
/* Runs what is queued, then ends the threads. done() of those jobs still needs the loop to turn. */
void worker_destroy(struct worker *worker);

#endif
