#include "media/imaging/imaging.h"

#include "media/imaging/child.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROCESSES_MAX 16

struct slot {
    struct child child;
    bool busy;
};

/* The lock guards slots' busy flags and the figures; a busy slot's child belongs to the call that
 * took it. */
struct imaging {
    char *program;
    unsigned memory_mib, time_limit_ms, requests_each, count;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct slot slots[PROCESSES_MAX];
    struct imaging_stats stats;
};

struct refusal_row {
    const char *name, *code, *zh, *en;
};

static const struct refusal_row refusals[IMAGING_REFUSAL_COUNT] = {
#define REFUSAL(name, code, zh, en) [IMAGING_REFUSAL_##name] = {#name, code, zh, en},
#include "media/imaging/refusal.def"
#undef REFUSAL
};

static const struct refusal_row *refusal_row(enum imaging_refusal refusal)
{
    CHECK((unsigned)refusal < IMAGING_REFUSAL_COUNT);
    return &refusals[refusal];
}

const char *imaging_refusal_code(enum imaging_refusal refusal)
{
    return refusal_row(refusal)->code;
}

const char *imaging_refusal_zh(enum imaging_refusal refusal)
{
    return refusal_row(refusal)->zh;
}

const char *imaging_refusal_en(enum imaging_refusal refusal)
{
    return refusal_row(refusal)->en;
}

const char *imaging_refusal_name(enum imaging_refusal refusal)
{
    return refusal_row(refusal)->name;
}

enum imaging_refusal imaging_refusal_of(const char *name)
{
    for (unsigned i = 0; i < IMAGING_REFUSAL_COUNT; i++) {
        if (strcmp(refusals[i].name, name) == 0) {
            return (enum imaging_refusal)i;
        }
    }
    return IMAGING_REFUSAL_NONE;
}

/* consult-imaging beside the running program. */
static char *default_program(void)
{
    static const char name[] = "consult-imaging";
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof name);
    if (len <= 0) {
        return NULL;
    }
    path[len] = 0;
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return NULL;
    }
    memcpy(slash + 1, name, sizeof name);
    return strdup(path);
}

enum status imaging_create(const struct imaging_config *config, struct imaging **out_imaging)
{
    struct imaging *imaging = calloc(1, sizeof *imaging);
    if (imaging == NULL) {
        return STATUS_NO_MEMORY;
    }
    imaging->memory_mib = config->memory_mib == 0 ? 512 : config->memory_mib;
    imaging->time_limit_ms = config->time_limit_ms == 0 ? 10000 : config->time_limit_ms;
    imaging->requests_each = config->requests_each == 0 ? 500 : config->requests_each;
    imaging->count = config->processes == 0              ? 2
                     : config->processes > PROCESSES_MAX ? PROCESSES_MAX
                                                         : config->processes;
    imaging->program = config->helper != NULL && config->helper[0] != 0 ? strdup(config->helper)
                                                                        : default_program();
    (void)pthread_mutex_init(&imaging->lock, NULL);
    (void)pthread_cond_init(&imaging->freed, NULL);
    for (unsigned i = 0; i < imaging->count; i++) {
        imaging->slots[i].child.socket = -1;
    }
    enum status status = imaging->program != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    for (unsigned i = 0; status == STATUS_OK && i < imaging->count; i++) {
        status = child_start(&imaging->slots[i].child, imaging->program, imaging->memory_mib);
    }
    if (status != STATUS_OK) {
        log_error("imaging_start_failed", "program=%s",
                  imaging->program != NULL ? imaging->program : "-");
        imaging_destroy(imaging);
        return status;
    }
    *out_imaging = imaging;
    return STATUS_OK;
}

void imaging_destroy(struct imaging *imaging)
{
    if (imaging == NULL) {
        return;
    }
    for (unsigned i = 0; i < imaging->count; i++) {
        CHECK(!imaging->slots[i].busy);
        child_stop(&imaging->slots[i].child);
    }
    (void)pthread_cond_destroy(&imaging->freed);
    (void)pthread_mutex_destroy(&imaging->lock);
    free(imaging->program);
    free(imaging);
}

void imaging_stats(struct imaging *imaging, struct imaging_stats *out_stats)
{
    if (imaging == NULL) {
        *out_stats = (struct imaging_stats){0};
        return;
    }
    (void)pthread_mutex_lock(&imaging->lock);
    *out_stats = imaging->stats;
    (void)pthread_mutex_unlock(&imaging->lock);
}

static struct slot *take_slot(struct imaging *imaging)
{
    struct slot *slot = NULL;
    (void)pthread_mutex_lock(&imaging->lock);
    while (slot == NULL) {
        for (unsigned i = 0; i < imaging->count && slot == NULL; i++) {
            slot = imaging->slots[i].busy ? NULL : &imaging->slots[i];
        }
        if (slot == NULL) {
            (void)pthread_cond_wait(&imaging->freed, &imaging->lock);
        }
    }
    slot->busy = true;
    imaging->stats.calls++;
    (void)pthread_mutex_unlock(&imaging->lock);
    return slot;
}

static void give_slot(struct imaging *imaging, struct slot *slot, enum status status, bool refused)
{
    (void)pthread_mutex_lock(&imaging->lock);
    slot->busy = false;
    imaging->stats.refused += refused ? 1u : 0u;
    imaging->stats.timed_out += status == STATUS_TIMEOUT ? 1u : 0u;
    imaging->stats.crashed += status != STATUS_OK && status != STATUS_TIMEOUT ? 1u : 0u;
    (void)pthread_cond_signal(&imaging->freed);
    (void)pthread_mutex_unlock(&imaging->lock);
}

static enum status ensure_child(struct imaging *imaging, struct slot *slot)
{
    if (slot->child.pid > 0 && slot->child.requests < imaging->requests_each) {
        return STATUS_OK;
    }
    child_stop(&slot->child);
    enum status status = child_start(&slot->child, imaging->program, imaging->memory_mib);
    (void)pthread_mutex_lock(&imaging->lock);
    imaging->stats.replaced++;
    (void)pthread_mutex_unlock(&imaging->lock);
    return status;
}

/* Sends, waits, takes the answer and its octets. Anything but STATUS_OK: the child is no longer to
 * be trusted. */
static enum status exchange(struct imaging *imaging, struct child *child,
                            const struct wire_ask *ask, int file, struct wire_answer *answer)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)imaging->time_limit_ms * 1000;
    struct stat st;
    uint64_t memory = (uint64_t)imaging->memory_mib << 20;
    if (fstat(file, &st) == 0 && st.st_size > 0) {
        memory += (uint64_t)st.st_size;
    }
    child_bound(child, imaging->time_limit_ms / 1000, memory);
    enum status status = wire_send_ask(child->socket, ask, file);
    if (status == STATUS_OK) {
        status = wire_read(child->socket, answer, sizeof *answer, deadline_us);
    }
    if (status != STATUS_OK) {
        return status;
    }
    answer->reply.bytes = NULL;
    if (!wire_answer_is_sane(answer, (enum wire_what)ask->what)) {
        return STATUS_MALFORMED;
    }
    if (ask->what == WIRE_PROBE || answer->reply.len == 0) {
        return STATUS_OK;
    }
    answer->reply.bytes = malloc(answer->reply.len);
    if (answer->reply.bytes == NULL) {
        return STATUS_NO_MEMORY;
    }
    status = wire_read(child->socket, answer->reply.bytes, answer->reply.len, deadline_us);
    if (status != STATUS_OK) {
        free(answer->reply.bytes);
        answer->reply.bytes = NULL;
    }
    return status;
}

static void answer_for_failure(struct wire_answer *answer, enum status status)
{
    const char *why =
        status == STATUS_TIMEOUT ? "decoder took too long" : "decoder ended unexpectedly";
    memset(answer, 0, sizeof *answer);
    answer->info.refusal = IMAGING_REFUSAL_DECODER;
    answer->reply.refusal = IMAGING_REFUSAL_DECODER;
    memcpy(answer->info.detail, why, strlen(why) + 1);
    memcpy(answer->reply.detail, why, strlen(why) + 1);
}

/* Between calls a child says nothing: octets or the end of its socket mean that it is not what it
 * should be. */
static bool has_died(const struct child *child)
{
    char octet = 0;
    ssize_t n = recv(child->socket, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    return n >= 0;
}

/* A child that died while it was idle (killed by hand, by the kernel) costs no answer: the ask goes
 * to a fresh one. */
static enum status call(struct imaging *imaging, const char *path, const struct wire_ask *ask,
                        struct wire_answer *answer)
{
    struct stat st;
    if (imaging == NULL) {
        return STATUS_CLOSED;
    }
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) {
        return STATUS_IO;
    }
    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(file);
        return STATUS_IO;
    }
    struct slot *slot = take_slot(imaging);
    if (slot->child.pid > 0 && has_died(&slot->child)) {
        child_stop(&slot->child);
    }
    enum status status = ensure_child(imaging, slot);
    enum status outcome = STATUS_OK;
    if (status != STATUS_OK) {
        log_error("imaging_helper_failed", "program=%s", imaging->program);
        status = STATUS_CLOSED;
    } else {
        outcome = exchange(imaging, &slot->child, ask, file, answer);
        slot->child.requests++;
        if (outcome != STATUS_OK) {
            log_warn("imaging_helper_lost", "reason=%s what=%u", status_name(outcome), ask->what);
            child_stop(&slot->child);
            answer_for_failure(answer, outcome);
        }
    }
    bool refused = ask->what == WIRE_PROBE ? answer->info.refusal != IMAGING_REFUSAL_NONE
                                           : answer->reply.refusal != IMAGING_REFUSAL_NONE;
    give_slot(imaging, slot, outcome, status == STATUS_OK && refused);
    (void)close(file);
    return status;
}

enum status imaging_probe(struct imaging *imaging, const char *path, struct imaging_info *out_info)
{
    struct wire_ask ask = {.magic = WIRE_MAGIC, .what = WIRE_PROBE};
    struct wire_answer answer = {0};
    enum status status = call(imaging, path, &ask, &answer);
    if (status == STATUS_OK) {
        *out_info = answer.info;
    }
    return status;
}

enum status imaging_render(struct imaging *imaging, const char *path,
                           const struct imaging_request *request, struct imaging_reply *out_reply)
{
    struct wire_ask ask = {.magic = WIRE_MAGIC, .what = WIRE_RENDER, .request = *request};
    struct wire_answer answer = {0};
    enum status status = call(imaging, path, &ask, &answer);
    if (status == STATUS_OK) {
        *out_reply = answer.reply;
    }
    return status;
}
