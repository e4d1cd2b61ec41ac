/* Decoded values and windowed pictures against independent readers (pydicom, Pillow, dcmtk through
 * test_imaging_reference.py), on every file of pydicom's test set that carries pixels; and the
 * refusals by name. */
#include "media/imaging/display.h"
#include "media/imaging/frame.h"
#include "media/imaging/picture.h"
#include "proto/dicom/dicom.h"
#include "tests/unit/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES "/usr/lib/python3/dist-packages/pydicom/data/test_files"

static char references[64];

struct octets {
    uint8_t *data;
    size_t len;
};

static struct octets read_file(const char *folder, const char *name)
{
    char path[512];
    struct octets file = {0};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return file;
    }
    (void)fseek(f, 0, SEEK_END);
    long len = ftell(f);
    rewind(f);
    file.data = malloc((size_t)len + 1);
    file.len = file.data != NULL ? fread(file.data, 1, (size_t)len, f) : 0;
    (void)fclose(f);
    return file;
}

/* From pydicom's set, or made by the script. */
static struct octets read_source(const char *name)
{
    char made[128];
    struct octets file = read_file(FILES, name);
    if (file.data == NULL) {
        (void)snprintf(made, sizeof made, "%s/made", references);
        file = read_file(made, name);
    }
    return file;
}

static bool make_references(void)
{
    char command[512];
    (void)snprintf(references, sizeof references, "/tmp/test-imaging-XXXXXX");
    if (mkdtemp(references) == NULL) {
        return false;
    }
    (void)snprintf(command, sizeof command,
                   "/usr/bin/python3 -B %s/tests/unit/media/test_imaging_reference.py %s %s",
                   CG_SOURCE_DIR, FILES, references);
    return system(command) == 0; // NOLINT(cert-env33-c): a fixed command of this test
}

/* How far values may lie from the reference: lossless syntaxes not at all; luma of lossy ones by
 * the rounding of the inverse transform; chroma that was subsampled by what readers interpolate
 * differently. */
static int64_t tolerance(const struct dicom_image *image, unsigned component)
{
    bool jpeg =
        image->syntax == DICOM_SYNTAX_JPEG_BASELINE || image->syntax == DICOM_SYNTAX_JPEG_EXTENDED;
    if (jpeg && component > 0) {
        return 42;
    }
    return jpeg || image->syntax == DICOM_SYNTAX_JPEG_2000 ? 1 : 0;
}

static int64_t read_i64(const uint8_t *at)
{
    uint64_t value = 0;
    for (unsigned i = 8; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return (int64_t)value;
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static void compare_values(const struct dicom_image *image, const struct raster *raster,
                           const struct octets *reference)
{
    size_t count = (size_t)raster->width * raster->height;
    EXPECT_INT(raster->width, read_u32(reference->data));
    EXPECT_INT(raster->height, read_u32(reference->data + 4));
    EXPECT_INT(raster->components, read_u32(reference->data + 8));
    EXPECT_INT(reference->len, 12 + 8 * count * raster->components);
    if (test_bad > 0) {
        return;
    }
    for (unsigned c = 0; c < raster->components; c++) {
        size_t wrong = 0;
        int64_t largest = 0;
        for (size_t i = 0; i < count; i++) {
            int64_t expected = read_i64(reference->data + 12 + 8 * (c * count + i));
            int64_t difference = raster_value(raster, raster->plane[c][i]) - expected;
            difference = difference < 0 ? -difference : difference;
            wrong += difference > tolerance(image, c) ? 1 : 0;
            largest = difference > largest ? difference : largest;
        }
        if (wrong > 0) {
            printf("  component %u: %zu of %zu differ, by up to %lld\n", c, wrong, count,
                   (long long)largest);
        }
        EXPECT_INT(wrong, 0);
    }
}

/* NAME.FRAME.ref -> name and frame. */
static bool split_name(const char *entry, char *name, size_t name_len, uint32_t *out_frame)
{
    size_t len = strlen(entry);
    if (len < 7 || strcmp(entry + len - 4, ".ref") != 0) {
        return false;
    }
    (void)snprintf(name, name_len, "%.*s", (int)(len - 4), entry);
    char *dot = strrchr(name, '.');
    if (dot == NULL) {
        return false;
    }
    *out_frame = (uint32_t)strtoul(dot + 1, NULL, 10);
    *dot = 0;
    return true;
}

static void compare_window(const struct dicom_image *image, const struct raster *raster,
                           uint32_t frame, const char *entry)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%.*swin", (int)(strlen(entry) - 3), entry);
    struct octets expected = read_file(references, name);
    struct dicom_values values;
    struct display_window window = {.given = true, .center = 40, .width = 400};
    struct canvas canvas = {0};
    if (expected.data == NULL) {
        return;
    }
    dicom_frame_values(image, frame, &values);
    EXPECT_INT(display_frame(image, &values, raster, &window, &canvas), STATUS_OK);
    size_t wrong = 0;
    size_t near = 0;
    size_t allowed = tolerance(image, 0) == 0 ? 0 : 2; /* steps of gray: 255/399 of a value */
    for (size_t i = 0; i < expected.len; i++) {
        int difference = abs((int)canvas.data[i] - (int)expected.data[i]);
        wrong += difference > (int)allowed ? 1 : 0;
        near += difference > 0 ? 1 : 0;
    }
    EXPECT_INT(canvas.width * (size_t)canvas.height, expected.len);
    EXPECT_INT(wrong, 0);
    EXPECT(allowed > 0 || near == 0);
    canvas_destroy(&canvas);
    free(expected.data);
}

static void compare_frame(const char *entry, const char *name, uint32_t frame)
{
    struct octets file = read_source(name);
    struct octets reference = read_file(references, entry);
    struct dicom_image image;
    struct raster raster = {0};
    const char *why = "";
    enum status status = dicom_read(span_of(file.data, file.len), &image, NULL);
    if (status == STATUS_UNSUPPORTED) { /* deflated: image_dfl is checked as a picture below */
        free(file.data);
        free(reference.data);
        return;
    }
    EXPECT_INT(status, STATUS_OK);
    bool sample_interleave =
        strstr(name, "_ls_sample") != NULL; /* libavcodec cannot: refused, never black */
    enum imaging_refusal refusal =
        status == STATUS_OK ? frame_check(&image, &why) : IMAGING_REFUSAL_MALFORMED;
    if (refusal == IMAGING_REFUSAL_NONE) {
        refusal = frame_decode(&image, frame, &raster, &why);
    }
    EXPECT_TEXT(imaging_refusal_name(refusal), sample_interleave ? "CODEC" : "NONE");
    if (refusal == IMAGING_REFUSAL_NONE) {
        compare_values(&image, &raster, &reference);
        compare_window(&image, &raster, frame, entry);
    } else if (!sample_interleave) {
        printf("  refused: %s\n", why);
    }
    raster_destroy(&raster);
    free(file.data);
    free(reference.data);
}

static void values_equal_references(void)
{
    unsigned count = 0;
    DIR *folder = opendir(references);
    EXPECT(folder != NULL);
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL;
         entry = readdir(folder)) {
        char name[256];
        uint32_t frame = 0;
        if (split_name(entry->d_name, name, sizeof name, &frame)) {
            test_row(entry->d_name);
            compare_frame(entry->d_name, name, frame);
            test_row_end();
            count++;
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    test_row("number of references");
    EXPECT(count >= 125);
    test_row_end();
}

struct refusal_case {
    const char *file;
    const char *refusal;
};

/* What is not shown, and why. A file that is neither here nor has a reference fails the test. */
static const struct refusal_case refused[] = {
    {"JPEG2000-embedded-sequence-delimiter.dcm", "CODEC"},
    {"MR_truncated.dcm", "TRUNCATED"},
    {"rtplan_truncated.dcm", "TRUNCATED"},
    {"no_meta.dcm", "NOT_DICOM"}, /* begins with a stray octet */
    {"nested_priv_SQ.dcm", "MALFORMED"},
    {"meta_missing_tsyntax.dcm", "MALFORMED"},
    {"ExplVR_BigEndNoMeta.dcm", "NO_PIXELS"},
    {"ExplVR_LitEndNoMeta.dcm", "NO_PIXELS"},
    {"UN_sequence.dcm", "NO_PIXELS"},
    {"empty_charset_LEI.dcm", "NO_PIXELS"},
    {"no_meta_group_length.dcm", "NO_PIXELS"},
    {"priv_SQ.dcm", "NO_PIXELS"},
    {"reportsi.dcm", "NO_PIXELS"},
    {"reportsi_with_empty_number_tags.dcm", "NO_PIXELS"},
    {"rtplan.dcm", "NO_PIXELS"},
    {"rtstruct.dcm", "NO_PIXELS"},
    {"test-SR.dcm", "NO_PIXELS"},
    {"waveform_ecg.dcm", "NO_PIXELS"},
};

static const char *expected_refusal(const char *name)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strcmp(refused[i].file, name) == 0) {
            return refused[i].refusal;
        }
    }
    return "NONE";
}

static void refusals_by_name(void)
{
    struct dirent **entries = NULL;
    int count = scandir(FILES, &entries, NULL, alphasort);
    EXPECT(count > 60);
    for (int i = 0; i < count; i++) {
        size_t len = strlen(entries[i]->d_name);
        if (len > 4 && strcmp(entries[i]->d_name + len - 4, ".dcm") == 0) {
            struct octets file = read_file(FILES, entries[i]->d_name);
            struct imaging_info info;
            test_row(entries[i]->d_name);
            picture_probe(span_of(file.data, file.len), NULL, &info);
            EXPECT_TEXT(imaging_refusal_name(info.refusal), expected_refusal(entries[i]->d_name));
            EXPECT(info.refusal == IMAGING_REFUSAL_NONE || info.detail[0] != 0);
            test_row_end();
            free(file.data);
        }
        free(entries[i]);
    }
    free(entries);
}

/* Every file cut at many places: an answer each time, and never a picture of what is not there. */
static void cut_files_are_refused(void)
{
    static const char *const names[] = {"CT_small.dcm",
                                        "MR_small_RLE.dcm",
                                        "MR_small_jp2klossless.dcm",
                                        "SC_rgb_jpeg_dcmtk.dcm",
                                        "image_dfl.dcm",
                                        "rtdose.dcm",
                                        "MR_small_jpeg_ls_lossless.dcm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct octets file = read_file(FILES, names[i]);
        test_row(names[i]);
        for (size_t len = 0; len + 200 < file.len; len += file.len / 61 + 1) {
            uint8_t *copy = malloc(len + 1);
            struct imaging_info info;
            memcpy(copy, file.data, len);
            picture_probe(span_of(copy, len), NULL, &info);
            EXPECT(info.refusal != IMAGING_REFUSAL_NONE);
            free(copy);
        }
        test_row_end();
        free(file.data);
    }
}

/* Two frames of 3 x 1 octets, big endian: words are turned round over the whole value, so the third
 * octet of the first frame lies behind the fourth. */
static void odd_frames_of_turned_words(void)
{
    static const uint8_t stored[] = {2, 1, 4, 3, 6, 5};
    struct dicom_image image = {
        .syntax = DICOM_SYNTAX_EXPLICIT_BE,
        .big_endian = true,
        .has_pixels = true,
        .rows = 1,
        .columns = 3,
        .samples = 1,
        .bits_allocated = 8,
        .bits_stored = 8,
        .high_bit = 7,
        .frames = 2,
        .photometric = DICOM_MONOCHROME2,
        .pixels_ow = true,
        .pixels = {stored, sizeof stored},
    };
    for (uint32_t frame = 0; frame < 2; frame++) {
        struct raster raster = {0};
        const char *why = "";
        EXPECT(frame_check(&image, &why) == IMAGING_REFUSAL_NONE);
        EXPECT(frame_decode(&image, frame, &raster, &why) == IMAGING_REFUSAL_NONE);
        for (unsigned i = 0; raster.plane[0] != NULL && i < 3; i++) {
            EXPECT_INT(raster.plane[0][i], 3 * frame + i + 1);
        }
        raster_destroy(&raster);
    }
    image.frames = 1;
    image.pixels.len = 3; /* without its padding the value ends inside a word */
    struct raster raster = {0};
    const char *why = "";
    EXPECT(frame_decode(&image, 0, &raster, &why) == IMAGING_REFUSAL_NONE);
    EXPECT(raster.plane[0] != NULL && raster.plane[0][2] == 4);
    raster_destroy(&raster);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"odd frames of turned words", odd_frames_of_turned_words},
        {"values equal references", values_equal_references},
        {"refusals by name", refusals_by_name},
        {"cut files are refused", cut_files_are_refused},
    };
    char command[128];
    test_row("references can be made");
    EXPECT(make_references());
    test_row_end();
    int result = TEST_MAIN(cases);
    (void)snprintf(command, sizeof command, "rm -rf %s", references);
    return system(command) == 0 ? result : 1; // NOLINT(cert-env33-c): a fixed command of this test
}
