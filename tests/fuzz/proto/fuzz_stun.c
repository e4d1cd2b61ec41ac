/* Any datagram into the STUN reader; what it accepts must have its integrity span inside, and
 * answers to it must be readable. Candidate lines share the input. */
#include "proto/base/check.h"
#include "proto/demux/demux.h"
#include "proto/ice/candidate.h"
#include "proto/stun/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hmac(void *context, struct span head, struct span body, uint8_t out[STUN_HMAC_SHA1_LEN])
{
    (void)context;
    uint32_t a = stun_crc32(head); /* any function of all octets serves here */
    uint32_t b = stun_crc32(body);
    for (size_t i = 0; i < STUN_HMAC_SHA1_LEN; i++) {
        out[i] = (uint8_t)((i % 2 == 0 ? a : b) >> (8 * (i % 4)));
    }
}

static void candidate(struct span text)
{
    struct ice_candidate c;
    struct ice_candidate again;
    char buffer[1200];
    if (text.len > 600 || ice_candidate_read(text, &c) != STATUS_OK) {
        return;
    }
    struct writer w = writer_of(buffer, sizeof(buffer));
    ice_candidate_write(&w, &c);
    CHECK(writer_ok(&w) && ice_candidate_read(writer_span(&w), &again) == STATUS_OK);
    CHECK(again.priority == c.priority && again.port == c.port && again.type == c.type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct stun_message m;
    (void)demux_classify(input);
    candidate(input);
    if (stun_read(input, &m) != STATUS_OK) {
        return 0;
    }
    enum status integrity = stun_integrity_check(&m, hmac, NULL);
    CHECK(integrity == STATUS_OK || integrity == STATUS_NONE || integrity == STATUS_UNAUTHENTIC);
    uint8_t out[256];
    struct stun_message back;
    struct writer w = writer_of(out, sizeof(out));
    stun_write_error(&w, &m, 420, hmac, NULL);
    CHECK(stun_read(writer_span(&w), &back) == STATUS_OK &&
          stun_integrity_check(&back, hmac, NULL) == STATUS_OK);
    if (m.has_mapped) {
        w = writer_of(out, sizeof(out));
        stun_write_success(&w, &m, &m.mapped, hmac, NULL);
        CHECK(stun_read(writer_span(&w), &back) == STATUS_OK && back.mapped.port == m.mapped.port);
    }
    return 0;
}
