/* Opinions: signed over the whole record, verified on each read, immutable, versions by amendment;
 * recordings played. */
#include "tests/unit/gateway/consult_fixture.h"

#include "gateway/records/diagnosis_code.h"
#include "gateway/records/opinion_body.h"
#include "gateway/records/opinion_record.h"
#include "gateway/records/opinion_sign.h"
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
    EXPECT(strstr(canonical, "1961-02-03") == NULL);
    EXPECT_TEXT(json_string_value(json_object_get(record, "format")), "consult-opinion-2");
    EXPECT_TEXT(json_string_value(json_object_get(json_object_get(record, "patient"), "age")),
                "65岁");
    EXPECT_TEXT(
        json_string_value(json_object_get(json_object_get(record, "patient"), "id_number_masked")),
        "350*************21");
    json_t *vitals = json_object_get(json_object_get(record, "request"), "vital_signs");
    EXPECT_TEXT(json_string_value(json_object_get(vitals, "temperature")), "36.8");
    json_t *consultant = json_object_get(record, "consultant");
    EXPECT(json_string_length(json_object_get(consultant, "licence_no")) > 0);
    const char *person = json_string_value(json_object_get(opinion, "signer_signature"));
    const char *person_key = json_string_value(json_object_get(consultant, "public_key"));
    EXPECT(opinion_record_verify(canonical, person, person_key));
    EXPECT(!opinion_record_verify(canonical, person, key)); /* two keys, two signatures */
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

/* The patient's hash can be made again by who knows the patient and the salt, and by nobody else.
 */
static void identity(void)
{
    struct fixture f;
    struct consult_row row;
    char id[33], hash[65], bare[65];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_SIGNED, id);
    STEP(&f, fixture_call(&f, SONG, opinion_list, id, NULL, NULL));
    json_t *opinion = json_array_get(json_object_get(f.call.reply, "opinions"), 0);
    EXPECT(json_object_get(opinion, "identity_salt") == NULL);
    STEP(&f, fixture_call(&f, ANNA, opinion_list, id, NULL, NULL));
    opinion = json_array_get(json_object_get(f.call.reply, "opinions"), 0);
    const char *salt = json_string_value(json_object_get(opinion, "identity_salt"));
    const char *canonical = json_string_value(json_object_get(opinion, "canonical"));
    EXPECT(salt != NULL && strlen(salt) == 32 && strstr(canonical, salt) == NULL);
    MUST(consult_row_load(f.db, id, &row));
    MUST(opinion_record_identity(&row, salt, hash));
    MUST(opinion_record_identity(&row, NULL, bare));
    EXPECT(strstr(canonical, hash) != NULL);
    EXPECT(strstr(canonical, bare) == NULL);
    consult_row_clear(&row);
    fixture_close(&f);
}

/* A record of format 1, as it was signed before: institution only, no salt. */
static void first_format(void)
{
    struct fixture f;
    char key[65], signature[129];
    const char *record = "{\"format\":\"consult-opinion-1\",\"opinion\":{\"body\":{\"diagnosis\":"
                         "\"x\"},\"version\":1}}";
    fixture_open(&f, ":memory:");
    MUST(fixture_sign(&f, CITY, record, strlen(record), signature, key));
    struct opinion_signed o = {record, "{\"diagnosis\":\"x\"}", signature, key, "", key, ""};
    EXPECT(opinion_fault(&o) == NULL);
    o.body = "{\"diagnosis\":\"y\"}";
    EXPECT_TEXT(opinion_fault(&o), "body");
    o.body = "{\"diagnosis\":\"x\"}";
    o.organisation_key = signature;
    EXPECT_TEXT(opinion_fault(&o), "institution-key");
    const char *second = "{\"format\":\"consult-opinion-2\",\"opinion\":{\"body\":{\"diagnosis\":"
                         "\"x\"},\"version\":1}}";
    MUST(fixture_sign(&f, CITY, second, strlen(second), signature, key));
    o = (struct opinion_signed){second, "{\"diagnosis\":\"x\"}", signature, key, "", key, ""};
    EXPECT_TEXT(opinion_fault(&o), "signer"); /* the person's is no longer optional */
    fixture_close(&f);
}

static void ages(void)
{
    static const struct {
        const char *birth, *age;
    } rows[] = {{"1961-02-03", "65岁"},
                {"1961-09-22", "64岁"},
                {"1961-09-21", "65岁"},
                {"2025-09-21", "1岁"},
                {"2025-09-22", "11个月"},
                {"2026-08-22", "30天"},
                {"2026-08-21", "1个月"},
                {"2026-09-21", "0天"},
                {"2027-01-01", ""},
                {"x", ""},
                {NULL, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char age[32];
        opinion_record_age(rows[i].birth, START_MS, age, sizeof age); /* 2026-09-21 */
        EXPECT_TEXT(age, rows[i].age);
    }
}

static json_t *with(const char *name, json_t *value)
{
    return json_pack("{s:{s:s, s:o}}", "body", "findings", "x", name, value);
}

/* Saves it and gives the pointer of what was wrong; "" = taken. */
static const char *saved(struct fixture *f, const char *id, json_t *body)
{
    int status = fixture_call(f, SONG, opinion_put, id, NULL, body);
    return status == 200 ? "" : fixture_text(f, "field");
}

static void structured(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_AWAITING_OPINION, id);
    static const struct {
        const char *name, *value, *pointer;
    } rows[] = {
        {"answers", "[{\"question\":\"是否转诊?\",\"answer\":\"是\"}]", ""},
        {"answers", "[{\"question\":\"是否转诊?\",\"answer\":null}]", ""},
        {"answers", "null", ""},
        {"answers", "[{\"answer\":\"是\"}]", "/body/answers/0/question"},
        {"answers", "[{\"question\":\" \"}]", "/body/answers/0/question"},
        {"answers", "[{\"question\":\"a\",\"poem\":\"b\"}]", "/body/answers/0/poem"},
        {"answers", "[3]", "/body/answers/0"},
        {"answers", "{}", "/body/answers"},
        {"diagnoses", "[{\"code\":\"I21.9\",\"name_zh\":\"心梗\",\"certainty\":\"probable\"}]", ""},
        {"diagnoses", "[{\"name_zh\":\"心梗\",\"certainty\":\"excluded\"}]", ""},
        {"diagnoses", "[{\"code\":\"heart\",\"name_zh\":\"心梗\",\"certainty\":\"probable\"}]",
         "/body/diagnoses/0/code"},
        {"diagnoses", "[{\"code\":\"I21.9\",\"certainty\":\"probable\"}]",
         "/body/diagnoses/0/name_zh"},
        {"diagnoses", "[{\"name_zh\":\"心梗\",\"certainty\":\"perhaps\"}]",
         "/body/diagnoses/0/certainty"},
        {"critical", "{\"finding\":\"主动脉夹层\"}", ""},
        {"critical", "null", ""},
        {"critical", "{\"finding\":\"\"}", "/body/critical/finding"},
        {"critical", "\"夹层\"", "/body/critical"},
        {"key_images", "[{\"attachment\":\"x\"}]", "/body/key_images/0/attachment"},
        {"key_images", "[{\"attachment\":\"" ID("ee") "\"}]", "/body/key_images/0/attachment"},
        {"key_images", "[{\"attachment\":\"" ID("ee") "\",\"frame\":-1}]",
         "/body/key_images/0/frame"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *value = json_loads(rows[i].value, JSON_DECODE_ANY, NULL);
        test_row(rows[i].value);
        EXPECT_TEXT(saved(&f, id, with(rows[i].name, value)), rows[i].pointer);
        test_row_end();
    }
    fixture_close(&f);
}

static void key_images(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_AWAITING_OPINION, id);
    MUST(db_run(f.db,
                "INSERT INTO attachment (id, consultation_id, kind, name, media_type, bytes, "
                "sha256, added_by, at_ms, frames) VALUES ($1, $2, 'dicom', 'a.dcm', "
                "'application/dicom', 1, $3, $4, 1, 3)",
                "ssss", ID("e1"), id, ID("e1"), ANNA));
    EXPECT_TEXT(saved(&f, id,
                      with("key_images", json_pack("[{s:s, s:i, s:s}]", "attachment", ID("e1"),
                                                   "frame", 2, "note", "此处"))),
                "");
    EXPECT_TEXT(
        saved(&f, id,
              with("key_images", json_pack("[{s:s, s:i}]", "attachment", ID("e1"), "frame", 3))),
        "/body/key_images/0/frame");
    STEP(&f, act(&f, SONG, id, "sign", NULL));
    STEP(&f, fixture_call(&f, ANNA, opinion_list, id, NULL, NULL));
    const char *canonical = json_string_value(
        json_object_get(json_array_get(json_object_get(f.call.reply, "opinions"), 0), "canonical"));
    EXPECT(strstr(canonical, "\"attachments\":[{\"id\":\"" ID("e1") "\",\"kind\":\"dicom\"") !=
           NULL);
    fixture_close(&f);
}

/* Once a table was imported, only what is in force there will do. */
static void codes_in_force(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_AWAITING_OPINION, id);
    MUST(db_run(f.db,
                "INSERT INTO diagnosis_code (code, name_zh, name_en, search, active) VALUES "
                "('I10', '高血压', 'x', 'x', 1), ('I11', '旧', 'x', 'x', 0)",
                ""));
    static const char *const rows[][2] = {
        {"I10", ""}, {"I11", "/body/diagnoses/1/code"}, {"I21.9", "/body/diagnoses/1/code"}};
    for (size_t i = 0; i < 3; i++) {
        json_t *list =
            json_pack("[{s:s, s:s}, {s:s, s:s, s:s}]", "name_zh", "甲", "certainty", "probable",
                      "code", rows[i][0], "name_zh", "乙", "certainty", "confirmed");
        EXPECT_TEXT(saved(&f, id, with("diagnoses", list)), rows[i][1]);
    }
    fixture_close(&f);
}

/* An answer alone is an opinion, too. */
static void says_something(void)
{
    static const struct {
        const char *body;
        bool says;
    } rows[] = {
        {"{}", false},
        {"{\"findings\":\" \"}", false},
        {"{\"findings\":\"x\"}", true},
        {"{\"treatment\":\"x\"}", false},
        {"{\"answers\":[{\"question\":\"a\",\"answer\":\"\"}]}", false},
        {"{\"answers\":[{\"question\":\"a\"},{\"question\":\"b\",\"answer\":\"c\"}]}", true},
        {"{\"diagnoses\":[]}", false},
        {"{\"diagnoses\":[{\"name_zh\":\"a\"}]}", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *body = json_loads(rows[i].body, 0, NULL);
        EXPECT_INT(opinion_body_says_something(body), rows[i].says);
        json_decref(body);
    }
}

static void person_key_gone(void)
{
    struct fixture f;
    char id[33];
    fixture_open(&f, ":memory:");
    make_in(&f, CONSULT_SIGNED, id); /* SONG has a key now */
    STEP(&f, act(&f, SONG, id, "amend", json_pack("{s:s}", "reason_text", "x")));
    f.person_key_missing = true;
    log_set_level(LOG_LEVEL_ERROR);
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 503); /* never replaced in silence */
    f.person_key_missing = false;
    (void)crypto_sign_keypair(f.person_public, f.person_secret);
    EXPECT_INT(act(&f, SONG, id, "sign", NULL), 503); /* nor by another */
    EXPECT_TEXT(fixture_text(&f, "code"), "opinion.signing");
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
        {"identity", identity},
        {"the first format", first_format},
        {"ages", ages},
        {"structured", structured},
        {"key images", key_images},
        {"codes in force", codes_in_force},
        {"says something", says_something},
        {"a person's key that is gone", person_key_gone},
        {"no key, no signature", no_key_no_signature},
        {"drafts", drafts},
        {"amended", amended},
        {"playback", playback},
    };
    return TEST_MAIN(cases);
}
