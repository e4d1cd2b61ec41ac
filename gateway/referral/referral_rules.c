#include "gateway/referral/referral_rules.h"

#include "gateway/directory/directory.h"
#include "proto/base/check.h"

#include <stdio.h>

bool referral_allowed(const struct rules_world *world, const struct referral_question *question,
                      struct rules_answer *out_answer)
{
    CHECK(world != NULL && question != NULL);
    bool up = question->direction == REFERRAL_UP;
    bool named = question->specialty != NULL && question->specialty[0] != '\0';
    struct rules_question ask = {.requester = question->from,
                                 .consultant = question->to,
                                 .specialty = named ? question->specialty : NULL,
                                 .kind = RULES_LIVE,
                                 .stat = question->urgent,
                                 .date = question->date,
                                 .act = up ? RULES_REFER_UP : RULES_REFER_DOWN};
    if (rules_ask(world, &ask, out_answer)) {
        return true;
    }
    if (!question->back || question->to == NULL) {
        return false;
    }
    struct rules_answer there;
    ask.requester = question->to;
    ask.consultant = question->from;
    ask.act = up ? RULES_REFER_DOWN : RULES_REFER_UP;
    ask.stat = true; /* urgent or not, he has come */
    if (rules_ask(world, &ask, &there)) {
        *out_answer = there;
        return true;
    }
    return false;
}

enum status referral_specialty(struct db *db, const struct referral_row *row,
                               char out_specialty[64])
{
    out_specialty[0] = '\0';
    if (row->department[0] != '\0' && directory_specialty_exists(db, row->department)) {
        (void)snprintf(out_specialty, 64, "%.63s", row->department);
        return STATUS_OK;
    }
    enum status status = STATUS_NONE;
    if (row->consultation_id[0] != '\0') {
        status =
            db_one_text(db, out_specialty, 64, "SELECT specialty FROM consultation WHERE id = $1",
                        "s", row->consultation_id);
    }
    return status == STATUS_NONE ? STATUS_OK : status;
}
