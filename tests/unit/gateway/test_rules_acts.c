/* The acts of the rule engine and the clauses of agreements: every cell of mode x type x levels x
 * roles x region x specialty x act x record scope x clause, against tables written out by hand from
 * domain 1.3; what a clause may and may not do; sentences; reading clauses. */
#include "gateway/partnership/clauses.h"
#include "gateway/partnership/rules.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define DATE "2026-06-15"

enum region_case { SAME_COUNTY, SAME_CITY, OTHER_CITY, REGION_CASES };
static const char *const region_codes[REGION_CASES] = {"990121", "990103", "990203"};
enum specialty_case { LISTED, NOT_LISTED, NO_LIST, NOT_ASKED, SPECIALTY_CASES };
enum clause_case { NO_CLAUSE, FOR_ALL, NAMED, OTHER_MEMBER, OTHER_ACT, GENERAL, CLAUSE_CASES };

struct cell {
    enum rules_mode mode;
    enum rules_type type;
    enum rules_level from, to;
    enum rules_member_role from_role, to_role;
    enum region_case region;
    enum specialty_case specialty;
    enum rules_act act;
    bool continuous, stat;
    enum clause_case clause;
};

/* ---- the truth tables: M the mode allows, S only stat, C with a clause, N with a clause that
 * names the other one, . never; [from][to] by level ---- */

static const char *const upwards[RULES_LEVEL_COUNT] = {".MMMM", "..MMM", "...MM", "....M", "....."};
static const char *const upwards_or_named[RULES_LEVEL_COUNT] = {"NMMMM", "NNMMM", "NNNMM", "NNNNM",
                                                                "NNNNN"};
static const char *const downwards[RULES_LEVEL_COUNT] = {".....", "M....", "MM...", "MMM..",
                                                         "MMMM."};
static const char *const county_consult[RULES_LEVEL_COUNT] = {".MS..", "..M..", ".....", ".....",
                                                              "....."};
static const char *const county_up[RULES_LEVEL_COUNT] = {".MM..", "..M..", ".....", ".....",
                                                         "....."};
static const char *const upwards_named[RULES_LEVEL_COUNT] = {".NNNN", "..NNN", "...NN", "....N",
                                                             "....."};

/* A remote network, by role: rows who wants, columns of whom; lead, hub, spoke. */
static const char *const network_consult[3] = {"...", "...", "MM."};
static const char *const network_up[3] = {"C..", "C..", "CC."};
static const char *const network_down[3] = {"..C", "..C", "..."};
static const char *const network_teach[3] = {"NNN", "NNN", "MMN"};
static const char *const network_report[3] = {"MMN", "MMN", "MMN"};

static char network_letter(const struct cell *c)
{
    static const char *const *const tables[RULES_ACT_COUNT] = {[RULES_CONSULT] = network_consult,
                                                               [RULES_REFER_UP] = network_up,
                                                               [RULES_REFER_DOWN] = network_down,
                                                               [RULES_TEACH] = network_teach,
                                                               [RULES_REPORT] = network_report};
    static const int place[RULES_MEMBER_ROLE_COUNT] = {
        [RULES_LEAD] = 0, [RULES_HUB] = 1, [RULES_SPOKE] = 2};
    return tables[c->act][place[c->from_role]][place[c->to_role]];
}

static char letter(const struct cell *c)
{
    bool lead = c->to_role == RULES_LEAD;
    if (c->act == RULES_SEE) {
        return c->continuous ? 'M' : '.';
    }
    if (c->mode == RULES_REMOTE_NETWORK) {
        return network_letter(c);
    }
    if (c->act == RULES_REPORT) {
        return lead ? 'M' : 'N';
    }
    if (c->mode == RULES_SPECIALTY_ALLIANCE) {
        return c->act == RULES_CONSULT || c->act == RULES_TEACH ? 'M'
               : c->act == RULES_REFER_UP ? (lead ? 'M' : upwards_named[c->from][c->to])
                                          : (c->from_role == RULES_LEAD ? 'C' : '.');
    }
    if (c->act == RULES_REFER_DOWN) {
        return downwards[c->from][c->to];
    }
    if (c->mode == RULES_COUNTY_COMMUNITY && c->act == RULES_CONSULT) {
        return county_consult[c->from][c->to];
    }
    if (c->mode == RULES_COUNTY_COMMUNITY && c->act == RULES_REFER_UP) {
        return county_up[c->from][c->to];
    }
    return lead ? 'M' : (c->act == RULES_REFER_UP ? upwards : upwards_or_named)[c->from][c->to];
}

static bool expected(const struct cell *c)
{
    static const bool region[RULES_MODE_COUNT][REGION_CASES] = {
        {true, true, false}, {true, false, false}, {true, true, true}, {true, true, true}};
    bool alliance = c->mode == RULES_SPECIALTY_ALLIANCE;
    bool refers = c->act == RULES_REFER_UP || c->act == RULES_REFER_DOWN;
    bool specialty = c->specialty == LISTED || (c->specialty == NO_LIST && !alliance) ||
                     (c->specialty == NOT_ASKED && (c->act == RULES_SEE || (refers && !alliance)));
    char l = letter(c);
    bool clause = l == 'M' || (l == 'S' && c->stat) ||
                  (l == 'C' && (c->clause == FOR_ALL || c->clause == NAMED)) ||
                  (l == 'N' && c->clause == NAMED);
    return specialty && clause && region[c->mode][c->region];
}

/* ---- the world of a cell ---- */

static const struct rules_offer offers[] = {{"cardiology", "2010-01-01"}};
static const char *const listed[] = {"neurology", "cardiology"};
static const char *const not_listed[] = {"neurology"};

static unsigned bit_of(enum rules_act act)
{
    bool refers = act == RULES_REFER_UP || act == RULES_REFER_DOWN;
    return refers ? 1u << RULES_REFER_UP | 1u << RULES_REFER_DOWN : 1u << act;
}

static struct rules_clause clause_of(const struct cell *c)
{
    struct rules_clause clause = {"7.1", "", bit_of(c->act), 0, "条", "clause"};
    if (c->clause == NAMED || c->clause == OTHER_MEMBER) {
        clause.member = c->clause == NAMED ? "C" : "R"; /* R is the one that wants */
    }
    if (c->clause == OTHER_ACT) {
        clause.acts = 0x3fu & ~bit_of(c->act);
    }
    if (c->clause == GENERAL) {
        clause.acts = 0;
    }
    return clause;
}

static bool ask(const struct cell *c, struct rules_answer *answer)
{
    const struct rules_organisation organisations[2] = {
        {"r", "R", "甲", "R", c->from, "990121", true, NULL, 0},
        {"c", "C", "乙", "C", c->to, region_codes[c->region], true, offers, 1},
    };
    const struct rules_member members[2] = {{0, c->from_role, "2020-01-01", ""},
                                            {1, c->to_role, "2020-01-01", ""}};
    const struct rules_clause clause = clause_of(c);
    const struct rules_agreement agreement = {
        "a", 1, "2020-01-01", "2020-01-01", "2030-01-01", 0xfu, &clause, c->clause != NO_CLAUSE};
    struct rules_partnership partnership = {.id = "p",
                                            .code = "P",
                                            .name_zh = "联",
                                            .name_en = "P",
                                            .mode = c->mode,
                                            .type = c->type,
                                            .active = true,
                                            .members = members,
                                            .member_count = 2,
                                            .agreements = &agreement,
                                            .agreement_count = 1,
                                            .continuous = c->continuous};
    if (c->specialty != NO_LIST) {
        partnership.specialties = c->specialty == NOT_LISTED ? not_listed : listed;
        partnership.specialty_count = c->specialty == NOT_LISTED ? 1 : 2;
    }
    struct rules_world world = {organisations, 2, &partnership, 1};
    struct rules_question question = {.requester = "r",
                                      .consultant = "c",
                                      .specialty = c->specialty == NOT_ASKED ? NULL : "cardiology",
                                      .stat = c->stat,
                                      .date = DATE,
                                      .act = c->act};
    bool allowed = rules_ask(&world, &question, answer);
    if (allowed) { /* the clause that it rests on is named, and no other */
        bool about = c->clause == FOR_ALL || c->clause == NAMED;
        EXPECT((answer->routes[0].clause != NULL) == about);
        EXPECT(!about || strcmp(answer->routes[0].clause->number, "7.1") == 0);
    }
    return allowed;
}

static unsigned cells, allowed_cells;

static void check(const struct cell *c)
{
    struct rules_answer answer;
    bool allowed = ask(c, &answer);
    cells++;
    allowed_cells += allowed;
    if (allowed != expected(c)) {
        printf("  mode=%d type=%d act=%d %d->%d roles %d->%d region=%d specialty=%d continuous=%d "
               "stat=%d clause=%d: %s (%s)\n",
               c->mode, c->type, c->act, c->from, c->to, c->from_role, c->to_role, c->region,
               c->specialty, c->continuous, c->stat, c->clause, allowed ? "allowed" : "refused",
               rules_code(answer.refusal));
        EXPECT(false);
    }
}

static void scope_cells(struct cell c)
{
    enum { COUNT = REGION_CASES * SPECIALTY_CASES * RULES_ACT_COUNT * CLAUSE_CASES * 4 };
    for (int i = 0; i < COUNT; i++) {
        int rest = i;
        c.region = (enum region_case)(rest % REGION_CASES);
        rest /= REGION_CASES;
        c.specialty = (enum specialty_case)(rest % SPECIALTY_CASES);
        rest /= SPECIALTY_CASES;
        c.act = (enum rules_act)(rest % RULES_ACT_COUNT);
        rest /= RULES_ACT_COUNT;
        c.clause = (enum clause_case)(rest % CLAUSE_CASES);
        rest /= CLAUSE_CASES;
        c.continuous = rest % 2 == 1;
        c.stat = rest / 2 == 1;
        check(&c);
    }
}

static void test_truth_table(void)
{
    static const enum rules_member_role usual[] = {RULES_LEAD, RULES_MEMBER};
    static const enum rules_member_role network[] = {RULES_LEAD, RULES_HUB, RULES_SPOKE};
    for (int mode = 0; mode < RULES_MODE_COUNT * 2; mode++) {
        struct cell c = {.mode = (enum rules_mode)(mode / 2), .type = (enum rules_type)(mode % 2)};
        bool net = c.mode == RULES_REMOTE_NETWORK;
        const enum rules_member_role *roles = net ? network : usual;
        int n = net ? 3 : 2;
        for (int i = 0; i < RULES_LEVEL_COUNT * RULES_LEVEL_COUNT * n * n; i++) {
            int pair = i % (n * n);
            int levels = i / (n * n);
            c.from_role = roles[pair / n];
            c.to_role = roles[pair % n];
            c.from = (enum rules_level)(levels / RULES_LEVEL_COUNT);
            c.to = (enum rules_level)(levels % RULES_LEVEL_COUNT);
            scope_cells(c);
        }
    }
    printf("  %u cells, %u allowed\n", cells, allowed_cells);
    EXPECT(cells > 1000000 && allowed_cells > 100000);
}

/* ---- what a clause may do, and what it may not ---- */

struct small_world {
    struct rules_organisation o[3];
    struct rules_member m[3];
    struct rules_clause clauses[4];
    struct rules_agreement a;
    struct rules_partnership p;
    struct rules_world world;
};

/* A township, a city hospital that leads, another city hospital; all in one urban group. */
static void make_small(struct small_world *s, size_t clause_count)
{
    static const struct rules_offer two[] = {{"cardiology", "2010-01-01"}};
    s->o[0] =
        (struct rules_organisation){"t", "T", "", "", RULES_TOWNSHIP, "990103", true, NULL, 0};
    s->o[1] = (struct rules_organisation){"l", "L", "", "", RULES_CITY, "990103", true, two, 1};
    s->o[2] = (struct rules_organisation){"k", "K", "", "", RULES_TOWNSHIP, "990104", true, two, 1};
    s->m[0] = (struct rules_member){0, RULES_MEMBER, "2020-01-01", ""};
    s->m[1] = (struct rules_member){1, RULES_LEAD, "2020-01-01", ""};
    s->m[2] = (struct rules_member){2, RULES_MEMBER, "2020-01-01", ""};
    s->a = (struct rules_agreement){"a",          1,    "2020-01-01", "2020-01-01",
                                    "2030-01-01", 0xfu, s->clauses,   clause_count};
    s->p = (struct rules_partnership){.id = "p",
                                      .code = "P",
                                      .mode = RULES_URBAN_GROUP,
                                      .active = true,
                                      .members = s->m,
                                      .member_count = 3,
                                      .agreements = &s->a,
                                      .agreement_count = 1};
    s->world = (struct rules_world){s->o, 3, &s->p, 1};
}

static enum rules_refusal ask_small(const struct small_world *s, const char *whom,
                                    enum rules_act act, enum rules_kind kind,
                                    struct rules_answer *answer)
{
    struct rules_question q = {.requester = "t",
                               .consultant = whom,
                               .specialty = "cardiology",
                               .kind = kind,
                               .date = DATE,
                               .act = act};
    (void)rules_ask(&s->world, &q, answer);
    return answer->refusal;
}

static void test_kinds(void)
{
    struct small_world s;
    struct rules_answer a;
    make_small(&s, 2);
    s.clauses[0] = (struct rules_clause){"1", "L", 1u << RULES_CONSULT, 1u << RULES_READ, "", ""};
    s.clauses[1] = (struct rules_clause){"2", "", 1u << RULES_CONSULT, 0, "", ""};
    EXPECT_INT(ask_small(&s, "l", RULES_CONSULT, RULES_READ, &a), RULES_ALLOWED);
    EXPECT_TEXT(a.routes[0].clause->number, "1"); /* the one that names it counts before "all" */
    EXPECT_INT(ask_small(&s, "l", RULES_CONSULT, RULES_LIVE, &a), RULES_CLAUSE_KIND);
    EXPECT_TEXT(a.refused.clause->number, "1");
    s.a.clause_count = 0; /* control: without the clause it may */
    EXPECT_INT(ask_small(&s, "l", RULES_CONSULT, RULES_LIVE, &a), RULES_ALLOWED);
    s.a.clause_count = 2;
    s.clauses[1] = (struct rules_clause){"2", "L", 1u << RULES_CONSULT, 1u << RULES_LIVE, "", ""};
    EXPECT_INT(ask_small(&s, "l", RULES_CONSULT, RULES_LIVE, &a),
               RULES_ALLOWED); /* by the second */
    EXPECT_TEXT(a.routes[0].clause->number, "2");
    EXPECT_INT(ask_small(&s, "l", RULES_CONSULT, RULES_MDT, &a), RULES_CLAUSE_KIND);
}

/* Sideways by a clause that names the member; nothing else is lifted by it. */
static void test_limits(void)
{
    struct small_world s;
    struct rules_answer a;
    make_small(&s, 1);
    s.clauses[0] = (struct rules_clause){"4", "", 0x3f, 0, "", ""};
    EXPECT_INT(ask_small(&s, "k", RULES_CONSULT, RULES_LIVE, &a), RULES_WRONG_DIRECTION);
    s.clauses[0].member = "K";
    EXPECT_INT(ask_small(&s, "k", RULES_CONSULT, RULES_LIVE, &a), RULES_ALLOWED);
    EXPECT_TEXT(a.routes[0].clause->number, "4");
    s.o[2].region = "990204";
    EXPECT_INT(ask_small(&s, "k", RULES_CONSULT, RULES_LIVE, &a), RULES_OTHER_REGION);
    s.o[2].region = "990104";
    s.m[2].until = "2026-06-14"; /* a former partner: every act, at once */
    for (int act = 0; act < RULES_ACT_COUNT; act++) {
        EXPECT_INT(ask_small(&s, "k", (enum rules_act)act, RULES_LIVE, &a), RULES_MEMBERSHIP_ENDED);
    }
    s.m[2].until = DATE; /* control: its last day */
    EXPECT_INT(ask_small(&s, "k", RULES_CONSULT, RULES_LIVE, &a), RULES_ALLOWED);
    s.a.valid_until = "2026-06-14";
    EXPECT_INT(ask_small(&s, "k", RULES_SEE, RULES_LIVE, &a), RULES_AGREEMENT_NOT_IN_FORCE);
    s.a.valid_until = "2030-01-01";
    s.o[2].offer_count = 0;
    EXPECT_INT(ask_small(&s, "k", RULES_CONSULT, RULES_LIVE, &a), RULES_NO_CONSULTANT);
    EXPECT(a.refused.clause == NULL);
    s.p.continuous = true;
    EXPECT_INT(ask_small(&s, "k", RULES_SEE, RULES_LIVE, &a), RULES_ALLOWED); /* needs nobody */
}

/* Each act is a service of its own, or none. */
static void test_services(void)
{
    static const struct {
        enum rules_act act;
        unsigned service; /* that it needs; 0: none */
    } rows[] = {{RULES_CONSULT, 1u << RULES_LIVE},
                {RULES_REPORT, 1u << RULES_READ},
                {RULES_TEACH, 1u << RULES_TEACHING},
                {RULES_REFER_UP, 0},
                {RULES_SEE, 0}};
    struct small_world s;
    struct rules_answer a;
    make_small(&s, 0);
    s.p.continuous = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s.a.services = 0xfu & ~rows[i].service;
        EXPECT_INT(ask_small(&s, "l", rows[i].act, RULES_LIVE, &a),
                   rows[i].service != 0 ? RULES_SERVICE_NOT_AGREED : RULES_ALLOWED);
        s.a.services = rows[i].service;
        EXPECT_INT(ask_small(&s, "l", rows[i].act, RULES_LIVE, &a), RULES_ALLOWED);
    }
}

static void test_sentences(void)
{
    struct small_world s;
    struct rules_answer a;
    struct rules_sentence said;
    make_small(&s, 1);
    s.clauses[0] = (struct rules_clause){"3.2", "L", 1u << RULES_CONSULT, 1u << RULES_READ, "", ""};
    (void)ask_small(&s, "l", RULES_CONSULT, RULES_LIVE, &a);
    rules_say_answer(&a, &said);
    EXPECT_TEXT(said.zh, "按协议条款，该成员不承担此类会诊（协议第3.2条）。");
    EXPECT_TEXT(said.en, "By its clause of the agreement this member does not take this kind of "
                         "consultation (clause 3.2 of the agreement).");
    (void)ask_small(&s, "l", RULES_CONSULT, RULES_READ, &a);
    rules_say_answer(&a, &said);
    EXPECT_TEXT(said.zh, "允许（协议第3.2条）。");
    s.a.clause_count = 0;
    (void)ask_small(&s, "k", RULES_CONSULT, RULES_READ, &a);
    rules_say_answer(&a, &said);
    EXPECT_TEXT(said.zh, rules_sentence_zh(RULES_WRONG_DIRECTION)); /* no clause to be named */
    for (int i = 0; i < RULES_REFUSAL_COUNT; i++) {                 /* the longest fits */
        s.clauses[0].number = "0123456789abcdef";
        rules_say((enum rules_refusal)i, &s.clauses[0], &said);
        EXPECT(strstr(said.zh, "（协议第0123456789abcdef条）。") != NULL);
        EXPECT(strstr(said.en, " (clause 0123456789abcdef of the agreement).") != NULL);
    }
}

/* Of several that refuse alike the one that would be best is told, whatever the order of rows. */
static void test_refused_order(void)
{
    struct small_world s;
    struct rules_answer a;
    make_small(&s, 0);
    s.a.services = 0;
    struct rules_partnership two[2] = {s.p, s.p};
    two[0].id = "loose";
    two[0].type = RULES_LOOSE;
    two[1].id = "close";
    s.world.partnerships = two;
    s.world.partnership_count = 2;
    for (int turn = 0; turn < 2; turn++) {
        EXPECT_INT(ask_small(&s, NULL, RULES_CONSULT, RULES_LIVE, &a), RULES_SERVICE_NOT_AGREED);
        EXPECT_TEXT(a.refused.partnership->id, "close");
        EXPECT_TEXT(a.refused.organisation->id, "k"); /* the nearer level */
        struct rules_partnership swap = two[0];
        two[0] = two[1];
        two[1] = swap;
    }
}

static void test_switches(void)
{
    EXPECT(rules_switched(NULL, "continuous", RULES_CLOSE));
    EXPECT(!rules_switched(NULL, "continuous", RULES_LOOSE));
    EXPECT(!rules_switched("released", "continuous", RULES_CLOSE));
    EXPECT(rules_switched("continuous", "continuous", RULES_LOOSE));
    EXPECT_INT(rules_act_of("refer-down"), RULES_REFER_DOWN);
    EXPECT_INT(rules_act_of("refer"), -1); /* a word of clauses only */
    EXPECT(rules_role_fits(RULES_REMOTE_NETWORK, RULES_SPOKE));
    EXPECT(!rules_role_fits(RULES_REMOTE_NETWORK, RULES_MEMBER));
    EXPECT(!rules_role_fits(RULES_URBAN_GROUP, RULES_HUB));
}

/* ---- reading clauses ---- */

static bool is_member(void *context, const char *code)
{
    (void)context;
    return strcmp(code, "A") == 0;
}

#define GOOD "\"number\":\"3.2\",\"text_zh\":\"条\""

static void test_clause_faults(void)
{
    static const struct {
        const char *list, *pointer;
    } rows[] = {
        {"{}", ""},
        {"[7]", "/0"},
        {"[\"\"]", "/0"},
        {"[{\"text_zh\":\"x\"}]", "/0/number"},
        {"[{\"number\":3,\"text_zh\":\"x\"}]", "/0/number"},
        {"[{\"number\":\"第三条\",\"text_zh\":\"x\"}]", "/0/number"},
        {"[{\"number\":\"01234567890123456\",\"text_zh\":\"x\"}]", "/0/number"},
        {"[{\"number\":\"1\"}]", "/0/text_zh"},
        {"[{\"number\":\"1\",\"text_zh\":\"\"}]", "/0/text_zh"},
        {"[{\"number\":\"1\",\"text_zh\":\"a\\u0001\"}]", "/0/text_zh"},
        {"[{" GOOD ",\"text_en\":7}]", "/0/text_en"},
        {"[{" GOOD ",\"member\":\"B\"}]", "/0/member"},
        {"[{" GOOD ",\"member\":7}]", "/0/member"},
        {"[{" GOOD ",\"act\":\"refer-up\"}]", "/0/act"},
        {"[{" GOOD ",\"act\":false}]", "/0/act"},
        {"[{" GOOD ",\"kinds\":[\"live\"]}]", "/0/kinds"},
        {"[{" GOOD ",\"act\":\"report\",\"kinds\":[\"read\"]}]", "/0/kinds"},
        {"[{" GOOD ",\"act\":\"consult\",\"kinds\":[]}]", "/0/kinds"},
        {"[{" GOOD ",\"act\":\"consult\",\"kinds\":[\"phone\"]}]", "/0/kinds"},
        {"[{" GOOD ",\"who\":1}]", "/0/who"},
        {"[{" GOOD "},{" GOOD "}]", "/1/number"},
        {"[{\"number\":\"2\",\"text_zh\":\"x\"},\"second\"]", "/1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(rows[i].list);
        json_t *list = json_loads(rows[i].list, 0, NULL);
        json_t *read = NULL;
        struct terms_error error = {.zh = NULL};
        EXPECT(list != NULL && !clauses_read(list, is_member, NULL, &read, &error));
        EXPECT_TEXT(error.pointer, rows[i].pointer);
        EXPECT(read == NULL && error.zh != NULL && error.en != NULL);
        json_decref(list);
        test_row_end();
    }
}

static void test_clause_reading(void)
{
    struct terms_error error;
    struct rules_clause clause;
    json_t *read = NULL;
    json_t *list = json_loads("[\"旧式条款\", {" GOOD ",\"member\":\"A\",\"act\":\"refer\"},"
                              "{\"number\":\"4\",\"text_zh\":\"四\",\"text_en\":\"four\",\"act\":"
                              "\"consult\",\"kinds\":[\"read\",\"mdt\"]}]",
                              0, NULL);
    EXPECT(clauses_read(list, is_member, NULL, &read, &error));
    EXPECT(!clauses_rule(json_array_get(read, 0), &clause)); /* general: decides nothing */
    EXPECT_TEXT(clause.number, "1");
    EXPECT_TEXT(clause.text_zh, "旧式条款");
    EXPECT(clauses_rule(json_array_get(read, 1), &clause));
    EXPECT_TEXT(clause.member, "A");
    EXPECT_INT(clause.acts, 1u << RULES_REFER_UP | 1u << RULES_REFER_DOWN);
    EXPECT(clauses_rule(json_array_get(read, 2), &clause));
    EXPECT_INT(clause.kinds, 1u << RULES_READ | 1u << RULES_MDT);
    EXPECT_TEXT(clause.member, "");
    EXPECT_TEXT(clause.text_en, "four");
    /* What is stored reads as the same, also from the file as it was given. */
    char *given = json_dumps(list, 0);
    char *stored = json_dumps(read, 0);
    json_t *again = clauses_stored(stored);
    json_t *older = clauses_stored(given);
    EXPECT(json_equal(again, read) && json_equal(older, read));
    EXPECT(clauses_stored("{}") == NULL && clauses_stored("") == NULL);
    json_t *odd = clauses_stored("[7, {}, {\"number\":\"1\"}]");
    EXPECT_INT(json_array_size(odd), 0);
    json_decref(odd);
    json_decref(older);
    json_decref(again);
    free(given);
    free(stored);
    json_decref(read);
    json_decref(list);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"truth table of acts", test_truth_table},
        {"kinds of a clause", test_kinds},
        {"what no clause lifts", test_limits},
        {"services", test_services},
        {"sentences", test_sentences},
        {"refused: which is told", test_refused_order},
        {"switches and words", test_switches},
        {"faults of clauses", test_clause_faults},
        {"reading clauses", test_clause_reading},
    };
    return TEST_MAIN(cases);
}
