/* The recorder thread: one Matroska/WebM file per recording, every party's audio and video as
 * tracks on one time line (RTCP SR, RFC 3550 §6.4.1), written by libavformat off the media threads,
 * clusters of at most 1 s, fdatasync each second. Files that a killed process left behind are
 * completed by recorder_recover(). T0 calls begin/end/poll; workers only write into their ring. */
#ifndef MEDIA_RECORDING_RECORDER_H
#define MEDIA_RECORDING_RECORDER_H

#include "media/recording/tap.h"
#include "proto/base/status.h"

#include <stddef.h>

struct recorder;

struct recorder_config {
    const char *folder;  /* exists; files are written as FOLDER/NAME.part and renamed to FOLDER/NAME
                            when complete */
    unsigned workers;    /* rings to make, one a media worker */
    uint32_t ring_bytes; /* each */
    void (*wake)(void *context); /* called on a thread of the recorder after an event was queued;
                                    must not block */
    void *context;
};

enum recorder_event_type { RECORDER_COMPLETE = 1, RECORDER_FAILED };

#define RECORDER_GAPS_MAX 64
struct recorder_gap {
    uint8_t party;
    bool video;
    int64_t from_ms, to_ms; /* on the file's time line */
};

#define RECORDER_TRACKS_MAX 12 /* 6 parties, audio and video */
struct recorder_track {
    uint8_t party;
    uint8_t codec; /* enum tap_codec */
};

struct recorder_event {
    enum recorder_event_type type;
    uint32_t recording;
    char file[128];      /* name inside the folder; .webm or .mkv (H.264 in it) */
    char media_type[32]; /* "video/webm", "video/x-matroska" */
    char sha256[65];
    int64_t started_ms; /* UTC of the first packet */
    int64_t duration_ms;
    int64_t bytes;
    unsigned track_count, gap_count; /* further gaps are merged into the last */
    struct recorder_track tracks[RECORDER_TRACKS_MAX];
    struct recorder_gap gaps[RECORDER_GAPS_MAX];
    enum status reason; /* RECORDER_FAILED: STATUS_IO (disk), STATUS_NO_MEMORY, STATUS_NONE (no
                           packet came) */
    bool over; /* RECORDER_FAILED: false = it writes no more; after recorder_end() what it wrote is
                  completed and a second event tells how that went. true = nothing more comes;
                  unless the reason is STATUS_NONE or STATUS_MALFORMED the parts wait for
                  recorder_recover() */
};

MUST_USE enum status recorder_create(const struct recorder_config *config,
                                     struct recorder **out_recorder);
/* Ends every recording (their files are completed) and the thread. */
void recorder_destroy(struct recorder *recorder);
/* The ring of media worker `index`; the worker is its only producer. */
struct tap_ring *recorder_ring(struct recorder *recorder, unsigned index);
/* name: server-made base name without suffix ([a-z0-9-], at most 64). out_recording: the handle
 * workers put into records. */
MUST_USE enum status recorder_begin(struct recorder *recorder, const char *name,
                                    uint32_t *out_recording);
/* Nothing that arrives later is written. The file is completed after the rings are drained; then
 * comes the event. */
void recorder_end(struct recorder *recorder, uint32_t recording);
/* T0: next event, false when there is none. */
bool recorder_poll(struct recorder *recorder, struct recorder_event *event);

/* Counters for metrics, any thread. */
struct recorder_stats {
    uint64_t packets, bytes, dropped, sync_count, sync_us_total, errors;
    unsigned running;
    unsigned completing; /* ended, but the event is not queued yet */
    bool failing;        /* the last recording that was written could not be; until one can */
};
void recorder_stats(struct recorder *recorder, struct recorder_stats *out_stats);

/* Completes FOLDER/NAME.part left by a killed process: cuts at the last whole cluster, writes
 * duration and cues, renames, hashes; a finished file without parts is described as it is.
 * Blocking; not on T0. STATUS_NONE when no such file; STATUS_MALFORMED when nothing in it plays. */
MUST_USE enum status recorder_recover(const char *folder, const char *name,
                                      struct recorder_event *out_event);
/* First key frame near at_ms of the given party's video as JPEG into the caller's buffer. Blocking;
 * not on T0. */
MUST_USE enum status recorder_poster(const char *path, int64_t at_ms, void *buffer,
                                     size_t buffer_len, size_t *out_len);

#endif
