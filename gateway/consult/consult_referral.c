#include "gateway/consult/consult_referral.h"

#include "gateway/consult/consult_change.h"

bool consult_referral_settled(struct api_call *call, const char *consultation_id,
                              const char *outcome)
{
    struct consult_row row;
    enum status status = consult_row_load(call->db, consultation_id, &row);
    if (status != STATUS_OK) {
        return status == STATUS_NONE || api_store_failed(call, status);
    }
    bool done = row.state != CONSULT_REFERRAL_OPEN ||
                consult_change(call, &row,
                               &(struct consult_change){.event = CONSULT_EVENT_SETTLE,
                                                        .actor = CONSULT_ACTOR_SYSTEM,
                                                        .reason_code = outcome});
    consult_row_clear(&row);
    return done;
}
