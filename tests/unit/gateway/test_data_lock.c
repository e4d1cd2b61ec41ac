/* gateway/ops/data_lock: one owner at a time, free again when the owner is killed. */
#include "gateway/ops/data_lock.h"
#include "tests/unit/gateway/temp_folder.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <sys/wait.h>

static struct temp_folder folder;

/* A process that holds the lock until it is killed. */
static pid_t start_owner(void)
{
    int ready[2];
    char byte = 0;
    CHECK(pipe(ready) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = -1;
        bool held = data_lock_take(folder.path, &fd) == STATUS_OK;
        (void)!write(ready[1], held ? "1" : "0", 1);
        for (;;) {
            (void)pause();
        }
    }
    CHECK(pid > 0 && read(ready[0], &byte, 1) == 1);
    EXPECT(byte == '1');
    (void)close(ready[0]);
    (void)close(ready[1]);
    return pid;
}

static void test_one_owner(void)
{
    int fd = -1, again = -1;
    EXPECT(data_lock_take(folder.path, &fd) == STATUS_OK);
    EXPECT(data_lock_take(folder.path, &again) == STATUS_CONFLICT);
    EXPECT_INT(again, -1);
    (void)close(fd);
    EXPECT(data_lock_take(folder.path, &fd) == STATUS_OK);
    (void)close(fd);
}

static void test_killed_owner(void)
{
    int fd = -1;
    pid_t pid = start_owner();
    EXPECT(data_lock_take(folder.path, &fd) == STATUS_CONFLICT);
    (void)kill(pid, SIGKILL); /* not waited for: the retry must bridge the end of the process */
    EXPECT(data_lock_take(folder.path, &fd) == STATUS_OK);
    (void)waitpid(pid, NULL, 0);
    char text[32] = {0};
    EXPECT(pread(fd, text, sizeof text - 1, 0) > 0 && strtol(text, NULL, 10) == (long)getpid());
    (void)close(fd);
}

static void test_no_folder(void)
{
    int fd = -1;
    EXPECT(data_lock_take(temp_path(&folder, "gone"), &fd) == STATUS_IO);
    EXPECT_INT(fd, -1);
}

int main(void)
{
    temp_folder_make(&folder);
    static const struct test_case cases[] = {
        {"one owner", test_one_owner},
        {"a killed owner", test_killed_owner},
        {"no folder", test_no_folder},
    };
    int code = TEST_MAIN(cases);
    temp_folder_remove(&folder);
    return code;
}
