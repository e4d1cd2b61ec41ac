/* From the parts that a recording left on disk (NAME.part, NAME.part.1 ...; a new part begins when
 * a track joins) to the one finished file: every track on one time line, duration, cues, hash. The
 * same for a recording that ended and for one whose process was killed. Blocking; any thread, one
 * per NAME. */
#ifndef MEDIA_RECORDING_COMPLETE_H
#define MEDIA_RECORDING_COMPLETE_H

#include "media/recording/gaps.h"
#include "media/recording/recorder.h"

#define COMPLETE_PARTS_MAX                                                                         \
    16u /* a part for each of RECORDER_TRACKS_MAX tracks at most, and some                         \
         */
#define COMPLETE_PATH_MAX 512u

/* "FOLDER/NAME.part" or "FOLDER/NAME.part.INDEX". */
void complete_part_path(char path[COMPLETE_PATH_MAX], const char *folder, const char *name,
                        unsigned index);
/* Re-muxes, renames, deletes the parts, hashes, and fills *event (not its recording). gaps: those
 * noted live, NULL: found by looking at the packets. When there is no part but the finished file,
 * that is described. NONE: neither; MALFORMED: nothing in them plays; IO: the parts stay. */
MUST_USE enum status complete_file(const char *folder, const char *name, const struct gaps *gaps,
                                   struct recorder_event *event);
/* SHA-256 of a file as 64 hexadecimal digits and a NUL. */
MUST_USE enum status complete_hash(const char *path, char out_hex[65], int64_t *out_bytes);

#endif
