/*            PUT on_duty:true                 PUT pause
 *   off ─────────────────────────────▶ on ◀──────────────▶ paused
 *    ▲                                  │    PUT pause:null,   │
 *    └──────────────────────────────────┴──── its time ────────┘
 *      PUT on_duty:false, hand-over, last session ended
 *
 * Whenever somebody begins to be rung (off or paused before), what waits is offered: queue_on_duty.
 */
#include "gateway/directory/duty_switch.h"

#include "gateway/directory/duty.h"
#include "gateway/directory/duty_hand_over.h"
#include "gateway/directory/duty_shift.h"
#include "gateway/directory/duty_tell.h"
#include "gateway/queue/queue.h"

#include <string.h>

#define MINUTE_MS 60000

/* What PUT /duty asks for. */
struct wish {
    bool has_on, on;
    bool has_pause;
    const char *pause; /* NULL: end it */
    int64_t minutes;   /* 0: until it is ended by hand */
};

/* ---- reading the body ---- */

static bool read_on(struct api_call *call, struct wish *wish)
{
    const json_t *value = json_object_get(call->body, "on_duty");
    wish->has_on = value != NULL;
    wish->on = json_is_true(value);
    if (value != NULL ? !json_is_boolean(value) : !wish->has_pause) {
        return api_problem(call, 422, value == NULL ? "field.required" : "field.type",
                           "on_duty 必须是 true 或 false。", "on_duty must be true or false.",
                           "/on_duty");
    }
    return true;
}

static bool read_pause(struct api_call *call, struct wish *wish)
{
    const json_t *value = json_object_get(call->body, "pause");
    wish->has_pause = value != NULL;
    wish->pause = json_string_value(value);
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    if (wish->pause == NULL ||
        (strcmp(wish->pause, "pause") != 0 && strcmp(wish->pause, "break") != 0)) {
        return api_problem(call, 422, wish->pause == NULL ? "field.type" : "field.invalid",
                           "pause 必须是 pause、break 或 null。", "pause is pause, break or null.",
                           "/pause");
    }
    return true;
}

static bool read_minutes(struct api_call *call, struct wish *wish)
{
    const json_t *value = json_object_get(call->body, "pause_minutes");
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    wish->minutes = json_integer_value(value);
    if (!json_is_integer(value)) {
        return api_problem(call, 422, "field.type", "pause_minutes 必须是整数。",
                           "pause_minutes is a whole number.", "/pause_minutes");
    }
    if (wish->pause == NULL || wish->minutes < 1 || wish->minutes > DUTY_PAUSE_MINUTES_MAX) {
        return api_problem(call, 422, "field.invalid",
                           "pause_minutes 只能与 pause 一起使用，范围 1 至 480 分钟。",
                           "pause_minutes goes with a pause, from 1 to 480.", "/pause_minutes");
    }
    return true;
}

static bool read_wish(struct api_call *call, struct wish *wish)
{
    if (!read_pause(call, wish) || !read_on(call, wish) || !read_minutes(call, wish)) {
        return false;
    }
    if (wish->has_on && !wish->on && wish->pause != NULL) {
        return api_problem(call, 422, "field.invalid", "离岗时不能暂停。",
                           "Who goes off duty cannot pause.", "/pause");
    }
    return true;
}

/* ---- changes ---- */

static bool write_on(struct api_call *call, const char *account_id)
{
    enum status status = db_run(
        call->db,
        "INSERT INTO duty (account_id, on_duty, since_ms) VALUES ($1, 1, $2) ON CONFLICT"
        " (account_id) DO UPDATE SET on_duty = 1, since_ms = excluded.since_ms, pause = NULL,"
        " pause_until_ms = NULL",
        "si", account_id, call->now_ms);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool begin(struct api_call *call, const char *account_id)
{
    return write_on(call, account_id) &&
           duty_audit(call, "duty.on", NULL, json_pack("{ss}", "account", account_id)) &&
           duty_hand_over_take(call, account_id);
}

bool duty_end(struct api_call *call, const char *account_id, const char *reason_code)
{
    enum status status = db_run(call->db,
                                "UPDATE duty SET on_duty = 0, since_ms=$1, pause = NULL,"
                                " pause_until_ms = NULL WHERE account_id=$2 AND on_duty = 1",
                                "is", call->now_ms, account_id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (db_changes(call->db) == 0) {
        return true;
    }
    duty_tell_changed(call, account_id);
    return duty_hand_over_drop(call, account_id) && queue_off_duty(call, account_id) &&
           duty_audit(call, "duty.off", reason_code, json_pack("{ss}", "account", account_id));
}

static bool write_pause(struct api_call *call, const char *account_id, const char *pause,
                        int64_t until_ms)
{
    struct db_query q;
    db_begin_query(&q, call->db, "UPDATE duty SET pause=$1, pause_until_ms=$2 WHERE account_id=$3");
    db_bind_text(&q, pause);
    if (until_ms == 0) {
        db_bind_null(&q);
    } else {
        db_bind_int(&q, until_ms);
    }
    db_bind_text(&q, account_id);
    (void)db_next(&q);
    enum status status = db_end(&q);
    return status == STATUS_OK || api_store_failed(call, status);
}

static bool take_pause(struct api_call *call, const char *account_id, const struct wish *wish)
{
    int64_t until_ms = wish->minutes == 0 ? 0 : call->now_ms + wish->minutes * MINUTE_MS;
    return write_pause(call, account_id, wish->pause, until_ms) &&
           duty_audit(
               call, "duty.pause", wish->pause,
               json_pack("{ss, sI}", "account", account_id, "until_ms", (json_int_t)until_ms));
}

bool duty_resume(struct api_call *call, const char *account_id, const char *reason_code)
{
    duty_tell_changed(call, account_id);
    return write_pause(call, account_id, NULL, 0) &&
           duty_audit(call, "duty.resume", reason_code, json_pack("{ss}", "account", account_id)) &&
           queue_on_duty(call, account_id);
}

/* On duty, and a pause is asked for or ended. */
static bool change_pause(struct api_call *call, const struct duty_state *before,
                         const struct wish *wish)
{
    const char *account_id = call->actor->account_id;
    if (wish->pause != NULL) {
        duty_tell_changed(call, account_id);
        return take_pause(call, account_id, wish);
    }
    return before->pause[0] == '\0' || duty_resume(call, account_id, NULL);
}

static bool come(struct api_call *call, const struct wish *wish)
{
    const char *account_id = call->actor->account_id;
    if (!begin(call, account_id) || (wish->pause != NULL && !take_pause(call, account_id, wish))) {
        return false;
    }
    duty_tell_changed(call, account_id);
    return wish->pause != NULL || queue_on_duty(call, account_id);
}

static bool apply(struct api_call *call, const struct duty_state *before, const struct wish *wish)
{
    const char *account_id = call->actor->account_id;
    bool on = wish->has_on ? wish->on : before->on_duty;
    if (on && !before->on_duty) {
        return come(call, wish);
    }
    if (!on && wish->has_on) {
        return before->on_duty ? duty_end(call, account_id, NULL)
                               : duty_hand_over_decline(call, account_id);
    }
    if (!wish->has_pause) {
        return true;
    }
    if (!on) {
        return api_problem(call, 409, "duty.off", "您未值班。", "You are not on duty.", NULL);
    }
    return change_pause(call, before, wish);
}

void duty_put(struct api_call *call)
{
    struct wish wish = {0};
    struct duty_state before;
    if (!read_wish(call, &wish)) {
        return;
    }
    enum status status = duty_state_load(call->db, call->actor->account_id, call->now_ms, &before);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
        return;
    }
    if (apply(call, &before, &wish)) {
        (void)duty_reply(call);
    }
}

/* ---- the object ---- */

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

bool duty_reply(struct api_call *call)
{
    const char *account_id = call->actor->account_id;
    struct duty_state state;
    json_t *shifts = NULL;
    json_t *hand_over = NULL;
    json_t *asked = NULL;
    enum status status = duty_state_load(call->db, account_id, call->now_ms, &state);
    if (status == STATUS_OK) {
        status = duty_shifts_of(call, account_id, call->now_ms, call->now_ms + DUTY_SHIFTS_AHEAD_MS,
                                &shifts);
    }
    if (status == STATUS_OK) {
        status = duty_hand_over_json(call, account_id, &hand_over, &asked);
    }
    if (status != STATUS_OK) {
        json_decref(shifts);
        return api_store_failed(call, status);
    }
    call->reply =
        json_pack("{sb, sI, so, so, so, so, so}", "on_duty", (int)state.on_duty, "since_ms",
                  (json_int_t)state.since_ms, "pause", text_or_null(state.pause), "pause_until_ms",
                  state.pause_until_ms != 0 ? json_integer(state.pause_until_ms) : json_null(),
                  "shifts", shifts, "hand_over", hand_over, "asked", asked);
    return call->reply != NULL || api_store_failed(call, STATUS_NO_MEMORY);
}

void duty_get(struct api_call *call)
{
    (void)duty_reply(call);
}
