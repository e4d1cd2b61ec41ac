#include "gateway/directory/duty_tell.h"

#include "gateway/directory/directory.h"
#include "gateway/records/audit.h"

bool duty_audit(struct api_call *call, const char *action, const char *reason_code, json_t *detail)
{
    struct audit_entry entry = {.at_ms = call->now_ms,
                                .actor_id = call->actor != NULL ? call->actor->account_id : NULL,
                                .action = action,
                                .reason_code = reason_code,
                                .detail = detail};
    enum status status = audit_append(call->db, &entry);
    json_decref(detail);
    return status == STATUS_OK || api_store_failed(call, status);
}

/* Every coordinator: whose roster it is, each finds out by reading it. */
static void tell_coordinators(struct api_call *call, json_t *message)
{
    api_effect_push(call, EFFECT_PUSH_ROLE, NULL, NULL, message);
    struct api_effect *last = call->effects;
    while (last->next != NULL) {
        last = last->next;
    }
    last->roles = ROLE_COORDINATOR;
}

void duty_tell_changed(struct api_call *call, const char *account_id)
{
    api_effect_push(call, EFFECT_PUSH, account_id, NULL, json_pack("{ss}", "type", "duty.changed"));
    tell_coordinators(call, json_pack("{ss}", "type", "duty.changed"));
}

void duty_tell_hand_over(struct api_call *call, const char *account_id, const char *state,
                         const char *by_account)
{
    json_t *by = directory_person_json(call->db, by_account);
    const char *zh = json_string_value(json_object_get(by, "name_zh"));
    const char *en = json_string_value(json_object_get(by, "name_en"));
    api_effect_push(call, EFFECT_PUSH, account_id, NULL,
                    json_pack("{ss, ss, ss, ss}", "type", "duty.handover", "state", state, "by_zh",
                              zh != NULL ? zh : "", "by_en", en != NULL ? en : ""));
    json_decref(by);
}

void duty_tell_reminder(struct api_call *call, const char *account_id, const char *shift_id,
                        int64_t from_ms, int64_t until_ms)
{
    api_effect_push(call, EFFECT_PUSH, account_id, NULL,
                    json_pack("{ss, ss, sI, sI}", "type", "duty.reminder", "shift", shift_id,
                              "from_ms", (json_int_t)from_ms, "until_ms", (json_int_t)until_ms));
}
