#include "gateway/consult/consult_schedule.h"

#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_step.h"
#include "gateway/directory/duty.h"
#include "gateway/partnership/terms.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL
#define AHEAD_MAX_MS (180 * DAY_MS)   /* further ahead is a slip of the pen */
#define LENGTH_MIN_MS (5 * 60000LL)   /* shorter is no consultation */
#define LENGTH_MAX_MS (8 * 3600000LL) /* longer is a day */

static bool read_time(struct consult_act *act, const char *name, int64_t otherwise, int64_t *out_ms)
{
    const json_t *value = json_object_get(act->call->body, name);
    if (value == NULL && otherwise != 0) {
        *out_ms = otherwise;
        return true;
    }
    if (!json_is_integer(value)) {
        return consult_field_wrong(act->call, "", name, "请给出时间（UTC 毫秒）。",
                                   "A time is needed (UTC milliseconds).");
    }
    *out_ms = json_integer_value(value);
    return true;
}

bool consult_schedule_before(struct consult_act *act)
{
    struct terms terms;
    struct consult_row *row = &act->row;
    int64_t from_ms = 0, until_ms = 0;
    enum status status = terms_load(act->call->db, row->agreement_id, &terms);
    if (status != STATUS_OK) {
        return api_store_failed(act->call, status);
    }
    int64_t length_ms = terms.session_minutes * 60000, most = terms.reschedules_max;
    terms_clear(&terms);
    if (!read_time(act, "from_ms", 0, &from_ms) ||
        !read_time(act, "until_ms", from_ms + length_ms, &until_ms)) {
        return false;
    }
    if (from_ms <= act->call->now_ms || from_ms > act->call->now_ms + AHEAD_MAX_MS) {
        return consult_field_wrong(act->call, "", "from_ms", "预约时间须在今后 180 天内。",
                                   "The time must lie ahead, within 180 days.");
    }
    if (until_ms - from_ms < LENGTH_MIN_MS || until_ms - from_ms > LENGTH_MAX_MS) {
        return consult_field_wrong(act->call, "", "until_ms", "时长须为 5 分钟至 8 小时。",
                                   "It must last 5 minutes to 8 hours.");
    }
    if (row->state == CONSULT_SCHEDULED && row->reschedules >= most) {
        return api_problem(act->call, 409, "appointment.too-often", "改约次数已达协议上限。",
                           "It has been put off as often as the agreement allows.", NULL);
    }
    if (row->state == CONSULT_SCHEDULED && act->change.reason_code == NULL) {
        return api_problem(act->call, 422, "field.required", "改约须说明原因。",
                           "Putting it off needs a reason.", "/reason_code");
    }
    row->reschedules += row->state == CONSULT_SCHEDULED;
    row->scheduled_from_ms = from_ms;
    row->scheduled_until_ms = until_ms;
    act->detail =
        json_pack("{s:I, s:I}", "from_ms", (json_int_t)from_ms, "until_ms", (json_int_t)until_ms);
    return act->detail != NULL || api_store_failed(act->call, STATUS_NO_MEMORY);
}

/* Another appointment of the account in that time; out_number of the first one. */
static enum status busy(struct api_call *call, const struct consult_row *row, const char *account,
                        char out_number[24])
{
    enum status status = db_one_text(
        call->db, out_number, 24,
        "SELECT c.number FROM consultation c WHERE c.state IN ('scheduled', 'ready') AND c.id <> "
        "$1 AND c.scheduled_from_ms < $2 AND c.scheduled_until_ms > $3 AND c.id IN (SELECT q.id "
        "FROM consultation q WHERE q.requester_id = $4 AND q.state IN ('scheduled', 'ready') UNION "
        "SELECT q.id FROM consultation q WHERE q.consultant_id = $5 AND q.state IN ('scheduled', "
        "'ready') UNION SELECT m.consultation_id FROM consultation_member m WHERE m.account_id = "
        "$6 AND m.state IN ('asked', 'given')) ORDER BY c.scheduled_from_ms LIMIT 1",
        "siisss", row->id, row->scheduled_until_ms, row->scheduled_from_ms, account, account,
        account);
    return status;
}

static bool free_for(struct api_call *call, const struct consult_row *row, const char *account,
                     bool consultant)
{
    char number[24] = "", zh[160], en[160];
    bool may = true;
    enum status status = busy(call, row, account, number);
    if (status == STATUS_OK) {
        (void)snprintf(zh, sizeof zh, "%s在该时段已有预约 %s。", consultant ? "专家" : "申请方",
                       number);
        (void)snprintf(en, sizeof en, "The %s has another appointment then: %s.",
                       consultant ? "specialist" : "requester", number);
        return api_problem(call, 409, "appointment.busy", zh, en, "/from_ms");
    }
    status = status == STATUS_NONE ? duty_bookable(call->db, account, row->scheduled_from_ms,
                                                   row->scheduled_until_ms, &may)
                                   : status;
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    return may ||
           api_problem(call, 409, "appointment.not-bookable", "该时段不在已公布的可预约时间内。",
                       "That time is not one of the bookable times published for the day.",
                       "/from_ms");
}

bool consult_guard_slot(struct api_call *call, struct consult_row *row,
                        const struct consult_change *change)
{
    if (change->actor == CONSULT_ACTOR_SYSTEM) {
        return true; /* goes back to an appointment that was made */
    }
    return free_for(call, row, row->consultant_id, true) &&
           free_for(call, row, row->requester_id, false);
}
