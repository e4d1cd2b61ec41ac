/* Import of shifts: times, the same file twice, and one fault each, which changes nothing. */
#include "gateway/ctl/import_shifts.h"

#include "tests/unit/gateway/demo_store.h"

#define SHIFT(more) "{\"login\":\"demo.specialist1\",\"kind\":\"duty\"," more "}"
#define TIMES "\"from\":\"2026-12-01T08:00\",\"until\":\"2026-12-01T16:00\""
#define FILE_OF(shifts) "{\"format\":\"consult-gateway-import-1\",\n\"shifts\":[" shifts "]}"

static void times(void)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"1970-01-01T08:00", 0},
        {"1970-01-02T08:01", 86460000},
        {"2000-02-29T00:00", 951753600000},
        {"2026-12-01T08:00", 1796083200000},
        {"2100-03-01T08:00", 4107542400000},
        {"2024-12-31T23:59", 1735660740000},
        {"2026-02-29T08:00", -1},
        {"2026-12-01T24:00", -1},
        {"2026-12-01T08:60", -1},
        {"2026-12-01 08:00", -1},
        {"2026-12-01T8:00", -1},
        {"2026-12-01T08:00Z", -1},
        {"1969-12-31T08:00", -1},
        {"9999-12-31T08:00", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -1;
        test_row(rows[i].text);
        EXPECT_INT(import_time(rows[i].text, &ms), rows[i].ms >= 0);
        EXPECT_INT(ms, rows[i].ms);
        test_row_end();
    }
}

static int64_t shifts_of(struct db *db)
{
    int64_t n = -1;
    EXPECT_INT(db_one_int(db, &n, "SELECT count(*) FROM duty_shift", ""), STATUS_OK);
    return n;
}

static enum status import(struct db *db, const char *text, struct import_result *out_result)
{
    struct import_options options = {NULL, false};
    return import_json(db, &options, text, strlen(text), out_result);
}

static void twice(void)
{
    static const char text[] = FILE_OF(
        SHIFT(TIMES) ",\n" SHIFT("\"specialty\":\"cardiology\",\"partnership\":\"DEMO-REMOTE\","
                                 "\"from\":\"2026-12-01T16:00\",\"until\":\"2026-12-01T20:00\""));
    struct temp_folder folder;
    struct import_result result;
    struct db *db = demo_store(&folder, false);
    EXPECT_INT(import(db, text, &result), STATUS_OK);
    EXPECT_INT(result.shifts, 2);
    EXPECT_INT(shifts_of(db), 2);
    EXPECT_INT(import(db, text, &result), STATUS_OK);
    EXPECT_INT(shifts_of(db), 2);
    int64_t n = 0;
    EXPECT_INT(db_one_int(db, &n,
                          "SELECT count(*) FROM duty_shift s JOIN partnership g ON g.id = "
                          "s.partnership_id WHERE s.specialty = 'cardiology' AND s.from_ms = "
                          "1796112000000 AND s.until_ms - s.from_ms = 14400000",
                          ""),
               STATUS_OK);
    EXPECT_INT(n, 1);
    db_close(db);
    temp_folder_remove(&folder);
}

static void faults(void)
{
    static const struct {
        const char *text, *field;
    } rows[] = {
        {FILE_OF(SHIFT("\"from\":\"2026-12-01T08:00\"")), "/shifts/0/until"},
        {FILE_OF(SHIFT("\"from\":\"8:00\",\"until\":\"2026-12-01T16:00\"")), "/shifts/0/from"},
        {FILE_OF(SHIFT("\"from\":\"2026-12-01T08:00\",\"until\":\"2026-12-01T08:00\"")),
         "/shifts/0/until"},
        {FILE_OF(SHIFT("\"from\":\"2026-12-01T08:00\",\"until\":\"2027-12-01T08:00\"")),
         "/shifts/0/until"},
        {FILE_OF(SHIFT("\"specialty\":\"neurology\"," TIMES)), "/shifts/0/specialty"},
        {FILE_OF(SHIFT("\"partnership\":\"NONE\"," TIMES)), "/shifts/0/partnership"},
        {FILE_OF(SHIFT("\"note\":\"x\"," TIMES)), "/shifts/0/note"},
        {FILE_OF("{\"login\":\"demo.clinician1\",\"kind\":\"duty\"," TIMES "}"), "/shifts/0/login"},
        {FILE_OF("{\"login\":\"demo.specialist1\",\"kind\":\"night\"," TIMES "}"),
         "/shifts/0/kind"},
        {FILE_OF(SHIFT(TIMES) ",\n" SHIFT("\"from\":\"2026-12-01T15:59\",\"until\":"
                                          "\"2026-12-01T20:00\"")),
         "/shifts/1"},
    };
    struct temp_folder folder;
    struct db *db = demo_store(&folder, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct import_result result;
        test_row(rows[i].field);
        EXPECT_INT(import(db, rows[i].text, &result), STATUS_MALFORMED);
        EXPECT_TEXT(result.field, rows[i].field);
        EXPECT(result.error[0] != '\0');
        EXPECT_INT(shifts_of(db), 0);
        test_row_end();
    }
    db_close(db);
    temp_folder_remove(&folder);
}

int main(void)
{
    static const struct test_case tests[] = {
        {"times", times},
        {"twice", twice},
        {"faults", faults},
    };
    return TEST_MAIN(tests);
}
