/* Any octets as a table of codes: refused with a line and a rule and nothing changed, or imported,
 * and then once more to the same. */
#include "gateway/ctl/import_codes.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t active(struct db *db)
{
    int64_t n = -1;
    CHECK(db_one_int(db, &n, "SELECT COUNT(*) FROM diagnosis_code WHERE active = 1", "") ==
          STATUS_OK);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct db *db;
    struct import_codes_result result;
    if (db == NULL) {
        log_set_level(LOG_LEVEL_ERROR);
        CHECK(db_open(":memory:", &db) == STATUS_OK);
    }
    int64_t before = active(db);
    char *exact = malloc(size + (size == 0)); /* a read behind it shows */
    CHECK(exact != NULL);
    memcpy(exact, data, size);
    enum status status = import_codes(db, exact, size, &result);
    if (status == STATUS_OK) {
        CHECK(result.codes > 0 && active(db) == result.codes);
        CHECK(import_codes(db, exact, size, &result) == STATUS_OK);
        CHECK(active(db) == result.codes);
    } else {
        CHECK(status == STATUS_MALFORMED && result.line > 0 && result.error[0] != '\0');
        CHECK(active(db) == before);
    }
    free(exact);
    return 0;
}
