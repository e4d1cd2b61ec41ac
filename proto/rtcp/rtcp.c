#include "proto/rtcp/rtcp.h"

#include "proto/base/check.h"

#define HEAD_LEN 4u
#define SENDER_INFO_LEN 20u
#define BLOCK_LEN 24u
#define SDES_CNAME 1u
#define XR_RRTR 4u
#define XR_DLRR 5u
#define NTP_UNIX_OFFSET_S 2208988800u /* RFC 3550 §4: 1900 to 1970 */

/* Octets behind the head that a type needs at least, its count taken in. */
static size_t body_len_min(uint8_t type, uint8_t count)
{
    switch (type) {
    case RTCP_SR:
        return 4 + SENDER_INFO_LEN + (size_t)BLOCK_LEN * count;
    case RTCP_RR:
        return 4 + (size_t)BLOCK_LEN * count;
    case RTCP_SDES:
    case RTCP_BYE:
        return (size_t)4 * count;
    case RTCP_RTPFB:
    case RTCP_PSFB:
        return 8;
    case RTCP_APP:
        return 8;
    case RTCP_XR:
        return 4;
    default:
        return 0;
    }
}

/* One packet off the reader. Padding need not be a multiple of 4: Chromium pads transport-wide
 * feedback by 1 to 3 octets. */
static enum status take(struct reader *r, struct rtcp_packet *out)
{
    uint8_t first = reader_u8(r);
    uint8_t type = reader_u8(r);
    uint16_t words = reader_u16(r);
    struct span body = reader_span(r, (size_t)4 * words);
    if (!reader_ok(r)) {
        return STATUS_TRUNCATED;
    }
    if (first >> 6 != 2) {
        return STATUS_MALFORMED;
    }
    if ((first & 0x20u) != 0) {
        uint8_t padding = body.len > 0 ? body.data[body.len - 1] : 0;
        if (padding == 0 || padding > body.len) {
            return STATUS_MALFORMED;
        }
        body.len -= padding;
    }
    struct rtcp_packet p = {.type = type, .count = first & 0x1Fu, .body = body};
    if (body.len < body_len_min(type, p.count)) {
        return STATUS_MALFORMED;
    }
    struct reader b = reader_of(body);
    bool has_sender = type != RTCP_SDES && !(type == RTCP_BYE && p.count == 0) && body.len >= 4;
    p.ssrc = has_sender ? reader_u32(&b) : 0;
    p.media_ssrc = type == RTCP_RTPFB || type == RTCP_PSFB ? reader_u32(&b) : 0;
    *out = p;
    return STATUS_OK;
}

enum status rtcp_check(struct span datagram, unsigned *out_count)
{
    struct reader r = reader_of(datagram);
    unsigned count = 0;
    if (datagram.len == 0) {
        return STATUS_TRUNCATED;
    }
    while (reader_left(&r) > 0) {
        struct rtcp_packet p;
        enum status status = take(&r, &p);
        if (status != STATUS_OK) {
            return status;
        }
        count++;
    }
    *out_count = count;
    return STATUS_OK;
}

bool rtcp_next(struct reader *r, struct rtcp_packet *out_packet)
{
    return reader_left(r) > 0 && take(r, out_packet) == STATUS_OK;
}

bool rtcp_sender_info_read(const struct rtcp_packet *packet, struct rtcp_sender_info *out_info)
{
    if (packet->type != RTCP_SR) {
        return false;
    }
    struct reader r = reader_of(packet->body);
    reader_skip(&r, 4);
    struct rtcp_sender_info info = {.ntp = reader_u64(&r)};
    info.rtp_timestamp = reader_u32(&r);
    info.packets = reader_u32(&r);
    info.octets = reader_u32(&r);
    if (!reader_ok(&r)) {
        return false;
    }
    *out_info = info;
    return true;
}

bool rtcp_report_block_read(const struct rtcp_packet *packet, unsigned index,
                            struct rtcp_report_block *out_block)
{
    if ((packet->type != RTCP_SR && packet->type != RTCP_RR) || index >= packet->count) {
        return false;
    }
    struct reader r = reader_of(packet->body);
    reader_skip(&r,
                (packet->type == RTCP_SR ? 4 + SENDER_INFO_LEN : 4) + (size_t)BLOCK_LEN * index);
    struct rtcp_report_block b = {.ssrc = reader_u32(&r)};
    b.fraction_lost = reader_u8(&r);
    uint32_t lost = reader_u24(&r);
    b.cumulative_lost = (lost & 0x800000u) != 0 ? (int32_t)lost - 0x1000000 : (int32_t)lost;
    b.highest_sequence = reader_u32(&r);
    b.jitter = reader_u32(&r);
    b.last_sr = reader_u32(&r);
    b.delay_since_sr = reader_u32(&r);
    if (!reader_ok(&r)) {
        return false;
    }
    *out_block = b;
    return true;
}

/* One chunk: SSRC, items, a null octet, padded to 32 bits (RFC 3550 §6.5). */
static bool sdes_chunk(struct reader *r, uint32_t *out_ssrc, struct span *out_cname)
{
    *out_ssrc = reader_u32(r);
    *out_cname = span_of(NULL, 0);
    for (;;) {
        uint8_t type = reader_u8(r);
        if (!reader_ok(r)) {
            return false;
        }
        if (type == 0) {
            break;
        }
        uint8_t len = reader_u8(r);
        struct span text = reader_span(r, len);
        if (type == SDES_CNAME && out_cname->len == 0) {
            *out_cname = text;
        }
    }
    reader_skip(r, (4 - r->at % 4) % 4);
    return reader_ok(r);
}

bool rtcp_sdes_cname(const struct rtcp_packet *packet, unsigned index, uint32_t *out_ssrc,
                     struct span *out_cname)
{
    if (packet->type != RTCP_SDES || index >= packet->count) {
        return false;
    }
    struct reader r = reader_of(packet->body);
    uint32_t ssrc = 0;
    struct span cname = {NULL, 0};
    for (unsigned i = 0; i <= index; i++) {
        if (!sdes_chunk(&r, &ssrc, &cname)) {
            return false;
        }
    }
    *out_ssrc = ssrc;
    *out_cname = cname;
    return true;
}

bool rtcp_bye_ssrc(const struct rtcp_packet *packet, unsigned index, uint32_t *out_ssrc)
{
    if (packet->type != RTCP_BYE || index >= packet->count) {
        return false;
    }
    struct reader r = reader_of(packet->body);
    reader_skip(&r, (size_t)4 * index);
    uint32_t ssrc = reader_u32(&r);
    if (!reader_ok(&r)) {
        return false;
    }
    *out_ssrc = ssrc;
    return true;
}

/* The feedback control information behind the two SSRCs (RFC 4585 §6.1). */
static struct reader fci(const struct rtcp_packet *packet)
{
    struct reader r = reader_of(packet->body);
    reader_skip(&r, 8);
    return r;
}

bool rtcp_nack_read(const struct rtcp_packet *packet, unsigned index, uint16_t *out_pid,
                    uint16_t *out_blp)
{
    if (packet->type != RTCP_RTPFB || packet->count != RTCP_FB_NACK) {
        return false;
    }
    struct reader r = fci(packet);
    reader_skip(&r, (size_t)4 * index);
    uint16_t pid = reader_u16(&r);
    uint16_t blp = reader_u16(&r);
    if (!reader_ok(&r)) {
        return false;
    }
    *out_pid = pid;
    *out_blp = blp;
    return true;
}

bool rtcp_fir_read(const struct rtcp_packet *packet, unsigned index, uint32_t *out_ssrc,
                   uint8_t *out_sequence)
{
    if (packet->type != RTCP_PSFB || packet->count != RTCP_FB_FIR) {
        return false;
    }
    struct reader r = fci(packet);
    reader_skip(&r, (size_t)8 * index);
    uint32_t ssrc = reader_u32(&r);
    uint8_t sequence = reader_u8(&r);
    reader_skip(&r, 3);
    if (!reader_ok(&r)) {
        return false;
    }
    *out_ssrc = ssrc;
    *out_sequence = sequence;
    return true;
}

bool rtcp_remb_read(const struct rtcp_packet *packet, uint64_t *out_bps, struct span *out_ssrcs)
{
    if (packet->type != RTCP_PSFB || packet->count != RTCP_FB_AFB) {
        return false;
    }
    struct reader r = fci(packet);
    uint32_t name = reader_u32(&r);
    uint8_t ssrc_count = reader_u8(&r);
    uint32_t bits = reader_u24(&r); /* 6 bits exponent, 18 bits mantissa */
    struct span ssrcs = reader_span(&r, (size_t)4 * ssrc_count);
    if (!reader_ok(&r) || name != 0x52454D42u) { /* "REMB" */
        return false;
    }
    unsigned exponent = bits >> 18;
    uint64_t mantissa = bits & 0x3FFFFu;
    bool too_big = exponent > 46 && mantissa >> (64 - exponent) != 0;
    *out_bps = too_big ? UINT64_MAX : mantissa << exponent;
    *out_ssrcs = ssrcs;
    return true;
}

/* First report block of that type in an XR packet (RFC 3611 §3). */
static bool xr_block(const struct rtcp_packet *packet, uint8_t type, struct reader *out_block)
{
    if (packet->type != RTCP_XR) {
        return false;
    }
    struct reader r = reader_of(packet->body);
    reader_skip(&r, 4);
    while (reader_left(&r) > 0) {
        uint8_t found = reader_u8(&r);
        reader_skip(&r, 1);
        uint16_t words = reader_u16(&r);
        struct reader block = reader_sub(&r, (size_t)4 * words);
        if (reader_ok(&r) && found == type) {
            *out_block = block;
            return true;
        }
    }
    return false;
}

bool rtcp_xr_rrtr_read(const struct rtcp_packet *packet, uint64_t *out_ntp)
{
    struct reader block;
    if (!xr_block(packet, XR_RRTR, &block)) {
        return false;
    }
    uint64_t ntp = reader_u64(&block);
    if (!reader_done(&block)) {
        return false;
    }
    *out_ntp = ntp;
    return true;
}

bool rtcp_xr_dlrr_read(const struct rtcp_packet *packet, unsigned index, struct rtcp_dlrr *out_item)
{
    struct reader block;
    if (!xr_block(packet, XR_DLRR, &block)) {
        return false;
    }
    reader_skip(&block, (size_t)12 * index);
    struct rtcp_dlrr item = {.ssrc = reader_u32(&block)};
    item.last_rr = reader_u32(&block);
    item.delay_since_rr = reader_u32(&block);
    if (!reader_ok(&block)) {
        return false;
    }
    *out_item = item;
    return true;
}

/* Head with a length of 0; finish() puts the right one in. */
static size_t begin(struct writer *w, uint8_t type, unsigned count)
{
    CHECK(count <= RTCP_BLOCKS_MAX);
    size_t at = w->at;
    writer_u8(w, (uint8_t)(0x80u | count));
    writer_u8(w, type);
    writer_u16(w, 0);
    return at;
}

static void finish(struct writer *w, size_t at)
{
    if (writer_ok(w)) {
        CHECK((w->at - at) % 4 == 0);
        writer_patch_u16(w, at + 2, (uint16_t)((w->at - at) / 4 - 1));
    }
}

static void write_blocks(struct writer *w, const struct rtcp_report_block *blocks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct rtcp_report_block *b = &blocks[i];
        /* RFC 3550 §A.3: clamped to 24 bits, signed. */
        int32_t lost = b->cumulative_lost > 0x7FFFFF    ? 0x7FFFFF
                       : b->cumulative_lost < -0x800000 ? -0x800000
                                                        : b->cumulative_lost;
        writer_u32(w, b->ssrc);
        writer_u8(w, b->fraction_lost);
        writer_u24(w, (uint32_t)lost & 0xFFFFFFu);
        writer_u32(w, b->highest_sequence);
        writer_u32(w, b->jitter);
        writer_u32(w, b->last_sr);
        writer_u32(w, b->delay_since_sr);
    }
}

void rtcp_write_sr(struct writer *w, uint32_t ssrc, const struct rtcp_sender_info *info,
                   const struct rtcp_report_block *blocks, unsigned count)
{
    size_t at = begin(w, RTCP_SR, count);
    writer_u32(w, ssrc);
    writer_u64(w, info->ntp);
    writer_u32(w, info->rtp_timestamp);
    writer_u32(w, info->packets);
    writer_u32(w, info->octets);
    write_blocks(w, blocks, count);
    finish(w, at);
}

void rtcp_write_rr(struct writer *w, uint32_t ssrc, const struct rtcp_report_block *blocks,
                   unsigned count)
{
    size_t at = begin(w, RTCP_RR, count);
    writer_u32(w, ssrc);
    write_blocks(w, blocks, count);
    finish(w, at);
}

void rtcp_write_sdes(struct writer *w, uint32_t ssrc, struct span cname)
{
    CHECK(cname.len >= 1 && cname.len <= 255);
    size_t at = begin(w, RTCP_SDES, 1);
    writer_u32(w, ssrc);
    writer_u8(w, SDES_CNAME);
    writer_u8(w, (uint8_t)cname.len);
    writer_bytes(w, cname);
    do {
        writer_u8(w, 0); /* at least one null octet ends the items */
    } while (writer_ok(w) && (w->at - at) % 4 != 0);
    finish(w, at);
}

void rtcp_write_bye(struct writer *w, uint32_t ssrc)
{
    size_t at = begin(w, RTCP_BYE, 1);
    writer_u32(w, ssrc);
    finish(w, at);
}

static size_t begin_feedback(struct writer *w, uint8_t type, unsigned format, uint32_t ssrc,
                             uint32_t media_ssrc)
{
    size_t at = begin(w, type, format);
    writer_u32(w, ssrc);
    writer_u32(w, media_ssrc);
    return at;
}

void rtcp_write_nack(struct writer *w, uint32_t ssrc, uint32_t media_ssrc,
                     const uint16_t *sequences, unsigned count)
{
    CHECK(count > 0);
    size_t at = begin_feedback(w, RTCP_RTPFB, RTCP_FB_NACK, ssrc, media_ssrc);
    unsigned i = 0;
    while (i < count) {
        uint16_t pid = sequences[i++];
        uint16_t blp = 0;
        while (i < count) {
            uint16_t ahead = (uint16_t)(sequences[i] - pid);
            if (ahead < 1 || ahead > 16) {
                break;
            }
            blp = (uint16_t)(blp | 1u << (ahead - 1u));
            i++;
        }
        writer_u16(w, pid);
        writer_u16(w, blp);
    }
    finish(w, at);
}

void rtcp_write_pli(struct writer *w, uint32_t ssrc, uint32_t media_ssrc)
{
    finish(w, begin_feedback(w, RTCP_PSFB, RTCP_FB_PLI, ssrc, media_ssrc));
}

void rtcp_write_fir(struct writer *w, uint32_t ssrc, uint32_t media_ssrc, uint8_t sequence)
{
    size_t at =
        begin_feedback(w, RTCP_PSFB, RTCP_FB_FIR, ssrc, 0); /* RFC 5104 §4.3.1.2: media SSRC is 0 */
    writer_u32(w, media_ssrc);
    writer_u8(w, sequence);
    writer_u24(w, 0);
    finish(w, at);
}

void rtcp_write_remb(struct writer *w, uint32_t ssrc, uint64_t bps, const uint32_t *ssrcs,
                     unsigned count)
{
    CHECK(count <= 255);
    unsigned exponent = 0;
    while (bps >> exponent > 0x3FFFFu) {
        exponent++;
    }
    size_t at = begin_feedback(w, RTCP_PSFB, RTCP_FB_AFB, ssrc, 0);
    writer_u32(w, 0x52454D42u);
    writer_u8(w, (uint8_t)count);
    writer_u24(w, (uint32_t)(exponent << 18) | (uint32_t)(bps >> exponent));
    for (unsigned i = 0; i < count; i++) {
        writer_u32(w, ssrcs[i]);
    }
    finish(w, at);
}

void rtcp_write_xr_rrtr(struct writer *w, uint32_t ssrc, uint64_t ntp)
{
    size_t at = begin(w, RTCP_XR, 0);
    writer_u32(w, ssrc);
    writer_u32(w, (uint32_t)XR_RRTR << 24 | 2u);
    writer_u64(w, ntp);
    finish(w, at);
}

void rtcp_write_xr_dlrr(struct writer *w, uint32_t ssrc, const struct rtcp_dlrr *items,
                        unsigned count)
{
    CHECK(count <= RTCP_BLOCKS_MAX);
    size_t at = begin(w, RTCP_XR, 0);
    writer_u32(w, ssrc);
    writer_u32(w, (uint32_t)XR_DLRR << 24 | 3u * count);
    for (unsigned i = 0; i < count; i++) {
        writer_u32(w, items[i].ssrc);
        writer_u32(w, items[i].last_rr);
        writer_u32(w, items[i].delay_since_rr);
    }
    finish(w, at);
}

uint64_t rtcp_ntp_of_us(int64_t unix_us)
{
    uint64_t us = (uint64_t)unix_us;
    uint64_t seconds = us / 1000000u + NTP_UNIX_OFFSET_S;
    uint64_t fraction = ((us % 1000000u << 32) + 500000u) / 1000000u;
    return (seconds << 32) + fraction;
}

int64_t rtcp_us_of_ntp(uint64_t ntp)
{
    int64_t seconds = (int64_t)(ntp >> 32) - (int64_t)NTP_UNIX_OFFSET_S;
    int64_t fraction = (int64_t)(((ntp & 0xFFFFFFFFu) * 1000000u + 0x80000000u) >> 32);
    return seconds * 1000000 + fraction;
}
