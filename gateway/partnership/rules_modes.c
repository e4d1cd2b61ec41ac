#include "gateway/partnership/rules_modes.h"

#include "proto/base/check.h"

struct pair {
    const struct rules_side *from, *to;
    int up; /* levels from the one to the other */
    bool stat;
};

struct ruling {
    enum rules_ground ground;
    enum rules_refusal refusal;
};

static const struct ruling by_mode = {RULES_GROUND_MODE, RULES_ALLOWED};
static const struct ruling by_clause = {RULES_GROUND_CLAUSE, RULES_NO_CLAUSE};
/* Without the clause it is the direction that is wrong. */
static const struct ruling by_name = {RULES_GROUND_NAMED, RULES_WRONG_DIRECTION};
static const struct ruling wrong_direction = {RULES_GROUND_NONE, RULES_WRONG_DIRECTION};
static const struct ruling wrong_level = {RULES_GROUND_NONE, RULES_WRONG_LEVEL};

/* Leads a remote network, or serves it. */
static bool serves(enum rules_member_role role)
{
    return role == RULES_HUB || role == RULES_LEAD;
}

static struct ruling consult(enum rules_mode mode, const struct pair *p)
{
    switch (mode) {
    case RULES_URBAN_GROUP: /* sideways by agreement */
        return p->to->role == RULES_LEAD || p->up > 0 ? by_mode : by_name;
    case RULES_COUNTY_COMMUNITY:
        if (p->up <= 0) {
            return wrong_direction;
        }
        /* Beyond the county only by another partnership. */
        return p->to->level <= RULES_COUNTY && (p->up == 1 || (p->up == 2 && p->stat))
                   ? by_mode
                   : wrong_level;
    case RULES_SPECIALTY_ALLIANCE:
        return by_mode;
    case RULES_REMOTE_NETWORK:
        return p->from->role == RULES_SPOKE && serves(p->to->role) ? by_mode : wrong_direction;
    case RULES_MODE_COUNT:
        break;
    }
    return wrong_direction;
}

/* For what is acute, severe or beyond the institution. */
static struct ruling refer_up(enum rules_mode mode, const struct pair *p)
{
    bool lead = p->to->role == RULES_LEAD;
    switch (mode) {
    case RULES_URBAN_GROUP:
        return lead || p->up > 0 ? by_mode : wrong_direction;
    case RULES_COUNTY_COMMUNITY: /* up to the county, past a level if need be */
        return p->up > 0 && p->to->level <= RULES_COUNTY ? by_mode : wrong_direction;
    case RULES_SPECIALTY_ALLIANCE: /* its centre; another one only by name */
        return lead ? by_mode : p->up > 0 ? by_name : wrong_direction;
    case RULES_REMOTE_NETWORK: /* where the agreement says so */
        return lead || (p->from->role == RULES_SPOKE && serves(p->to->role)) ? by_clause
                                                                             : wrong_direction;
    case RULES_MODE_COUNT:
        break;
    }
    return wrong_direction;
}

/* For recovery, stable chronic disease, rehabilitation. */
static struct ruling refer_down(enum rules_mode mode, const struct pair *p)
{
    switch (mode) {
    case RULES_URBAN_GROUP:
    case RULES_COUNTY_COMMUNITY:
        return p->up < 0 ? by_mode : wrong_direction;
    case RULES_SPECIALTY_ALLIANCE: /* back from its centre */
        return p->from->role == RULES_LEAD ? by_clause : wrong_direction;
    case RULES_REMOTE_NETWORK:
        return serves(p->from->role) && p->to->role == RULES_SPOKE ? by_clause : wrong_direction;
    case RULES_MODE_COUNT:
        break;
    }
    return wrong_direction;
}

/* `to` teaches. */
static struct ruling teach(enum rules_mode mode, const struct pair *p)
{
    switch (mode) {
    case RULES_URBAN_GROUP:
    case RULES_COUNTY_COMMUNITY:
        return p->to->role == RULES_LEAD || p->up > 0 ? by_mode : by_name;
    case RULES_SPECIALTY_ALLIANCE:
        return by_mode;
    case RULES_REMOTE_NETWORK:
        return p->from->role == RULES_SPOKE && serves(p->to->role) ? by_mode : by_name;
    case RULES_MODE_COUNT:
        break;
    }
    return wrong_direction;
}

/* The shared reading centre: the lead or a hub reads for all; another member where a clause makes
 * it the centre. Levels do not matter: a village's ECG goes straight to the county. */
static struct ruling report(const struct pair *p)
{
    return serves(p->to->role) ? by_mode : by_name;
}

static struct ruling rule(enum rules_mode mode, enum rules_act act, const struct pair *p)
{
    switch (act) {
    case RULES_CONSULT:
        return consult(mode, p);
    case RULES_SEE: /* all members alike: the record scope decides */
        return by_mode;
    case RULES_REFER_UP:
        return refer_up(mode, p);
    case RULES_REFER_DOWN:
        return refer_down(mode, p);
    case RULES_TEACH:
        return teach(mode, p);
    case RULES_REPORT:
        return report(p);
    case RULES_ACT_COUNT:
        break;
    }
    return wrong_direction;
}

enum rules_ground rules_mode_ground(enum rules_mode mode, enum rules_act act,
                                    const struct rules_side *from, const struct rules_side *to,
                                    bool stat, enum rules_refusal *out_refusal)
{
    CHECK((unsigned)mode < RULES_MODE_COUNT);
    CHECK((unsigned)act < RULES_ACT_COUNT);
    const struct pair pair = {
        .from = from, .to = to, .up = (int)to->level - (int)from->level, .stat = stat};
    struct ruling ruling = rule(mode, act, &pair);
    *out_refusal = ruling.refusal;
    return ruling.ground;
}
