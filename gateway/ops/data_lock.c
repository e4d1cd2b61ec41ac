#include "gateway/ops/data_lock.h"

#include "media/rt/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TRIES 10 /* x 0.1 s: a killed gateway of many gigabytes takes a moment to be gone */
#define PAUSE_US 100000

static long read_owner(int fd)
{
    char text[32] = {0};
    ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
    return len > 0 ? strtol(text, NULL, 10) : 0;
}

static void write_owner(int fd)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        log_warn("data_lock_unnamed", "error=\"%s\"", strerror(errno)); /* the lock itself holds */
    }
}

enum status data_lock_take(const char *folder, int *out_fd)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/lock", folder);
    int fd =
        n > 0 && (size_t)n < sizeof(path) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) {
        log_error("data_folder_failed", "folder=%s error=\"%s\"", folder, strerror(errno));
        return STATUS_IO;
    }
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        int error = errno;
        bool busy = error == EWOULDBLOCK || error == EINTR;
        if (!busy || i == TRIES) {
            log_error("data_folder_taken", "folder=%s process=%ld error=\"%s\" hint=\"%s\"", folder,
                      read_owner(fd), strerror(error),
                      "one gateway per data folder: stop the other, or choose another folder");
            (void)close(fd);
            return busy ? STATUS_CONFLICT : STATUS_IO;
        }
        (void)usleep(PAUSE_US);
    }
    write_owner(fd);
    *out_fd = fd;
    return STATUS_OK;
}
