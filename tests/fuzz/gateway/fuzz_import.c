/* Any octets as an import file: refused or imported, never a crash; a refusal changes nothing, and
 * what was imported imports again to the same. */
#include "gateway/ctl/import.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t rows(struct db *db)
{
    int64_t n = -1;
    CHECK(db_one_int(db, &n,
                     "SELECT (SELECT count(*) FROM organisation) + (SELECT count(*) FROM "
                     "practitioner) + (SELECT count(*) FROM"
                     " partnership_member) + (SELECT count(*) FROM agreement_service) + (SELECT "
                     "count(*) FROM account_role)",
                     "") == STATUS_OK);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct db *db;
    struct import_options options = {NULL, false};
    struct import_result result;
    if (db == NULL) {
        log_set_level(LOG_LEVEL_ERROR);
        CHECK(db_open(":memory:", &db) == STATUS_OK);
    }
    int64_t before = rows(db);
    enum status status = import_json(db, &options, (const char *)data, size, &result);
    if (status == STATUS_OK) {
        int64_t after = rows(db);
        CHECK(import_json(db, &options, (const char *)data, size, &result) == STATUS_OK);
        CHECK(rows(db) == after);
    } else {
        CHECK(rows(db) == before);
        CHECK(result.error[0] != '\0');
    }
    return 0;
}
