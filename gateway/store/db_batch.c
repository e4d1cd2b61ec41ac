#include "gateway/store/db_batch.h"

#include "gateway/store/db_sqlite.h"
#include "media/rt/clock.h"
#include "proto/base/check.h"

#include <stddef.h>

static void begin_batch(void *context)
{
    struct db *db = context;
    CHECK(db->magic == DB_MAGIC && !db->in_batch);
    db->in_batch = true;
    db->batch_items = NULL;
    db->batch_count = 0;
    db->batch_total_changes = sqlite3_total_changes64(db->handle);
    db->batch_status = db_begin(db);
}

static void end_batch(void *context)
{
    struct db *db = context;
    CHECK(db->in_batch);
    enum status status = db->batch_status;
    if (status == STATUS_OK) {
        bool wrote = sqlite3_total_changes64(db->handle) != db->batch_total_changes;
        int64_t start_us = clock_monotonic_us();
        status = db_commit(db);
        if (db->observer != NULL && (wrote || status != STATUS_OK)) {
            db->observer(db->observer_context, clock_monotonic_us() - start_us, db->batch_count,
                         status);
        }
    }
    for (struct db_batch_item *item = db->batch_items; item != NULL;) {
        struct db_batch_item *next = item->next;
        item->status = status;
        item->next = NULL;
        item = next;
    }
    db->batch_items = NULL;
    db->in_batch = false;
}

const struct worker_hooks db_batch_hooks = {.begin_batch = begin_batch, .end_batch = end_batch};

enum status db_batch_join(struct db *db, struct db_batch_item *item)
{
    CHECK(db->in_batch);
    item->status = db->batch_status;
    item->next = NULL;
    if (db->batch_status != STATUS_OK) {
        return db->batch_status;
    }
    enum status status = db_savepoint(db);
    if (status != STATUS_OK) {
        item->status = status;
        return status;
    }
    item->status = STATUS_NONE; /* not durable yet */
    item->next = db->batch_items;
    db->batch_items = item;
    db->batch_count++;
    return STATUS_OK;
}

enum status db_batch_keep(struct db *db)
{
    return db_savepoint_release(db);
}

void db_batch_undo(struct db *db)
{
    db_savepoint_rollback(db);
}

void db_batch_observe(struct db *db, db_commit_observer observer, void *context)
{
    db->observer = observer;
    db->observer_context = context;
}
