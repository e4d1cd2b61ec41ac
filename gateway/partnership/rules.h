/* The rule engine: may this organisation ask that one (or anybody on that specialty) for this kind
 * of consultation on this day, and under which partnership and agreement version? A pure function
 * over a plain table: no SQL, no clock, no allocation. The table comes from the store by
 * rules_load.h. The rules by mode, README.md beside this file:
 *
 *   urban-group         same city grid           any member -> the lead, and members of a higher
 * level county-community    same county              one level up: village -> township -> county;
 * stat may skip one level specialty-alliance  any region               any member -> any other
 * member, on the specialties of its list remote-network      any region               spoke -> hub
 *   all                 partnership active, both memberships and the agreement in force on the day,
 * the kind among the services of the agreement, the specialty covered, a consultant with three
 * years of practice
 *
 * Of several ways the first is: close before loose, then the nearest level, then the partnership's
 * code, then the organisation's code. Any thread; everything is borrowed from the world. */
#ifndef GATEWAY_PARTNERSHIP_RULES_H
#define GATEWAY_PARTNERSHIP_RULES_H

#include <stdbool.h>
#include <stddef.h>

enum rules_level {
    RULES_VILLAGE,
    RULES_TOWNSHIP,
    RULES_COUNTY,
    RULES_CITY,
    RULES_PROVINCE,
    RULES_LEVEL_COUNT
};
enum rules_mode {
    RULES_URBAN_GROUP,
    RULES_COUNTY_COMMUNITY,
    RULES_SPECIALTY_ALLIANCE,
    RULES_REMOTE_NETWORK,
    RULES_MODE_COUNT
};
enum rules_type { RULES_CLOSE, RULES_LOOSE, RULES_TYPE_COUNT };
enum rules_kind { RULES_LIVE, RULES_READ, RULES_MDT, RULES_TEACHING, RULES_KIND_COUNT };
enum rules_member_role {
    RULES_LEAD,
    RULES_MEMBER,
    RULES_HUB,
    RULES_SPOKE,
    RULES_MEMBER_ROLE_COUNT
};

enum rules_refusal {
    RULES_ALLOWED,
#define RULE(name, code, zh, en) RULES_##name,
#include "gateway/partnership/rules.def"
#undef RULE
    RULES_REFUSAL_COUNT
};

/* Somebody who can be asked: the earliest licence of the organisation's active specialists on that
 * specialty. */
struct rules_offer {
    const char *specialty;
    const char *licensed_since; /* YYYY-MM-DD; "" = unknown, does not count */
};

struct rules_organisation {
    const char *id, *code, *name_zh, *name_en;
    enum rules_level level;
    const char *region; /* GB/T 2260, 6 digits */
    bool active;
    const struct rules_offer *offers;
    size_t offer_count;
};

struct rules_member {
    size_t organisation; /* index into the world */
    enum rules_member_role role;
    const char *since, *until; /* dates; until "" while it lasts; both days count */
};

struct rules_agreement {
    const char *id;
    long version;
    const char *signed_on, *valid_from, *valid_until; /* dates; both ends count */
    unsigned services;                                /* bit 1 << enum rules_kind */
};

struct rules_partnership {
    const char *id, *code, *name_zh, *name_en;
    enum rules_mode mode;
    enum rules_type type;
    bool active;
    const struct rules_member *members;
    size_t member_count;
    const char *const
        *specialties; /* empty: all, except in a specialty-alliance, which then covers none */
    size_t specialty_count;
    const char *const
        *regions; /* prefixes of 2, 4 or 6 digits; empty: no further limit than the mode's own */
    size_t region_count;
    const struct rules_agreement *agreements;
    size_t agreement_count;
};

struct rules_world {
    const struct rules_organisation *organisations;
    size_t organisation_count;
    const struct rules_partnership *partnerships;
    size_t partnership_count;
};

struct rules_question {
    const char *requester;  /* organisation id */
    const char *consultant; /* organisation id; NULL: anybody who may be asked */
    const char *specialty;
    enum rules_kind kind;
    bool stat;        /* urgency stat */
    const char *date; /* YYYY-MM-DD, of the place where the gateway is */
};

struct rules_route {
    const struct rules_partnership *partnership;
    const struct rules_agreement *agreement;
    const struct rules_organisation *organisation; /* the one that may be asked */
};

#define RULES_ROUTES_MAX 128 /* best ones are kept; 128 x 24 octets on the caller's stack */

struct rules_answer {
    enum rules_refusal refusal;                  /* RULES_ALLOWED: routes[0] is the way to go */
    struct rules_route routes[RULES_ROUTES_MAX]; /* best first; one organisation may be reached by
                                                    several partnerships */
    size_t route_count;
};

/* Fills the answer; true when allowed. */
bool rules_ask(const struct rules_world *world, const struct rules_question *question,
               struct rules_answer *out_answer);

/* May this person be the consultant? RULES_ALLOWED, RULES_NOT_ON_SPECIALTY or
 * RULES_LICENCE_TOO_SHORT. specialties: codes, NULL ends. */
enum rules_refusal rules_consultant(const char *const *specialties, const char *licensed_since,
                                    const char *specialty, const char *date);
/* Three full years between the dates (2018 rules for remote services: the consultant's independent
 * practice). */
bool rules_three_years(const char *licensed_since, const char *date);
/* A day that exists, written YYYY-MM-DD, 1900 to 9999. */
bool rules_date_valid(const char *date);

/* "rule.no-agreement" and the sentences; never NULL. */
const char *rules_code(enum rules_refusal refusal);
const char *rules_sentence_zh(enum rules_refusal refusal);
const char *rules_sentence_en(enum rules_refusal refusal);

/* Words of the store and of the interface; -1 when the word is unknown, NULL is never returned. */
int rules_level_of(const char *word);
int rules_mode_of(const char *word);
int rules_type_of(const char *word);
int rules_kind_of(const char *word);
int rules_member_role_of(const char *word);
const char *rules_level_word(enum rules_level level);
const char *rules_mode_word(enum rules_mode mode);
const char *rules_type_word(enum rules_type type);
const char *rules_kind_word(enum rules_kind kind);
const char *rules_member_role_word(enum rules_member_role role);

#endif
