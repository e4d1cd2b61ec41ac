#include "gateway/session/live.h"

#include "media/recording/recorder.h"
#include "media/rt/clock.h"
#include "media/rt/snapshot.h"
#include "proto/base/check.h"

#include <stdlib.h>

#define LIVE_US 1000000 /* the console reads it each few seconds */

struct live {
    struct app *app;
    live_extra extra;
    void *context;
    struct snapshot *snapshot;
    struct loop_timer timer;
    struct ops_live hook;
};

static json_t *recorder_json(struct app *app)
{
    struct recorder_stats stats = {0};
    if (app->recorder != NULL) {
        recorder_stats(app->recorder, &stats);
    }
    return json_pack("{s:i, s:I, s:I, s:I}", "running", (int)stats.running, "dropped",
                     (json_int_t)stats.dropped, "packets", (json_int_t)stats.packets, "errors",
                     (json_int_t)stats.errors);
}

static void refresh(struct loop_timer *timer)
{
    struct live *live = (struct live *)(void *)((char *)timer - offsetof(struct live, timer));
    struct app *app = live->app;
    struct web_stats web;
    struct hub_stats hub;
    web_stats(app->web, &web);
    hub_stats(app->hub, &hub);
    int64_t now_ms = clock_wall_ms();
    json_t *overview =
        json_pack("{s:i, s:i, s:i, s:I, s:I, s:o, s:o}", "connections", (int)web.connections,
                  "websockets", (int)hub.connections, "sessions_running", (int)hub.rooms,
                  "started_ms", (json_int_t)app->services.started_ms, "uptime_ms",
                  (json_int_t)(now_ms - app->services.started_ms), "rooms",
                  hub_rooms_json(app->hub), "recorder", recorder_json(app));
    if (overview != NULL && live->extra != NULL) {
        live->extra(live->context, overview);
    }
    char *text = overview == NULL ? NULL : json_dumps(overview, JSON_COMPACT);
    json_decref(overview);
    if (text != NULL) {
        snapshot_put(live->snapshot, text);
    }
    loop_timer_set(web_loop(app->web), timer, LIVE_US);
}

/* Store thread. */
static void add(void *context, json_t *overview)
{
    struct live *live = context;
    char *text = snapshot_copy(live->snapshot);
    json_t *latest = text == NULL ? NULL : json_loads(text, 0, NULL);
    if (latest != NULL) {
        (void)json_object_update(overview,
                                 latest); /* short of memory: the counts alone are shown */
    }
    json_decref(latest);
    free(text);
}

enum status live_create(struct app *app, live_extra extra, void *context, struct live **out_live)
{
    struct live *live = calloc(1, sizeof(*live));
    if (live == NULL || snapshot_create(&live->snapshot) != STATUS_OK) {
        free(live);
        return STATUS_NO_MEMORY;
    }
    live->app = app;
    live->extra = extra;
    live->context = context;
    live->timer.run = refresh;
    live->hook = (struct ops_live){.context = live, .add = add};
    ops_overview_set_live(&live->hook);
    refresh(&live->timer);
    *out_live = live;
    return STATUS_OK;
}

void live_destroy(struct live *live)
{
    if (live == NULL) {
        return;
    }
    ops_overview_set_live(NULL);
    loop_timer_cancel(web_loop(live->app->web), &live->timer);
    snapshot_destroy(live->snapshot);
    free(live);
}
