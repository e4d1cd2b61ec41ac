/* The printed report: made, sealed, checked; a changed octet anywhere is found, and told where. */
#include "tests/unit/gateway/consult_fixture.h"
#include "tests/unit/gateway/temp_folder.h"

#include "gateway/document/document.h"
#include "gateway/document/document_check.h"
#include "gateway/document/document_code.h"
#include "gateway/document/document_store.h"
#include "gateway/document/document_verify.h"
#include "gateway/document/members.h"
#include "gateway/document/pdf.h"
#include "gateway/document/report.h"
#include "gateway/records/opinion_record.h"

#include <sys/stat.h>

static struct temp_folder folder;

struct file {
    uint8_t *data;
    size_t len;
};

/* Every institution has the one key here. */
static enum status sign_any(void *context, const char *organisation_id, const void *message,
                            size_t len, char out_signature_hex[129], char out_public_key_hex[65])
{
    struct fixture *f = context;
    return f->key_missing
               ? STATUS_UNKNOWN
               : fixture_sign(f, strcmp(organisation_id, TOWN) == 0 ? CITY : organisation_id,
                              message, len, out_signature_hex, out_public_key_hex);
}

static void open_all(struct fixture *f)
{
    fixture_open(f, ":memory:");
    f->services.data_folder = folder.path;
    f->services.sign = sign_any;
}

static json_t *rich_body(const char *findings)
{
    return json_pack(
        "{s:{s:s, s:s, s:s, s:[{s:s, s:s}], s:[{s:s, s:s, s:s}, {s:s, s:s}], s:{s:s}}}", "body",
        "findings", findings, "diagnosis", "急性心肌梗死 (𠮷某、䶮某)", "treatment", "绝对卧床",
        "answers", "question", "是否需要转诊?", "answer", "需要, 立即", "diagnoses", "code",
        "I21.9", "name_zh", "急性心肌梗死", "certainty", "probable", "name_zh", "主动脉夹层",
        "certainty", "excluded", "critical", "finding", "肌钙蛋白 25 ng/mL");
}

static void make_signed(struct fixture *f, const char *findings, char id[33])
{
    make_in(f, CONSULT_AWAITING_OPINION, id);
    STEP(f, fixture_call(f, SONG, opinion_put, id, NULL, rich_body(findings)));
    STEP(f, act(f, SONG, id, "sign", NULL));
}

/* All three parts of the call, as the dispatcher makes them. */
static int get_document(struct fixture *f, const char *account, const char *id, const char *version)
{
    int status = fixture_call(f, account, document_get, id, version, NULL);
    if (status < 400) {
        document_get_blob(&f->call);
    }
    if (f->call.status < 400) {
        MUST(db_begin(f->db));
        document_get_finish(&f->call);
        MUST(db_commit(f->db));
    }
    return f->call.status;
}

static struct file read_file(const char *path)
{
    struct file file = {malloc(4u << 20), 0};
    FILE *f = fopen(path, "rb");
    file.len = f != NULL ? fread(file.data, 1, 4u << 20, f) : 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    return file;
}

static bool valid(const struct file *file, json_t **out_report)
{
    struct document_claim claim;
    MUST(document_check(file->data, file->len, &claim));
    bool holds = json_is_true(json_object_get(claim.report, "valid"));
    if (out_report != NULL) {
        *out_report = json_incref(claim.report);
    }
    document_claim_clear(&claim);
    return holds;
}

static void made_once(void)
{
    struct fixture f;
    char id[33], first[300];
    int64_t rows = 0;
    struct stat st;
    open_all(&f);
    make_signed(&f, "ST 段抬高", id);
    STEP(&f, get_document(&f, ANNA, id, "1"));
    EXPECT_TEXT(f.call.content_type, "application/pdf");
    (void)snprintf(first, sizeof first, "%s", f.call.file);
    struct file file = read_file(first);
    EXPECT(file.len > 10000 && memcmp(file.data, "%PDF-1.", 7) == 0);
    EXPECT(valid(&file, NULL));
    STEP(&f, get_document(&f, SONG, id, "1"));
    EXPECT_TEXT(f.call.file, first);
    MUST(db_one_int(f.db, &rows, "SELECT COUNT(*) FROM document", ""));
    EXPECT_INT(rows, 1);
    MUST(db_one_int(f.db, &rows, "SELECT COUNT(*) FROM audit WHERE action = 'document.make'", ""));
    EXPECT_INT(rows, 1);
    MUST(db_one_int(f.db, &rows, "SELECT COUNT(*) FROM audit WHERE action = 'document.read'", ""));
    EXPECT_INT(rows, 2);          /* two people */
    EXPECT_INT(unlink(first), 0); /* a lost file is made again, octet for octet */
    STEP(&f, get_document(&f, ANNA, id, "1"));
    EXPECT_TEXT(f.call.file, first);
    EXPECT_INT(stat(first, &st), 0);
    EXPECT_INT(st.st_mode & 0777, 0600);
    free(file.data);
    fixture_close(&f);
}

static void refused(void)
{
    struct fixture f;
    char id[33];
    open_all(&f);
    make_signed(&f, "x", id);
    EXPECT_INT(get_document(&f, TAN, id, "1"), 404);
    EXPECT_TEXT(fixture_text(&f, "code"), "consultation.unknown");
    static const char *const versions[] = {"2", "0", "x", "1x", "-1", "99999999"};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        EXPECT_INT(get_document(&f, ANNA, id, versions[i]), 404);
        EXPECT_TEXT(fixture_text(&f, "code"), "opinion.unknown");
    }
    f.key_missing = true;
    log_set_level(LOG_LEVEL_ERROR);
    EXPECT_INT(get_document(&f, ANNA, id, "1"), 503);
    EXPECT_TEXT(fixture_text(&f, "code"), "document.unavailable");
    f.key_missing = false;
    MUST(db_run(f.db, "DROP TRIGGER opinion_no_update", ""));
    MUST(db_run(f.db, "UPDATE opinion SET body = '{\"diagnosis\":\"forged\"}'", ""));
    EXPECT_INT(get_document(&f, ANNA, id, "1"), 503); /* nothing is printed of what does not hold */
    fixture_close(&f);
}

/* Amended, decided: a version has its own file, and one more with the decision. */
static void editions(void)
{
    struct fixture f;
    char id[33], without[300];
    open_all(&f);
    make_signed(&f, "x", id);
    STEP(&f, get_document(&f, ANNA, id, "1"));
    (void)snprintf(without, sizeof without, "%s", f.call.file);
    STEP(&f, act(&f, ANNA, id, "acknowledge",
                 json_pack("{s:s, s:s, s:b}", "adopted", "partly", "text", "先行溶栓",
                           "told_patient", 1)));
    STEP(&f, get_document(&f, ANNA, id, "1"));
    EXPECT(strcmp(f.call.file, without) != 0);
    struct file file = read_file(f.call.file), before = read_file(without);
    EXPECT(valid(&file, NULL));
    EXPECT(valid(&before, NULL)); /* the one that was handed out before still holds */
    EXPECT(memmem(file.data, file.len, "consult-decision-1", 18) != NULL);
    EXPECT(memmem(before.data, before.len, "consult-decision-1", 18) == NULL);
    uint8_t *text = memmem(file.data, file.len, "partly", 6);
    json_t *report = NULL;
    memcpy(text, "partlx", 6);
    EXPECT(!valid(&file, &report));
    char *dump = json_dumps(report, 0);
    EXPECT(strstr(dump, "\"decision.json\"") != NULL);
    free(dump);
    json_decref(report);
    free(file.data);
    free(before.data);
    f.now_ms += 60000;
    STEP(&f, act(&f, SONG, id, "amend", json_pack("{s:s}", "reason_text", "补充")));
    STEP(&f, act(&f, SONG, id, "sign", NULL));
    STEP(&f, get_document(&f, ANNA, id, "2"));
    file = read_file(f.call.file);
    EXPECT(valid(&file, NULL));
    EXPECT(memmem(file.data, file.len, "consult-decision-1", 18) ==
           NULL); /* it was about the other */
    free(file.data);
    fixture_close(&f);
}

static bool named(const json_t *report, size_t at)
{
    const json_t *findings = json_object_get(report, "findings");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const char *layer = json_string_value(json_object_get(finding, "layer"));
        size_t from = (size_t)json_integer_value(json_object_get(finding, "from"));
        size_t len = (size_t)json_integer_value(json_object_get(finding, "length"));
        bool whole = strcmp(layer, "seal") == 0 && from == 0; /* says no place */
        if (!json_is_true(json_object_get(finding, "ok")) && !whole && at >= from &&
            at < from + len) {
            return true;
        }
    }
    return false;
}

static void any_octet(void)
{
    struct fixture f;
    char id[33];
    unsigned tried = 0, unnamed = 0;
    open_all(&f);
    make_signed(&f, "x", id);
    STEP(&f, get_document(&f, ANNA, id, "1"));
    struct file file = read_file(f.call.file);
    EXPECT(valid(&file, NULL)); /* the control */
    size_t stride = file.len / 1500 + 1;
    for (size_t i = 0; i<file.len; i += i> file.len - 12000 ? 17 : stride) {
        json_t *report = NULL;
        file.data[i] ^= (uint8_t)(1u << (i % 8));
        if (valid(&file, &report)) {
            printf("  octet %zu of %zu may be changed\n", i, file.len);
            EXPECT(false);
        }
        tried++;
        if (!named(report, i)) {
            printf("  octet %zu of %zu is not named\n", i, file.len);
            unnamed++;
        }
        json_decref(report);
        file.data[i] ^= (uint8_t)(1u << (i % 8));
    }
    printf("  %u octets of %zu changed, one at a time\n", tried, file.len);
    EXPECT(tried > 1000);
    EXPECT_INT(unnamed, 0);
    EXPECT(valid(&file, NULL));
    for (size_t i = 0; i < file.len; i += file.len / 200) { /* cut short, in a block of that size */
        struct file cut = {malloc(i + 1), i};
        memcpy(cut.data, file.data, i);
        EXPECT(!valid(&cut, NULL));
        free(cut.data);
    }
    file.data[file.len] = '\n';
    file.len++;
    EXPECT(!valid(&file, NULL)); /* one more than it has */
    free(file.data);
    fixture_close(&f);
}

/* What is in the record is named as a member of it. */
static void member_named(void)
{
    struct fixture f;
    char id[33];
    open_all(&f);
    make_signed(&f, "x", id);
    STEP(&f, get_document(&f, ANNA, id, "1"));
    struct file file = read_file(f.call.file);
    uint8_t *at = memmem(file.data, file.len, "\"treatment\":\"绝", strlen("\"treatment\":\"绝"));
    json_t *report = NULL;
    EXPECT(at != NULL);
    memcpy(at + strlen("\"treatment\":\""), "一", 3);
    EXPECT(!valid(&file, &report));
    char *text = json_dumps(report, 0);
    EXPECT(strstr(text, "\"/opinion/body/treatment\"") != NULL);
    EXPECT(strstr(text, "\"/opinion/body/diagnosis\"") == NULL);
    free(text);
    json_decref(report);
    free(file.data);
    fixture_close(&f);
}

/* A forger with keys of his own makes a file that holds in itself; the known key tells. */
static void known_key(void)
{
    struct fixture f;
    char id[33];
    struct document_claim claim;
    open_all(&f);
    make_signed(&f, "x", id);
    STEP(&f, get_document(&f, ANNA, id, "1"));
    struct file file = read_file(f.call.file);
    MUST(document_check(file.data, file.len, &claim));
    MUST(document_store_compare(f.db, &claim));
    EXPECT(json_is_true(json_object_get(claim.report, "valid")));
    document_claim_clear(&claim);
    MUST(db_run(f.db, "UPDATE organisation SET signing_public_key = $1 WHERE id = $2", "ss", "00",
                CITY));
    MUST(document_check(file.data, file.len, &claim));
    EXPECT(json_is_true(json_object_get(claim.report, "valid")));
    MUST(document_store_compare(f.db, &claim));
    EXPECT(json_is_false(json_object_get(claim.report, "valid")));
    document_claim_clear(&claim);
    free(file.data);
    fixture_close(&f);
}

static char *store_report(struct fixture *f, const char *number)
{
    json_t *reports = NULL;
    MUST(document_store_check(f->db, folder.path, number, &reports));
    char *text = json_dumps(reports, JSON_COMPACT);
    json_decref(reports);
    return text;
}

static void store_changed(void)
{
    static const struct {
        const char *sql, *found;
    } rows[] = {
        {"UPDATE opinion SET body = replace(body, '绝对卧床', '下床活动')",
         "\"layer\":\"store-body\",\"ok\":false,\"pointer\":\"/opinion/body/treatment\""},
        {"UPDATE opinion SET canonical = replace(canonical, 'I21.9', 'I21.8')",
         "\"layer\":\"store-record\",\"ok\":false,\"pointer\":\"/opinion/body/diagnoses/0/code\""},
        {"UPDATE opinion SET canonical = replace(canonical, 'I21.9', 'I21.8')",
         "\"layer\":\"record\",\"ok\":false"},
        {"UPDATE consultation SET request = replace(request, '胸痛', '腹痛')",
         "\"layer\":\"store-request\",\"ok\":false,\"pointer\":\"/request/complaint\""},
        {"UPDATE consultation SET patient = replace(patient, '测试患者', '别人')",
         "\"layer\":\"store-identity\",\"ok\":false"},
        {"UPDATE opinion SET signer_signature = signature", "\"what\":\"signer\""},
        {"UPDATE account_key SET public_key = 'x'", "\"what\":\"signer-key\""},
        {"UPDATE audit SET detail = replace(detail, 'sha256', 'sha255')",
         "\"layer\":\"store-audit\",\"ok\":false"},
        {"UPDATE document SET sha256 = 'ab' || substr(sha256, 3)",
         "\"what\":\"the file is missing\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        char id[33], number[24];
        open_all(&f);
        make_signed(&f, "x", id);
        STEP(&f, get_document(&f, ANNA, id, "1"));
        MUST(db_one_text(f.db, number, sizeof number, "SELECT number FROM consultation", ""));
        char *text = store_report(&f, number);
        test_row(rows[i].sql);
        EXPECT(strstr(text, "\"ok\":false") == NULL); /* the control */
        free(text);
        MUST(db_run(f.db, "DROP TRIGGER opinion_no_update", ""));
        MUST(db_run(f.db, "DROP TRIGGER audit_no_update", ""));
        MUST(db_run(f.db, rows[i].sql, ""));
        text = store_report(&f, number);
        if (strstr(text, rows[i].found) == NULL) {
            printf("  %s\n", text);
        }
        EXPECT(strstr(text, rows[i].found) != NULL);
        free(text);
        test_row_end();
        fixture_close(&f);
    }
}

static void long_texts(void)
{
    struct fixture f;
    char id[33];
    char *text = malloc(40000);
    size_t n = 0;
    for (int i = 0; i < 9900; i++) {
        n += (size_t)snprintf(text + n, 40000 - n, "%s", i % 97 == 0 ? "\n" : "检");
    }
    open_all(&f);
    make_signed(&f, text, id);
    STEP(&f, get_document(&f, ANNA, id, "1"));
    struct file file = read_file(f.call.file);
    EXPECT(valid(&file, NULL));
    unsigned pages = 0;
    for (size_t i = 0; i + 10 < file.len; i++) {
        pages += memcmp(file.data + i, "/Type /Page", 11) == 0 && file.data[i + 11] != 's';
    }
    EXPECT(pages > 6);
    free(text);
    free(file.data);
    fixture_close(&f);
}

/* Second reader and members of a multi-disciplinary consultation: in the record, and on the form.
 */
static void several_people(void)
{
    struct fixture f;
    struct consult_row row;
    char id[33], *canonical = NULL;
    size_t len = 0;
    open_all(&f);
    make_in(&f, CONSULT_AWAITING_OPINION, id);
    MUST(consult_row_load(f.db, id, &row));
    json_t *body = json_pack("{s:s}", "diagnosis", "x");
    json_t *members =
        json_pack("[{s:s, s:s, s:{s:s}, s:s, s:s}]", "name_zh", "吴医生", "title", "chief",
                  "organisation", "name_zh", "外省医院", "view", "disagree", "opinion", "宜先溶栓");
    struct opinion_text text = {.version = 1,
                                .body = body,
                                .signer_key = "ab",
                                .identity_salt = "cd",
                                .verifier_id = TAN,
                                .members = members};
    MUST(opinion_record_make(f.db, &row, &text, START_MS, &canonical, &len));
    json_t *record = json_loads(canonical, 0, NULL);
    EXPECT_TEXT(json_string_value(json_object_get(json_object_get(record, "verifier"), "name_zh")),
                "谭医生");
    struct report_extra extra = {.code = "",
                                 .url = "",
                                 .record_hash = "",
                                 .signature = "",
                                 .public_key = "",
                                 .signer_signature = "",
                                 .signer_key = ""};
    json_t *report = report_make(record, &extra);
    char *dump = json_dumps(report, 0);
    EXPECT(strstr(dump, "谭医生") != NULL && strstr(dump, "复核医师") != NULL);
    EXPECT(strstr(dump, "吴医生  主任医师  外省医院  不同意：宜先溶栓") != NULL);
    free(dump);
    free(canonical);
    json_decref(report);
    json_decref(record);
    json_decref(body);
    json_decref(members);
    consult_row_clear(&row);
    fixture_close(&f);
}

static int ask(struct fixture *f, const char *code)
{
    int status =
        fixture_call(f, NULL, document_verify_code, NULL, NULL, json_pack("{s:s}", "code", code));
    return status;
}

static void by_code(void)
{
    struct fixture f;
    char id[33], code[32], small[32];
    open_all(&f);
    make_signed(&f, "x", id);
    STEP(&f, get_document(&f, ANNA, id, "1"));
    MUST(db_one_text(f.db, code, sizeof code, "SELECT verification_code FROM document", ""));
    EXPECT_INT(ask(&f, code), 200);
    EXPECT(json_is_true(json_object_get(f.call.reply, "valid")));
    EXPECT_TEXT(fixture_text(&f, "patient"), "测**");
    EXPECT(json_is_null(json_object_get(f.call.reply, "superseded_by")));
    char *text = json_dumps(f.call.reply, 0);
    EXPECT(strstr(text, "患者") == NULL && strstr(text, "梗死") == NULL);
    free(text);
    size_t n = 0;
    for (size_t i = 0; code[i] != '\0'; i++) { /* as people type it */
        if (code[i] != '-') {
            small[n++] = code[i] == '0' ? 'o' : code[i] == '1' ? 'l' : (char)(code[i] | 0x20);
        }
    }
    small[n] = '\0';
    EXPECT_INT(ask(&f, small), 200);
    code[0] = code[0] == 'A' ? 'B' : 'A';
    EXPECT_INT(ask(&f, code), 404);
    EXPECT_TEXT(fixture_text(&f, "code"), "verify.unknown");
    EXPECT_INT(ask(&f, "short"), 422);
    EXPECT_INT(ask(&f, "UUUUU-UUUUU-UUUUU-UUUUU"), 422);
    int status = 0;
    for (int i = 0; i < 80 && status != 429; i++) {
        status = ask(&f, "AAAAA-AAAAA-AAAAA-AAAAA");
    }
    EXPECT_INT(status, 429);
    EXPECT(f.call.retry_after_s > 0);
    fixture_close(&f);
}

static void members(void)
{
    json_t *a = json_loads("{\"x\":1,\"y\":[1,{\"z/~\":\"a\"}],\"e\":{},\"n\":null}", 0, NULL);
    json_t *b = json_loads("{\"x\":1,\"y\":[1,{\"z/~\":\"b\"}],\"e\":[],\"m\":null}", 0, NULL);
    json_t *ha = members_hash(a), *hb = members_hash(b);
    json_t *list = members_differ(ha, hb, 10);
    static const char *const wanted[] = {"/e", "/m", "/n", "/y/1/z~1~0"};
    EXPECT_INT(json_array_size(list), 4);
    for (size_t i = 0; i < 4; i++) {
        EXPECT_TEXT(json_string_value(json_array_get(list, i)), wanted[i]);
    }
    json_decref(list);
    list = members_differ(ha, ha, 10);
    EXPECT_INT(json_array_size(list), 0);
    json_decref(list);
    json_decref(ha);
    json_decref(hb);
    json_decref(a);
    json_decref(b);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"made once", made_once},
        {"refused", refused},
        {"editions", editions},
        {"any octet", any_octet},
        {"member named", member_named},
        {"known key", known_key},
        {"store changed", store_changed},
        {"long texts", long_texts},
        {"several people", several_people},
        {"by code", by_code},
        {"members", members},
    };
    temp_folder_make(&folder);
    char keys[300];
    (void)snprintf(keys, sizeof keys, "%s/keys", folder.path);
    (void)mkdir(keys, 0700);
    int result = TEST_MAIN(cases);
    pdf_close();
    if (getenv("TEST_KEEP") == NULL) {
        temp_folder_remove(&folder);
    }
    return result;
}
