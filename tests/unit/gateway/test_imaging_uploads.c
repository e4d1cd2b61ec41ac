/* The attachment calls against a real database, a real data folder and real decoder processes:
 * pieces of any length, wrong offsets and hashes, two writers, refusals by name, duplicates, access
 * and consent, and what a crash leaves at each step. */
#include "gateway/config/config.h"
#include "gateway/imaging/attachment.h"
#include "gateway/imaging/blob_path.h"
#include "gateway/imaging/digest.h"
#include "gateway/imaging/imaging_api.h"
#include "gateway/imaging/partial.h"
#include "gateway/imaging/upload.h"
#include "media/imaging/imaging.h"
#include "tests/unit/gateway/consult_fixture.h"

#include <sys/stat.h>

#define FILES "/usr/lib/python3/dist-packages/pydicom/data/test_files/"

struct rig {
    struct fixture f;
    struct config *config;
    struct api_config limits;
    struct imaging *imaging;
    char folder[64];
    char consultation[33];
};

struct octets {
    uint8_t *data;
    size_t len;
    char sha256[65];
};

static struct octets octets_of(const void *data, size_t len)
{
    struct octets o = {.data = malloc(len + 1), .len = len};
    memcpy(o.data, data, len);
    MUST(digest_octets(data, len, o.sha256));
    return o;
}

static struct octets file_of(const char *name)
{
    char path[256];
    static uint8_t buffer[400000];
    (void)snprintf(path, sizeof path, FILES "%s", name);
    FILE *f = fopen(path, "rb");
    size_t len = f != NULL ? fread(buffer, 1, sizeof buffer, f) : 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    return octets_of(buffer, len);
}

static void rig_open(struct rig *rig)
{
    struct imaging_config config = {.helper = CG_BINARY_DIR "/consult-imaging", .processes = 1};
    memset(rig, 0, sizeof *rig);
    fixture_open(&rig->f, ":memory:");
    MUST(config_create(&rig->config));
    rig->limits = *config_values(rig->config);
    rig->limits.disk_reserve_bytes = 0;
    (void)snprintf(rig->folder, sizeof rig->folder, "/tmp/cg-uploads-XXXXXX");
    if (mkdtemp(rig->folder) == NULL) {
        abort();
    }
    MUST(imaging_create(&config, &rig->imaging));
    rig->f.services.data_folder = rig->folder;
    rig->f.services.imaging = rig->imaging;
    make_draft(&rig->f, "urgent", rig->consultation);
}

static void rig_close(struct rig *rig)
{
    char command[128];
    fixture_close(&rig->f);
    imaging_destroy(rig->imaging);
    config_destroy(rig->config);
    (void)snprintf(command, sizeof command, "rm -rf %s", rig->folder);
    EXPECT_INT(system(command), 0); // NOLINT(cert-env33-c): a fixed command of this test
}

/* Ends one part: at 400 and above nothing of it stays. */
static void end_part(struct fixture *f)
{
    if (f->call.status >= 400 && !f->call.keep_on_error) {
        db_rollback(f->db);
    } else {
        MUST(db_commit(f->db));
    }
}

struct ask {
    const char *account, *id;
    api_fn run, blob, finish;
    json_t *body;
    const void *raw;
    size_t raw_len;
    const char *chunk_sha256;
    struct api_query_pair query[4];
};

/* The parts as the dispatcher runs them. The call stays until the next one, so a writer keeps its
 * lock as it does there. */
static int go(struct rig *rig, const struct ask *ask)
{
    struct fixture *f = &rig->f;
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    fixture_act_as(f, ask->account);
    f->call = (struct api_call){.db = f->db,
                                .now_ms = f->now_ms,
                                .actor = &f->actor,
                                .method = "PUT",
                                .params = {ask->id, NULL, NULL},
                                .config = &rig->limits,
                                .body = ask->body,
                                .services = &f->services,
                                .status = 200,
                                .raw = ask->raw,
                                .raw_len = ask->raw_len,
                                .chunk_sha256 = ask->chunk_sha256};
    memcpy(f->call.query, ask->query, sizeof ask->query);
    ask->run(&f->call);
    end_part(f);
    if (f->call.status < 400 && ask->blob != NULL) {
        ask->blob(&f->call);
    }
    if (f->call.status < 400 && ask->finish != NULL) {
        MUST(db_begin(f->db));
        ask->finish(&f->call);
        end_part(f);
    }
    int status = f->call.status;
    if (f->call.data_free != NULL && ask->run == upload_put) {
        f->call.data_free(f->call.data);
        f->call.data = NULL;
        f->call.data_free = NULL;
    }
    return status;
}

static int create(struct rig *rig, const char *account, const char *name, const struct octets *file,
                  char id[33])
{
    struct ask ask = {.account = account,
                      .id = rig->consultation,
                      .run = upload_create,
                      .body = json_pack("{s:s, s:I, s:s}", "name", name, "bytes",
                                        (json_int_t)file->len, "sha256", file->sha256)};
    int status = go(rig, &ask);
    (void)snprintf(id, 33, "%s", fixture_text(&rig->f, "id"));
    return status;
}

static struct ask piece_ask(const char *account, const char *id, const struct octets *file,
                            size_t offset, size_t len, char *offset_text, char *hash)
{
    (void)snprintf(offset_text, 24, "%zu", offset);
    MUST(digest_octets(file->data + offset, len, hash));
    return (struct ask){.account = account,
                        .id = id,
                        .run = upload_put,
                        .blob = upload_put_blob,
                        .finish = upload_put_finish,
                        .raw = file->data + offset,
                        .raw_len = len,
                        .chunk_sha256 = hash,
                        .query = {{"offset", offset_text}}};
}

static int put(struct rig *rig, const char *account, const char *id, const struct octets *file,
               size_t offset, size_t len)
{
    char text[24];
    char hash[65];
    struct ask ask = piece_ask(account, id, file, offset, len, text, hash);
    return go(rig, &ask);
}

static int64_t received(struct rig *rig, const char *account, const char *id)
{
    struct ask ask = {.account = account, .id = id, .run = upload_get};
    return go(rig, &ask) == 200 ? json_integer_value(json_object_get(rig->f.call.reply, "received"))
                                : -1;
}

/* Whole file in one piece; the attachment's id, or "". */
static int send_whole(struct rig *rig, const char *name, const struct octets *file,
                      char attachment[33])
{
    char id[33];
    int status = create(rig, ANNA, name, file, id);
    if (status == 201) {
        status = put(rig, ANNA, id, file, 0, file->len);
    }
    const char *found =
        json_string_value(json_object_get(json_object_get(rig->f.call.reply, "attachment"), "id"));
    (void)snprintf(attachment, 33, "%s", found != NULL ? found : "");
    return status;
}

static const char *refusal_code(const struct rig *rig)
{
    const char *code =
        json_string_value(json_object_get(json_object_get(rig->f.call.reply, "refusal"), "code"));
    return code != NULL ? code : "";
}

static void pieces_make_the_file(void)
{
    struct rig rig;
    struct octets ct = file_of("CT_small.dcm");
    char id[33];
    char text[24];
    char hash[65];
    rig_open(&rig);
    EXPECT_INT(create(&rig, ANNA, "头部/CT_small.dcm", &ct, id), 201);
    EXPECT_TEXT(fixture_text(&rig.f, "state"), "receiving");
    size_t at = 0;
    for (size_t step = 1; at < ct.len; step = step * 3 + 1) {
        size_t len = step < ct.len - at ? step : ct.len - at;
        struct ask wrong = piece_ask(ANNA, id, &ct, at, len, text, hash);
        wrong.chunk_sha256 = ct.sha256;
        if (len < ct.len) {
            EXPECT_INT(go(&rig, &wrong), 422);
            EXPECT_TEXT(fixture_text(&rig.f, "code"), "upload.hash");
        }
        EXPECT_INT(put(&rig, ANNA, id, &ct, at, len), 200);
        at += len;
        EXPECT_INT(json_integer_value(json_object_get(rig.f.call.reply, "received")), at);
        if (at < ct.len) {
            EXPECT_INT(put(&rig, ANNA, id, &ct, at - 1, 1), 409);
            EXPECT_INT(json_integer_value(json_object_get(rig.f.call.reply, "received")), at);
            EXPECT_INT(received(&rig, ANNA, id), at);
        }
    }
    EXPECT_INT(put(&rig, ANNA, id, &ct, 0, 10), 409);
    EXPECT_INT(received(&rig, ANNA, id), ct.len);
    EXPECT_TEXT(fixture_text(&rig.f, "state"), "done");
    json_t *attachment = json_object_get(rig.f.call.reply, "attachment");
    EXPECT_TEXT(json_string_value(json_object_get(attachment, "modality")), "CT");
    EXPECT_TEXT(json_string_value(json_object_get(attachment, "kind")), "dicom");
    EXPECT_TEXT(json_string_value(json_object_get(attachment, "sha256")), ct.sha256);
    EXPECT_INT(json_integer_value(json_object_get(attachment, "rows")), 128);
    EXPECT(access(rig.folder, F_OK) == 0);
    struct blob_path path;
    struct stat st;
    MUST(blob_path_blob(rig.folder, ct.sha256, &path));
    EXPECT(stat(path.text, &st) == 0 && (size_t)st.st_size == ct.len);
    MUST(blob_path_part(rig.folder, id, &path));
    EXPECT(access(path.text, F_OK) != 0);
    MUST(blob_path_lock(rig.folder, id, &path));
    EXPECT(access(path.text, F_OK) != 0);
    free(ct.data);
    rig_close(&rig);
}

static void bad_words_are_refused(void)
{
    struct rig rig;
    struct octets small = octets_of("hello", 5);
    char id[33];
    rig_open(&rig);
    struct octets other = small;
    EXPECT_INT(create(&rig, ANNA, "", &small, id), 422);
    EXPECT_INT(create(&rig, ANNA, "a\nb", &small, id), 422);
    other.len = 0;
    EXPECT_INT(create(&rig, ANNA, "a", &other, id), 422);
    other.len = (size_t)rig.limits.upload_file_bytes + 1;
    EXPECT_INT(create(&rig, ANNA, "a", &other, id), 413);
    EXPECT_TEXT(fixture_text(&rig.f, "code"), "upload.too-large");
    other = small;
    other.sha256[0] = 'G';
    EXPECT_INT(create(&rig, ANNA, "a", &other, id), 422);
    rig.limits.disk_reserve_bytes = INT64_MAX / 4;
    EXPECT_INT(create(&rig, ANNA, "a", &small, id), 507);
    EXPECT_TEXT(fixture_text(&rig.f, "code"), "upload.no-space");
    rig.limits.disk_reserve_bytes = 0;
    rig.limits.upload_consultation_files = 0;
    EXPECT_INT(create(&rig, ANNA, "a", &small, id), 413);
    rig.limits.upload_consultation_files = 5;
    EXPECT_INT(create(&rig, BO, "a", &small, id), 404);
    EXPECT_INT(create(&rig, ANNA, "../../etc/passwd", &small, id), 201);
    EXPECT_INT(put(&rig, BO, id, &small, 0, 5), 404);
    EXPECT_INT(received(&rig, WU, id), -1);
    struct octets longer = octets_of("hello world", 11);
    EXPECT_INT(put(&rig, ANNA, id, &longer, 0, 11), 413);
    EXPECT_INT(put(&rig, ANNA, ID("ff"), &small, 0, 5), 404);
    EXPECT_INT(put(&rig, ANNA, "../x", &small, 0, 5), 404);
    char hash[65];
    struct ask ask = piece_ask(ANNA, id, &small, 0, 5, (char[24]){0}, hash);
    ask.query[0].value = "-1";
    EXPECT_INT(go(&rig, &ask), 422);
    ask.query[0].value = "0";
    ask.chunk_sha256 = NULL;
    EXPECT_INT(go(&rig, &ask), 422);
    EXPECT_INT(put(&rig, ANNA, id, &small, 0, 5), 200);
    EXPECT_TEXT(fixture_text(&rig.f, "state"), "refused");
    free(longer.data);
    free(small.data);
    rig_close(&rig);
}

static void refusals_have_their_reason(void)
{
    struct rig rig;
    char id[33];
    rig_open(&rig);
    struct octets text = octets_of("this is no picture", 18);
    struct octets cut = file_of("CT_small.dcm");
    struct octets report = file_of("reportsi.dcm");
    struct octets ct = file_of("CT_small.dcm");
    EXPECT_INT(send_whole(&rig, "a.txt", &text, id), 200);
    EXPECT_TEXT(refusal_code(&rig), "upload.not-dicom");
    cut.len -= 1000;
    MUST(digest_octets(cut.data, cut.len, cut.sha256));
    EXPECT_INT(send_whole(&rig, "cut.dcm", &cut, id), 200);
    EXPECT_TEXT(refusal_code(&rig), "upload.truncated");
    EXPECT_INT(send_whole(&rig, "sr.dcm", &report, id), 200);
    EXPECT_TEXT(refusal_code(&rig), "upload.unsupported");
    ct.sha256[0] = ct.sha256[0] == 'a' ? 'b' : 'a';
    EXPECT_INT(send_whole(&rig, "ct.dcm", &ct, id), 200);
    EXPECT_TEXT(refusal_code(&rig), "upload.hash");
    MUST(digest_octets(ct.data, ct.len, ct.sha256));
    EXPECT_INT(send_whole(&rig, "ct.dcm", &ct, id), 200); /* the rest goes on */
    EXPECT(id[0] != 0);
    struct octets mr = file_of("MR_small.dcm");
    rig.f.services.imaging = NULL; /* the decoder could not be started: the last piece waits */
    EXPECT_INT(send_whole(&rig, "mr.dcm", &mr, id), 503);
    EXPECT_TEXT(fixture_text(&rig.f, "code"), "imaging.unavailable");
    rig.f.services.imaging = rig.imaging;
    EXPECT_INT(create(&rig, ANNA, "mr.dcm", &mr, id), 200);
    EXPECT_INT(put(&rig, ANNA, id, &mr, 0, mr.len), 200);
    EXPECT_TEXT(fixture_text(&rig.f, "state"), "done");
    free(mr.data);
    int64_t left = 0;
    MUST(db_one_int(rig.f.db, &left, "SELECT COUNT(*) FROM upload WHERE state='receiving'", ""));
    EXPECT_INT(left, 0);
    free(text.data);
    free(cut.data);
    free(report.data);
    free(ct.data);
    rig_close(&rig);
}

static void duplicates_are_one(void)
{
    struct rig rig;
    char first[33];
    char second[33];
    rig_open(&rig);
    struct octets mr = file_of("MR_small.dcm");
    EXPECT_INT(create(&rig, ANNA, "one", &mr, first), 201);
    EXPECT_INT(create(&rig, ANNA, "two", &mr, second), 200);
    EXPECT_TEXT(first, second);
    EXPECT_INT(put(&rig, ANNA, first, &mr, 0, mr.len), 200);
    EXPECT_INT(create(&rig, ANNA, "three", &mr, second), 200);
    EXPECT_TEXT(fixture_text(&rig.f, "state"), "done");
    EXPECT(json_object_get(rig.f.call.reply, "attachment") != NULL);
    int64_t count = 0;
    MUST(db_one_int(rig.f.db, &count, "SELECT COUNT(*) FROM attachment", ""));
    EXPECT_INT(count, 1);
    make_draft(&rig.f, "urgent",
               rig.consultation); /* the same file in another consultation shares the blob */
    EXPECT_INT(send_whole(&rig, "again", &mr, second), 200);
    EXPECT(second[0] != 0);
    struct ask remove = {.account = ANNA, .id = second, .run = attachment_remove};
    EXPECT_INT(go(&rig, &remove), 204);
    MUST(imaging_recover(rig.f.db, rig.folder));
    struct blob_path path;
    MUST(blob_path_blob(rig.folder, mr.sha256, &path));
    EXPECT(access(path.text, F_OK) == 0);
    free(mr.data);
    rig_close(&rig);
}

static int show(struct rig *rig, const char *account, const char *id, const char *name,
                const char *value)
{
    struct ask ask = {.account = account,
                      .id = id,
                      .run = attachment_rendered,
                      .blob = attachment_rendered_blob,
                      .query = {{name, value}}};
    return go(rig, &ask);
}

static void pictures_for_those_who_may(void)
{
    struct rig rig;
    char id[33];
    rig_open(&rig);
    make_in(&rig.f, CONSULT_ACCEPTED, rig.consultation);
    struct octets mr = file_of("MR_small.dcm");
    EXPECT_INT(send_whole(&rig, "mr", &mr, id), 200);
    EXPECT_INT(show(&rig, ANNA, id, NULL, NULL), 200);
    EXPECT(rig.f.call.bytes != NULL && memcmp(rig.f.call.bytes, "\x89PNG", 4) == 0);
    EXPECT_INT(show(&rig, SONG, id, "size", "32"), 200);
    EXPECT_INT(show(&rig, WU, id, NULL, NULL), 404);
    EXPECT_INT(show(&rig, SONG, id, "frame", "7"), 404);
    EXPECT_INT(show(&rig, SONG, id, "size", "-3"), 422);
    EXPECT_INT(show(&rig, SONG, id, "center", "40"), 422);
    EXPECT_INT(show(&rig, SONG, id, "center", "nan"), 422);
    struct ask content = {.account = SONG, .id = id, .run = attachment_content};
    EXPECT_INT(go(&rig, &content), 200);
    EXPECT(strstr(rig.f.call.file, mr.sha256) != NULL);
    EXPECT_TEXT(rig.f.call.content_type, "application/dicom");
    struct ask thumbnail = {
        .account = SONG, .id = id, .run = attachment_thumbnail, .blob = attachment_thumbnail_blob};
    EXPECT_INT(go(&rig, &thumbnail), 200);
    EXPECT(access(rig.f.call.file, R_OK) == 0);
    int64_t views = 0;
    MUST(db_one_int(rig.f.db, &views, "SELECT COUNT(*) FROM audit WHERE action='image.view'", ""));
    EXPECT_INT(views, 2); /* ANNA's and SONG's, each once */
    STEP(&rig.f, give_consent(&rig.f, ANNA, rig.consultation, "imaging", "patient", false));
    EXPECT_INT(show(&rig, SONG, id, NULL, NULL), 403);
    EXPECT_INT(go(&rig, &content), 403);
    EXPECT_INT(go(&rig, &thumbnail), 403);
    EXPECT_INT(show(&rig, ANNA, id, NULL, NULL), 200);
    free(mr.data);
    rig_close(&rig);
}

/* The last piece up to, but without, its commit: what kill -9 leaves there. */
static void crash_before_commit(struct rig *rig, const char *id, const struct octets *file,
                                size_t offset)
{
    char text[24];
    char hash[65];
    struct ask ask = piece_ask(ANNA, id, file, offset, file->len - offset, text, hash);
    ask.finish = NULL;
    EXPECT_INT(go(rig, &ask), 200);
}

static void crashes_lose_nothing(void)
{
    struct rig rig;
    char id[33];
    char other[33];
    struct blob_path path;
    rig_open(&rig);
    struct octets mr = file_of("MR_small.dcm");
    EXPECT_INT(create(&rig, ANNA, "mr", &mr, id), 201);
    EXPECT_INT(put(&rig, ANNA, id, &mr, 0, 5000), 200);
    crash_before_commit(&rig, id, &mr, 5000); /* the blob is in place, no row names it */
    MUST(blob_path_blob(rig.folder, mr.sha256, &path));
    EXPECT(access(path.text, F_OK) == 0);
    EXPECT_INT(received(&rig, ANNA, id), 5000);
    MUST(imaging_recover(rig.f.db, rig.folder));
    EXPECT(access(path.text, F_OK) != 0);
    EXPECT_INT(received(&rig, ANNA, id), 5000);
    crash_before_commit(
        &rig, id, &mr,
        5000); /* once more, and this time no restart: the next piece takes it back */
    EXPECT_INT(put(&rig, ANNA, id, &mr, 5000, 100), 200);
    EXPECT_INT(put(&rig, ANNA, id, &mr, 5100, mr.len - 5100), 200);
    EXPECT_TEXT(fixture_text(&rig.f, "state"), "done");
    struct octets ct = file_of("CT_small.dcm");
    EXPECT_INT(create(&rig, ANNA, "ct", &ct, other), 201);
    EXPECT_INT(put(&rig, ANNA, other, &ct, 0, 1000), 200);
    int lock = -1;
    MUST(partial_lock(rig.folder, other, &lock)); /* somebody else is writing */
    EXPECT_INT(put(&rig, ANNA, other, &ct, 1000, 10), 409);
    (void)close(lock);
    MUST(blob_path_part(rig.folder, other, &path));
    EXPECT_INT(truncate(path.text, 400), 0); /* a disk that lied */
    MUST(imaging_recover(rig.f.db, rig.folder));
    EXPECT_INT(received(&rig, ANNA, other), 400);
    MUST(blob_path_part(rig.folder, ID("ee"), &path));
    FILE *stray = fopen(path.text, "wb");
    EXPECT(stray != NULL && fclose(stray) == 0);
    MUST(imaging_recover(rig.f.db, rig.folder));
    EXPECT(access(path.text, F_OK) != 0);
    MUST(db_begin(rig.f.db));
    MUST(imaging_expire(rig.f.db, rig.folder, rig.f.now_ms + 1));
    MUST(db_commit(rig.f.db));
    EXPECT_INT(received(&rig, ANNA, other), -1);
    free(mr.data);
    free(ct.data);
    rig_close(&rig);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"pieces make the file", pieces_make_the_file},
        {"bad words are refused", bad_words_are_refused},
        {"refusals have their reason", refusals_have_their_reason},
        {"duplicates are one", duplicates_are_one},
        {"pictures for those who may", pictures_for_those_who_may},
        {"crashes lose nothing", crashes_lose_nothing},
    };
    return TEST_MAIN(cases);
}
