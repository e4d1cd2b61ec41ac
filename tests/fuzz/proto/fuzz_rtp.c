/* Any datagram into the RTP reader; what it accepts goes through every in-place change and through
 * RTX and back. */
#include "proto/base/check.h"
#include "proto/rtp/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void extensions(const struct rtp_packet *p)
{
    struct rtp_extension_item item = {0};
    while (rtp_extension_next(p, &item)) {
        CHECK(item.id != 0 && item.at <= p->extension.len);
        struct span value;
        CHECK(rtp_extension_find(p, item.id, &value));
    }
}

static void retransmit(struct span packet, const struct rtp_packet *p)
{
    static uint8_t buffer[70000];
    struct writer w = writer_of(buffer, sizeof(buffer));
    size_t len;
    CHECK(rtp_rtx_wrap(packet, 1, 2, 3, &w) == STATUS_OK);
    CHECK(rtp_rtx_unwrap(buffer, w.at, p->ssrc, p->payload_type, &len) == STATUS_OK);
    CHECK(len == p->header_len + p->payload.len);
    CHECK(memcmp(buffer + 1, packet.data + 1, len - 1) == 0); /* all but the padding bit */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t copy[65536];
    struct rtp_packet p;
    if (size > 60000 || rtp_read(span_of(data, size), &p) != STATUS_OK) {
        return 0;
    }
    CHECK(p.header_len + p.payload.len + p.padding_len == size);
    extensions(&p);
    retransmit(span_of(data, size), &p);
    memcpy(copy, data, size);
    uint8_t map[256];
    for (unsigned i = 0; i < sizeof(map); i++) {
        map[i] = (uint8_t)(i * 7 % 20);
    }
    rtp_extension_remap(copy, size, map);
    struct rtp_packet q;
    CHECK(rtp_read(span_of(copy, size), &q) == STATUS_OK && q.header_len == p.header_len);
    extensions(&q);
    size_t len;
    enum status status = rtp_rtx_unwrap(copy, size, 5, 6, &len);
    CHECK(status != STATUS_OK || rtp_read(span_of(copy, len), &q) == STATUS_OK);
    return 0;
}
