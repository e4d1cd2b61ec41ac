#include "gateway/store/worker.h"

#include "media/rt/log.h"
#include "proto/base/check.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX 64
#define NAME_MAX_LEN 15 /* pthread_setname_np: 16 with the NUL */
#define BATCH_MAX 128   /* jobs of one group commit: bounds how long the first of them waits */

/* Jobs wait in a list under one lock; the threads sleep on `wake`. A job is counted in `depth` from
 * worker_post() until its done() has been posted. */
struct worker {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *first, **last;
    unsigned depth, queue_limit;
    bool closing;
    struct loop *loop;
    struct worker_hooks hooks;
    void *context;
    char name[NAME_MAX_LEN + 1];
    unsigned thread_count; /* started; the creating thread's */
    pthread_t threads[THREADS_MAX];
};

static void job_finished(struct loop_task *task)
{
    struct job *job = (struct job *)(void *)((char *)task - offsetof(struct job, task));
    job->done(job);
}

/* Waits for work; NULL when the worker closes and nothing is left. */
static struct job *take_batch(struct worker *worker, unsigned max)
{
    (void)pthread_mutex_lock(&worker->lock);
    while (worker->first == NULL && !worker->closing) {
        (void)pthread_cond_wait(&worker->wake, &worker->lock);
    }
    struct job *batch = worker->first;
    struct job **end = &worker->first;
    for (unsigned i = 0; i < max && *end != NULL; i++) {
        end = &(*end)->next;
    }
    struct job *rest = *end;
    *end = NULL;
    worker->first = rest;
    if (rest == NULL) {
        worker->last = &worker->first;
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return batch;
}

static void finish_batch(struct worker *worker, struct job *batch)
{
    unsigned count = 0;
    while (batch != NULL) {
        struct job *job = batch;
        batch = job->next; /* read first: done() may free the job */
        job->next = NULL;
        job->task.run = job_finished;
        loop_post(worker->loop, &job->task);
        count++;
    }
    (void)pthread_mutex_lock(&worker->lock);
    CHECK(worker->depth >= count);
    worker->depth -= count;
    (void)pthread_mutex_unlock(&worker->lock);
}

static void run_batch(struct worker *worker, struct job *batch)
{
    if (worker->hooks.begin_batch != NULL) {
        worker->hooks.begin_batch(worker->context);
    }
    for (struct job *job = batch; job != NULL; job = job->next) {
        job->run(job, worker->context);
    }
    if (worker->hooks.end_batch != NULL) {
        worker->hooks.end_batch(worker->context);
    }
    finish_batch(worker, batch);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    /* Without hooks there is nothing to share: each answer leaves as soon as it is there. */
    bool batches = worker->hooks.begin_batch != NULL || worker->hooks.end_batch != NULL;
    for (struct job *batch; (batch = take_batch(worker, batches ? BATCH_MAX : 1)) != NULL;) {
        run_batch(worker, batch);
    }
    return NULL;
}

static enum status start_threads(struct worker *worker, unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&worker->threads[i], NULL, worker_main, worker) != 0) {
            log_error("worker_thread_failed", "worker=%s", worker->name);
            return STATUS_NO_MEMORY;
        }
        worker->thread_count++;
        (void)pthread_setname_np(worker->threads[i], worker->name); /* for ps only */
    }
    return STATUS_OK;
}

enum status worker_create(const char *name, unsigned threads, unsigned queue_limit,
                          struct loop *loop, const struct worker_hooks *hooks, void *context,
                          struct worker **out_worker)
{
    CHECK(threads >= 1 && threads <= THREADS_MAX && queue_limit >= 1);
    CHECK(hooks == NULL || threads == 1);
    CHECK(loop != NULL && out_worker != NULL);
    struct worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        return STATUS_NO_MEMORY;
    }
    worker->last = &worker->first;
    worker->queue_limit = queue_limit;
    worker->loop = loop;
    worker->context = context;
    if (hooks != NULL) {
        worker->hooks = *hooks;
    }
    (void)snprintf(worker->name, sizeof(worker->name), "%s", name);
    (void)pthread_mutex_init(&worker->lock, NULL);
    (void)pthread_cond_init(&worker->wake, NULL);
    enum status status = start_threads(worker, threads);
    if (status != STATUS_OK) {
        worker_destroy(worker);
        return status;
    }
    *out_worker = worker;
    return STATUS_OK;
}

enum status worker_post(struct worker *worker, struct job *job)
{
    CHECK(job->run != NULL && job->done != NULL);
    enum status status = STATUS_OK;
    (void)pthread_mutex_lock(&worker->lock);
    if (worker->closing) {
        status = STATUS_CLOSED;
    } else if (worker->depth >= worker->queue_limit) {
        status = STATUS_FULL;
    } else {
        job->next = NULL;
        *worker->last = job;
        worker->last = &job->next;
        worker->depth++;
        (void)pthread_cond_signal(&worker->wake);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return status;
}

unsigned worker_depth(struct worker *worker)
{
    (void)pthread_mutex_lock(&worker->lock);
    unsigned depth = worker->depth;
    (void)pthread_mutex_unlock(&worker->lock);
    return depth;
}

void worker_destroy(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&worker->lock);
    worker->closing = true;
    (void)pthread_cond_broadcast(&worker->wake);
    (void)pthread_mutex_unlock(&worker->lock);
    for (unsigned i = 0; i < worker->thread_count; i++) {
        (void)pthread_join(worker->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&worker->wake);
    (void)pthread_mutex_destroy(&worker->lock);
    free(worker);
}
