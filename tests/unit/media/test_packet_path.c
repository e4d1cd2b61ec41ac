/* Nothing is allocated, locked or logged per packet after set-up (design.md): malloc, the pthread
 * locks and write are counted by functions of the same name in this program while a running call's
 * datagrams go through the worker core. */
#include "media/rt/log.h"
#include "tests/unit/media/sim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool counting;
static unsigned long allocations, locks, writes, check_allocations;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0 /* the sanitizer's own stand there */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define OWN_MALLOC 0
#endif
#endif
#ifndef OWN_MALLOC
#define OWN_MALLOC 1
#endif

#if OWN_MALLOC
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations += counting ? 1 : 0;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations += counting ? 1 : 0;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations += counting ? 1 : 0;
    return __libc_realloc(old, size);
}

ssize_t write(int fd, const void *octets, size_t len)
{
    writes += counting ? 1 : 0;
    return (ssize_t)syscall(SYS_write, fd, octets, len);
}

typedef int (*lock_function)(void *lock);

static int forward(const char *name, lock_function *next, void *lock)
{
    if (*next == NULL) {
        void *found = dlsym(RTLD_NEXT, name);
        memcpy(next, &found,
               sizeof(found)); /* ISO C has no cast from an object to a function pointer */
    }
    locks += counting ? 1 : 0;
    return (*next)(lock);
}

int pthread_mutex_lock(pthread_mutex_t *lock)
{
    static lock_function next;
    return forward("pthread_mutex_lock", &next, lock);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    static lock_function next;
    return forward("pthread_rwlock_rdlock", &next, lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    static lock_function next;
    return forward("pthread_rwlock_wrlock", &next, lock);
}
#endif

/* Like sim_deliver and core_tick, counting only while the core works. */
static unsigned long step(struct sim *sim)
{
    unsigned long datagrams = 0;
    sim->now_us += 1000;
    for (unsigned i = 0; i < SIM_FLIGHT; i++) {
        struct sim_flight *f = &sim->flight[i];
        if (!f->used || f->at_us > sim->now_us) {
            continue;
        }
        f->used = false;
        if (f->to_server) {
            unsigned long before = allocations;
            bool check = demux_classify(span_of(f->data, f->len)) == DEMUX_STUN;
            const struct warm_datagram expected = {&sim->addresses[f->client], f->len};
            counting = true;
            core_warm(sim->core, &expected, 1);
            core_datagram(sim->core, sim->now_us, &sim->addresses[f->client], f->data, f->len);
            counting = false;
            if (check) { /* one or two a second, not media: OpenSSL's digest contexts (integrity.h)
                          */
                check_allocations += allocations - before;
                allocations = before;
            }
            datagrams++;
        } else {
            client_input(sim->clients[f->client], sim->now_us, f->data, f->len);
        }
    }
    counting = true;
    core_tick(sim->core, sim->now_us);
    outbox_flush(&sim->box);
    counting = false;
    sim_collect(sim);
    return datagrams;
}

static void count_for(const char *profile, bool expect_none)
{
    static const int8_t sees[2][PLAN_SLOTS_MAX] = {{1, -1, -1, -1, -1, -1},
                                                   {0, -1, -1, -1, -1, -1}};
    static const struct client_check plain = {0};
    struct sim *sim = sim_create();
    sim_connect(sim, 0, sees[0], client_create("a", profile, 1));
    sim_connect(sim, 1, sees[1], client_create("b", profile, 2));
    sim->loss_percent = 3; /* so that repair is on the counted path */
    sim_run(sim, 3000000, true);
    allocations = 0;
    locks = 0;
    writes = 0;
    check_allocations = 0;
    unsigned long datagrams = 0;
    for (int ms = 0; ms < 4000; ms++) {
        for (unsigned k = 0; k < 2; k++) {
            struct client *c = sim->clients[k];
            if (ms % 20 == 0) {
                client_send_audio(c);
            }
            if (ms % 33 == 0) {
                client_send_frame(c, 3);
            }
            if (ms % 100 == 0) {
                client_send_feedback(c);
            }
            if (ms % 500 == 0) {
                client_send_report(c, sim->now_us);
                client_stun(c, &plain);
            }
            if (ms % 10 == 0) {
                client_send_nacks(c, sim->now_us, 20000);
            }
        }
        datagrams += step(sim);
    }
    printf("  %s: %lu datagrams in, %llu relayed, %llu repaired, %lu allocations, %lu locks; %lu "
           "allocations for 16 checks\n",
           profile, datagrams, (unsigned long long)sim_counter(sim, COUNTER_RELAYED),
           (unsigned long long)sim_counter(sim, COUNTER_RTX_SENT), allocations, locks,
           check_allocations);
    EXPECT(datagrams > 1000);
    EXPECT(sim_counter(sim, COUNTER_RTX_SENT) > 10);
    if (expect_none) {
        EXPECT_INT(allocations, 0);
        EXPECT_INT(locks, 0);
        EXPECT_INT(writes, 0);
    }
    sim_destroy(sim);
}

static void gcm(void)
{
    count_for("SRTP_AEAD_AES_128_GCM", true);
    count_for("SRTP_AEAD_AES_256_GCM", true);
}

/* NSS inside Debian's libsrtp allocates and locks: counted and printed, not forbidden
 * (decisions/001-srtp.md). */
static void cm(void)
{
    count_for("SRTP_AES128_CM_SHA1_80", false);
}

/* A count that stays at zero whatever happens would say nothing. */
static void control(void)
{
    allocations = 0;
    locks = 0;
    writes = 0;
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    counting = true;
    void *volatile memory = malloc(100);
    (void)pthread_mutex_lock(&mutex);
    log_info("counted", "line=%d", 1);
    counting = false;
    (void)pthread_mutex_unlock(&mutex);
    free(memory);
    EXPECT(!OWN_MALLOC || (allocations >= 1 && locks >= 1 && writes == 1));
}

int main(void)
{
    static const struct test_case cases[] = {
        {"what is counted is counted", control},
        {"no allocation, no lock and no log line per packet, AES-GCM", gcm},
        {"the fallback profile, counted", cm},
    };
    return TEST_MAIN(cases);
}
