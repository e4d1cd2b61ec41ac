#include "proto/payload/opus.h"

#define DURATION_MAX 5760u /* RFC 6716 §3.4 R5: 120 ms at 48 kHz */
#define DTX_LEN_MAX 2u

/* RFC 6716 §3.1 table 2: samples at 48 kHz in one frame. */
static uint32_t frame_samples(uint8_t config)
{
    if (config < 12) { /* SILK: 10, 20, 40, 60 ms */
        static const uint32_t silk[] = {480, 960, 1920, 2880};
        return silk[config % 4];
    }
    if (config < 16) { /* hybrid: 10, 20 ms */
        return config % 2 == 0 ? 480 : 960;
    }
    return 120u << (config % 4); /* CELT: 2.5, 5, 10, 20 ms */
}

enum status payload_opus_read(struct span payload, struct payload_opus *out_opus)
{
    if (payload.len == 0) {
        return STATUS_TRUNCATED;
    }
    uint8_t toc = payload.data[0];
    struct payload_opus o = {
        .config = toc >> 3, .stereo = (toc & 4u) != 0, .dtx = payload.len <= DTX_LEN_MAX};
    o.mode = o.config < 12   ? PAYLOAD_OPUS_SILK
             : o.config < 16 ? PAYLOAD_OPUS_HYBRID
                             : PAYLOAD_OPUS_CELT;
    switch (toc & 3u) {
    case 0:
        o.frame_count = 1;
        break;
    case 1: /* §3.2.3 R3: two frames of one size */
        if ((payload.len - 1) % 2 != 0) {
            return STATUS_MALFORMED;
        }
        o.frame_count = 2;
        break;
    case 2:
        o.frame_count = 2;
        break;
    default: /* §3.2.5: the count is in the next octet */
        if (payload.len < 2) {
            return STATUS_TRUNCATED;
        }
        o.frame_count = payload.data[1] & 0x3Fu;
        break;
    }
    o.duration_48khz = o.frame_count * frame_samples(o.config);
    if (o.frame_count == 0 || o.duration_48khz > DURATION_MAX) {
        return STATUS_MALFORMED;
    }
    *out_opus = o;
    return STATUS_OK;
}
