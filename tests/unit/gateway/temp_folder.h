/* A folder of a test's own below /tmp, removed with what is in it (two levels of folders). One
 * thread. */
#ifndef TESTS_UNIT_GATEWAY_TEMP_FOLDER_H
#define TESTS_UNIT_GATEWAY_TEMP_FOLDER_H

#include "proto/base/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct temp_folder {
    char path[32];
    char names[16][160]; /* of temp_path */
    unsigned next;
};

static inline void temp_folder_make(struct temp_folder *folder)
{
    *folder = (struct temp_folder){0};
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/cg-test-XXXXXX");
    CHECK(mkdtemp(folder->path) != NULL);
}

/* Valid until sixteen more were asked for. */
static inline const char *temp_path(struct temp_folder *folder, const char *name)
{
    char *buffer = folder->names[folder->next++ % 16];
    size_t len = strlen(folder->path);
    CHECK(len + strlen(name) + 2 <= sizeof folder->names[0]);
    memcpy(buffer, folder->path, len);
    buffer[len] = '/';
    memcpy(buffer + len + 1, name, strlen(name) + 1);
    return buffer;
}

static inline void temp_folder_empty(const char *path, int depth)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char name[1024];
        if ((size_t)snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= sizeof name) {
            continue;
        }
        if (unlink(name) != 0 && depth > 0) {
            temp_folder_empty(name, depth - 1);
            (void)rmdir(name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static inline void temp_folder_remove(struct temp_folder *folder)
{
    temp_folder_empty(folder->path, 2);
    (void)rmdir(folder->path);
}

#endif
