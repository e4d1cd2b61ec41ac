#include "tests/load/process.h"

#include "tests/load/net.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICK_NS (1000000000u / 100u) /* USER_HZ */

/* A line "Name:   123" of a file of /proc; 0: not there. */
static uint64_t number_of(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    uint64_t value = 0;
    char line[256];
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            value = strtoull(line + strlen(name), NULL, 10);
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return value;
}

uint64_t process_rss_kib(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    return number_of(path, "VmRSS:");
}

static void add_thread(pid_t pid, const char *thread, struct process_sample *out)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, thread);
    FILE *file = fopen(path, "re");
    char line[128];
    if (file != NULL) {
        if (fgets(line, sizeof(line), file) != NULL) {
            out->run_ns += strtoull(line, NULL, 10);
        }
        (void)fclose(file);
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, thread);
    out->switches += number_of(path, "voluntary_ctxt_switches:") +
                     number_of(path, "nonvoluntary_ctxt_switches:");
    out->threads++;
}

static bool add_threads(pid_t pid, struct process_sample *out)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return false;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            add_thread(pid, entry->d_name, out);
        }
    }
    (void)closedir(folder);
    return true;
}

static void add_ticks(pid_t pid, struct process_sample *out)
{
    char path[64];
    char text[1024] = "";
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(text, sizeof(text), file) != NULL) {
            const char *at = strrchr(text, ')'); /* field 2 may hold anything */
            for (int field = 2; at != NULL && field < 14; field++) {
                at = strchr(at + 1, ' ');
            }
            if (at != NULL) {
                char *end = NULL;
                out->user_ns = strtoull(at, &end, 10) * TICK_NS;
                out->system_ns = strtoull(end, NULL, 10) * TICK_NS;
            }
        }
        (void)fclose(file);
    }
}

/* First line of /proc/stat: user nice system idle iowait irq softirq steal. */
static void add_machine(struct process_sample *out)
{
    FILE *file = fopen("/proc/stat", "re");
    char line[256] = "";
    if (file != NULL) {
        if (fgets(line, sizeof(line), file) != NULL) {
            char *at = line + 4;
            uint64_t values[8] = {0};
            for (unsigned i = 0; i < 8; i++) {
                values[i] = strtoull(at, &at, 10) * TICK_NS;
            }
            out->machine_busy_ns = values[0] + values[1] + values[2] + values[5] + values[6];
            out->machine_steal_ns = values[7];
        }
        (void)fclose(file);
    }
}

bool process_sample(pid_t pid, struct process_sample *out)
{
    *out = (struct process_sample){.at_ns = net_now_ns(), .rss_kib = process_rss_kib(pid)};
    if (!add_threads(pid, out)) {
        return false;
    }
    add_ticks(pid, out);
    add_machine(out);
    struct rusage own;
    if (getrusage(RUSAGE_SELF, &own) == 0) {
        out->own_ns = (uint64_t)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1000000000u +
                      (uint64_t)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) * 1000u;
    }
    return true;
}
