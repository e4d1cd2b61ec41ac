/* Import on a real store: the demonstration data twice, and a table of files with one fault each,
 * whose line, column and field must be named and which must change nothing. */
#include "gateway/auth/sign.h"
#include "gateway/ctl/check.h"
#include "gateway/ctl/import_locate.h"
#include "gateway/ctl/user.h"
#include "gateway/partnership/rules_load.h"
#include "tests/unit/gateway/demo_store.h"

#include <sys/stat.h>

static int64_t number(struct db *db, const char *sql)
{
    int64_t n = -1;
    EXPECT_INT(db_one_int(db, &n, sql, ""), STATUS_OK);
    return n;
}

static void snapshot(struct db *db, char out[512])
{
    EXPECT_INT(db_one_text(db, out, 512,
                           "SELECT (SELECT group_concat(id || name_zh || level || region || active "
                           "|| signing_public_key) FROM"
                           " (SELECT * FROM organisation ORDER BY id LIMIT 1)) || (SELECT count(*) "
                           "FROM partnership_member) || '/'"
                           " || (SELECT count(*) FROM agreement) || '/' || (SELECT count(*) FROM "
                           "account_role) || '/' ||"
                           " (SELECT count(*) FROM practitioner_specialty) || '/' || (SELECT "
                           "count(*) FROM organisation) || '/' ||"
                           " (SELECT count(*) FROM specialty) || '/' || (SELECT count(*) FROM "
                           "department) || '/' || (SELECT group_concat(from_ms || code) FROM "
                           "(SELECT * FROM place ORDER BY id LIMIT 3))",
                           ""),
               STATUS_OK);
}

static void test_demo(void)
{
    struct temp_folder folder;
    struct db *db = demo_store(&folder, false);
    char before[512];
    char after[512];
    snapshot(db, before);
    EXPECT_INT(number(db, "SELECT count(*) FROM audit WHERE action='directory.import'"), 1);
    EXPECT_INT(number(db, "SELECT count(*) FROM audit WHERE action='account.add'"),
               number(db, "SELECT count(*) FROM account"));
    EXPECT_INT(number(db, "SELECT count(DISTINCT mode) FROM partnership"), 4);
    EXPECT_INT(number(db, "SELECT count(DISTINCT type) FROM partnership"), 2);
    EXPECT(number(db, "SELECT count(*) FROM account_role WHERE role='clinician'") >= 3);
    EXPECT(number(db, "SELECT count(*) FROM account_role WHERE role='specialist'") >= 4);
    EXPECT(number(db, "SELECT count(DISTINCT role) FROM account_role") >= 6);
    EXPECT(number(db, "SELECT count(*) FROM department") >= 9);
    EXPECT(number(db, "SELECT count(*) FROM place WHERE state = 'free'") >= 10);
    EXPECT_INT(number(db, "SELECT count(*) FROM organisation WHERE name_zh NOT LIKE '%演示%' OR "
                          "name_en NOT LIKE 'Demo%'"),
               0);
    db_close(db);
    struct db *again = NULL;
    EXPECT_INT(db_open(temp_path(&folder, DB_FILE_NAME), &again), STATUS_OK);
    static char text[262144];
    FILE *f = fopen(CG_SOURCE_DIR "/deploy/demo/demo.json", "rb");
    size_t len = f != NULL ? fread(text, 1, sizeof text, f) : 0;
    EXPECT(f != NULL && fclose(f) == 0);
    struct import_options options = {folder.path, false};
    struct import_result result;
    EXPECT_INT(import_json(again, &options, text, len, &result), STATUS_OK);
    snapshot(again, after);
    EXPECT_TEXT(after, before);
    EXPECT_INT(number(again, "SELECT count(*) FROM audit WHERE action='directory.import'"), 2);
    EXPECT_INT(number(again, "SELECT count(*) FROM audit WHERE action='account.add'"),
               number(again, "SELECT count(*) FROM account")); /* none anew */
    EXPECT_INT(number(again, "SELECT count(*) FROM audit WHERE action='account.roles'"), 0);
    FILE *out = fopen("/dev/null", "w");
    EXPECT_INT(check_all(again, folder.path, true, out), 0);
    /* Every key file is private, and without one the import refuses to make another. */
    char id[33];
    char path[128];
    EXPECT_INT(db_one_text(again, id, sizeof id,
                           "SELECT id FROM organisation WHERE code='DEMO-COUNTY'", ""),
               STATUS_OK);
    (void)snprintf(path, sizeof path, "%s/keys/%s.key", folder.path, id);
    struct stat st;
    EXPECT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    EXPECT_INT(unlink(path), 0);
    EXPECT_INT(import_json(again, &options, text, len, &result), STATUS_IO);
    EXPECT_INT(check_all(again, folder.path, true, out), 1);
    EXPECT(out != NULL && fclose(out) == 0);
    db_close(again);
    temp_folder_remove(&folder);
}

/* What the rules make of the demonstration data. */
static void test_demo_rules(void)
{
    static const struct {
        const char *requester, *specialty, *expected; /* partnership code, or the refusal */
    } rows[] = {
        {"DEMO-TOWN-1", "cardiology", "DEMO-REMOTE"},
        {"DEMO-TOWN-1", "endocrinology", "DEMO-COUNTY-COMMUNITY"},
        {"DEMO-VILLAGE", "radiology", "DEMO-REMOTE"},
        {"DEMO-COMMUNITY", "radiology", "DEMO-URBAN"},
        {"DEMO-COUNTY", "neurology", "DEMO-ALLIANCE"},
        {"DEMO-COUNTY", "paediatrics", "DEMO-REMOTE"},
        {"DEMO-TOWN-3", "paediatrics", "rule.agreement-not-in-force"},
        {"DEMO-TOWN-1", "dermatology", "rule.no-consultant"},
        {"DEMO-CENTRE", "cardiology", "rule.no-partnership"},
        {"DEMO-CITY-2", "neurology", "DEMO-ALLIANCE"},
    };
    struct temp_folder folder;
    struct db *db = demo_store(&folder, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[33];
        char code[64] = "";
        struct rules_verdict verdict;
        EXPECT_INT(db_one_text(db, id, sizeof id, "SELECT id FROM organisation WHERE code=$1", "s",
                               rows[i].requester),
                   STATUS_OK);
        struct rules_question q = {.requester = id,
                                   .specialty = rows[i].specialty,
                                   .kind = RULES_LIVE,
                                   .date = "2026-12-01"};
        EXPECT_INT(rules_decide(db, &q, q.act, &verdict), STATUS_OK);
        if (verdict.refusal == RULES_ALLOWED) {
            EXPECT_INT(db_one_text(db, code, sizeof code,
                                   "SELECT code FROM partnership WHERE id=$1", "s",
                                   verdict.partnership_id),
                       STATUS_OK);
        }
        EXPECT_TEXT(verdict.refusal == RULES_ALLOWED ? code : rules_code(verdict.refusal),
                    rows[i].expected);
    }
    db_close(db);
    temp_folder_remove(&folder);
}

static bool partners(struct db *db, const char *one, const char *other, const char *date)
{
    char a[33], b[33];
    bool are = false;
    EXPECT_INT(db_one_text(db, a, sizeof a, "SELECT id FROM organisation WHERE code=$1", "s", one),
               STATUS_OK);
    EXPECT_INT(
        db_one_text(db, b, sizeof b, "SELECT id FROM organisation WHERE code=$1", "s", other),
        STATUS_OK);
    EXPECT_INT(rules_partners(db, a, b, date, &are), STATUS_OK);
    return are;
}

static void test_partners(void)
{
    struct temp_folder folder;
    struct db *db = demo_store(&folder, false);
    EXPECT(partners(db, "DEMO-COMMUNITY", "DEMO-CITY-1", "2026-12-01"));
    EXPECT(partners(db, "DEMO-CITY-1", "DEMO-COMMUNITY", "2035-12-31"));
    EXPECT(
        !partners(db, "DEMO-COMMUNITY", "DEMO-CITY-1", "2036-01-01")); /* the agreement is over */
    EXPECT(!partners(db, "DEMO-COMMUNITY", "DEMO-CITY-1", "2020-12-31")); /* no member yet */
    EXPECT(!partners(db, "DEMO-TOWN-3", "DEMO-CITY-2", "2026-12-01"));
    EXPECT(partners(db, "DEMO-TOWN-3", "DEMO-CITY-2", "2022-12-31"));
    EXPECT(!partners(db, "DEMO-CENTRE", "DEMO-CITY-1", "2026-12-01"));
    EXPECT_INT(db_run(db,
                      "UPDATE partnership_member SET until='2026-11-30' WHERE organisation_id = "
                      "(SELECT id FROM organisation WHERE code='DEMO-COMMUNITY')",
                      ""),
               STATUS_OK);
    EXPECT(!partners(db, "DEMO-COMMUNITY", "DEMO-CITY-1", "2026-12-01"));
    EXPECT(partners(db, "DEMO-COMMUNITY", "DEMO-CITY-1", "2026-11-30")); /* its last day */
    EXPECT_INT(db_run(db, "UPDATE partnership SET active=0", ""), STATUS_OK);
    EXPECT(!partners(db, "DEMO-COMMUNITY", "DEMO-CITY-1", "2026-11-30"));
    db_close(db);
    temp_folder_remove(&folder);
}

#define HEAD "{\"format\":\"consult-gateway-import-1\",\n"
#define ORG                                                                                        \
    "\"organisations\":[{\"code\":\"A\",\"name_zh\":\"甲\",\"name_en\":\"A\",\"level\":\"city\"," \
    "\"region\":\"990101\"},\n"                                                                    \
    "{\"code\":\"B\",\"name_zh\":\"乙\",\"name_en\":\"B\",\"level\":\"county\",\"region\":"       \
    "\"990121\"}],\n"
#define PART                                                                                       \
    "\"partnerships\":[{\"code\":\"P\",\"name_zh\":\"联\",\"name_en\":\"P\",\"type\":\"close\","
#define LEAD "{\"organisation\":\"A\",\"role\":\"lead\",\"since\":\"2020-01-01\"}"
#define GOOD_AGREEMENT                                                                             \
    "\"version\":1,\"signed_on\":\"2020-01-01\",\"valid_from\":\"2020-01-01\",\"services\":["      \
    "\"live\"]"

#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define AGREED(part) AGREED_HEAD part "}]}]}"
#define AGREED_HEAD                                                                                \
    HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD                                    \
                  "],\"agreements\":[{" GOOD_AGREEMENT ",\"valid_until\":\"2030-01-01\","

static const struct fault {
    const char *text, *field;
    int line;
} faults[] = {
    {"", "", 1},
    {"{", "", 1},
    {"[]", "", 1},
    {"{\"format\":\n1}", "/format", 2},
    {"{\"format\":\"other\"}", "/format", 1},
    {HEAD "\"unknown\":1}", "/unknown", 2},
    {HEAD "\"organisations\":{}}", "/organisations", 2},
    {HEAD "\"organisations\":[5]}", "/organisations/0", 2},
    {HEAD "\"organisations\":[{\"code\":\"A\"}]}", "/organisations/0/name_zh", 2},
    {HEAD "\"organisations\":[{\"code\":\"A "
          "B\",\"name_zh\":\"x\",\"name_en\":\"x\",\"level\":\"city\",\"region\":\"990101\"}]}",
     "/organisations/0/code", 2},
    {HEAD "\"organisations\":[{\"code\":\"A\",\"name_zh\":\"x\",\"name_en\":\"x\",\"level\":"
          "\"town\",\"region\":\"990101\"}]}",
     "/organisations/0/level", 2},
    {HEAD "\"organisations\":[{\"code\":\"A\",\"name_zh\":\"x\",\"name_en\":\"x\",\"level\":"
          "\"city\",\n\"region\":\"99010\"}]}",
     "/organisations/0/region", 3},
    {HEAD "\"organisations\":[{\"code\":\"A\",\"name_zh\":7,\"name_en\":\"x\",\"level\":\"city\","
          "\"region\":\"990101\"}]}",
     "/organisations/0/name_zh", 2},
    {HEAD "\"organisations\":[{\"code\":\"A\",\"code\":\"B\"}]}", "", 2},
    {HEAD ORG "\"specialties\":[{\"code\":\"Big\",\"name_zh\":\"x\",\"name_en\":\"x\"}]}",
     "/specialties/0/code", 4},
    {HEAD ORG "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"Z\"}]}",
     "/practitioners/0/organisation", 4},
    {HEAD ORG "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_"
              "en\":\"x\",\"title\":\"boss\"}]}",
     "/practitioners/0/title", 4},
    {HEAD ORG "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_"
              "en\":\"x\",\"title\":\"chief\",\"licensed_since\":\"2020-02-30\"}]}",
     "/practitioners/0/licensed_since", 4},
    {HEAD ORG "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_"
              "en\":\"x\",\"title\":\"chief\",\"specialties\":[\"cardiology\"]}]}",
     "/practitioners/0/specialties/0", 4},
    {HEAD ORG
     "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_en\":"
     "\"x\",\"title\":\"chief\",\"account\":{\"login\":\"abc\",\"roles\":[\"king\"]}}]}",
     "/practitioners/0/account/roles/0", 4},
    {HEAD ORG "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_"
              "en\":\"x\",\"title\":\"chief\",\"account\":{\"login\":\"abc\",\"roles\":[]}}]}",
     "/practitioners/0/account/roles", 4},
    {HEAD ORG
     "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_en\":"
     "\"x\",\"title\":\"chief\",\"account\":{\"login\":\"abc\",\"roles\":[\"specialist\"]}}]}",
     "/practitioners/0/account", 4},
    {HEAD ORG "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_"
              "en\":\"x\",\"title\":\"chief\",\"account\":{\"login\":\"abc\",\"roles\":[\"admin\"],"
              "\"password\":\"long-enough\"}}]}",
     "/practitioners/0/account/password", 4},
    {HEAD ORG
     "\"practitioners\":[{\"code\":\"p\",\"organisation\":\"A\",\"name_zh\":\"x\",\"name_en\":"
     "\"x\",\"title\":\"chief\",\"account\":{\"login\":\"A\",\"roles\":[\"admin\"]}}]}",
     "/practitioners/0/account/login", 4},
    {HEAD ORG PART "\"mode\":\"village\",\"members\":[" LEAD "]}]}", "/partnerships/0/mode", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[]}]}", "/partnerships/0/members", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD "," LEAD "]}]}",
     "/partnerships/0/members/1", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD
                   ",\n{\"organisation\":\"B\",\"role\":\"spoke\",\"since\":\"2020-01-01\"}]}]}",
     "/partnerships/0/members/1", 5},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD
                   ",{\"organisation\":\"Q\",\"role\":\"member\",\"since\":\"2020-01-01\"}]}]}",
     "/partnerships/0/members/1/organisation", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD
                   ",{\"organisation\":\"B\",\"role\":\"member\",\"since\":\"2020-01-01\","
                   "\"until\":\"2019-01-01\"}]}]}",
     "/partnerships/0/members/1", 4},
    {HEAD ORG PART "\"mode\":\"specialty-alliance\",\"members\":[" LEAD "]}]}",
     "/partnerships/0/specialties", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD "],\"regions\":[\"990\"]}]}",
     "/partnerships/0/regions/0", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD "]}]}",
     "/partnerships/0/agreements", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD
                   "],\"agreements\":[{" GOOD_AGREEMENT ",\"valid_until\":\"2019-01-01\"}]}]}",
     "/partnerships/0/agreements/0", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"members\":[" LEAD
                   "],\"agreements\":[{" GOOD_AGREEMENT
                   ",\"valid_until\":\"2030-01-01\",\"version \":1}]}]}",
     "/partnerships/0/agreements/0/version ", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"money\":\"free\",\"members\":[" LEAD
                   "],\"agreements\":[]}]}",
     "/partnerships/0/money", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"record_scope\":7,\"members\":[" LEAD
                   "],\"agreements\":[]}]}",
     "/partnerships/0/record_scope", 4},
    {HEAD ORG PART "\"mode\":\"urban-group\",\"governance\":\"king\",\"members\":[" LEAD
                   "],\"agreements\":[]}]}",
     "/partnerships/0/governance", 4},
    {AGREED("\"terms\":[]"), "/partnerships/0/agreements/0/terms", 4},
    {AGREED("\n\"terms\":{\"triage\":1}"), "/partnerships/0/agreements/0/terms/triage", 5},
    {AGREED("\"terms\":{\"timers\":{\"offer-deadline\":{\"stat\":0}}}"),
     "/partnerships/0/agreements/0/terms/timers/offer-deadline/stat", 4},
    {AGREED("\"terms\":{\"timers\":{\"accept-due\":{\"urgent\":60,\n\"stat\":60}}}"),
     "/partnerships/0/agreements/0/terms/timers/accept-due/stat", 5}, /* a referral has none */
    {AGREED("\"clauses\":[{\"number\":\"1\",\"text_zh\":\"x\",\"member\":\"B\"}]"),
     "/partnerships/0/agreements/0/clauses/0/member", 4}, /* an organisation, but no member */
    {AGREED("\"clauses\":[\"x\",\n{\"number\":\"1\",\"text_zh\":\"x\"}]"),
     "/partnerships/0/agreements/0/clauses/1/number", 5}, /* the text has that number already */
    {AGREED("\"clauses\":[{\"number\":\"1\",\"text_zh\":\"x\",\"act\":\"cure\"}]"),
     "/partnerships/0/agreements/0/clauses/0/act", 4},
    {HEAD ORG PART
     "\"mode\":\"urban-group\",\"members\":[" LEAD "],\"agreements\":[{" GOOD_AGREEMENT
     ",\"valid_until\":\"2030-01-01\"},{" GOOD_AGREEMENT ",\"valid_until\":\"2031-01-01\"}]}]}",
     "/partnerships/0/agreements/1", 4},
};

static void test_faults(void)
{
    struct db *db = NULL;
    EXPECT_INT(db_open(":memory:", &db), STATUS_OK);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "fault %zu", i);
        test_row(name);
        struct import_options options = {NULL, false};
        struct import_result result;
        EXPECT_INT(import_json(db, &options, faults[i].text, strlen(faults[i].text), &result),
                   STATUS_MALFORMED);
        EXPECT_TEXT(result.field, faults[i].field);
        EXPECT_INT(result.line, faults[i].line);
        EXPECT(result.error[0] != '\0');
        EXPECT_INT(number(db, "SELECT count(*) FROM organisation"), 0);
        EXPECT_INT(number(db, "SELECT count(*) FROM practitioner"), 0);
        test_row_end();
    }
    db_close(db);
}

/* A version that is in the store is only ever repeated: its clauses and terms act. */
static void test_versions(void)
{
    static const struct {
        const char *part;
        enum status status;
    } rows[] = {
        {"\"clauses\":[\"x\"],\"terms\":{\"triage\":true}", STATUS_OK},
        {"\"clauses\":[{\"number\":\"1\",\"text_zh\":\"x\"}],\"terms\":{\"triage\":true}",
         STATUS_OK}, /* the same, in the new form */
        {"\"clauses\":[\"y\"],\"terms\":{\"triage\":true}", STATUS_MALFORMED},
        {"\"clauses\":[\"x\"],\"terms\":{}", STATUS_MALFORMED},
        {"\"clauses\":[\"x\"],\"terms\":{\"triage\":true},\"document_sha256\":\"" SHA256 "\"",
         STATUS_MALFORMED},
    };
    struct db *db = NULL;
    EXPECT_INT(db_open(":memory:", &db), STATUS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[2048];
        struct import_options options = {NULL, false};
        struct import_result result;
        (void)snprintf(text, sizeof text, "%s%s%s", AGREED_HEAD, rows[i].part, "}]}]}");
        test_row(rows[i].part);
        EXPECT_INT(import_json(db, &options, text, strlen(text), &result), rows[i].status);
        test_row_end();
    }
    EXPECT_INT(number(db, "SELECT version FROM partnership"), 2); /* two took */
    EXPECT_INT(number(db, "SELECT count(*) FROM partnership WHERE record_scope IS NULL AND money "
                          "IS NULL AND governance IS NULL"),
               1);
    db_close(db);
}

static void test_locate(void)
{
    static const char text[] =
        "{\n  \"a\": [1, {\"b\\\"\": 2, \"字\": \"],}\"}, [], \"x\"],\n  \"c\": null }";
    static const struct {
        const char *pointer;
        int line, column;
        bool found;
    } rows[] = {{"", 1, 1, true},         {"/a", 2, 8, true},
                {"/a/0", 2, 9, true},     {"/a/1", 2, 12, true},
                {"/a/1/字", 2, 28, true}, {"/a/3", 2, 40, true},
                {"/c", 3, 8, true},       {"/a/9", 2, 8, false},
                {"/d", 1, 1, false},      {"/a/1/none", 2, 12, false},
                {"/c/0", 3, 8, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int line = 0;
        int column = 0;
        EXPECT_INT(import_locate(text, sizeof text - 1, rows[i].pointer, &line, &column),
                   rows[i].found);
        EXPECT_INT(line, rows[i].line);
        EXPECT_INT(column, rows[i].column);
    }
    for (size_t len = 0; len < sizeof text; len++) { /* whatever is cut off */
        int line = 0;
        int column = 0;
        (void)import_locate(text, len, "/a/1/none", &line, &column);
        EXPECT(line >= 1 && column >= 1);
    }
}

static void test_users(void)
{
    struct temp_folder folder;
    struct db *db = demo_store(&folder, false);
    struct user_error error;
    EXPECT_INT(
        user_add(db, "night.shift", "DEMO-P-11", "specialist,coordinator", "long enough", &error),
        STATUS_OK);
    EXPECT_INT(user_add(db, "night.shift", "DEMO-P-11", "specialist", "long enough", &error),
               STATUS_CONFLICT);
    EXPECT_INT(user_add(db, "night.shift2", "NOBODY", "specialist", "long enough", &error),
               STATUS_UNKNOWN);
    EXPECT_INT(user_add(db, "night.shift2", "DEMO-P-11", "specialist,king", "long enough", &error),
               STATUS_MALFORMED);
    EXPECT_INT(user_add(db, "night.shift2", "DEMO-P-11", "specialist", "short", &error),
               STATUS_MALFORMED);
    EXPECT_INT(user_add(db, "Night Shift", "DEMO-P-11", "specialist", "long enough", &error),
               STATUS_MALFORMED);
    EXPECT(error.text[0] != '\0');
    EXPECT_INT(db_run(db,
                      "INSERT INTO session SELECT 'hash', id, 'c', 1, 1, 9 FROM account WHERE "
                      "login='night.shift'",
                      ""),
               STATUS_OK);
    EXPECT_INT(user_disable(db, "night.shift", true, 5, &error), STATUS_OK);
    EXPECT_INT(number(db, "SELECT count(*) FROM session"), 0);
    EXPECT_INT(number(db, "SELECT count(*) FROM session_ended"),
               1); /* for the gateway's next sweep */
    EXPECT_INT(number(db, "SELECT disabled FROM account WHERE login='night.shift'"), 1);
    EXPECT_INT(user_disable(db, "nobody", true, 5, &error), STATUS_UNKNOWN);
    EXPECT_INT(user_password(db, "night.shift", "another password", 6, &error), STATUS_OK);
    EXPECT_INT(number(db, "SELECT count(*) FROM audit WHERE action LIKE 'account.%' AND "
                          "reason_code='consultctl'"),
               3);
    FILE *out = fopen("/dev/null", "w");
    EXPECT_INT(check_all(db, folder.path, true, out), 0);
    EXPECT(out != NULL && fclose(out) == 0);
    db_close(db);
    temp_folder_remove(&folder);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"demonstration data", test_demo},
        {"rules of the demonstration data", test_demo_rules},
        {"versions of agreements", test_versions},
        {"partners, and former ones", test_partners},
        {"faults", test_faults},
        {"locate", test_locate},
        {"users", test_users},
    };
    return TEST_MAIN(cases);
}
