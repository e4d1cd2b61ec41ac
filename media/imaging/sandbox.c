#include "media/imaging/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

static bool limit(__rlimit_resource_t resource, rlim_t soft, rlim_t hard)
{
    struct rlimit values = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit(resource, &values) == 0;
}

static bool set_limits(unsigned memory_mib)
{
    rlim_t memory = (rlim_t)memory_mib << 20;
    bool ok = limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NOFILE, 16, 16) && limit(RLIMIT_FSIZE, 0, 0);
    if (!SANITIZED) { /* the sanitizers map terabytes of shadow */
        ok = ok && limit(RLIMIT_AS, memory, RLIM_INFINITY);
    }
    return ok;
}

/* System calls that decoding needs. No open, socket, connect, clone, execve, kill, ptrace, ioctl.
 */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
};

/* Asked for by libraries that do well without: refused with an error instead of the end of the
 * process. */
static const int refused[] = {
    SCMP_SYS(openat),     SCMP_SYS(open),   SCMP_SYS(newfstatat), SCMP_SYS(ioctl),
    SCMP_SYS(prctl),      SCMP_SYS(uname),  SCMP_SYS(sysinfo),    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(access), SCMP_SYS(faccessat),  SCMP_SYS(getcwd),
    SCMP_SYS(tgkill),     SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
};

/* mmap and mprotect only without PROT_EXEC. */
static bool add_memory_rules(scmp_filter_ctx filter)
{
    int ok =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)PROT_EXEC, (scmp_datum_t)0));
    ok |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                           SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)PROT_EXEC, (scmp_datum_t)0));
    return ok == 0;
}

static bool filter_calls(void)
{
    /* Under a sanitizer its own reports need more calls: they fail instead of ending the process.
     */
    scmp_filter_ctx filter =
        seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    bool ok = filter != NULL;
    for (size_t i = 0; ok && i < sizeof allowed / sizeof allowed[0]; i++) {
        ok = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    }
    for (size_t i = 0; ok && !SANITIZED && i < sizeof refused / sizeof refused[0]; i++) {
        ok = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0) == 0;
    }
    ok = ok && add_memory_rules(filter) && seccomp_load(filter) == 0;
    if (filter != NULL) {
        seccomp_release(filter);
    }
    return ok;
}

enum status sandbox_enter(unsigned memory_mib)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return STATUS_IO;
    }
    /* Own namespaces where the kernel lets us; where not, the filter below holds all the same: it
     * allows no call that makes a socket or opens a path. */
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS) != 0) {
        (void)unshare(CLONE_NEWNET);
    }
    return set_limits(memory_mib) && filter_calls() ? STATUS_OK : STATUS_IO;
}
