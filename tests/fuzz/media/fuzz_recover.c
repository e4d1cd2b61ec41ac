/* Any octets as the part that a killed process left behind: completed, or refused; never a crash,
 * and a refusal leaves the part where it is. What was completed is described to the same. */
#include "media/recording/complete.h"
#include "proto/base/check.h"

#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];

static void path_of(char path[COMPLETE_PATH_MAX], const char *name)
{
    (void)snprintf(path, COMPLETE_PATH_MAX, "%s/%s", folder, name);
}

static void clean_up(void)
{
    static const char *const names[] = {"x.part", "x.webm", "x.mkv", "x.mux"};
    char path[COMPLETE_PATH_MAX];
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        path_of(path, names[i]);
        (void)unlink(path);
    }
}

static void leave(void)
{
    clean_up();
    (void)rmdir(folder);
}

static void begin(void)
{
    if (folder[0] == '\0') {
        av_log_set_level(AV_LOG_QUIET);
        (void)snprintf(folder, sizeof(folder), "%s/fuzz-recover-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        CHECK(mkdtemp(folder) != NULL);
        CHECK(atexit(leave) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recorder_event event;
    static struct recorder_event again;
    char path[COMPLETE_PATH_MAX];
    begin();
    path_of(path, "x.part");
    FILE *file = fopen(path, "wbe");
    CHECK(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    enum status status = recorder_recover(folder, "x", &event);
    if (status == STATUS_OK) {
        CHECK(access(path, F_OK) != 0);
        CHECK(event.bytes > 0 && event.track_count >= 1 &&
              event.track_count <= RECORDER_TRACKS_MAX);
        CHECK(event.duration_ms >= 0 && event.gap_count <= RECORDER_GAPS_MAX);
        CHECK(recorder_recover(folder, "x", &again) == STATUS_OK);
        CHECK(again.bytes == event.bytes && strcmp(again.sha256, event.sha256) == 0);
    } else {
        CHECK(access(path, F_OK) == 0);
    }
    clean_up();
    return 0;
}
