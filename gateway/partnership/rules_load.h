/* Reads from the store what the rule engine needs to answer for one organisation: every partnership
 * it belongs or belonged to, with members, scope and agreements, and who offers which specialty.
 * Store thread; the world is the caller's and holds copies, so it outlives the transaction. */
#ifndef GATEWAY_PARTNERSHIP_RULES_LOAD_H
#define GATEWAY_PARTNERSHIP_RULES_LOAD_H

#include "gateway/partnership/rules.h"
#include "gateway/store/db.h"

/* organisation_id NULL: all partnerships (operator, admin). An unknown organisation gives a world
 * without it, which the engine refuses. STATUS_IO: store; STATUS_NO_MEMORY. */
MUST_USE enum status rules_load(struct db *db, const char *organisation_id,
                                struct rules_world **out_world);
/* The same with the specialists of one specialty only, which is all that a question about it needs:
 * a tenth of the work. NULL: all. */
MUST_USE enum status rules_load_for(struct db *db, const char *organisation_id,
                                    const char *specialty, struct rules_world **out_world);
void rules_world_free(struct rules_world *world); /* NULL is fine */

/* Loads, asks and frees. When the act of the question is refused, `otherwise` is asked of the same
 * world (the question's own act: nothing more is asked); refused, too, the outcome is that of the
 * first. The texts of the best route are copied out; all "" when refused, but the sentences and the
 * clause, which are always those of the outcome. */
struct rules_verdict {
    enum rules_refusal refusal;
    char partnership_id[33], partnership_mode[24], agreement_id[33];
    char
        organisation_id[33]; /* that may be asked: the best one, or the one named in the question */
    long agreement_version;
    enum rules_level organisation_level;
    char clause[20];       /* number of the clause that allows or refuses; "" = another rule */
    char zh[320], en[320]; /* the sentence, with the clause named */
};
MUST_USE enum status rules_decide(struct db *db, const struct rules_question *question,
                                  enum rules_act otherwise, struct rules_verdict *out_verdict);

/* Do these two share a partnership on that day at all: active, both members, an agreement in force?
 * One query, for what is asked at each reading: a former partner sees nothing that it is not a
 * party to. STATUS_IO: store. */
MUST_USE enum status rules_partners(struct db *db, const char *one, const char *other,
                                    const char *date, bool *out_partners);

/* The day at now_ms in China Standard Time (UTC+8, no daylight saving): the one that agreements and
 * licences count by. */
void rules_today(int64_t now_ms, char out_date[11]);
/* When that day begins there, in ms UTC. date is valid (rules_date_valid). */
int64_t rules_day_ms(const char *date);
/* Days since 1970-01-01 (proleptic Gregorian calendar); month 1 to 12. */
int64_t rules_days_of(int64_t year, int64_t month, int64_t day);

#endif
