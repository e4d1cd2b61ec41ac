/* A fresh database in a folder of its own, with the demonstration data (deploy/demo/demo.json) in
 * it. One thread. */
#ifndef TESTS_UNIT_GATEWAY_DEMO_STORE_H
#define TESTS_UNIT_GATEWAY_DEMO_STORE_H

#include "gateway/ctl/import.h"
#include "tests/unit/gateway/temp_folder.h"
#include "tests/unit/test.h"

/* passwords: hash them (0.1 s each), so that people can sign in. The folder is the caller's to
 * remove, the db to close. */
static inline struct db *demo_store(struct temp_folder *folder, bool passwords)
{
    struct db *db = NULL;
    temp_folder_make(folder);
    CHECK(db_open(temp_path(folder, DB_FILE_NAME), &db) == STATUS_OK);
    static char text[262144];
    FILE *f = fopen(CG_SOURCE_DIR "/deploy/demo/demo.json", "rb");
    CHECK(f != NULL);
    size_t len = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    struct import_options options = {folder->path, passwords};
    struct import_result result;
    EXPECT_INT(import_json(db, &options, text, len, &result), STATUS_OK);
    return db;
}

#endif
