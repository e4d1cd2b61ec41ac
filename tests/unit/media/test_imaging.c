/* Decoder processes: their walls, what happens when one is killed, hangs, lies or cannot be
 * started, pictures of photos, and files that claim to be larger than they are. */
#include "media/imaging/imaging.h"
#include "media/imaging/sandbox.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES "/usr/lib/python3/dist-packages/pydicom/data/test_files/"
#define HELPER CG_BINARY_DIR "/consult-imaging"
#define CORPUS CG_SOURCE_DIR "/tests/fuzz/corpus/fuzz_imaging/"
#define CT FILES "CT_small.dcm"

static struct imaging *make(unsigned processes, unsigned time_limit_ms)
{
    struct imaging_config config = {
        .helper = HELPER, .processes = processes, .time_limit_ms = time_limit_ms};
    struct imaging *imaging = NULL;
    EXPECT_INT(imaging_create(&config, &imaging), STATUS_OK);
    return imaging;
}

/* Our children, by the kernel's list. */
static unsigned children(pid_t *pids, unsigned max)
{
    char path[64];
    char text[256] = "";
    unsigned count = 0;
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return 0;
    }
    if (fgets(text, sizeof text, f) == NULL) {
        text[0] = 0;
    }
    (void)fclose(f);
    for (char *at = text; count < max;) {
        char *end = NULL;
        long pid = strtol(at, &end, 10);
        if (end == at) {
            break;
        }
        pids[count++] = (pid_t)pid;
        at = end;
    }
    return count;
}

static bool proc_has(pid_t pid, const char *file, const char *line)
{
    char path[64];
    char text[256];
    bool found = false;
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "r");
    while (f != NULL && !found && fgets(text, sizeof text, f) != NULL) {
        found = strstr(text, line) == text;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return found;
}

static enum imaging_refusal probe(struct imaging *imaging, const char *path)
{
    struct imaging_info info;
    enum status status = imaging_probe(imaging, path, &info);
    EXPECT_INT(status, STATUS_OK);
    return status == STATUS_OK ? info.refusal : IMAGING_REFUSAL_COUNT;
}

static void helper_is_walled_in(void)
{
    struct imaging *imaging = make(1, 0);
    pid_t pids[4];
    EXPECT_INT(probe(imaging, CT), IMAGING_REFUSAL_NONE);
    EXPECT_INT(children(pids, 4), 1);
    EXPECT(proc_has(pids[0], "status", "Seccomp:\t2"));
    EXPECT(proc_has(pids[0], "status", "NoNewPrivs:\t1"));
    EXPECT(proc_has(pids[0], "limits", "Max core file size        0"));
    EXPECT(proc_has(pids[0], "limits", "Max open files            16"));
    EXPECT(proc_has(pids[0], "limits", "Max file size             0"));
    EXPECT_INT(getpgid(pids[0]), pids[0]);
    imaging_destroy(imaging);
    EXPECT_INT(children(pids, 4), 0);
}

/* What a forked child sees after sandbox_enter; exit code 0 = held. */
static int try_the_walls(void)
{
    int file = open(CT, O_RDONLY | O_CLOEXEC);
    char octet = 0;
    if (sandbox_enter(4096) != STATUS_OK) {
        return 1;
    }
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM) {
        return 2;
    }
    if (open(CT, O_RDONLY) >= 0 || errno != EPERM) { // NOLINT(android-cloexec-open): must fail
        return 3;
    }
    return read(file, &octet, 1) == 1 ? 0 : 4;
}

static void walls_hold(void)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(try_the_walls());
    }
    int status = 0;
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        char *const argv[] = {(char *)(uintptr_t) "true", NULL};
        if (sandbox_enter(4096) == STATUS_OK) {
            (void)execv("/bin/true", argv);
        }
        _exit(1);
    }
    EXPECT_INT(waitpid(pid, &status, 0), pid);
    EXPECT(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

/* The kernel ends a killed process in its own time; the parent sees a zombie until it waits. */
static bool becomes_zombie(pid_t pid)
{
    int64_t until_us = clock_monotonic_us() + 5000000;
    while (!proc_has(pid, "status", "State:\tZ")) {
        if (clock_monotonic_us() > until_us) {
            return false;
        }
        (void)usleep(1000);
    }
    return true;
}

/* The time limit holds for the start of a helper, too: under a sanitizer, on a busy machine, that
 * alone takes half a second. */
static void killed_and_hanging_helpers_are_replaced(void)
{
    struct imaging *imaging = make(1, 2000);
    struct imaging_stats stats;
    pid_t pids[4] = {0};
    for (unsigned i = 0; i < 5; i++) {
        unsigned count = children(pids, 4);
        EXPECT_INT(count, 1);
        if (count != 1) {
            break;
        }
        EXPECT_INT(kill(pids[0], SIGKILL), 0);
        EXPECT(becomes_zombie(pids[0]));
        EXPECT_INT(probe(imaging, CT), IMAGING_REFUSAL_NONE); /* died idle: costs nothing */
    }
    EXPECT(children(pids, 4) == 1 && kill(pids[0], SIGSTOP) == 0); /* hangs */
    int64_t before_us = clock_monotonic_us();
    EXPECT_INT(probe(imaging, CT), IMAGING_REFUSAL_DECODER);
    EXPECT(clock_monotonic_us() - before_us < 5000000);
    EXPECT_INT(probe(imaging, CT), IMAGING_REFUSAL_NONE);
    imaging_stats(imaging, &stats);
    EXPECT_INT(stats.timed_out, 1);
    EXPECT_INT(stats.replaced, 6);
    EXPECT_INT(stats.crashed, 0);
    imaging_destroy(imaging);
}

static void *work(void *argument)
{
    struct imaging *imaging = argument;
    size_t good = 0;
    for (unsigned i = 0; i < 20; i++) {
        struct imaging_request request = {.size = 64};
        struct imaging_reply reply = {0};
        if (imaging_render(imaging, CT, &request, &reply) == STATUS_OK &&
            (reply.refusal == IMAGING_REFUSAL_NONE || reply.refusal == IMAGING_REFUSAL_DECODER)) {
            good++;
        }
        free(reply.bytes);
    }
    return good == 20 ? imaging : NULL;
}

/* Helpers die at any moment under several callers: each call gets its answer, and afterwards all is
 * well. */
static void crashes_harm_one_answer_at_most(void)
{
    struct imaging *imaging = make(3, 0);
    pthread_t threads[6];
    for (unsigned i = 0; i < 6; i++) {
        EXPECT_INT(pthread_create(&threads[i], NULL, work, imaging), 0);
    }
    for (unsigned i = 0; i < 30; i++) {
        pid_t pids[8];
        unsigned count = children(pids, 8);
        if (count > 0) {
            (void)kill(pids[i % count], SIGSEGV);
        }
        (void)usleep(3000);
    }
    for (unsigned i = 0; i < 6; i++) {
        void *result = NULL;
        EXPECT_INT(pthread_join(threads[i], &result), 0);
        EXPECT(result == imaging);
    }
    EXPECT_INT(probe(imaging, CT), IMAGING_REFUSAL_NONE);
    imaging_destroy(imaging);
}

static void wrong_programs(void)
{
    struct imaging_config config = {.helper = "/nonexistent/consult-imaging", .processes = 1};
    struct imaging *imaging = NULL;
    EXPECT_INT(imaging_create(&config, &imaging), STATUS_IO);
    config.helper = "/bin/true"; /* ends at once */
    EXPECT_INT(imaging_create(&config, &imaging), STATUS_OK);
    EXPECT_INT(probe(imaging, CT), IMAGING_REFUSAL_DECODER);
    struct imaging_info info;
    EXPECT_INT(imaging_probe(imaging, "/nonexistent", &info), STATUS_IO);
    EXPECT_INT(imaging_probe(imaging, "/tmp", &info), STATUS_IO);
    EXPECT_INT(imaging_probe(imaging, "/dev/zero", &info), STATUS_IO);
    imaging_destroy(imaging);
}

static void photos(void)
{
    static const struct {
        const char *name;
        enum imaging_kind kind;
        uint32_t columns, rows;
    } rows[] = {{"photo.jpg", IMAGING_JPEG, 30, 40}, /* EXIF orientation 6: stored 40x30 */
                {"progressive.jpg", IMAGING_JPEG, 40, 30},
                {"RGB.png", IMAGING_PNG, 40, 30},
                {"P.png", IMAGING_PNG, 40, 30},
                {"1.png", IMAGING_PNG, 40, 30},
                {"LA.png", IMAGING_PNG, 40, 30},
                {"RGBA.png", IMAGING_PNG, 40, 30},
                {"I16.png", IMAGING_PNG, 9, 7}};
    struct imaging *imaging = make(1, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[512];
        struct imaging_info info = {0};
        struct imaging_request request = {.size = 20, .format = IMAGING_FORMAT_JPEG};
        struct imaging_reply reply = {0};
        (void)snprintf(path, sizeof path, CORPUS "%s", rows[i].name);
        EXPECT_INT(imaging_probe(imaging, path, &info), STATUS_OK);
        EXPECT_TEXT(imaging_refusal_name(info.refusal), "NONE");
        EXPECT_INT(info.kind, rows[i].kind);
        EXPECT_INT(info.columns, rows[i].columns);
        EXPECT_INT(info.rows, rows[i].rows);
        EXPECT_INT(imaging_render(imaging, path, &request, &reply), STATUS_OK);
        EXPECT(reply.bytes != NULL && reply.bytes[0] == 0xFF && reply.width <= 20 &&
               reply.height <= 20);
        free(reply.bytes);
    }
    imaging_destroy(imaging);
}

/* The CT file with another number of rows and columns. */
static void claim(const char *path, uint16_t rows, uint16_t columns)
{
    static uint8_t data[65536];
    FILE *f = fopen(CT, "rb");
    size_t len = f != NULL ? fread(data, 1, sizeof data, f) : 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    for (size_t i = 0; i + 10 <= len; i++) {
        if (memcmp(data + i, "\x28\x00\x10\x00US\x02\x00", 8) == 0) {
            data[i + 8] = (uint8_t)rows;
            data[i + 9] = (uint8_t)(rows >> 8);
        } else if (memcmp(data + i, "\x28\x00\x11\x00US\x02\x00", 8) == 0) {
            data[i + 8] = (uint8_t)columns;
            data[i + 9] = (uint8_t)(columns >> 8);
        }
    }
    f = fopen(path, "wb");
    EXPECT(f != NULL && fwrite(data, 1, len, f) == len);
    if (f != NULL) {
        (void)fclose(f);
    }
}

static void claims_beyond_the_file(void)
{
    struct imaging *imaging = make(1, 0);
    struct imaging_stats stats;
    char path[] = "/tmp/test-imaging-XXXXXX";
    int fd = mkstemp(path);
    EXPECT(fd >= 0);
    (void)close(fd);
    claim(path, 65535, 65535);
    EXPECT_INT(probe(imaging, path), IMAGING_REFUSAL_TOO_LARGE);
    claim(path, 4000, 4000);
    EXPECT_INT(probe(imaging, path), IMAGING_REFUSAL_TRUNCATED);
    claim(path, 0, 128);
    EXPECT_INT(probe(imaging, path), IMAGING_REFUSAL_MALFORMED);
    claim(path, 129, 128);
    EXPECT_INT(probe(imaging, path), IMAGING_REFUSAL_TRUNCATED);
    claim(path, 128, 128);
    EXPECT_INT(probe(imaging, path), IMAGING_REFUSAL_NONE);
    imaging_stats(imaging, &stats);
    EXPECT_INT(stats.crashed + stats.timed_out, 0);
    (void)unlink(path);
    imaging_destroy(imaging);
}

static void refusals_have_words(void)
{
    for (unsigned i = 1; i < IMAGING_REFUSAL_COUNT; i++) {
        enum imaging_refusal refusal = (enum imaging_refusal)i;
        EXPECT(strncmp(imaging_refusal_code(refusal), "upload.", 7) == 0);
        EXPECT(imaging_refusal_zh(refusal)[0] != 0 && imaging_refusal_en(refusal)[0] != 0);
        EXPECT_INT(imaging_refusal_of(imaging_refusal_name(refusal)), refusal);
    }
    EXPECT_INT(imaging_refusal_of("no such name"), IMAGING_REFUSAL_NONE);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"helper is walled in", helper_is_walled_in},
        {"walls hold", walls_hold},
        {"killed and hanging helpers are replaced", killed_and_hanging_helpers_are_replaced},
        {"crashes harm one answer at most", crashes_harm_one_answer_at_most},
        {"wrong programs", wrong_programs},
        {"photos", photos},
        {"claims beyond the file", claims_beyond_the_file},
        {"refusals have words", refusals_have_words},
    };
    log_set_level(LOG_LEVEL_ERROR);
    return TEST_MAIN(cases);
}
