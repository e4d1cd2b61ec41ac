/* Pictures out of files that strangers made: DICOM images, JPEG and PNG photos; PDF is recognised.
 * All parsing and decoding of file content happens in helper processes (`consult-imaging`) that
 * have no network, no file system and bounded memory and time; the file is handed over as a
 * read-only descriptor. A helper that crashes, hangs or lies costs one answer and is replaced.
 *
 * The calls block (until the time limit at most): blob threads only, any number of them at once;
 * each call has a helper to itself and waits for one while all are busy. What cannot be shown right
 * is refused with a reason, never shown wrong. */
#ifndef MEDIA_IMAGING_IMAGING_H
#define MEDIA_IMAGING_IMAGING_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imaging;

struct imaging_config {
    const char *helper;     /* path of consult-imaging; NULL = beside the running program */
    unsigned processes;     /* 1..16; 0 = 2 */
    unsigned memory_mib;    /* address space of a helper; 0 = 512 */
    unsigned time_limit_ms; /* of one call, wall clock and CPU; 0 = 10000 */
    unsigned requests_each; /* after so many a helper is replaced; 0 = 500 */
};

enum imaging_kind { IMAGING_UNKNOWN, IMAGING_DICOM, IMAGING_JPEG, IMAGING_PNG, IMAGING_PDF };

/* Why a file is not taken or not shown: refusal.def. */
enum imaging_refusal {
#define REFUSAL(name, code, zh, en) IMAGING_REFUSAL_##name,
#include "media/imaging/refusal.def"
#undef REFUSAL
    IMAGING_REFUSAL_COUNT
};

struct imaging_info {
    enum imaging_kind kind;
    enum imaging_refusal refusal; /* IMAGING_REFUSAL_NONE: it can be shown (a PDF: stored) */
    char detail[96]; /* English, for the log; no patient data: "JPEG-LS, sample interleave" */
    uint32_t rows, columns, frames;
    bool has_window;
    double window_center,
        window_width; /* of frame 0, in the values that the file means (after rescale) */
    bool lossy;
    char modality[17];
    char study_uid[65], series_uid[65], sop_instance_uid[65], sop_class_uid[65],
        transfer_syntax_uid[65];
    /* UTF-8, cut at a character to fit. The patient is for comparing with the consultation only. */
    char description[256]; /* series description, else study description */
    char patient_name[256], patient_id[128];
};

enum imaging_format { IMAGING_FORMAT_PNG, IMAGING_FORMAT_JPEG };

struct imaging_request {
    uint32_t frame; /* 0-based */
    bool has_window;
    double center, width; /* used when has_window */
    unsigned size;        /* longest side in pixels; 0 = as it is. Never enlarged */
    enum imaging_format format;
};

struct imaging_reply {
    enum imaging_refusal refusal; /* IMAGING_REFUSAL_NONE: bytes hold a picture */
    char detail[96];
    uint8_t *bytes; /* the caller's to free(); NULL when refused */
    size_t len;
    uint32_t width, height;    /* of the picture */
    double center, width_used; /* window that was used; 0 for colour */
    bool frame_missing;        /* request.frame is beyond the last */
};

struct imaging_stats {
    uint64_t calls, refused, crashed, timed_out, replaced;
};

/* Starts the helpers. STATUS_IO: the helper program cannot be started (the reason is logged). */
MUST_USE enum status imaging_create(const struct imaging_config *config,
                                    struct imaging **out_imaging);
/* No call may be running. NULL is fine. */
void imaging_destroy(struct imaging *imaging);
/* imaging NULL (the helpers could not be started): STATUS_CLOSED.
 * STATUS_OK: the reply (or info) says what the file is or why not. STATUS_IO: the file cannot be
 * opened. STATUS_NO_MEMORY; STATUS_CLOSED: no helper can be started any more. A crash or time-out
 * of the helper is an answer: refusal DECODER. */
MUST_USE enum status imaging_probe(struct imaging *imaging, const char *path,
                                   struct imaging_info *out_info);
MUST_USE enum status imaging_render(struct imaging *imaging, const char *path,
                                    const struct imaging_request *request,
                                    struct imaging_reply *out_reply);
void imaging_stats(struct imaging *imaging, struct imaging_stats *out_stats);

/* "upload.unsupported", and the sentences; never NULL. */
const char *imaging_refusal_code(enum imaging_refusal refusal);
const char *imaging_refusal_zh(enum imaging_refusal refusal);
const char *imaging_refusal_en(enum imaging_refusal refusal);
/* "NO_PIXELS", and back (IMAGING_REFUSAL_NONE for an unknown name); the form that is stored. */
const char *imaging_refusal_name(enum imaging_refusal refusal);
enum imaging_refusal imaging_refusal_of(const char *name);

#endif
