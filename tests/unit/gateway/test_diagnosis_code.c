/* The table of coded diagnoses: import from CSV, all or nothing; search, and how long it takes in a
 * table of 40,000. */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/ctl/import_codes.h"
#include "gateway/records/diagnosis_code.h"
#include "gateway/store/db_sqlite.h"
#include "media/rt/clock.h"

#define HEAD "code,name_zh,name_en\n"

static int64_t count(struct fixture *f, const char *active)
{
    int64_t rows = 0;
    MUST(db_one_int(f->db, &rows, "SELECT COUNT(*) FROM diagnosis_code WHERE active = $1", "i",
                    (int64_t)(active[0] == '1')));
    return rows;
}

static void good_files(void)
{
    static const struct {
        const char *text;
        int64_t codes;
    } rows[] = {
        {HEAD "I10,高血压,Hypertension\n", 1},
        {HEAD "I10,高血压,Hypertension", 1}, /* no line break at the end */
        {"\xef\xbb\xbf" HEAD "I10,高血压,Hypertension\r\nE11.9,糖尿病,Diabetes\r\n", 2},
        {HEAD "J18.9,\"肺炎\",\"Pneumonia, \"\"unspecified\"\"\"\n", 1},
        {HEAD "I10.x00x002,高血压病1级,x\nA18.0+M01.1*,关节结核,x\n", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct import_codes_result result;
        fixture_open(&f, ":memory:");
        EXPECT_INT(import_codes(f.db, rows[i].text, strlen(rows[i].text), &result), STATUS_OK);
        EXPECT_INT(result.codes, rows[i].codes);
        EXPECT_INT(count(&f, "1"), rows[i].codes);
        fixture_close(&f);
    }
}

static void bad_files(void)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *rule;
    } rows[] = {
        {"", 1, "name_zh is missing"},
        {HEAD, 1, "no code in the file"},
        {"code,zh,en\nI10,a,b\n", 1, "first line"},
        {HEAD "I10,a,b\nI11,a\n", 3, "name_en is missing"},
        {HEAD "I10,a,b\n\nI11,a,b\n", 3, "name_zh is missing"},
        {HEAD "I10,a,b,c\n", 2, "more than three"},
        {HEAD "10,a,b\n", 2, "ICD-10"},
        {HEAD "i10,a,b\n", 2, "ICD-10"},
        {HEAD "I10,,b\n", 2, "name_zh is empty"},
        {HEAD "I10,a, b\n", 2, "name_en is empty, or begins"},
        {HEAD "I10,a,b\nE11,a,b\nI10,c,d\n", 4, "twice"},
        {HEAD "I10,\"a,b", 2, "not closed"},
        {HEAD "I10,\"a\"x,b\n", 2, "goes on"},
        {HEAD "I10,a\"x,b\n", 2, "in its middle"},
        {HEAD "I10,a\tx,b\n", 2, "control"},
        {HEAD "I10,\"a\nx\",b\n", 2, "control"},
        {HEAD "I10,\xff,b\n", 2, "UTF-8"},
    };
    struct fixture f;
    struct import_codes_result result;
    fixture_open(&f, ":memory:");
    MUST(import_codes(f.db, HEAD "Z00.0,甲,a\n", strlen(HEAD "Z00.0,甲,a\n"), &result));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row(rows[i].rule);
        EXPECT_INT(import_codes(f.db, rows[i].text, strlen(rows[i].text), &result),
                   STATUS_MALFORMED);
        EXPECT_INT(result.line, rows[i].line);
        EXPECT(strstr(result.error, rows[i].rule) != NULL);
        EXPECT_INT(count(&f, "1"), 1); /* nothing was changed */
        EXPECT_INT(count(&f, "0"), 0);
        test_row_end();
    }
    fixture_close(&f);
}

static void replaced(void)
{
    struct fixture f;
    struct import_codes_result result;
    const char *first = HEAD "I10,高血压,a\nI11,心脏病,b\n",
               *second = HEAD "I11,高血压心脏病,c\nI12,d,e\n";
    char name[64];
    bool known = true;
    fixture_open(&f, ":memory:");
    MUST(diagnosis_code_known(f.db, "I99", &known));
    EXPECT(known); /* nothing was ever imported */
    MUST(import_codes(f.db, first, strlen(first), &result));
    MUST(import_codes(f.db, second, strlen(second), &result));
    EXPECT_INT(result.codes, 2);
    EXPECT_INT(result.inactive, 1);
    MUST(db_one_text(f.db, name, sizeof name, "SELECT name_zh FROM diagnosis_code WHERE code='I11'",
                     ""));
    EXPECT_TEXT(name, "高血压心脏病");
    MUST(diagnosis_code_known(f.db, "I10", &known));
    EXPECT(!known); /* kept, but out of use */
    MUST(diagnosis_code_known(f.db, "I12", &known));
    EXPECT(known);
    MUST(diagnosis_code_known(f.db, "I99", &known));
    EXPECT(!known);
    MUST(db_one_text(f.db, name, sizeof name, "SELECT action FROM audit ORDER BY seq DESC LIMIT 1",
                     ""));
    EXPECT_TEXT(name, "codes.import");
    fixture_close(&f);
}

static int search(struct fixture *f, const char *text, const char *limit)
{
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    fixture_act_as(f, SONG);
    f->call = (struct api_call){.db = f->db, .actor = &f->actor, .method = "GET", .status = 200};
    f->call.query[0] = (struct api_query_pair){"search", text};
    f->call.query[1] = (struct api_query_pair){limit == NULL ? NULL : "limit", limit};
    diagnosis_code_list(&f->call);
    db_rollback(f->db);
    return f->call.status;
}

static const char *found(const struct fixture *f, size_t index)
{
    const char *code = json_string_value(
        json_object_get(json_array_get(json_object_get(f->call.reply, "codes"), index), "code"));
    return code == NULL ? "" : code;
}

static void searched(void)
{
    struct fixture f;
    struct import_codes_result result;
    const char *file =
        HEAD "I10,高血压,Hypertension\nI20.0,心绞痛,Unstable angina\nI21.9,心肌梗死,"
             "Myocardial infarction\nO10.0,妊娠合并高血压,x I2 y\nK_1,下划线,50% of it\n";
    fixture_open(&f, ":memory:");
    EXPECT_INT(import_codes(f.db, file, strlen(file), &result), STATUS_MALFORMED); /* K_1 */
    file = HEAD "I10,高血压,Hypertension\nI20.0,心绞痛,Unstable angina\nI21.9,心肌梗死,"
                "Myocardial infarction\nO10.0,妊娠合并高血压,x I2 y\nK01,百分,50% of_it\n";
    MUST(import_codes(f.db, file, strlen(file), &result));
    EXPECT_INT(search(&f, "I2", NULL), 200);
    EXPECT_TEXT(found(&f, 0), "I20.0"); /* codes first, names after */
    EXPECT_TEXT(found(&f, 1), "I21.9");
    EXPECT_TEXT(found(&f, 2), "O10.0");
    EXPECT_TEXT(found(&f, 3), "");
    EXPECT_INT(search(&f, "i21", NULL), 200);
    EXPECT_TEXT(found(&f, 0), "I21.9");
    EXPECT_INT(search(&f, "高血压", NULL), 200);
    EXPECT_TEXT(found(&f, 0), "I10");
    EXPECT_TEXT(found(&f, 1), "O10.0");
    EXPECT_INT(search(&f, "ANGINA", NULL), 200);
    EXPECT_TEXT(found(&f, 0), "I20.0");
    EXPECT_INT(search(&f, "0%", NULL), 200);
    EXPECT_TEXT(found(&f, 0), "K01");
    EXPECT_INT(search(&f, "h%n", NULL), 200); /* no wild cards */
    EXPECT_TEXT(found(&f, 0), "");
    EXPECT_INT(search(&f, "f_i", NULL), 200);
    EXPECT_TEXT(found(&f, 0), "K01");
    EXPECT_INT(search(&f, "", "2"), 200);
    EXPECT_TEXT(found(&f, 1), "I20.0");
    EXPECT(json_is_true(json_object_get(f.call.reply, "more")));
    EXPECT_INT(search(&f, "x", "0"), 422);
    EXPECT_INT(search(&f, "x", "101"), 422);
    EXPECT_INT(search(&f, "x", "9x"), 422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/limit");
    fixture_close(&f);
}

/* What SQLite had to do since the last call: steps of its machine, rows of a table stepped over,
 * sorts. Counted, not timed. */
struct effort {
    int64_t steps, rows, sorts;
};

static struct effort effort(struct db *db)
{
    struct effort sum = {0};
    for (sqlite3_stmt *s = NULL; (s = sqlite3_next_stmt(db->handle, s)) != NULL;) {
        sum.steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
        sum.rows += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
        sum.sorts += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_SORT, 1);
    }
    return sum;
}

#define CODES 40000
#define STEPS_A_CODE 12 /* a column or two, LIKE, the next one */

/* One pass at most, and none beyond the first twenty that match. */
static bool cheap(const struct effort *e, bool found_soon)
{
    int64_t most = found_soon ? CODES / 10 : CODES;
    return e->sorts == 0 && e->rows <= most && e->steps <= most * STEPS_A_CODE;
}

static void fill(struct fixture *f)
{
    MUST(db_begin(f->db));
    for (int i = 0; i < CODES; i++) {
        char code[16], zh[64], search_text[128];
        (void)snprintf(code, sizeof code, "%c%02d.%03d", 'A' + i / 2000, i / 20 % 100, i % 1000);
        (void)snprintf(zh, sizeof zh, "示范疾病名称未特指的类型第%d号", i);
        (void)snprintf(search_text, sizeof search_text, "%s demonstration disease, unspecified %d",
                       zh, i);
        MUST(db_run(f->db,
                    "INSERT INTO diagnosis_code (code, name_zh, name_en, search) VALUES ($1, $2, "
                    "$3, $4) ON CONFLICT DO NOTHING",
                    "ssss", code, zh, "demonstration disease, unspecified", search_text));
    }
    MUST(db_commit(f->db));
}

/* 40,000 codes: a search that finds nothing looks at all of them, once. */
static void quick(void)
{
    static const struct {
        const char *text;
        bool found_soon;
    } rows[] = {
        {"没有这种病", false}, {"zzz", false}, {"C17", false}, {"号", true}, {"39999", false}};
    struct fixture f;
    fixture_open(&f, ":memory:");
    fill(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)effort(f.db);
        int64_t began_us = clock_monotonic_us();
        EXPECT_INT(search(&f, rows[i].text, NULL), 200);
        double took_ms = (double)(clock_monotonic_us() - began_us) / 1000;
        struct effort e = effort(f.db);
        printf("  %s: %lld steps, %lld of %d codes, %.1f ms\n", rows[i].text, (long long)e.steps,
               (long long)e.rows, CODES, took_ms);
        EXPECT(cheap(&e, rows[i].found_soon));
        EXPECT(rows[i].found_soon || e.rows > CODES / 2); /* it is counted */
    }
    static const char *const dear[] = {
        "SELECT code FROM diagnosis_code WHERE search LIKE '%号%' ORDER BY name_zh LIMIT 21",
        "SELECT code FROM diagnosis_code WHERE lower(name_zh) || replace(lower(name_en), ',', '') "
        "LIKE '%zzz%' OR lower(code) LIKE '%zzz%' OR search LIKE '%zzz%' ORDER BY code",
        "SELECT code FROM diagnosis_code WHERE search LIKE '%zzz%' UNION ALL SELECT code FROM "
        "diagnosis_code WHERE name_en LIKE '%zzz%'",
    };
    for (size_t i = 0; i < sizeof dear / sizeof dear[0]; i++) { /* control */
        (void)effort(f.db);
        MUST(db_run(f.db, dear[i], ""));
        struct effort e = effort(f.db);
        EXPECT(!cheap(&e, i == 0));
    }
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"good files", good_files}, {"bad files", bad_files}, {"replaced", replaced},
        {"searched", searched},     {"quick", quick},
    };
    return TEST_MAIN(cases);
}
