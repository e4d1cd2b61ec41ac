/* Starting, bounding and ending one decoder process, seen from the gateway. Blob threads; a child
 * belongs to one call at a time. */
#ifndef MEDIA_IMAGING_CHILD_H
#define MEDIA_IMAGING_CHILD_H

#include "media/imaging/wire.h"

#include <sys/types.h>

struct child {
    pid_t pid;         /* 0: none */
    int socket;        /* -1: none */
    unsigned requests; /* answered so far */
};

/* STATUS_IO: the program cannot be started. */
MUST_USE enum status child_start(struct child *child, const char *program, unsigned memory_mib);
/* Kills the process group and reaps; a child that is not running is fine. */
void child_stop(struct child *child);
/* CPU seconds and address space for the next request: what is used now, and so much more. */
void child_bound(const struct child *child, unsigned cpu_s, uint64_t memory_octets);

#endif
