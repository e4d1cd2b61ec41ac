/* What a decoder process gives up before it reads the first file: new privileges, the network, the
 * file system, other processes, executable memory, core dumps, most descriptors. Called once, by a
 * process with one thread. */
#ifndef MEDIA_IMAGING_SANDBOX_H
#define MEDIA_IMAGING_SANDBOX_H

#include "proto/base/status.h"

/* memory_mib: address space at the start (the gateway widens the soft limit by the size of a mapped
 * file). STATUS_IO: a wall could not be raised; the process must end. */
MUST_USE enum status sandbox_enter(unsigned memory_mib);

#endif
