#include "media/rt/snapshot.h"

#include "proto/base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct snapshot {
    pthread_mutex_t lock;
    char *text;
};

enum status snapshot_create(struct snapshot **out_snapshot)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (snapshot == NULL) {
        return STATUS_NO_MEMORY;
    }
    CHECK(pthread_mutex_init(&snapshot->lock, NULL) == 0);
    *out_snapshot = snapshot;
    return STATUS_OK;
}

void snapshot_destroy(struct snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    pthread_mutex_destroy(&snapshot->lock);
    free(snapshot->text);
    free(snapshot);
}

void snapshot_put(struct snapshot *snapshot, char *text)
{
    CHECK(pthread_mutex_lock(&snapshot->lock) == 0);
    char *former = snapshot->text;
    snapshot->text = text;
    CHECK(pthread_mutex_unlock(&snapshot->lock) == 0);
    free(former);
}

char *snapshot_copy(struct snapshot *snapshot)
{
    CHECK(pthread_mutex_lock(&snapshot->lock) == 0);
    char *copy = snapshot->text == NULL ? NULL : strdup(snapshot->text);
    CHECK(pthread_mutex_unlock(&snapshot->lock) == 0);
    return copy;
}
