/* One recording that runs: streams of every party -> order -> frames -> one time line -> parts on
 * disk.
 *
 *   packet -> reorder (hole: up to 1 s) -> assemble -> timeline -> pending (sorted) -> mux
 * (NAME.part, flushed twice a second)
 *
 * Tracks are declared when a part opens: SETTLE_US after the first packet with all that were seen
 * by then. A track that joins later (third party, camera switched on late, other codec) closes the
 * part and begins the next one with all tracks so far, on the same time line; complete_file() makes
 * one file of the parts. Recorder thread only; time is an argument. */
#ifndef MEDIA_RECORDING_SESSION_H
#define MEDIA_RECORDING_SESSION_H

#include "media/recording/gaps.h"
#include "media/recording/recorder.h"

struct session;

/* folder: borrowed; name: copied. NULL: no memory. */
struct session *session_create(const char *folder, const char *name);
void session_destroy(struct session *session);
/* One record from the ring. Ignored once the session has failed. */
void session_take(struct session *session, const struct tap_record *record, const uint8_t *payload,
                  int64_t wall_ms);
/* Gives out what is due, flushes, syncs. Called about every 20 ms. Not OK: the disk failed; nothing
 * more is written. */
MUST_USE enum status session_tick(struct session *session, int64_t now_us);
/* Everything that is held goes into the file; the part is closed. NONE: no frame ever came. */
MUST_USE enum status session_end(struct session *session, int64_t now_us);
const char *session_name(const struct session *session);
const struct gaps *session_gaps(const struct session *session);
/* UTC of the first packet; 0: none came. */
int64_t session_started_ms(const struct session *session);

/* Figures since the last call: octets written, syncs and their time. */
struct session_figures {
    uint64_t bytes, sync_count, sync_us;
};
struct session_figures session_take_figures(struct session *session);

#endif
