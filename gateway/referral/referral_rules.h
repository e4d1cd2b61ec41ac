/* May this institution refer patients to that one, in this direction, today, and under which
 * agreement? The one place where referrals ask the rule engine. Pure over a world that was loaded
 * by rules_load(); any thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_RULES_H
#define GATEWAY_REFERRAL_REFERRAL_RULES_H

#include "gateway/partnership/rules.h"
#include "gateway/referral/referral_fsm.h"

struct referral_question {
    const char *from, *to; /* organisation ids; `to` NULL: any */
    enum referral_direction direction;
    bool urgent;
    const char *date; /* YYYY-MM-DD, rules_today() */
};

/* RULES_ALLOWED: routes[0..count-1] of the answer, best first, are the ways; an organisation can be
 * there by several partnerships. Else the refusal that came furthest. */
enum rules_refusal referral_allowed(const struct rules_world *world,
                                    const struct referral_question *question,
                                    struct rules_answer *out_answer);

#endif
