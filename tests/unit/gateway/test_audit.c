/* The audit chain: what is added verifies, and every kind of tampering is found and its first bad
 * row named (A31). */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/records/canonical.h"

#define ROWS 20

static void add_rows(struct db *db, int count)
{
    for (int i = 0; i < count; i++) {
        json_t *detail = json_pack("{s:i, s:s}", "n", i, "a", "值");
        struct audit_entry entry = {.at_ms = 1000 + i,
                                    .consultation_id = i % 3 == 0 ? NULL : ID("d1"),
                                    .action = "test.row",
                                    .reason_code = i % 2 == 0 ? NULL : "",
                                    .detail = detail};
        MUST(audit_append(db, &entry));
        json_decref(detail);
    }
}

static void no_triggers(struct db *db)
{
    MUST(db_run(db, "DROP TRIGGER audit_no_update", ""));
    MUST(db_run(db, "DROP TRIGGER audit_no_delete", ""));
}

static void recompute_from(struct db *db, int64_t seq);

static void flip_detail(struct db *db)
{
    MUST(db_run(db, "UPDATE audit SET detail = replace(detail, '\"n\":6', '\"n\":7') WHERE seq = 7",
                ""));
}

static void flip_time(struct db *db)
{
    MUST(db_run(db, "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 3", ""));
}

static void null_to_empty(struct db *db)
{
    MUST(db_run(db, "UPDATE audit SET reason_code = '' WHERE seq = 5", ""));
}

static void move_between_fields(struct db *db)
{
    MUST(db_run(db, "UPDATE audit SET action = 'test.rowx', from_state = NULL WHERE seq = 9", ""));
}

static void flip_hash(struct db *db)
{
    MUST(db_run(db,
                "UPDATE audit SET hash = '0' || substr(hash, 2) WHERE seq = 4 AND substr(hash, 1, "
                "1) <> '0'",
                ""));
    MUST(db_run(db,
                "UPDATE audit SET hash = '1' || substr(hash, 2) WHERE seq = 4 AND substr(hash, 1, "
                "1) = '0' AND previous_hash "
                "<> ''",
                ""));
}

static void delete_one(struct db *db)
{
    MUST(db_run(db, "DELETE FROM audit WHERE seq = 11", ""));
}

static void delete_first(struct db *db)
{
    MUST(db_run(db, "DELETE FROM audit WHERE seq = 1", ""));
}

static void delete_one_and_close_up(struct db *db)
{
    MUST(db_run(db, "DELETE FROM audit WHERE seq = 11", ""));
    MUST(db_run(db, "UPDATE audit SET seq = -seq + 1 WHERE seq > 11", ""));
    MUST(db_run(db, "UPDATE audit SET seq = -seq WHERE seq < 0", ""));
}

static void delete_tail(struct db *db)
{
    MUST(db_run(db, "DELETE FROM audit WHERE seq > 15", ""));
}

static void delete_all(struct db *db)
{
    MUST(db_run(db, "DELETE FROM audit", ""));
}

static void swap(struct db *db)
{
    MUST(db_run(db, "UPDATE audit SET seq = -1 WHERE seq = 6", ""));
    MUST(db_run(db, "UPDATE audit SET seq = 6 WHERE seq = 8", ""));
    MUST(db_run(db, "UPDATE audit SET seq = 8 WHERE seq = -1", ""));
}

static void rewrite_last(struct db *db)
{
    MUST(db_run(db, "UPDATE audit SET detail = '{}' WHERE seq = 20", ""));
    recompute_from(db, 20);
}

static void forge_head(struct db *db)
{
    MUST(db_run(db, "UPDATE audit_head SET hash = replace(hash, substr(hash, 1, 4), 'beef')", ""));
}

static void forge_count(struct db *db)
{
    MUST(db_run(db, "UPDATE audit_head SET count = 30", ""));
}

struct tampering {
    const char *name;
    void (*change)(struct db *db);
    int64_t first_bad;
    const char *why;
};
static const struct tampering tamperings[] = {
    {"a flipped detail", flip_detail, 7, "hash"},
    {"a flipped time", flip_time, 3, "hash"},
    {"NULL made empty", null_to_empty, 5, "hash"},
    {"text moved", move_between_fields, 9, "hash"},
    {"a flipped hash", flip_hash, 4, "hash"},
    {"a deleted row", delete_one, 11, "gap"},
    {"the first row deleted", delete_first, 1, "gap"},
    {"a deleted row, numbers closed up", delete_one_and_close_up, 11, "previous-hash"},
    {"a deleted tail", delete_tail, 16, "tail"},
    {"everything deleted", delete_all, 1, "tail"},
    {"two rows swapped", swap, 6, "previous-hash"},
    {"the last row rewritten with a fitting hash", rewrite_last, 20, "head"},
    {"the head's hash", forge_head, 20, "head"},
    {"the head's count", forge_count, 21, "tail"},
};

/* As an attacker who knows the encoding would: hash of one row anew (the test's own encoder, from
 * audit.h's description). */
static void recompute_from(struct db *db, int64_t seq)
{
    char text[2048] = "", hash[65];
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT previous_hash, seq, at_ms, consultation_id, actor_id, action, "
                   "from_state, to_state, reason_code, "
                   "detail FROM audit WHERE seq = $1");
    db_bind_int(&q, seq);
    if (db_next(&q)) {
        for (int i = 0; i < 10; i++) {
            size_t at = strlen(text);
            if (db_is_null(&q, i)) {
                (void)snprintf(text + at, sizeof text - at, "-,");
            } else {
                (void)snprintf(text + at, sizeof text - at, "%zu:%s,", strlen(db_text(&q, i)),
                               db_text(&q, i));
            }
        }
    }
    MUST(db_end(&q));
    canonical_sha256(text, strlen(text), hash);
    MUST(db_run(db, "UPDATE audit SET hash = $1 WHERE seq = $2", "si", hash, seq));
}

static void tampered(void)
{
    for (size_t i = 0; i < sizeof tamperings / sizeof tamperings[0]; i++) {
        struct audit_verdict verdict;
        struct db *db = NULL;
        test_row(tamperings[i].name);
        MUST(db_open(":memory:", &db));
        MUST(db_begin(db));
        add_rows(db, ROWS);
        MUST(audit_verify(db, &verdict));
        EXPECT(verdict.holds);
        EXPECT_INT(verdict.count, ROWS);
        no_triggers(db);
        tamperings[i].change(db);
        MUST(audit_verify(db, &verdict));
        EXPECT(!verdict.holds);
        EXPECT_INT(verdict.first_bad_seq, tamperings[i].first_bad);
        EXPECT_TEXT(verdict.why, tamperings[i].why);
        MUST(db_commit(db));
        db_close(db);
        test_row_end();
    }
}

/* Every octet of every column of a row counts. */
static void the_encoding_is_as_written(void)
{
    struct audit_verdict verdict;
    struct db *db = NULL;
    MUST(db_open(":memory:", &db));
    MUST(db_begin(db));
    add_rows(db, ROWS);
    no_triggers(db);
    for (int64_t seq = 1; seq <= ROWS; seq++) {
        recompute_from(db, seq);
    }
    MUST(audit_verify(db, &verdict));
    EXPECT(verdict.holds);
    MUST(db_commit(db));
    db_close(db);
}

static void whole_chain_rewritten(void)
{
    struct audit_verdict verdict;
    struct db *db = NULL;
    char anchor[65];
    bool holds = true;
    MUST(db_open(":memory:", &db));
    MUST(db_begin(db));
    add_rows(db, ROWS);
    MUST(db_one_text(db, anchor, sizeof anchor, "SELECT hash FROM audit WHERE seq = 10", ""));
    MUST(audit_verify_anchor(db, 10, anchor, &holds));
    EXPECT(holds);
    no_triggers(db);
    MUST(db_run(db, "DELETE FROM audit",
                "")); /* all of it anew, head included: only an anchor kept elsewhere tells */
    MUST(db_run(db, "UPDATE audit_head SET count = 0, hash = $1", "s",
                "0000000000000000000000000000000000000000000000000000000000000000"));
    add_rows(db, 9);
    MUST(audit_append(db, &(struct audit_entry){.at_ms = 1, .action = "forged"}));
    MUST(audit_verify(db, &verdict));
    EXPECT(verdict.holds);
    MUST(audit_verify_anchor(db, 10, anchor, &holds));
    EXPECT(!holds);
    MUST(db_commit(db));
    db_close(db);
}

static void rows_refuse_change(void)
{
    struct db *db = NULL;
    MUST(db_open(":memory:", &db));
    MUST(db_begin(db));
    add_rows(db, 3);
    MUST(db_commit(db));
    MUST(db_begin(db));
    EXPECT(db_run(db, "UPDATE audit SET action = 'x' WHERE seq = 2", "") != STATUS_OK);
    db_rollback(db);
    MUST(db_begin(db));
    EXPECT(db_run(db, "DELETE FROM audit WHERE seq = 2", "") != STATUS_OK);
    db_rollback(db);
    struct audit_verdict verdict;
    MUST(audit_verify(db, &verdict));
    EXPECT(verdict.holds && verdict.count == 3);
    db_close(db);
}

static void range(void)
{
    struct audit_verdict verdict;
    struct db *db = NULL;
    MUST(db_open(":memory:", &db));
    MUST(db_begin(db));
    add_rows(db, ROWS);
    MUST(audit_verify_range(db, 5, 9, &verdict));
    EXPECT(verdict.holds && verdict.count == 5);
    no_triggers(db);
    flip_time(db); /* row 3: outside */
    MUST(audit_verify_range(db, 5, 9, &verdict));
    EXPECT(verdict.holds);
    MUST(audit_verify_range(db, 3, 9, &verdict));
    EXPECT(!verdict.holds && verdict.first_bad_seq == 3);
    delete_tail(db);
    MUST(audit_verify_range(db, 5, 9, &verdict));
    EXPECT_TEXT(verdict.why, "tail");
    MUST(db_commit(db));
    db_close(db);
}

static void rolled_back_leaves_no_gap(void)
{
    struct audit_verdict verdict;
    struct db *db = NULL;
    MUST(db_open(":memory:", &db));
    MUST(db_begin(db));
    add_rows(db, 2);
    MUST(db_savepoint(db));
    add_rows(db, 2);
    db_savepoint_rollback(db);
    add_rows(db, 2);
    MUST(db_commit(db));
    MUST(audit_verify(db, &verdict));
    EXPECT(verdict.holds && verdict.count == 4);
    db_close(db);
}

struct vector {
    const char *name, *json, *canonical; /* canonical NULL: refused */
};
static const struct vector vectors[] = {
    {"RFC 8785 §3.2.3 sorting",
     "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet "
     "With Dagesh\","
     "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning "
     "Face\",\"\\u0080\":\"Control\",\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
     "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin "
     "Small Letter O With Diaeresis\","
     "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning "
     "Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}"},
    {"RFC 8785 §3.2.2.2 strings", "[\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\"]",
     "[\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"]"},
    {"short escapes", "[\"\\b\\t\\n\\f\\r\\u007f\"]", "[\"\\b\\t\\n\\f\\r\x7f\"]"},
    {"literals", "[null, true, false, {}, []]", "[null,true,false,{},[]]"},
    {"integers", "[0, -1, 9007199254740991, -9007199254740991]",
     "[0,-1,9007199254740991,-9007199254740991]"},
    {"beyond 2^53-1", "[9007199254740992]", NULL},
    {"a floating point number", "[1.5]", NULL},
    {"nested", "{\"b\":{\"d\":1,\"c\":[{\"z\":0,\"a\":\"\"}]},\"a\":2}",
     "{\"a\":2,\"b\":{\"c\":[{\"a\":\"\",\"z\":0}],\"d\":1}}"},
};

static void canonical(void)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        test_row(vectors[i].name);
        json_t *value = json_loads(vectors[i].json, 0, NULL);
        char *text = NULL;
        size_t len = 0;
        EXPECT(value != NULL);
        enum status status = canonical_write(value, &text, &len);
        EXPECT_INT(status == STATUS_OK, vectors[i].canonical != NULL);
        if (status == STATUS_OK && vectors[i].canonical != NULL) {
            EXPECT_TEXT(text, vectors[i].canonical);
            EXPECT_INT((long long)len, (long long)strlen(text));
        }
        free(text);
        json_decref(value);
        test_row_end();
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        {"tampered", tampered},
        {"the encoding is as written", the_encoding_is_as_written},
        {"whole chain rewritten", whole_chain_rewritten},
        {"rows refuse change", rows_refuse_change},
        {"range", range},
        {"rolled back leaves no gap", rolled_back_leaves_no_gap},
        {"canonical", canonical},
    };
    log_set_level(LOG_LEVEL_ERROR);
    return TEST_MAIN(cases);
}
