/* Opinions: signed over the whole record, verified on each read, immutable, versions by amendment;
 * recordings played. */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/records/opinion_record.h"
#include "gateway/records/recordings.h"

static json_t *latest(struct fixture *f)
{
    return json_object_get(f->call.reply, "opinion");
}

static void signed_record(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_SIGNED, id);
    STEP(&f, fixture_call(&f, ANNA, opinion_list, id, NULL, NULL));
    json_t *opinion = json_array_get(json_object_get(f.call.reply, "opinions"), 0);
    EXPECT(json_is_true(json_object_get(opinion, "verified")));
    const char *canonical = json_string_value(json_object_get(opinion, "canonical"));
    const char *signature = json_string_value(json_object_get(opinion, "signature"));
    const char *key = json_string_value(json_object_get(opinion, "public_key"));
    EXPECT(opinion_record_verify(canonical, signature, key));
    json_t *record = json_loads(canonical, 0, NULL);
    EXPECT_TEXT(json_string_value(json_object_get(json_object_get(record, "partnership"), "id")),
                NET);
    EXPECT_INT(json_integer_value(
                   json_object_get(json_object_get(record, "partnership"), "agreement_version")),
               3);
    EXPECT_TEXT(json_string_value(json_object_get(json_object_get(record, "patient"), "name")),
                "测试患者");
    EXPECT(strstr(canonical, "350222196102030021") == NULL); /* proves who, tells nobody */
    json_t *vitals = json_object_get(json_object_get(record, "request"), "vital_signs");
    EXPECT_TEXT(json_string_value(json_object_get(vitals, "temperature")), "36.8");
    json_t *consultant = json_object_get(record, "consultant");
    EXPECT(json_string_length(json_object_get(consultant, "licence_no")) > 0);
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(consultant, "organisation"), "code")),
        "C1");
    char *broken = strdup(canonical);
    for (size_t i = 0; i < strlen(canonical); i += 37) { /* any octet, any bit */
        broken[i] = (char)(broken[i] ^ 1);
        EXPECT(!opinion_record_verify(broken, signature, key));
        broken[i] = canonical[i];
    }
    free(broken);
    EXPECT(!opinion_record_verify(canonical, signature, signature));
    EXPECT(!opinion_record_verify(canonical, "", key) &&
           !opinion_record_verify(canonical, "zz", key));
    json_decref(record);
    fixture_close(&f);
}

static void immutable(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_SIGNED, id);
    EXPECT_INT(fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("别的")), 409);
    MUST(db_begin(f.db));
    EXPECT(db_run(f.db, "UPDATE opinion SET body = '{}'", "") != STATUS_OK);
    db_rollback(f.db);
    MUST(db_begin(f.db));
    EXPECT(db_run(f.db, "DELETE FROM opinion", "") != STATUS_OK);
    db_rollback(f.db);
    MUST(db_begin(f.db));
    EXPECT(db_run(f.db, "UPDATE consent SET given = 0", "") != STATUS_OK);
    db_rollback(f.db);
    MUST(db_run(f.db, "DROP TRIGGER opinion_no_update", "")); /* somebody with the file and SQL */
    MUST(db_run(f.db, "UPDATE opinion SET body = '{\"diagnosis\":\"forged\"}'", ""));
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT(json_is_false(json_object_get(latest(&f), "verified")));
    fixture_close(&f);
}

static void foreign_key_does_not_verify(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_AWAITING_OPINION, id);
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("急性心肌梗死")));
    (void)crypto_sign_keypair(f.public, f.secret); /* not the registered one */
    STEP(&f, act(&f, SONG, id, "sign", NULL));
    EXPECT(json_is_false(json_object_get(latest(&f), "verified")));
    fixture_close(&f);
}

static void no_key_no_signature(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_AWAITING_OPINION, id);
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("急性心肌梗死")));
    f.key_missing = true;
    log_set_level(LOG_LEVEL_ERROR);
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 503);
    EXPECT_TEXT(fixture_text(&f, "code"), "opinion.signing");
    expect_state(&f, id, "awaiting-opinion");
    f.key_missing = false;
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 200);
    fixture_close(&f);
}

static void drafts(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_IN_SESSION, id);
    EXPECT_INT(fixture_call(&f, ANNA, opinion_put, id, NULL, opinion_body("x")), 403);
    EXPECT_INT(fixture_call(&f, TAN, opinion_put, id, NULL, opinion_body("x")), 404);
    EXPECT_INT(
        fixture_call(&f, SONG, opinion_put, id, NULL, json_pack("{s:{s:s}}", "body", "poem", "x")),
        422);
    EXPECT_TEXT(fixture_text(&f, "field"), "/body/poem");
    EXPECT_INT(fixture_call(&f, SONG, opinion_put, id, NULL,
                            json_pack("{s:{s:i}}", "body", "findings", 3)),
               422);
    EXPECT_INT(fixture_call(&f, SONG, opinion_put, id, NULL, json_pack("{}")), 422);
    EXPECT_INT(fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("初步")), 200);
    EXPECT_TEXT(json_string_value(json_object_get(latest(&f), "status")), "draft");
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT(json_is_null(latest(&f))); /* a draft is its author's */
    STEP(&f, act(&f, ANNA, id, "end", NULL));
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL,
                          json_pack("{s:{s:s}}", "body", "treatment", "休息")));
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 422); /* neither findings nor diagnosis */
    fixture_close(&f);
}

static void amended(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_CLOSED, id);
    EXPECT_INT(act(&f, SONG, id, "amend", NULL), 422);
    EXPECT_INT(act(&f, ANNA, id, "amend", json_pack("{s:s}", "reason_text", "x")), 403);
    EXPECT_INT(act(&f, SONG, id, "amend", json_pack("{s:s}", "reason_text", "补充检查结果")), 200);
    EXPECT_TEXT(fixture_text(&f, "state"), "awaiting-opinion");
    EXPECT_INT(json_integer_value(json_object_get(latest(&f), "version")), 2);
    STEP(&f, fixture_call(&f, ANNA, consult_get, id, NULL, NULL));
    EXPECT_INT(json_integer_value(json_object_get(latest(&f), "version")),
               1); /* the signed one stays in force */
    STEP(&f, fixture_call(&f, SONG, opinion_put, id, NULL, opinion_body("非 ST 段抬高型")));
    STEP(&f, act(&f, SONG, id, "sign", NULL));
    STEP(&f, fixture_call(&f, ANNA, opinion_list, id, NULL, NULL));
    json_t *versions = json_object_get(f.call.reply, "opinions");
    EXPECT_INT((long long)json_array_size(versions), 2);
    for (size_t i = 0; i < 2; i++) {
        EXPECT(json_is_true(json_object_get(json_array_get(versions, i), "verified")));
    }
    EXPECT_TEXT(json_string_value(json_object_get(json_array_get(versions, 1), "amend_reason")),
                "补充检查结果");
    STEP(&f, act(&f, ANNA, id, "acknowledge", json_pack("{s:s}", "adopted", "yes")));
    fixture_close(&f);
}

static void playback(void)
{
    struct fixture f;
    char id[33], part[33];
    int64_t rows = 0;
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_SIGNED, id);
    MUST(db_one_text(f.db, part, sizeof part, "SELECT id FROM recording", ""));
    EXPECT_INT(fixture_call(&f, SONG, recordings_content, part, NULL, NULL), 409);
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:i, s:i}", "recording_id", part, "file", "c1-p1.webm",
                  "media_type", "video/webm", "duration_ms", 1000, "bytes", 10);
    STEP(&f, fixture_call(&f, NULL, consult_session_recording_complete, NULL, NULL, body));
    for (int i = 0; i < 5; i++) { /* ranges of one playback */
        EXPECT_INT(fixture_call(&f, SONG, recordings_content, part, NULL, NULL), 200);
        EXPECT_TEXT(f.call.file, "/nonexistent/recordings/c1-p1.webm");
        EXPECT_TEXT(f.call.content_type, "video/webm");
        f.now_ms += 1000;
    }
    MUST(db_one_int(f.db, &rows, "SELECT COUNT(*) FROM audit WHERE action = 'recording.play'", ""));
    EXPECT_INT(rows, 1);
    EXPECT_INT(fixture_call(&f, ANNA, recordings_content, part, NULL, NULL), 200);
    f.now_ms += 700000;
    EXPECT_INT(fixture_call(&f, SONG, recordings_content, part, NULL, NULL), 200);
    MUST(db_one_int(f.db, &rows, "SELECT COUNT(*) FROM audit WHERE action = 'recording.play'", ""));
    EXPECT_INT(rows, 3);
    EXPECT_INT(fixture_call(&f, TAN, recordings_content, part, NULL, NULL), 404);
    EXPECT_TEXT(fixture_text(&f, "code"), "recording.unknown");
    EXPECT_INT(fixture_call(&f, WU, recordings_poster, part, NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, SONG, recordings_content, "../x", NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, SONG, recordings_content, ID("ee"), NULL, NULL), 404);
    EXPECT_INT(fixture_call(&f, SONG, recordings_poster, part, NULL, NULL), 200);
    fixture_close(&f);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"signed record", signed_record},
        {"immutable", immutable},
        {"a foreign key does not verify", foreign_key_does_not_verify},
        {"no key, no signature", no_key_no_signature},
        {"drafts", drafts},
        {"amended", amended},
        {"playback", playback},
    };
    return TEST_MAIN(cases);
}
