#include "gateway/partnership/rules.h"

#include "gateway/partnership/rules_modes.h"
#include "proto/base/check.h"

#include <string.h>

/* One partnership and one organisation in it, as it is being weighed. */
struct cell {
    const struct rules_partnership *partnership;
    size_t from_index; /* of the requester */
    const struct rules_member *from, *to;
    const struct rules_organisation *requester, *consultant;
    const struct rules_agreement *agreement; /* NULL: not found out, or none in force */
    const struct rules_clause *clause;       /* that allows or refuses; NULL: another rule */
};

bool rules_three_years(const char *licensed_since, const char *date)
{
    if (!rules_date_valid(licensed_since) || !rules_date_valid(date)) {
        return false;
    }
    int since = (licensed_since[0] - '0') * 1000 + (licensed_since[1] - '0') * 100 +
                (licensed_since[2] - '0') * 10 + (licensed_since[3] - '0');
    int year =
        (date[0] - '0') * 1000 + (date[1] - '0') * 100 + (date[2] - '0') * 10 + (date[3] - '0');
    /* A licence of 29 February is three years old on 1 March. */
    return year > since + 3 || (year == since + 3 && strcmp(date + 4, licensed_since + 4) >= 0);
}

static bool same_prefix(const char *a, const char *b, size_t digits)
{
    return strlen(a) >= digits && strlen(b) >= digits && memcmp(a, b, digits) == 0;
}

/* Both lie in one of the regions that the partnership was made for; without a list the mode's own
 * limit is all. */
static bool share_region(const struct rules_partnership *p, const char *a, const char *b)
{
    for (size_t i = 0; i < p->region_count; i++) {
        size_t len = strlen(p->regions[i]);
        if (same_prefix(a, p->regions[i], len) && same_prefix(b, p->regions[i], len)) {
            return true;
        }
    }
    return p->region_count == 0;
}

static bool member_on(const struct rules_member *m, const char *date)
{
    return strcmp(m->since, date) <= 0 && (m->until[0] == '\0' || strcmp(date, m->until) <= 0);
}

/* The newest version that is in force; NULL: none. A newer version replaces the older one also
 * where it grants less. */
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

/* The bit of the kind that the agreement's services must name; 0: this act is no service. */
static unsigned service_bit(const struct rules_question *question)
{
    switch (question->act) {
    case RULES_CONSULT:
        return 1u << question->kind;
    case RULES_REPORT:
        return 1u << RULES_READ;
    case RULES_TEACH:
        return 1u << RULES_TEACHING;
    case RULES_SEE:
    case RULES_REFER_UP:
    case RULES_REFER_DOWN:
    case RULES_ACT_COUNT:
        break;
    }
    return 0;
}

bool rules_needs_consultant(enum rules_act act)
{
    return act == RULES_CONSULT || act == RULES_TEACH || act == RULES_REPORT;
}

static bool covers(const struct rules_partnership *p, const struct rules_question *question)
{
    if (question->specialty == NULL && question->act == RULES_SEE) {
        return true; /* a record is of a person, not of a specialty */
    }
    for (size_t i = 0; question->specialty != NULL && i < p->specialty_count; i++) {
        if (strcmp(p->specialties[i], question->specialty) == 0) {
            return true;
        }
    }
    bool open = p->specialty_count == 0 || question->specialty == NULL;
    return open && p->mode != RULES_SPECIALTY_ALLIANCE;
}

static bool has_consultant(const struct rules_organisation *o,
                           const struct rules_question *question)
{
    for (size_t i = 0; i < o->offer_count; i++) {
        if (strcmp(o->offers[i].specialty, question->specialty) == 0 &&
            rules_three_years(o->offers[i].licensed_since, question->date)) {
            return true;
        }
    }
    return false;
}

static enum rules_refusal region_rule(const struct cell *c)
{
    size_t digits = 0; /* alliance and network: any region */
    if (c->partnership->mode == RULES_URBAN_GROUP) {
        digits = 4; /* GB/T 2260: the city */
    } else if (c->partnership->mode == RULES_COUNTY_COMMUNITY) {
        digits = 6; /* the county */
    }
    if (digits == 0) {
        return RULES_ALLOWED;
    }
    bool same = same_prefix(c->requester->region, c->consultant->region, digits) &&
                share_region(c->partnership, c->requester->region, c->consultant->region);
    return same ? RULES_ALLOWED : RULES_OTHER_REGION;
}

/* What the agreement says about an act of one member: the first clause that allows it, else the
 * first that keeps it to other kinds. Clauses that name the member count before those for all. */
struct found {
    const struct rules_clause *allows, *refuses;
};

static void find_clauses(const struct cell *c, const struct rules_question *question,
                         struct found *out_named, struct found *out_all)
{
    for (size_t i = 0; i < c->agreement->clause_count; i++) {
        const struct rules_clause *clause = &c->agreement->clauses[i];
        bool all = clause->member[0] == '\0';
        if ((clause->acts & (1u << question->act)) == 0 ||
            (!all && strcmp(clause->member, c->consultant->code) != 0)) {
            continue;
        }
        struct found *found = all ? out_all : out_named;
        bool kind_in = question->act != RULES_CONSULT || clause->kinds == 0 ||
                       (clause->kinds & (1u << question->kind)) != 0;
        const struct rules_clause **at = kind_in ? &found->allows : &found->refuses;
        *at = *at == NULL ? clause : *at;
    }
}

/* Mode and clauses together. */
static enum rules_refusal act_rule(struct cell *c, const struct rules_question *question)
{
    const struct rules_side from = {c->requester->level, c->from->role};
    const struct rules_side to = {c->consultant->level, c->to->role};
    enum rules_refusal refusal = RULES_ALLOWED;
    enum rules_ground ground = rules_mode_ground(c->partnership->mode, question->act, &from, &to,
                                                 question->stat, &refusal);
    struct found named = {NULL, NULL};
    struct found all = {NULL, NULL};
    find_clauses(c, question, &named, &all);
    bool is_named = named.allows != NULL || named.refuses != NULL;
    const struct found *found = is_named ? &named : &all;
    if (question->act == RULES_SEE && !c->partnership->continuous) {
        c->clause = found->allows; /* the scope of the partnership is the stricter one */
        return RULES_RECORD_RELEASED;
    }
    if (ground == RULES_GROUND_NONE || (ground == RULES_GROUND_NAMED && !is_named)) {
        return refusal;
    }
    if (found->allows == NULL && found->refuses != NULL) {
        c->clause = found->refuses;
        return RULES_CLAUSE_KIND;
    }
    c->clause = found->allows;
    return ground == RULES_GROUND_CLAUSE && found->allows == NULL ? refusal : RULES_ALLOWED;
}

/* The checks in the order of rules.def: the further a refusal comes, the more helpful it is. */
static enum rules_refusal weigh(struct cell *c, const struct rules_question *question)
{
    unsigned service = service_bit(question);
    c->agreement = NULL;
    c->clause = NULL;
    if (!c->partnership->active || !c->consultant->active) {
        return RULES_PARTNERSHIP_INACTIVE;
    }
    if (!member_on(c->from, question->date) || !member_on(c->to, question->date)) {
        return RULES_MEMBERSHIP_ENDED;
    }
    if (c->partnership->agreement_count == 0) {
        return RULES_NO_AGREEMENT;
    }
    c->agreement = agreement_on(c->partnership, question->date);
    if (c->agreement == NULL) {
        return RULES_AGREEMENT_NOT_IN_FORCE;
    }
    if (service != 0 && (c->agreement->services & service) == 0) {
        return RULES_SERVICE_NOT_AGREED;
    }
    if (!covers(c->partnership, question)) {
        return RULES_SPECIALTY_NOT_COVERED;
    }
    enum rules_refusal refusal = region_rule(c);
    if (refusal == RULES_ALLOWED) {
        refusal = act_rule(c, question);
    }
    if (refusal == RULES_ALLOWED && rules_needs_consultant(question->act) &&
        !has_consultant(c->consultant, question)) {
        c->clause = NULL; /* it allows; what refuses is the licence */
        refusal = RULES_NO_CONSULTANT;
    }
    return refusal;
}

static int level_distance(const struct rules_organisation *requester,
                          const struct rules_organisation *o)
{
    int distance = (int)o->level - (int)requester->level;
    return distance < 0 ? -distance : distance;
}

/* Close before loose, then the nearest level, then the codes: total, so that the answer never
 * depends on the order of rows. */
static bool better(const struct rules_organisation *requester, const struct rules_route *a,
                   const struct rules_route *b)
{
    if (a->partnership->type != b->partnership->type) {
        return a->partnership->type == RULES_CLOSE;
    }
    int distance_a = level_distance(requester, a->organisation);
    int distance_b = level_distance(requester, b->organisation);
    if (distance_a != distance_b) {
        return distance_a < distance_b;
    }
    int order = strcmp(a->partnership->code, b->partnership->code);
    if (order == 0) {
        order = strcmp(a->organisation->code, b->organisation->code);
    }
    return order < 0;
}

static void insert(struct rules_answer *answer, const struct rules_organisation *requester,
                   const struct rules_route *route)
{
    size_t at = answer->route_count;
    while (at > 0 && better(requester, route, &answer->routes[at - 1])) {
        at--;
    }
    if (at == RULES_ROUTES_MAX) {
        return;
    }
    size_t tail = answer->route_count - at;
    if (answer->route_count == RULES_ROUTES_MAX) {
        tail--; /* the worst one goes */
    } else {
        answer->route_count++;
    }
    memmove(&answer->routes[at + 1], &answer->routes[at], tail * sizeof answer->routes[0]);
    answer->routes[at] = *route;
}

static const struct rules_member *member_of(const struct rules_partnership *p, size_t organisation)
{
    for (size_t i = 0; i < p->member_count; i++) {
        if (p->members[i].organisation == organisation) {
            return &p->members[i];
        }
    }
    return NULL;
}

/* The refusal that came furthest is told; of several alike the one of the way that would be best.
 */
static void note_refusal(struct rules_answer *answer, const struct cell *c,
                         enum rules_refusal refusal)
{
    struct rules_route route = {c->partnership, c->agreement, c->consultant, c->clause};
    bool nearer = refusal == answer->refusal && answer->refused.partnership != NULL &&
                  better(c->requester, &route, &answer->refused);
    if (refusal > answer->refusal || nearer) {
        answer->refusal = refusal;
        answer->refused = route;
    }
}

/* All organisations of one partnership that the question may mean. */
static void weigh_partnership(const struct rules_world *world,
                              const struct rules_question *question, struct cell *c,
                              struct rules_answer *answer)
{
    const struct rules_partnership *p = c->partnership;
    c->from = member_of(p, c->from_index);
    for (size_t i = 0; c->from != NULL && i < p->member_count; i++) {
        CHECK(p->members[i].organisation < world->organisation_count);
        c->to = &p->members[i];
        c->consultant = &world->organisations[c->to->organisation];
        bool meant = question->consultant == NULL
                         ? c->consultant != c->requester
                         : strcmp(c->consultant->id, question->consultant) == 0;
        if (!meant) {
            continue;
        }
        enum rules_refusal refusal = weigh(c, question);
        if (refusal == RULES_ALLOWED) {
            insert(answer, c->requester,
                   &(struct rules_route){p, c->agreement, c->consultant, c->clause});
        } else {
            note_refusal(answer, c, refusal);
        }
    }
}

static const struct rules_organisation *find_organisation(const struct rules_world *world,
                                                          const char *id, size_t *out_index)
{
    for (size_t i = 0; i < world->organisation_count; i++) {
        if (strcmp(world->organisations[i].id, id) == 0) {
            *out_index = i;
            return &world->organisations[i];
        }
    }
    return NULL;
}

static bool question_valid(const struct rules_question *question)
{
    bool specialty = question->specialty != NULL ? question->specialty[0] != '\0'
                                                 : !rules_needs_consultant(question->act);
    return question->requester != NULL && specialty &&
           (unsigned)question->kind < RULES_KIND_COUNT &&
           (unsigned)question->act < RULES_ACT_COUNT && rules_date_valid(question->date);
}

bool rules_ask(const struct rules_world *world, const struct rules_question *question,
               struct rules_answer *out_answer)
{
    CHECK(world != NULL && question != NULL);
    out_answer->route_count = 0;
    out_answer->refusal = RULES_BAD_QUESTION;
    out_answer->refused = (struct rules_route){.partnership = NULL};
    if (!question_valid(question)) {
        return false;
    }
    struct cell c = {.from_index = 0};
    c.requester = find_organisation(world, question->requester, &c.from_index);
    if (c.requester == NULL || !c.requester->active) {
        out_answer->refusal = RULES_UNKNOWN_ORGANISATION;
        return false;
    }
    if (question->consultant != NULL && strcmp(question->consultant, question->requester) == 0) {
        out_answer->refusal = RULES_SAME_ORGANISATION;
        return false;
    }
    out_answer->refusal = RULES_NO_PARTNERSHIP;
    for (size_t i = 0; i < world->partnership_count; i++) {
        c.partnership = &world->partnerships[i];
        weigh_partnership(world, question, &c, out_answer);
    }
    if (out_answer->route_count > 0) {
        out_answer->refusal = RULES_ALLOWED;
    }
    return out_answer->refusal == RULES_ALLOWED;
}

enum rules_refusal rules_consultant(const char *const *specialties, const char *licensed_since,
                                    const char *specialty, const char *date)
{
    while (*specialties != NULL && strcmp(*specialties, specialty) != 0) {
        specialties++;
    }
    if (*specialties == NULL) {
        return RULES_NOT_ON_SPECIALTY;
    }
    return rules_three_years(licensed_since, date) ? RULES_ALLOWED : RULES_LICENCE_TOO_SHORT;
}
