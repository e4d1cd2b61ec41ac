#include "gateway/referral/referral_effects.h"

#include <stdio.h>

static void push(struct api_call *call, const struct referral_row *row, const char *account_id,
                 const char *notice)
{
    json_t *message =
        json_pack("{s:s, s:s, s:I, s:s}", "type", "referral.changed", "referral", row->id,
                  "version", (json_int_t)row->version, "state", referral_state_name(row->state));
    if (message != NULL && notice != NULL) {
        (void)json_object_set_new(message, "notice", json_string(notice));
    }
    api_effect_push(call, EFFECT_PUSH, account_id, NULL, message);
}

enum status referral_effect_changed(struct api_call *call, const struct referral_row *row,
                                    const char *notice)
{
    struct db_query q;
    if (row->sent_ms == 0) {
        push(call, row, row->created_by, notice);
        return STATUS_OK;
    }
    db_begin_query(&q, call->db,
                   "SELECT a.id FROM account a JOIN practitioner p ON p.id = a.practitioner_id "
                   "JOIN account_role r ON r.account_id = a.id WHERE a.disabled = 0 AND "
                   "p.organisation_id = $1 AND r.role IN ('referrals', 'coordinator') UNION "
                   "SELECT a.id FROM account a JOIN practitioner p ON p.id = a.practitioner_id "
                   "JOIN account_role r ON r.account_id = a.id WHERE a.disabled = 0 AND "
                   "p.organisation_id = $2 AND r.role = 'coordinator' UNION "
                   "SELECT a.id FROM account a WHERE a.disabled = 0 AND (a.id = $3 OR a.id IN "
                   "(SELECT b.created_by FROM referral b WHERE b.id = $4)) AND EXISTS (SELECT 1 "
                   "FROM account_role r WHERE r.account_id = a.id)");
    db_bind_text(&q, row->to_organisation_id);
    db_bind_text(&q, row->from_organisation_id);
    db_bind_text(&q, row->created_by);
    db_bind_text(&q, row->based_on);
    while (db_next(&q)) {
        push(call, row, db_text(&q, 0), notice);
    }
    return db_end(&q);
}

void referral_effect_count(struct api_call *call, const struct referral_row *row)
{
    char labels[40];
    (void)snprintf(labels, sizeof labels, "%s,%s", referral_direction_name(row->direction),
                   referral_state_name(row->state));
    api_effect_push(call, EFFECT_COUNT_METRIC, NULL, NULL,
                    json_pack("{s:s, s:s}", "metric", "consult_referrals_total", "labels", labels));
}
