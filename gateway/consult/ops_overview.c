#include "gateway/consult/ops_overview.h"

#include "gateway/app.h"
#include "gateway/consult/consult_snapshot.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

/* The one piece of process-wide state here: who adds the live figures; set before the first
 * request. */
static _Atomic(const struct ops_live *) live_figures;

void ops_overview_set_live(const struct ops_live *live)
{
    atomic_store(&live_figures, live);
}

static void add_process(const struct api_call *call, json_t *object)
{
    char epoch[24] = "0";
    int64_t started_ms = call->now_ms;
    if (call->services != NULL) {
        (void)snprintf(epoch, sizeof epoch, "%016" PRIx64, call->services->epoch);
        started_ms = call->services->started_ms;
    }
    json_object_set_new(object, "version", json_string(CG_VERSION));
    json_object_set_new(object, "epoch", json_string(epoch));
    json_object_set_new(object, "started_ms", json_integer(started_ms));
    json_object_set_new(object, "uptime_ms", json_integer(call->now_ms - started_ms));
}

/* Members that the live figures replace; without any they say zero, not nothing. */
static void add_empty(json_t *object)
{
    json_object_set_new(object, "connections", json_integer(0));
    json_object_set_new(object, "rooms", json_array());
    json_object_set_new(object, "store", json_object());
    json_object_set_new(object, "recorder", json_object());
    json_object_set_new(object, "build", json_object());
    json_object_set_new(object, "health", json_array());
}

void ops_overview(struct api_call *call)
{
    json_t *object = json_object();
    int64_t signed_in = 0;
    add_process(call, object);
    add_empty(object);
    enum status status =
        db_one_int(call->db, &signed_in, "SELECT COUNT(*) FROM session WHERE expires_ms > $1", "i",
                   call->now_ms);
    json_object_set_new(object, "sessions_signed_in", json_integer(signed_in));
    status = status == STATUS_OK ? consult_snapshot_add(call->db, call->now_ms, object) : status;
    if (status != STATUS_OK) {
        json_decref(object);
        (void)api_store_failed(call, status);
        return;
    }
    const struct ops_live *live = atomic_load(&live_figures);
    if (live != NULL && live->add != NULL) {
        live->add(live->context, object);
    }
    call->reply = object;
}
