/* Any octets as a printed report: never a crash, and nothing holds but the specimen of the corpus,
 * octet for octet. */
#include "gateway/document/document_check.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPECIMEN CG_SOURCE_DIR "/tests/fuzz/corpus/fuzz_document_check/report.pdf"
#define SPECIMEN_MAX 262144

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_specimen(const uint8_t *data, size_t size)
{
    static uint8_t specimen[SPECIMEN_MAX];
    static size_t len;
    if (len == 0) {
        FILE *f = fopen(SPECIMEN, "rb");
        CHECK(f != NULL);
        len = fread(specimen, 1, sizeof specimen, f);
        (void)fclose(f);
    }
    return size == len && memcmp(data, specimen, len) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document_claim claim;
    uint8_t *exact = malloc(size + (size == 0)); /* a read behind it shows */
    CHECK(exact != NULL);
    memcpy(exact, data, size);
    CHECK(document_check(exact, size, &claim) == STATUS_OK);
    bool valid = json_is_true(json_object_get(claim.report, "valid"));
    CHECK(valid == is_specimen(data, size));
    CHECK(json_array_size(json_object_get(claim.report, "findings")) > 0);
    document_check_key(&claim, NULL);
    CHECK(!json_is_true(json_object_get(claim.report, "valid"))); /* by nobody who is known */
    document_claim_clear(&claim);
    free(exact);
    return 0;
}
