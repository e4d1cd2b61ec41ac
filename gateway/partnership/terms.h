/* What an agreement asks for beyond its services: who decides along the way, how long each wait may
 * be, who reads twice. Kept as JSON in agreement.terms; every member may be absent, and then the
 * default of this table holds. The three switches of the partnership (record scope, money,
 * governance) follow from its type unless it says otherwise. Store thread.
 *
 *   approval            bool    false  the own institution's approver releases each request
 *   triage              bool    false  a coordinator triages before it is offered; stat never waits
 *   second_reader       [kind]  []     kinds of consultation whose opinion a second reader verifies
 *   escalation          bool    true   an offer that nobody takes in time goes one tier higher
 *   session_minutes     int     30     planned length; longer warns
 *   reschedules_max     int     3      of one appointment
 *   no_show_minutes     int     15     waiting alone in the room
 *   critical_minutes    int     15     until a critical value is acknowledged
 *   review_percent      int     5      of closed consultations, besides stat and amended ones
 *   timers              object  {}     {timer of consult_fsm.def or referral_fsm.def: {urgency:
 * seconds}}
 *
 * All numbers are [M]: customs that an agreement may change, not law. */
#ifndef GATEWAY_PARTNERSHIP_TERMS_H
#define GATEWAY_PARTNERSHIP_TERMS_H

#include "gateway/partnership/rules.h"
#include "gateway/store/db.h"

#include <jansson.h>
#include <stdint.h>

struct terms {
    bool approval, triage, escalation;
    unsigned second_reader; /* bit 1 << enum rules_kind */
    int64_t session_minutes, reschedules_max, no_show_minutes, critical_minutes, review_percent;
    json_t *timers;     /* owned; NULL = none */
    bool continuous;    /* one record for all members; else released for each consultation */
    bool pooled;        /* no charge between members */
    bool lead_disposes; /* the lead reassigns for members; else each hop is approved */
};

/* Terms of the agreement and switches of its partnership. agreement_id NULL or "": the defaults of
 * a loose partnership. STATUS_IO, STATUS_NO_MEMORY; STATUS_MALFORMED: the stored JSON is not ours.
 * On STATUS_OK the caller clears it. */
MUST_USE enum status terms_load(struct db *db, const char *agreement_id, struct terms *out_terms);
void terms_clear(struct terms *terms);
/* Seconds that the agreement gives this timer; 0: it says nothing. */
int64_t terms_timer_s(const struct terms *terms, const char *timer, const char *urgency);

/* Reads the JSON strictly; false: *out_pointer ("/timers/offer-deadline/stat") and the sentences
 * say what is wrong. Any thread. */
struct terms_error {
    char pointer[96];
    const char *zh, *en;
};
bool terms_read(json_t *object, struct terms *out_terms, struct terms_error *out_error);

#endif
