/* The rule engine: may this organisation ask that one (or anybody on that specialty) for this act
 * on this day, and under which partnership, agreement version and clause? A pure function over a
 * plain table: no SQL, no clock, no allocation. The table comes from the store by rules_load.h.
 *
 * In every act the requester wants something of the consultant: an opinion (consult), to see its
 * record (see), that it takes a patient (refer up, refer down), that it teaches (teach) or reports
 * on examinations (report). "May A report for B?" is the question of B as requester.
 *
 * A clause binds the member that gives: the one that is asked, whose record is seen, that receives,
 * teaches, reports. What the mode allows needs no clause; some acts need one (rules_modes.h); a
 * clause of `consult` with kinds limits its member to those kinds. No clause lifts region,
 * membership, validity, services, specialties or the licence.
 *
 * In every case: the partnership is active, both memberships and the agreement are in force on the
 * day, the service is among those of the agreement, the specialty is covered, region and direction
 * are those of the mode; for consult, teach and report a consultant with three years of practice.
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
enum rules_act {
    RULES_CONSULT,
    RULES_SEE,
    RULES_REFER_UP,
    RULES_REFER_DOWN,
    RULES_TEACH,
    RULES_REPORT,
    RULES_ACT_COUNT
};
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

struct rules_clause {
    const char *number;            /* "3.2" */
    const char *member;            /* code of the organisation that it binds; "" = all */
    unsigned acts;                 /* bit 1 << enum rules_act; "refer" is both directions */
    unsigned kinds;                /* of consult: bit 1 << enum rules_kind; 0 = all */
    const char *text_zh, *text_en; /* text_en may be "" */
};

struct rules_agreement {
    const char *id;
    long version;
    const char *signed_on, *valid_from, *valid_until; /* dates; both ends count */
    unsigned services;                                /* bit 1 << enum rules_kind */
    const struct rules_clause *clauses;               /* those about an act */
    size_t clause_count;
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
    bool continuous;    /* one record for all members; else released for each consultation */
    bool pooled;        /* no charge between members */
    bool lead_disposes; /* the lead reassigns for members; else each hop is approved */
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
    const char *specialty;  /* NULL: any; only to see and to refer */
    enum rules_kind kind;   /* of consult; report is always a read, teach always teaching */
    bool stat;              /* urgency stat */
    const char *date;       /* YYYY-MM-DD, of the place where the gateway is */
    enum rules_act act;
};

struct rules_route {
    const struct rules_partnership *partnership;
    const struct rules_agreement *agreement;
    const struct rules_organisation *organisation; /* the one that may be asked */
    const struct rules_clause *clause;             /* that it rests on; NULL: the mode alone */
};

#define RULES_ROUTES_MAX 128 /* best ones are kept; 128 x 32 octets on the caller's stack */

struct rules_answer {
    enum rules_refusal refusal;                  /* RULES_ALLOWED: routes[0] is the way to go */
    struct rules_route routes[RULES_ROUTES_MAX]; /* best first; one organisation may be reached by
                                                    several partnerships */
    size_t route_count;
    struct rules_route refused; /* when refused: where it came furthest; partnership NULL: there is
                                   none, agreement NULL: it came not that far, clause: the one that
                                   refuses, NULL: another rule */
};

/* Fills the answer; true when allowed. */
bool rules_ask(const struct rules_world *world, const struct rules_question *question,
               struct rules_answer *out_answer);

/* Consult, teach and report are done by somebody who practises the specialty. */
bool rules_needs_consultant(enum rules_act act);
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

/* The sentences of an outcome with the clause named: "...（协议第3.2条）。". clause NULL: as they
 * are. */
struct rules_sentence {
    char zh[320], en[320];
};
void rules_say(enum rules_refusal refusal, const struct rules_clause *clause,
               struct rules_sentence *out_sentence);
/* Of the whole answer: of its best route, or of where it came furthest. */
void rules_say_answer(const struct rules_answer *answer, struct rules_sentence *out_sentence);

/* A switch of the partnership as it is stored: its own word, or, NULL, what the type means (close:
 * continuous, pooled, lead). True for `word`, the close one of the two. */
bool rules_switched(const char *stored, const char *word, enum rules_type type);

/* May a member have this role? In a remote network lead, hub and spoke, else lead and member. */
bool rules_role_fits(enum rules_mode mode, enum rules_member_role role);

/* Words of the store and of the interface; -1 when the word is unknown, NULL is never returned. */
int rules_level_of(const char *word);
int rules_mode_of(const char *word);
int rules_type_of(const char *word);
int rules_kind_of(const char *word);
int rules_act_of(const char *word); /* consult, see, refer-up, refer-down, teach, report */
int rules_member_role_of(const char *word);
const char *rules_level_word(enum rules_level level);
const char *rules_mode_word(enum rules_mode mode);
const char *rules_type_word(enum rules_type type);
const char *rules_kind_word(enum rules_kind kind);
const char *rules_act_word(enum rules_act act);
const char *rules_member_role_word(enum rules_member_role role);

#endif
