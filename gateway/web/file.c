/* Files as bodies: opened and read on the blob worker, one piece at a time, the next one when the
 * last has left. */
#include "gateway/web/web_internal.h"

#include "gateway/store/worker.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Owned by its exchange; while a job runs, by the job, which finds out in done() whether the
 * exchange is still there. */
struct web_file {
    struct job job;
    struct web *web;
    struct web_exchange *exchange; /* NULL: abandoned */
    bool running;
    struct loop_timer retry; /* the worker was full */
    int fd;
    int error; /* errno of the last job; 0 = fine */
    uint64_t size;
    int64_t modified_s;
    uint64_t at, end; /* what is still to be sent of the file */
    uint8_t *piece;
    size_t piece_len;
    int status; /* of the reply that is being sent */
    bool keep_alive;
    struct web_reply reply; /* its texts point into `texts` */
    const char *headers[33];
    char etag[64];
    char *texts;
    char path[];
};

static void run_open(struct job *job, void *context)
{
    struct web_file *f = (struct web_file *)(void *)job;
    struct stat about;
    (void)context;
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0 || fstat(f->fd, &about) != 0) {
        f->error = errno;
    } else if (!S_ISREG(about.st_mode)) {
        f->error = ENOENT;
    } else {
        f->size = (uint64_t)about.st_size;
        f->modified_s = (int64_t)about.st_mtim.tv_sec;
        if (f->reply.etag == NULL) {
            (void)snprintf(f->etag, sizeof(f->etag), "\"%llx-%llx-%lx\"",
                           (unsigned long long)f->size, (unsigned long long)about.st_mtim.tv_sec,
                           (unsigned long)about.st_mtim.tv_nsec);
        }
    }
}

static void run_read(struct job *job, void *context)
{
    struct web_file *f = (struct web_file *)(void *)job;
    (void)context;
    size_t want = f->end - f->at < WEB_FILE_CHUNK ? (size_t)(f->end - f->at) : WEB_FILE_CHUNK;
    f->piece = malloc(want);
    if (f->piece == NULL) {
        f->error = ENOMEM;
        return;
    }
    while (f->piece_len < want) {
        ssize_t n = pread(f->fd, f->piece + f->piece_len, want - f->piece_len,
                          (off_t)(f->at + f->piece_len));
        if (n > 0) {
            f->piece_len += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            f->error = n == 0 ? EIO : errno; /* shorter than it was */
            return;
        }
    }
}

static void file_free(struct web_file *f)
{
    loop_timer_cancel(f->web->loop, &f->retry);
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    free(f->piece);
    free(f->texts);
    free(f);
}

void web_file_abandon(struct web_file *f)
{
    f->exchange = NULL;
    if (!f->running) {
        file_free(f);
    }
}

static void post(struct web_file *f)
{
    f->error = 0;
    enum status status =
        f->web->config.blob == NULL ? STATUS_CLOSED : worker_post(f->web->config.blob, &f->job);
    f->running = status == STATUS_OK;
    if (!f->running) {
        loop_timer_set(f->web->loop, &f->retry, WEB_FILE_RETRY_US);
    }
}

static void retry(struct loop_timer *timer)
{
    post((struct web_file *)(void *)((char *)timer - offsetof(struct web_file, retry)));
}

static void finish(struct web_file *f)
{
    web_reply_finish(f->exchange, f->status,
                     f->keep_alive); /* frees f through web_file_abandon() */
}

/* Nothing was sent yet: a problem can be answered. */
static void fail_open(struct web_file *f)
{
    struct web_exchange *e = f->exchange;
    int status = f->error == ENOENT || f->error == ENOTDIR  ? 404
                 : f->error == EMFILE || f->error == ENFILE ? 503
                                                            : 500;
    if (status != 404) {
        log_error("file_open_failed", "errno=%d", f->error);
    }
    e->file = NULL;
    web_file_abandon(f);
    e->state = EXCHANGE_HANDLER;
    web_reply_status(e, status);
}

static void send_head(struct web_file *f)
{
    struct web_exchange *e = f->exchange;
    const char *etag = f->reply.etag != NULL ? f->reply.etag : f->etag;
    struct web_reply_choice choice = {.status = f->reply.status};
    char range_text[80];
    struct writer range = writer_of(range_text, sizeof(range_text) - 1);
    if (f->reply.status == 200) {
        choice = web_reply_choose(e, etag, f->modified_s, f->size);
    }
    f->end = choice.status == 304 || choice.status == 416 ? 0 : f->size;
    if (choice.status == 206) {
        f->at = choice.range.first;
        f->end = choice.range.last + 1;
        http_content_range_write(&range, &choice.range, f->size);
    } else if (choice.status == 416) {
        http_content_range_write(&range, NULL, f->size);
    }
    range_text[range.at] = '\0';
    f->status = choice.status;
    f->keep_alive = web_reply_keep_alive(e);
    struct web_reply_head head = {
        .status = choice.status,
        .reply = &f->reply,
        .body_len = f->end - f->at,
        .etag = etag,
        .content_range = range.at > 0 ? range_text : NULL,
        .accept_ranges = true,
        .last_modified_s = f->modified_s,
        .keep_alive = f->keep_alive,
    };
    if (e->parser.request.method == HTTP_METHOD_HEAD) {
        f->at = f->end;
    }
    if (web_reply_write_head(e, &head, (struct span){0}) != STATUS_OK) {
        web_connection_kill(e->connection);
        finish(f);
    } else if (f->at == f->end) {
        finish(f);
    } else {
        f->job.run = run_read;
        post(f);
    }
}

static void done_read(struct web_file *f)
{
    struct web_connection *c = f->exchange->connection;
    if (f->error != 0) {
        log_error("file_read_failed", "errno=%d", f->error);
        web_connection_kill(c); /* the length was promised: the peer must see that it is cut */
        finish(f);
        return;
    }
    f->at += f->piece_len;
    enum status status = web_outbox_move(&c->outbox, f->piece, f->piece_len, free);
    f->piece = NULL;
    f->piece_len = 0;
    if (status != STATUS_OK) {
        web_connection_kill(c);
        finish(f);
        return;
    }
    web_connection_wake(c);
    if (f->at == f->end) {
        finish(f);
    }
}

static void done(struct job *job)
{
    struct web_file *f = (struct web_file *)(void *)job;
    f->running = false;
    if (f->exchange == NULL) {
        file_free(f);
    } else if (f->exchange->connection == NULL ||
               f->exchange->connection->phase != CONNECTION_HTTP) {
        finish(f);
    } else if (job->run == run_read) {
        done_read(f);
    } else if (f->error != 0) {
        fail_open(f);
    } else {
        send_head(f);
    }
}

void web_file_continue(struct web_exchange *exchange)
{
    struct web_file *f = exchange->file;
    CHECK(f != NULL);
    if (!f->running && f->at < f->end && f->retry.due_us == 0) {
        post(f);
    }
}

/* --- the reply, copied
 * ---------------------------------------------------------------------------------------------- */

static size_t text_size(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

static const char *text_copy(char **at, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *copy = *at;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static bool copy_reply(struct web_file *f, const struct web_reply *reply)
{
    size_t size = text_size(reply->content_type) + text_size(reply->etag) +
                  text_size(reply->cache_control) + 1;
    size_t count = 0;
    for (; reply->headers != NULL && reply->headers[count] != NULL; count++) {
        size += text_size(reply->headers[count]);
    }
    f->texts = malloc(size);
    if (f->texts == NULL || count >= sizeof(f->headers) / sizeof(f->headers[0])) {
        return false;
    }
    char *at = f->texts;
    for (size_t i = 0; i < count; i++) {
        f->headers[i] = text_copy(&at, reply->headers[i]);
    }
    f->reply = (struct web_reply){
        .status = reply->status,
        .content_type = text_copy(&at, reply->content_type),
        .etag = text_copy(&at, reply->etag),
        .cache_control = text_copy(&at, reply->cache_control),
        .headers = f->headers,
    };
    return true;
}

void web_file_begin(struct web_exchange *e, const struct web_reply *reply)
{
    size_t path_size = strlen(reply->file) + 1;
    struct web_file *f = calloc(1, sizeof(*f) + path_size);
    if (f == NULL || !copy_reply(f, reply)) {
        free(f != NULL ? f->texts : NULL);
        free(f);
        web_reply_status(e, 503);
        return;
    }
    memcpy(f->path, reply->file, path_size);
    f->web = e->web;
    f->exchange = e;
    f->fd = -1;
    f->job.run = run_open;
    f->job.done = done;
    f->retry.run = retry;
    e->file = f;
    e->state = EXCHANGE_FILE;
    loop_timer_cancel(e->web->loop, &e->connection->timer);
    post(f);
}
