/* May this institution refer patients to that one, in this direction, today, and under which
 * agreement? The one place where referrals ask the rule engine. Store thread for the specialty; the
 * rest is pure over a world that was loaded by rules_load(). */
#ifndef GATEWAY_REFERRAL_REFERRAL_RULES_H
#define GATEWAY_REFERRAL_REFERRAL_RULES_H

#include "gateway/partnership/rules.h"
#include "gateway/referral/referral_row.h"

struct referral_question {
    const char *from, *to; /* organisation ids; `to` NULL: any */
    enum referral_direction direction;
    const char *specialty; /* NULL or "": none; an alliance refers within its specialties only */
    bool urgent;
    bool back;        /* it answers a referral from `to`: the way home */
    const char *date; /* YYYY-MM-DD, rules_today() */
};

/* True: routes[0 .. count-1] of the answer, best first, are the ways; an organisation can be there
 * by several partnerships. A patient who came by a referral may go back by the partnership that let
 * him come, also where the agreement says nothing of that direction; its route then names the
 * organisation that refers back. False: rules_say_answer() has the sentence. */
bool referral_allowed(const struct rules_world *world, const struct referral_question *question,
                      struct rules_answer *out_answer);
/* The department's, where its code is one, else the consultation's; "" = none. STATUS_IO. */
MUST_USE enum status referral_specialty(struct db *db, const struct referral_row *row,
                                        char out_specialty[64]);

#endif
