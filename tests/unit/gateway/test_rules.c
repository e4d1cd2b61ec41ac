/* The rule engine against a truth table that is computed in another way: for each mode a list of
 * the level pairs that may ask, written out by hand from domain 1.3, and a conjunction of named
 * conditions instead of a chain of checks. All cells of mode x type x requester level x consultant
 * level x roles x region x specialty x kind x urgency x agreement x membership. */
#include "gateway/partnership/rules.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define DATE "2026-06-15"

/* ---- the truth table ---- */

enum region_case { SAME_COUNTY, SAME_CITY, OTHER_CITY, REGION_CASES };
static const char *const region_codes[REGION_CASES] = {
    "990121", "990103", "990203"}; /* of the consultant; the requester is in 990121 */

enum specialty_case { LISTED, NOT_LISTED, NO_LIST, SPECIALTY_CASES };
enum agreement_case {
    IN_FORCE,
    FIRST_DAY,
    LAST_DAY,
    EXPIRED,
    NOT_YET,
    UNSIGNED,
    NONE,
    SUPERSEDED,
    OTHER_SERVICE,
    AGREEMENT_CASES
};
enum member_case { BOTH, REQUESTER_LEFT, CONSULTANT_NOT_YET, LAST_MEMBER_DAY, MEMBER_CASES };

/* up[requester][consultant]: R any time, S only stat, . never. */
static const char *const county_table[RULES_LEVEL_COUNT] = {
    /*             village township county city province */
    /* village  */ ".RS..",
    /* township */ "..R..",
    /* county   */ ".....",
    /* city     */ ".....",
    /* province */ ".....",
};
static const char *const urban_member_table[RULES_LEVEL_COUNT] = {
    ".RRRR", "..RRR", "...RR", "....R", ".....",
};

struct cell {
    enum rules_mode mode;
    enum rules_type type;
    enum rules_level from, to;
    enum rules_member_role from_role, to_role;
    enum region_case region;
    enum specialty_case specialty;
    enum rules_kind kind;
    bool stat;
    enum agreement_case agreement;
    enum member_case members;
};

static bool agreement_grants(const struct cell *c)
{
    static const bool in_force[AGREEMENT_CASES] = {
        [IN_FORCE] = true, [FIRST_DAY] = true, [LAST_DAY] = true};
    return in_force[c->agreement];
}

static bool expected(const struct cell *c)
{
    bool members = c->members == BOTH || c->members == LAST_MEMBER_DAY;
    bool specialty =
        c->specialty == LISTED || (c->specialty == NO_LIST && c->mode != RULES_SPECIALTY_ALLIANCE);
    bool mode = false;
    char letter = '.';
    switch (c->mode) {
    case RULES_URBAN_GROUP:
        letter = c->to_role == RULES_LEAD ? 'R' : urban_member_table[c->from][c->to];
        mode = letter == 'R' && (c->region == SAME_COUNTY || c->region == SAME_CITY);
        break;
    case RULES_COUNTY_COMMUNITY:
        letter = county_table[c->from][c->to];
        mode = (letter == 'R' || (letter == 'S' && c->stat)) && c->region == SAME_COUNTY;
        break;
    case RULES_SPECIALTY_ALLIANCE:
        mode = true;
        break;
    case RULES_REMOTE_NETWORK:
        mode =
            c->from_role == RULES_SPOKE && c->to_role != RULES_SPOKE && c->to_role != RULES_MEMBER;
        break;
    case RULES_MODE_COUNT:
        break;
    }
    return members && specialty && mode && agreement_grants(c);
}

/* ---- the world of one cell ---- */

static const struct rules_offer offers[] = {{"cardiology", "2010-01-01"}};
static const char *const listed[] = {"neurology", "cardiology"};
static const char *const not_listed[] = {"neurology"};

static size_t make_agreements(const struct cell *c, struct rules_agreement out[2])
{
    unsigned kind = 1u << c->kind;
    static const struct {
        const char *signed_on, *from, *until;
    } dates[AGREEMENT_CASES] = {
        [IN_FORCE] = {"2024-01-01", "2024-01-01", "2027-12-31"},
        [FIRST_DAY] = {DATE, DATE, "2027-12-31"},
        [LAST_DAY] = {"2024-01-01", "2024-01-01", DATE},
        [EXPIRED] = {"2024-01-01", "2024-01-01", "2026-06-14"},
        [NOT_YET] = {"2024-01-01", "2026-06-16", "2027-12-31"},
        [UNSIGNED] = {"2026-06-16", "2024-01-01", "2027-12-31"},
        [NONE] = {"", "", ""},
        [SUPERSEDED] = {"2024-01-01", "2024-01-01", "2027-12-31"},
        [OTHER_SERVICE] = {"2024-01-01", "2024-01-01", "2027-12-31"},
    };
    out[0] = (struct rules_agreement){"a1",
                                      1,
                                      dates[c->agreement].signed_on,
                                      dates[c->agreement].from,
                                      dates[c->agreement].until,
                                      kind,
                                      NULL,
                                      0};
    out[1] = (struct rules_agreement){
        "a2", 2, "2025-01-01", "2025-01-01", "2027-12-31", 0xfu & ~kind, NULL, 0};
    if (c->agreement == OTHER_SERVICE) {
        out[0].services = 0xfu & ~kind;
    }
    return c->agreement == NONE ? 0 : c->agreement == SUPERSEDED ? 2 : 1;
}

static bool ask(const struct cell *c, struct rules_answer *answer)
{
    struct rules_organisation organisations[2] = {
        {"r", "R", "甲", "R", c->from, "990121", true, NULL, 0},
        {"c", "C", "乙", "C", c->to, region_codes[c->region], true, offers, 1},
    };
    struct rules_member members[2] = {
        {0, c->from_role, "2020-01-01",
         c->members == REQUESTER_LEFT    ? "2026-06-14"
         : c->members == LAST_MEMBER_DAY ? DATE
                                         : ""},
        {1, c->to_role, c->members == CONSULTANT_NOT_YET ? "2026-06-16" : "2020-01-01", ""},
    };
    struct rules_agreement agreements[2];
    struct rules_partnership partnership = {"p",  "P",        "联", "P",   c->mode, c->type,
                                            true, members,    2,    NULL,  0,       NULL,
                                            0,    agreements, 0,    false, false,   false};
    partnership.agreement_count = make_agreements(c, agreements);
    if (c->specialty != NO_LIST) {
        partnership.specialties = c->specialty == LISTED ? listed : not_listed;
        partnership.specialty_count = c->specialty == LISTED ? 2 : 1;
    }
    struct rules_world world = {organisations, 2, &partnership, 1};
    struct rules_question by_name = {"r", "c", "cardiology", c->kind, c->stat, DATE, RULES_CONSULT};
    struct rules_question by_specialty = {"r",     NULL, "cardiology", c->kind,
                                          c->stat, DATE, RULES_CONSULT};
    struct rules_answer other;
    bool allowed = rules_ask(&world, &by_name, answer);
    EXPECT_INT(rules_ask(&world, &by_specialty, &other),
               allowed); /* of two organisations "anybody" means the other */
    EXPECT_INT(other.refusal, answer->refusal);
    EXPECT_INT(answer->route_count, allowed ? 1 : 0);
    if (allowed) {
        EXPECT_TEXT(answer->routes[0].organisation->id, "c");
        EXPECT_TEXT(answer->routes[0].agreement->id, "a1");
    }
    return allowed;
}

static unsigned cells;
static unsigned allowed_cells;

static void check(const struct cell *c)
{
    struct rules_answer answer;
    bool allowed = ask(c, &answer);
    cells++;
    allowed_cells += allowed;
    if (allowed != expected(c)) {
        printf("  mode=%d type=%d %d->%d roles %d->%d region=%d specialty=%d kind=%d stat=%d "
               "agreement=%d members=%d: %s (%s)\n",
               c->mode, c->type, c->from, c->to, c->from_role, c->to_role, c->region, c->specialty,
               c->kind, c->stat, c->agreement, c->members, allowed ? "allowed" : "refused",
               rules_code(answer.refusal));
        EXPECT(false);
    }
}

/* The pairs of roles that the import lets through. */
static size_t role_pairs(enum rules_mode mode, enum rules_member_role pairs[9][2])
{
    static const enum rules_member_role remote[] = {RULES_LEAD, RULES_HUB, RULES_SPOKE};
    static const enum rules_member_role usual[] = {RULES_LEAD, RULES_MEMBER};
    const enum rules_member_role *from = mode == RULES_REMOTE_NETWORK ? remote : usual;
    size_t n = mode == RULES_REMOTE_NETWORK ? 3 : 2;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            if (from[i] != RULES_LEAD || from[j] != RULES_LEAD) {
                pairs[count][0] = from[i];
                pairs[count++][1] = from[j];
            }
        }
    }
    return count;
}

static void scope_cells(struct cell c)
{
    for (int region = 0; region < REGION_CASES; region++) {
        for (int specialty = 0; specialty < SPECIALTY_CASES; specialty++) {
            for (int kind = 0; kind < RULES_KIND_COUNT * 2; kind++) {
                for (int agreement = 0; agreement < AGREEMENT_CASES; agreement++) {
                    for (int members = 0; members < MEMBER_CASES; members++) {
                        c.region = (enum region_case)region;
                        c.specialty = (enum specialty_case)specialty;
                        c.kind = (enum rules_kind)(kind / 2);
                        c.stat = kind % 2 == 1;
                        c.agreement = (enum agreement_case)agreement;
                        c.members = (enum member_case)members;
                        check(&c);
                    }
                }
            }
        }
    }
}

static void test_truth_table(void)
{
    for (int mode = 0; mode < RULES_MODE_COUNT * 2; mode++) {
        struct cell c = {.mode = (enum rules_mode)(mode / 2), .type = (enum rules_type)(mode % 2)};
        enum rules_member_role pairs[9][2];
        size_t pair_count = role_pairs(c.mode, pairs);
        for (int levels = 0; levels < RULES_LEVEL_COUNT * RULES_LEVEL_COUNT; levels++) {
            for (size_t pair = 0; pair < pair_count; pair++) {
                c.from = (enum rules_level)(levels / RULES_LEVEL_COUNT);
                c.to = (enum rules_level)(levels % RULES_LEVEL_COUNT);
                c.from_role = pairs[pair][0];
                c.to_role = pairs[pair][1];
                scope_cells(c);
            }
        }
    }
    printf("  %u cells, %u allowed\n", cells, allowed_cells);
    EXPECT(cells > 100000 && allowed_cells > 1000);
}

/* ---- single rules ---- */

static const struct cell good = {RULES_REMOTE_NETWORK, RULES_LOOSE, RULES_TOWNSHIP, RULES_CITY,
                                 RULES_SPOKE,          RULES_HUB,   OTHER_CITY,     NO_LIST,
                                 RULES_LIVE,           false,       IN_FORCE,       BOTH};

static void refused(struct cell c, enum rules_refusal why)
{
    struct rules_answer answer;
    (void)ask(&c, &answer);
    EXPECT_INT(answer.refusal, why);
    EXPECT(rules_code(why)[0] != '\0' && rules_sentence_zh(why)[0] != '\0' &&
           rules_sentence_en(why)[0] != '\0');
}

static void test_refusal_codes(void)
{
    struct cell c = good;
    refused(c, RULES_ALLOWED);
    c.agreement = EXPIRED;
    refused(c, RULES_AGREEMENT_NOT_IN_FORCE);
    c.agreement = NONE;
    refused(c, RULES_NO_AGREEMENT);
    c.agreement = OTHER_SERVICE;
    refused(c, RULES_SERVICE_NOT_AGREED);
    c = good;
    c.members = REQUESTER_LEFT;
    refused(c, RULES_MEMBERSHIP_ENDED);
    c = good;
    c.specialty = NOT_LISTED;
    refused(c, RULES_SPECIALTY_NOT_COVERED);
    c = good;
    c.from_role = RULES_HUB;
    refused(c, RULES_WRONG_DIRECTION);
    c = good;
    c.mode = RULES_COUNTY_COMMUNITY;
    refused(c, RULES_OTHER_REGION);
    c.region = SAME_COUNTY;
    refused(c, RULES_WRONG_LEVEL);
    EXPECT_TEXT(rules_code(RULES_AGREEMENT_NOT_IN_FORCE), "rule.agreement-not-in-force");
    for (int i = 0; i < RULES_REFUSAL_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            EXPECT(strcmp(rules_code((enum rules_refusal)i), rules_code((enum rules_refusal)j)) !=
                   0);
        }
    }
}

/* Three organisations that can be asked, in four partnerships: which way is first? */
static void test_choice(void)
{
    struct rules_organisation o[4] = {
        {"r", "R", "", "", RULES_TOWNSHIP, "990121", true, NULL, 0},
        {"county", "B", "", "", RULES_COUNTY, "990121", true, offers, 1},
        {"city", "C", "", "", RULES_CITY, "990121", true, offers, 1},
        {"province", "A", "", "", RULES_PROVINCE, "990121", true, offers, 1},
    };
    struct rules_member spokes[4] = {{0, RULES_SPOKE, "2020-01-01", ""},
                                     {1, RULES_HUB, "2020-01-01", ""},
                                     {2, RULES_HUB, "2020-01-01", ""},
                                     {3, RULES_LEAD, "2020-01-01", ""}};
    struct rules_agreement a = {"a", 3, "2020-01-01", "2020-01-01", "2030-01-01", 1, NULL, 0};
    struct rules_partnership p[3] = {
        {"p1", "Z", "", "", RULES_REMOTE_NETWORK, RULES_LOOSE, true, spokes, 4, NULL, 0, NULL, 0,
         &a, 1, false, false, false},
        {"p2", "Y", "", "", RULES_REMOTE_NETWORK, RULES_LOOSE, true, spokes, 4, NULL, 0, NULL, 0,
         &a, 1, false, false, false},
        {"p3", "X", "", "", RULES_REMOTE_NETWORK, RULES_CLOSE, true,
         (struct rules_member[]){spokes[0], spokes[3]}, 2, NULL, 0, NULL, 0, &a, 1, false, false,
         false},
    };
    struct rules_world world = {o, 4, p, 3};
    struct rules_question q = {"r", NULL, "cardiology", RULES_LIVE, false, DATE, RULES_CONSULT};
    static const char *const order[] = {"p3/province", "p2/county",   "p1/county",  "p2/city",
                                        "p1/city",     "p2/province", "p1/province"};
    struct rules_answer answer;
    for (int turn = 0; turn < 6; turn++) { /* the order of rows must not matter */
        EXPECT(rules_ask(&world, &q, &answer));
        EXPECT_INT(answer.route_count, 7);
        for (size_t i = 0; i < answer.route_count; i++) {
            char got[32];
            (void)snprintf(got, sizeof got, "%s/%s", answer.routes[i].partnership->id,
                           answer.routes[i].organisation->id);
            EXPECT_TEXT(got, order[i]);
        }
        struct rules_partnership swap = p[turn % 3];
        p[turn % 3] = p[(turn + 1) % 3];
        p[(turn + 1) % 3] = swap;
    }
    q.consultant = "city";
    EXPECT(rules_ask(&world, &q, &answer) && answer.route_count == 2);
    EXPECT_TEXT(answer.routes[0].partnership->id, "p2");
    EXPECT_INT(answer.routes[0].agreement->version, 3);
}

/* More ways than an answer holds: the best are kept. */
static void test_many_routes(void)
{
    enum { COUNT = 3 * RULES_ROUTES_MAX };
    struct rules_organisation *o = calloc(COUNT, sizeof *o);
    struct rules_member *m = calloc(COUNT, sizeof *m);
    static char names[COUNT][12];
    for (size_t i = 0; o != NULL && m != NULL && i < COUNT; i++) {
        (void)snprintf(names[i], sizeof names[i], "o%05zu", (i * 7919) % COUNT);
        o[i] = (struct rules_organisation){names[i], names[i], "",     "", RULES_CITY,
                                           "990101", true,     offers, 1};
        m[i] = (struct rules_member){i, RULES_MEMBER, "2020-01-01", ""};
    }
    struct rules_agreement a = {"a", 1, "2020-01-01", "2020-01-01", "2030-01-01", 1, NULL, 0};
    struct rules_partnership p = {"p",         "P",   "",   "",    RULES_SPECIALTY_ALLIANCE,
                                  RULES_CLOSE, true,  m,    COUNT, listed,
                                  2,           NULL,  0,    &a,    1,
                                  false,       false, false};
    struct rules_world world = {o, COUNT, &p, 1};
    struct rules_question q = {"o00000", NULL, "cardiology", RULES_LIVE,
                               false,    DATE, RULES_CONSULT};
    struct rules_answer answer;
    EXPECT(rules_ask(&world, &q, &answer));
    EXPECT_INT(answer.route_count, RULES_ROUTES_MAX);
    EXPECT_TEXT(answer.routes[0].organisation->id, "o00001");
    EXPECT_TEXT(answer.routes[RULES_ROUTES_MAX - 1].organisation->id, "o00128");
    free(o);
    free(m);
}

static void test_regions(void)
{
    static const struct {
        const char *name, *list, *requester, *consultant;
        enum rules_mode mode;
        bool allowed;
    } rows[] = {
        {"city, no list", "", "990103", "990104", RULES_URBAN_GROUP, true},
        {"city, other city", "", "990103", "990203", RULES_URBAN_GROUP, false},
        {"city listed", "9901", "990103", "990104", RULES_URBAN_GROUP, true},
        {"grid of one district", "990103", "990103", "990104", RULES_URBAN_GROUP, false},
        {"another city listed", "9902", "990103", "990104", RULES_URBAN_GROUP, false},
        {"a province listed does not widen the mode", "99", "990103", "990203", RULES_URBAN_GROUP,
         false},
        {"county, no list", "", "990121", "990121", RULES_COUNTY_COMMUNITY, true},
        {"county, neighbour", "", "990121", "990122", RULES_COUNTY_COMMUNITY, false},
        {"county listed by city", "9901", "990121", "990121", RULES_COUNTY_COMMUNITY, true},
        {"county, another listed", "990122", "990121", "990121", RULES_COUNTY_COMMUNITY, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(rows[i].name);
        struct rules_organisation o[2] = {
            {"r", "R", "", "", RULES_TOWNSHIP, rows[i].requester, true, NULL, 0},
            {"c", "C", "", "", RULES_COUNTY, rows[i].consultant, true, offers, 1}};
        struct rules_member m[2] = {{0, RULES_MEMBER, "2020-01-01", ""},
                                    {1, RULES_LEAD, "2020-01-01", ""}};
        struct rules_agreement a = {"a", 1, "2020-01-01", "2020-01-01", "2030-01-01", 1, NULL, 0};
        const char *const list[] = {rows[i].list};
        struct rules_partnership p = {"p",
                                      "P",
                                      "",
                                      "",
                                      rows[i].mode,
                                      RULES_CLOSE,
                                      true,
                                      m,
                                      2,
                                      NULL,
                                      0,
                                      list,
                                      rows[i].list[0] != '\0',
                                      &a,
                                      1,
                                      false,
                                      false,
                                      false};
        struct rules_world world = {o, 2, &p, 1};
        struct rules_question q = {"r", NULL, "cardiology", RULES_LIVE, false, DATE, RULES_CONSULT};
        struct rules_answer answer;
        EXPECT_INT(rules_ask(&world, &q, &answer), rows[i].allowed);
        test_row_end();
    }
}

static void test_bad_questions(void)
{
    struct rules_organisation o[2] = {
        {"r", "R", "", "", RULES_TOWNSHIP, "990121", true, NULL, 0},
        {"gone", "G", "", "", RULES_TOWNSHIP, "990121", false, NULL, 0}};
    struct rules_world world = {o, 2, NULL, 0};
    static const struct {
        struct rules_question question;
        enum rules_refusal why;
    } rows[] = {
        {{NULL, NULL, "cardiology", RULES_LIVE, false, DATE, RULES_CONSULT}, RULES_BAD_QUESTION},
        {{"r", NULL, NULL, RULES_LIVE, false, DATE, RULES_CONSULT}, RULES_BAD_QUESTION},
        {{"r", NULL, "", RULES_LIVE, false, DATE, RULES_CONSULT}, RULES_BAD_QUESTION},
        {{"r", NULL, "cardiology", (enum rules_kind)9, false, DATE, RULES_CONSULT},
         RULES_BAD_QUESTION},
        {{"r", NULL, "cardiology", RULES_LIVE, false, "2026-02-30", RULES_CONSULT},
         RULES_BAD_QUESTION},
        {{"r", NULL, "cardiology", RULES_LIVE, false, DATE, (enum rules_act)9}, RULES_BAD_QUESTION},
        {{"r", NULL, NULL, RULES_LIVE, false, DATE, RULES_REPORT}, RULES_BAD_QUESTION},
        {{"r", NULL, NULL, RULES_LIVE, false, DATE, RULES_SEE}, RULES_NO_PARTNERSHIP},
        {{"r", NULL, "cardiology", RULES_LIVE, false, NULL, RULES_CONSULT}, RULES_BAD_QUESTION},
        {{"nobody", NULL, "cardiology", RULES_LIVE, false, DATE, RULES_CONSULT},
         RULES_UNKNOWN_ORGANISATION},
        {{"gone", NULL, "cardiology", RULES_LIVE, false, DATE, RULES_CONSULT},
         RULES_UNKNOWN_ORGANISATION},
        {{"r", "r", "cardiology", RULES_LIVE, false, DATE, RULES_CONSULT}, RULES_SAME_ORGANISATION},
        {{"r", NULL, "cardiology", RULES_LIVE, false, DATE, RULES_CONSULT}, RULES_NO_PARTNERSHIP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rules_answer answer;
        EXPECT(!rules_ask(&world, &rows[i].question, &answer));
        EXPECT_INT(answer.refusal, rows[i].why);
    }
}

static void test_consultants(void)
{
    static const char *const two[] = {"radiology", "cardiology", NULL};
    EXPECT_INT(rules_consultant(two, "2010-01-01", "cardiology", DATE), RULES_ALLOWED);
    EXPECT_INT(rules_consultant(two, "2010-01-01", "neurology", DATE), RULES_NOT_ON_SPECIALTY);
    EXPECT_INT(rules_consultant(two, "2024-01-01", "cardiology", DATE), RULES_LICENCE_TOO_SHORT);
    EXPECT_INT(rules_consultant(two, "", "cardiology", DATE), RULES_LICENCE_TOO_SHORT);
    EXPECT(rules_three_years("2023-06-15", DATE));
    EXPECT(!rules_three_years("2023-06-16", DATE));
    EXPECT(rules_three_years("2020-02-29", "2023-03-01"));
    EXPECT(!rules_three_years("2020-02-29", "2023-02-28"));
    EXPECT(!rules_three_years("2030-01-01", DATE));
}

static void test_dates(void)
{
    static const char *const good_dates[] = {"1900-01-01", "2024-02-29", "2000-02-29", "9999-12-31",
                                             "2026-04-30"};
    static const char *const bad_dates[] = {
        "",           "2026-6-15",  "2026-06-31",  "2023-02-29", "1900-02-29",
        "2026-13-01", "2026-00-10", "2026-01-00",  "20260115",   "2026-01-15 ",
        "2026/01/15", "1899-12-31", "２026-01-15", "abcd-ef-gh"};
    for (size_t i = 0; i < sizeof good_dates / sizeof good_dates[0]; i++) {
        EXPECT(rules_date_valid(good_dates[i]));
    }
    for (size_t i = 0; i < sizeof bad_dates / sizeof bad_dates[0]; i++) {
        EXPECT(!rules_date_valid(bad_dates[i]));
    }
    EXPECT_INT(rules_mode_of("county-community"), RULES_COUNTY_COMMUNITY);
    EXPECT_INT(rules_mode_of("county"), -1);
    EXPECT_INT(rules_kind_of(NULL), -1);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"truth table", test_truth_table}, {"refusal codes", test_refusal_codes},
        {"choice", test_choice},           {"many routes", test_many_routes},
        {"regions", test_regions},         {"bad questions", test_bad_questions},
        {"consultants", test_consultants}, {"dates", test_dates},
    };
    return TEST_MAIN(cases);
}
