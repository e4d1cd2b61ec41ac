/* What a mode lets one member want of another, by act (README.md beside this file has the table).
 * Pure; any thread. */
#ifndef GATEWAY_PARTNERSHIP_RULES_MODES_H
#define GATEWAY_PARTNERSHIP_RULES_MODES_H

#include "gateway/partnership/rules.h"

struct rules_side {
    enum rules_level level;
    enum rules_member_role role;
};

/* What the act rests on. */
enum rules_ground {
    RULES_GROUND_MODE,   /* the mode itself */
    RULES_GROUND_CLAUSE, /* a clause about it, for all or for that member */
    RULES_GROUND_NAMED,  /* a clause that names the member */
    RULES_GROUND_NONE    /* nothing: no clause can allow it */
};

/* `from` wants the act of `to`; region and switches are not looked at. out_refusal: why not, where
 * the clause is missing or none would help; else RULES_ALLOWED. */
enum rules_ground rules_mode_ground(enum rules_mode mode, enum rules_act act,
                                    const struct rules_side *from, const struct rules_side *to,
                                    bool stat, enum rules_refusal *out_refusal);

#endif
