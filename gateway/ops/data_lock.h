/* One gateway per data folder: two would take each other's sessions for leftovers of a crash and
 * clear each other's uploads. A lock of the kernel on the file DATA/lock (flock), so it cannot
 * outlive the process, however that ends; the number in the file is only for the message.
 * consultctl does not take it: it may run beside the gateway. Start only, one thread. */
#ifndef GATEWAY_OPS_DATA_LOCK_H
#define GATEWAY_OPS_DATA_LOCK_H

#include "proto/base/status.h"

/* STATUS_OK: held until close(*out_fd) or the end of the process. STATUS_CONFLICT: another process
 * has it and kept it for a second. STATUS_IO: the file cannot be made. Faults are logged. */
MUST_USE enum status data_lock_take(const char *folder, int *out_fd);

#endif
