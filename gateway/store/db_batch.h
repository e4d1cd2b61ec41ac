/* Group commit: jobs that the store worker takes together share one transaction, and so one fsync;
 * each runs in a savepoint of its own, so that one that fails is undone alone. db_batch_hooks go to
 * worker_create() with the struct db as the context.
 *
 *   worker    begin_batch                     BEGIN IMMEDIATE
 *   job       db_batch_join(db, &item)        SAVEPOINT; item.status becomes STATUS_OK only when
 * the batch is durable
 *             ... statements ...
 *             db_batch_keep / db_batch_undo   RELEASE / ROLLBACK TO
 *   worker    end_batch                       COMMIT; sets the status of every item that joined
 *   T0        done()                          reads item.status: anything but OK means that nothing
 * of the job happened
 *
 * Store thread, except that T0 reads item.status in done(), which the loop's mailbox orders after
 * end_batch. */
#ifndef GATEWAY_STORE_DB_BATCH_H
#define GATEWAY_STORE_DB_BATCH_H

#include "gateway/store/db.h"
#include "gateway/store/worker.h"

struct db_batch_item {
    enum status status;
    struct db_batch_item *next; /* internal */
};

extern const struct worker_hooks db_batch_hooks;

/* STATUS_IO when the batch has no transaction (the disk failed): then the job must not run. */
MUST_USE enum status db_batch_join(struct db *db, struct db_batch_item *item);
/* STATUS_IO: could not be kept; it was undone. */
MUST_USE enum status db_batch_keep(struct db *db);
void db_batch_undo(struct db *db);

/* Called on the store thread after each durable commit of a batch with the time it took and the
 * jobs it carried. */
typedef void (*db_commit_observer)(void *context, int64_t duration_us, unsigned jobs,
                                   enum status status);
void db_batch_observe(struct db *db, db_commit_observer observer, void *context);

#endif
