#include "gateway/ops/crash.h"

#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define NOTES 256u /* x 32 octets: the last minutes of a quiet gateway, seconds of a busy one */

struct note {
    _Atomic(const char *) event;
    _Atomic int64_t at_us;
    _Atomic uint64_t a, b;
};

/* The one ring of the process: a failed CHECK has no context to find it by. */
static struct note notes[NOTES];
static _Atomic unsigned next_note;
static atomic_flag crashing = ATOMIC_FLAG_INIT;

void crash_note(const char *event, uint64_t a, uint64_t b)
{
    struct note *note =
        &notes[atomic_fetch_add_explicit(&next_note, 1, memory_order_relaxed) % NOTES];
    atomic_store_explicit(&note->at_us, clock_monotonic_us(), memory_order_relaxed);
    atomic_store_explicit(&note->a, a, memory_order_relaxed);
    atomic_store_explicit(&note->b, b, memory_order_relaxed);
    atomic_store_explicit(&note->event, event, memory_order_release);
}

static void dump(const char *condition, const char *file, int line)
{
    if (atomic_flag_test_and_set(&crashing)) {
        return; /* a second thread, or a CHECK inside the dump */
    }
    log_error("check_failed", "file=%s line=%d condition=\"%s\"", file, line, condition);
    int64_t now_us = clock_monotonic_us();
    unsigned first = atomic_load(&next_note);
    for (unsigned i = 0; i < NOTES; i++) {
        struct note *note = &notes[(first + i) % NOTES];
        const char *event = atomic_load_explicit(&note->event, memory_order_acquire);
        if (event != NULL) {
            log_error("flight", "note=%s ago_ms=%lld a=%llu b=%llu", event,
                      (long long)((now_us - atomic_load(&note->at_us)) / 1000),
                      (unsigned long long)atomic_load(&note->a),
                      (unsigned long long)atomic_load(&note->b));
        }
    }
}

void crash_prepare(bool core_dumps)
{
    check_set_handler(dump);
    if (!core_dumps) {
        struct rlimit none = {0, 0};
        if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
            log_warn("core_dumps_not_off", "hint=%s", "memory holds patient data");
        }
    }
}
