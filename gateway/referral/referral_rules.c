#include "gateway/referral/referral_rules.h"

#include "proto/base/check.h"

#include <string.h>

/* The way up in one partnership; a referral down goes the same way back. */
struct way {
    const struct rules_partnership *partnership;
    const struct rules_member *low, *high;
    const struct rules_organisation *low_organisation, *high_organisation;
};

static bool same_prefix(const char *a, const char *b, size_t digits)
{
    return strlen(a) >= digits && strlen(b) >= digits && memcmp(a, b, digits) == 0;
}

static bool member_on(const struct rules_member *m, const char *date)
{
    return strcmp(m->since, date) <= 0 && (m->until[0] == '\0' || strcmp(date, m->until) <= 0);
}

static const struct rules_agreement *agreement_on(const struct rules_partnership *p,
                                                  const char *date)
{
    const struct rules_agreement *best = NULL;
    for (size_t i = 0; i < p->agreement_count; i++) {
        const struct rules_agreement *a = &p->agreements[i];
        bool in_force = strcmp(a->signed_on, date) <= 0 && strcmp(a->valid_from, date) <= 0 &&
                        strcmp(date, a->valid_until) <= 0;
        if (in_force && (best == NULL || a->version > best->version)) {
            best = a;
        }
    }
    return best;
}

static bool same_region(const struct way *w)
{
    size_t digits = w->partnership->mode == RULES_URBAN_GROUP        ? 4
                    : w->partnership->mode == RULES_COUNTY_COMMUNITY ? 6
                                                                     : 0;
    return same_prefix(w->low_organisation->region, w->high_organisation->region, digits);
}

/* skip: one level of a county community may be left out. */
static enum rules_refusal way_up(const struct way *w, bool skip)
{
    int up = (int)w->high_organisation->level - (int)w->low_organisation->level;
    switch (w->partnership->mode) {
    case RULES_URBAN_GROUP:
        return w->high->role == RULES_LEAD || up > 0 ? RULES_ALLOWED : RULES_WRONG_DIRECTION;
    case RULES_COUNTY_COMMUNITY:
        if (up <= 0) {
            return RULES_WRONG_DIRECTION;
        }
        return w->high_organisation->level <= RULES_COUNTY && (up == 1 || (up == 2 && skip))
                   ? RULES_ALLOWED
                   : RULES_WRONG_LEVEL;
    case RULES_SPECIALTY_ALLIANCE:
        return w->high->role == RULES_LEAD || up > 0 ? RULES_ALLOWED : RULES_WRONG_DIRECTION;
    case RULES_REMOTE_NETWORK:
        return w->low->role == RULES_SPOKE &&
                       (w->high->role == RULES_HUB || w->high->role == RULES_LEAD)
                   ? RULES_ALLOWED
                   : RULES_WRONG_DIRECTION;
    case RULES_MODE_COUNT:
        break;
    }
    CHECK(w->partnership->mode < RULES_MODE_COUNT);
    return RULES_BAD_QUESTION;
}

/* The checks in the order of rules.def, as the engine makes them for consultations. */
static enum rules_refusal weigh(const struct way *w, const struct referral_question *question,
                                const struct rules_agreement **out_agreement)
{
    if (!w->partnership->active || !w->low_organisation->active || !w->high_organisation->active) {
        return RULES_PARTNERSHIP_INACTIVE;
    }
    if (!member_on(w->low, question->date) || !member_on(w->high, question->date)) {
        return RULES_MEMBERSHIP_ENDED;
    }
    if (w->partnership->agreement_count == 0) {
        return RULES_NO_AGREEMENT;
    }
    *out_agreement = agreement_on(w->partnership, question->date);
    if (*out_agreement == NULL) {
        return RULES_AGREEMENT_NOT_IN_FORCE;
    }
    if (!same_region(w)) {
        return RULES_OTHER_REGION;
    }
    return way_up(w, question->urgent || question->direction == REFERRAL_DOWN);
}

/* Close before loose, then the nearest level, then the codes: never the order of rows. */
static bool better(const struct rules_organisation *from, const struct rules_route *a,
                   const struct rules_route *b)
{
    if (a->partnership->type != b->partnership->type) {
        return a->partnership->type == RULES_CLOSE;
    }
    int far_a = (int)a->organisation->level - (int)from->level;
    int far_b = (int)b->organisation->level - (int)from->level;
    far_a = far_a < 0 ? -far_a : far_a;
    far_b = far_b < 0 ? -far_b : far_b;
    if (far_a != far_b) {
        return far_a < far_b;
    }
    int order = strcmp(a->partnership->code, b->partnership->code);
    order = order == 0 ? strcmp(a->organisation->code, b->organisation->code) : order;
    return order < 0;
}

static void insert(struct rules_answer *answer, const struct rules_organisation *from,
                   struct rules_route route)
{
    size_t at = answer->route_count;
    if (at == RULES_ROUTES_MAX) {
        return;
    }
    for (; at > 0 && better(from, &route, &answer->routes[at - 1]); at--) {
        answer->routes[at] = answer->routes[at - 1];
    }
    answer->routes[at] = route;
    answer->route_count++;
}

static void weigh_partnership(const struct rules_world *world,
                              const struct referral_question *question,
                              const struct rules_partnership *p, struct rules_answer *answer)
{
    const struct rules_member *from = NULL;
    for (size_t i = 0; i < p->member_count && from == NULL; i++) {
        const char *id = world->organisations[p->members[i].organisation].id;
        from = strcmp(id, question->from) == 0 ? &p->members[i] : NULL;
    }
    for (size_t i = 0; from != NULL && i < p->member_count; i++) {
        const struct rules_member *to = &p->members[i];
        const struct rules_organisation *target = &world->organisations[to->organisation];
        if (to == from || (question->to != NULL && strcmp(target->id, question->to) != 0)) {
            continue;
        }
        const struct rules_organisation *source = &world->organisations[from->organisation];
        bool up = question->direction == REFERRAL_UP;
        struct way w = {p, up ? from : to, up ? to : from, up ? source : target,
                        up ? target : source};
        const struct rules_agreement *agreement = NULL;
        enum rules_refusal refusal = weigh(&w, question, &agreement);
        if (refusal == RULES_ALLOWED) {
            insert(answer, source,
                   (struct rules_route){
                       .partnership = p, .agreement = agreement, .organisation = target});
        } else if (refusal > answer->refusal) {
            answer->refusal = refusal;
        }
    }
}

enum rules_refusal referral_allowed(const struct rules_world *world,
                                    const struct referral_question *question,
                                    struct rules_answer *out_answer)
{
    CHECK(world != NULL && question != NULL);
    out_answer->route_count = 0;
    out_answer->refusal = RULES_NO_PARTNERSHIP;
    if (question->to != NULL && strcmp(question->from, question->to) == 0) {
        out_answer->refusal = RULES_SAME_ORGANISATION;
        return out_answer->refusal;
    }
    for (size_t i = 0; i < world->partnership_count; i++) {
        weigh_partnership(world, question, &world->partnerships[i], out_answer);
    }
    if (out_answer->route_count > 0) {
        out_answer->refusal = RULES_ALLOWED;
    }
    return out_answer->refusal;
}
