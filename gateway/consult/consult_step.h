/* One action on its way (POST .../actions/{action}): what is read from the body before
 * consult_change(), and what follows in the same transaction. The table of consult_actions.c names
 * a step of each event; steps live with what they are about. Each returns true, or has answered the
 * call. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_STEP_H
#define GATEWAY_CONSULT_CONSULT_STEP_H

#include "gateway/consult/consult_change.h"

struct consult_act {
    struct api_call *call;
    struct consult_row row;
    struct consult_change change;
    json_t *detail; /* for the audit row; owned */
};

typedef bool (*consult_step_fn)(struct consult_act *act);

/* consult_route.c: where a request goes next */
bool consult_submitted(struct consult_act *act); /* after submit, renew */
bool consult_approve_before(struct consult_act *act);
bool consult_approved(struct consult_act *act);
bool consult_triage_before(struct consult_act *act);
bool consult_triaged(struct consult_act *act);
bool consult_hand_over_before(struct consult_act *act);
bool consult_handed_over(struct consult_act *act);
bool consult_declined(struct consult_act *act);

/* consult_schedule.c */
bool consult_schedule_before(struct consult_act *act);

/* consult_take_over.c: another doctor is put in charge */
bool consult_take_over_before(struct consult_act *act);
bool consult_taken_over(struct consult_act *act);

/* consult_reading.c: reads, preliminary opinions, second readers, critical values */
bool consult_accepted(struct consult_act *act); /* a read begins to be reported */
bool consult_convert_before(struct consult_act *act);
bool consult_preliminary_before(struct consult_act *act);
bool consult_preliminary_given(struct consult_act *act);
bool consult_sign_before(struct consult_act *act);
bool consult_critical_before(struct consult_act *act);

/* consult_member.c: multi-disciplinary */
bool consult_enlist_before(struct consult_act *act);
bool consult_excuse_before(struct consult_act *act);
bool consult_contribute_before(struct consult_act *act);

/* consult_closing.c: decision, follow-up, close, review */
bool consult_acknowledge_before(struct consult_act *act);
bool consult_plan_before(struct consult_act *act);
bool consult_close_before(struct consult_act *act);
bool consult_review_before(struct consult_act *act);

#endif
