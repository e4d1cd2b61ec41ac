#include "media/imaging/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Descriptors 0 and 1 are /dev/null, 2 is the gateway's (for a sanitizer's report), 3 the socket;
 * none beyond. */
static int prepare(posix_spawn_file_actions_t *actions, int socket)
{
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed |= posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    failed |= posix_spawn_file_actions_adddup2(actions, socket, WIRE_HELPER_FD);
    failed |= posix_spawn_file_actions_addclosefrom_np(actions, WIRE_HELPER_FD + 1);
    return failed;
}

static int spawn(const char *program, unsigned memory_mib, int socket, pid_t *out_pid)
{
    char memory[16];
    (void)snprintf(memory, sizeof memory, "%u", memory_mib);
    char name[] = "consult-imaging";
    char *const argv[] = {name, memory, NULL};
    char locale[] = "LC_ALL=C";
    char *const environment[] = {locale,
                                 NULL}; /* nothing of the gateway's: settings may hold secrets */
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return -1;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return -1;
    }
    int failed = prepare(&actions, socket);
    failed |= posix_spawnattr_setpgroup(&attributes, 0);
    failed |= posix_spawnattr_setsigmask(&attributes, &none);
    failed |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    if (failed == 0) {
        failed = posix_spawn(out_pid, program, &actions, &attributes, argv, environment);
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

enum status child_start(struct child *child, const char *program, unsigned memory_mib)
{
    int pair[2];
    pid_t pid = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return STATUS_IO;
    }
    /* dup2 onto itself would leave close-on-exec set; keep the child's end away from 3. */
    int theirs =
        pair[1] > WIRE_HELPER_FD ? pair[1] : fcntl(pair[1], F_DUPFD_CLOEXEC, WIRE_HELPER_FD + 1);
    int failed = theirs < 0 ? -1 : spawn(program, memory_mib, theirs, &pid);
    if (theirs != pair[1] && theirs >= 0) {
        (void)close(theirs);
    }
    (void)close(pair[1]);
    if (failed != 0) {
        (void)close(pair[0]);
        return STATUS_IO;
    }
    *child = (struct child){.pid = pid, .socket = pair[0]};
    return STATUS_OK;
}

void child_stop(struct child *child)
{
    if (child->socket >= 0) {
        (void)close(child->socket);
    }
    if (child->pid > 0) {
        if (kill(-child->pid, SIGKILL) != 0) {
            (void)kill(child->pid, SIGKILL);
        }
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    *child = (struct child){.pid = 0, .socket = -1};
}

void child_bound(const struct child *child, unsigned cpu_s, uint64_t memory_octets)
{
    clockid_t clock = 0;
    struct timespec used = {0};
    if (clock_getcpuclockid(child->pid, &clock) == 0 && clock_gettime(clock, &used) == 0) {
        struct rlimit cpu = {.rlim_cur = (rlim_t)used.tv_sec + cpu_s + 1,
                             .rlim_max = RLIM_INFINITY};
        (void)prlimit(child->pid, RLIMIT_CPU, &cpu, NULL); /* the wall clock ends it otherwise */
    }
    if (!SANITIZED) {
        struct rlimit memory = {.rlim_cur = (rlim_t)memory_octets, .rlim_max = RLIM_INFINITY};
        (void)prlimit(child->pid, RLIMIT_AS, &memory,
                      NULL); /* the limit of its start holds otherwise */
    }
}
