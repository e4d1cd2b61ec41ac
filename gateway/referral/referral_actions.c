#include "gateway/referral/referral_actions.h"

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_fields.h"
#include "gateway/consult/consult_row.h"
#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_change.h"
#include "gateway/referral/referral_fields.h"
#include "gateway/referral/referral_view.h"

static bool read_reason(struct api_call *call, struct referral_change *change)
{
    bool ok = true;
    if (call->body == NULL) {
        return true;
    }
    change->reason_code = api_body_text(call, "reason_code", false, 64, &ok);
    change->reason_text =
        ok ? api_body_text(call, "reason_text", false, CONSULT_REASON_TEXT_MAX, &ok) : NULL;
    if (!ok) {
        return false;
    }
    if (change->reason_code != NULL && change->reason_code[0] == '\0') {
        change->reason_code = NULL;
    }
    if (consult_text_blank(change->reason_text)) {
        change->reason_text = NULL;
    }
    return change->reason_code == NULL || consult_reason_code_valid(change->reason_code) ||
           referral_field_wrong(call, "", "reason_code", "原因代码只能含小写字母、数字和连字符。",
                                "Lower-case letters, digits and hyphens only.");
}

void referral_action(struct api_call *call)
{
    struct referral_change change = {.actor_id = call->actor->account_id, .body = call->body};
    struct referral_row row;
    const char *name = call->params[1];
    if (name == NULL || !referral_event_of(name, &change.event) ||
        !referral_event_is_action(change.event)) {
        (void)api_problem(call, 404, "referral.unknown-action", "没有此操作。",
                          "There is no such action.", NULL);
        return;
    }
    if (!read_reason(call, &change) || !referral_load(call, call->params[0], &row, &change.actor)) {
        return;
    }
    if (referral_if_match(call, &row) && referral_change(call, &row, &change)) {
        referral_reply(call, &row);
    }
    referral_row_clear(&row);
}
