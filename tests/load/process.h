/* What /proc says of the server, of the generator and of the machine. Linux. One thread. */
#ifndef TESTS_LOAD_PROCESS_H
#define TESTS_LOAD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_sample {
    int64_t at_ns;
    uint64_t run_ns;             /* time on a CPU, of all its threads (schedstat) */
    uint64_t user_ns, system_ns; /* by ticks: the shares, not the sum, are meant */
    uint64_t switches;           /* voluntary and other */
    uint64_t rss_kib;
    unsigned threads;
    uint64_t machine_busy_ns, machine_steal_ns; /* of all CPUs */
    uint64_t own_ns;                            /* of this process */
};

/* False: no such process. */
bool process_sample(pid_t pid, struct process_sample *out);
uint64_t process_rss_kib(pid_t pid); /* 0: no such process */

#endif
