#include "proto/rtp/rtp.h"

#include "proto/base/check.h"
#include "proto/base/reader.h"

#define EXTENSION_HEAD_LEN 4u
#define ONE_BYTE_ID_MAX 14u /* RFC 8285 §4.2: 15 is reserved */
#define ONE_BYTE_LEN_MAX 16u

static bool is_one_byte(uint16_t profile)
{
    return profile == RTP_PROFILE_ONE_BYTE;
}

static bool is_two_byte(uint16_t profile)
{
    return (profile & 0xFFF0u) == RTP_PROFILE_TWO_BYTE;
}

/* RFC 3550 §5.1: the last octet counts the padding, itself included. */
static bool take_padding(struct rtp_packet *p, struct span rest)
{
    if (rest.len == 0) {
        return false;
    }
    uint8_t padding = rest.data[rest.len - 1];
    if (padding == 0 || padding > rest.len) {
        return false;
    }
    p->padding_len = padding;
    p->payload = span_of(rest.data, rest.len - padding);
    return true;
}

enum status rtp_read(struct span packet, struct rtp_packet *out_packet)
{
    struct reader r = reader_of(packet);
    uint8_t first = reader_u8(&r);
    uint8_t second = reader_u8(&r);
    struct rtp_packet p = {
        .marker = (second & 0x80u) != 0,
        .payload_type = second & 0x7Fu,
        .sequence = reader_u16(&r),
        .timestamp = 0,
        .csrc_count = first & 0x0Fu,
        .has_extension = (first & 0x10u) != 0,
    };
    p.timestamp = reader_u32(&r);
    p.ssrc = reader_u32(&r);
    if (!reader_ok(&r)) {
        return STATUS_TRUNCATED;
    }
    if (first >> 6 != 2) {
        return STATUS_MALFORMED;
    }
    p.csrcs = reader_span(&r, (size_t)4 * p.csrc_count);
    if (p.has_extension) {
        p.profile = reader_u16(&r);
        uint16_t words = reader_u16(&r);
        p.extension = reader_span(&r, (size_t)4 * words);
    }
    if (!reader_ok(&r)) {
        return STATUS_TRUNCATED;
    }
    p.header_len = r.at;
    p.payload = reader_rest(&r);
    if ((first & 0x20u) != 0 && !take_padding(&p, p.payload)) {
        return STATUS_MALFORMED;
    }
    *out_packet = p;
    return STATUS_OK;
}

/* Where the next element stands. False at the end or at a broken length. */
struct element {
    size_t at;       /* of its head, within the extension data */
    size_t head_len; /* 1 or 2 */
    uint8_t id;
    size_t len;
};

static bool element_next(struct span data, uint16_t profile, size_t at, struct element *out)
{
    bool one = is_one_byte(profile);
    if (!one && !is_two_byte(profile)) {
        return false;
    }
    while (at < data.len && data.data[at] == 0) {
        at++; /* RFC 8285 §4.1.1: padding */
    }
    size_t left = data.len - at;
    if (left == 0) {
        return false;
    }
    struct element e = {.at = at, .head_len = one ? 1 : 2};
    uint8_t head = data.data[at];
    if (one) {
        e.id = head >> 4;
        e.len = (size_t)(head & 0x0Fu) + 1;
        if (e.id == 0 || e.id > ONE_BYTE_ID_MAX) {
            return false; /* §4.2: id 15, and id 0 with a length, end the processing */
        }
    } else {
        e.id = head;
        e.len = left >= 2 ? data.data[at + 1] : data.len;
    }
    if (left < e.head_len || e.len > left - e.head_len) {
        return false;
    }
    *out = e;
    return true;
}

bool rtp_extension_next(const struct rtp_packet *packet, struct rtp_extension_item *item)
{
    struct element e;
    if (!packet->has_extension || !element_next(packet->extension, packet->profile, item->at, &e)) {
        return false;
    }
    item->id = e.id;
    item->value = span_of(packet->extension.data + e.at + e.head_len, e.len);
    item->at = e.at + e.head_len + e.len;
    return true;
}

bool rtp_extension_find(const struct rtp_packet *packet, uint8_t id, struct span *out_value)
{
    struct rtp_extension_item item = {0};
    while (rtp_extension_next(packet, &item)) {
        if (item.id == id) {
            *out_value = item.value;
            return true;
        }
    }
    return false;
}

void rtp_set_marker(uint8_t *packet, bool marker)
{
    packet[1] = (uint8_t)((packet[1] & 0x7Fu) | (marker ? 0x80u : 0u));
}

void rtp_set_payload_type(uint8_t *packet, uint8_t payload_type)
{
    CHECK(payload_type <= 127);
    packet[1] = (uint8_t)((packet[1] & 0x80u) | payload_type);
}

static void put(uint8_t *packet, size_t at, uint32_t value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        packet[at + i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    }
}

void rtp_set_sequence(uint8_t *packet, uint16_t sequence)
{
    put(packet, 2, sequence, 2);
}

void rtp_set_timestamp(uint8_t *packet, uint32_t timestamp)
{
    put(packet, 4, timestamp, 4);
}

void rtp_set_ssrc(uint8_t *packet, uint32_t ssrc)
{
    put(packet, 8, ssrc, 4);
}

void rtp_extension_remap(uint8_t *packet, size_t len, const uint8_t map[256])
{
    struct rtp_packet p;
    enum status status = rtp_read(span_of(packet, len), &p);
    CHECK(status == STATUS_OK);
    uint8_t *data = packet + RTP_HEADER_LEN + p.csrcs.len + EXTENSION_HEAD_LEN;
    struct element e;
    size_t at = 0;
    while (p.has_extension && element_next(p.extension, p.profile, at, &e)) {
        uint8_t id = map[e.id];
        bool one = is_one_byte(p.profile);
        if (id == 0 || (one && id > ONE_BYTE_ID_MAX)) {
            memset(data + e.at, 0, e.head_len + e.len);
        } else if (one) {
            data[e.at] = (uint8_t)((unsigned)(id << 4) | (data[e.at] & 0x0Fu));
        } else {
            data[e.at] = id;
        }
        at = e.at + e.head_len + e.len;
    }
}

bool rtp_extension_set(uint8_t *packet, size_t len, uint8_t id, struct span value)
{
    struct rtp_packet p;
    struct span old;
    enum status status = rtp_read(span_of(packet, len), &p);
    CHECK(status == STATUS_OK);
    if (!rtp_extension_find(&p, id, &old) || old.len != value.len) {
        return false;
    }
    if (value.len > 0) {
        memcpy(packet + (size_t)(old.data - packet), value.data, value.len);
    }
    return true;
}

static bool fits_one_byte(const struct rtp_header_out *header)
{
    for (unsigned i = 0; i < header->extension_count; i++) {
        const struct rtp_extension_out *e = &header->extensions[i];
        if (e->id > ONE_BYTE_ID_MAX || e->value.len == 0 || e->value.len > ONE_BYTE_LEN_MAX) {
            return false;
        }
    }
    return true;
}

static void write_extensions(struct writer *w, const struct rtp_header_out *header)
{
    bool one = fits_one_byte(header);
    writer_u16(w, one ? RTP_PROFILE_ONE_BYTE : RTP_PROFILE_TWO_BYTE);
    size_t length_at = w->at;
    writer_u16(w, 0);
    size_t begin = w->at;
    for (unsigned i = 0; i < header->extension_count; i++) {
        const struct rtp_extension_out *e = &header->extensions[i];
        CHECK(e->id >= 1 && e->value.len <= 255);
        if (one) {
            writer_u8(w, (uint8_t)((unsigned)(e->id << 4) | (unsigned)(e->value.len - 1)));
        } else {
            writer_u8(w, e->id);
            writer_u8(w, (uint8_t)e->value.len);
        }
        writer_bytes(w, e->value);
    }
    while (writer_ok(w) && (w->at - begin) % 4 != 0) {
        writer_u8(w, 0);
    }
    if (writer_ok(w)) {
        writer_patch_u16(w, length_at, (uint16_t)((w->at - begin) / 4));
    }
}

void rtp_write_header(struct writer *w, const struct rtp_header_out *header)
{
    CHECK(header->payload_type <= 127 && header->extension_count <= RTP_EXTENSIONS_MAX);
    writer_u8(w, (uint8_t)(0x80u | (header->extension_count > 0 ? 0x10u : 0u)));
    writer_u8(w, (uint8_t)((header->marker ? 0x80u : 0u) | header->payload_type));
    writer_u16(w, header->sequence);
    writer_u32(w, header->timestamp);
    writer_u32(w, header->ssrc);
    if (header->extension_count > 0) {
        write_extensions(w, header);
    }
}

enum status rtp_rtx_unwrap(uint8_t *packet, size_t len, uint32_t original_ssrc,
                           uint8_t original_payload_type, size_t *out_len)
{
    struct rtp_packet p;
    enum status status = rtp_read(span_of(packet, len), &p);
    if (status != STATUS_OK) {
        return status;
    }
    if (p.payload.len == 0) {
        return STATUS_NONE;
    }
    if (p.payload.len < 2) {
        return STATUS_TRUNCATED; /* RFC 4588 §4: two octets of original sequence number come first
                                  */
    }
    uint8_t *payload = packet + p.header_len;
    uint16_t sequence = (uint16_t)(payload[0] << 8 | payload[1]);
    size_t payload_len = p.payload.len - 2;
    memmove(payload, payload + 2, payload_len);
    packet[0] = (uint8_t)(packet[0] & ~0x20u);
    rtp_set_sequence(packet, sequence);
    rtp_set_ssrc(packet, original_ssrc);
    rtp_set_payload_type(packet, original_payload_type);
    *out_len = p.header_len + payload_len;
    return STATUS_OK;
}

enum status rtp_rtx_wrap(struct span original, uint32_t rtx_ssrc, uint8_t rtx_payload_type,
                         uint16_t rtx_sequence, struct writer *w)
{
    struct rtp_packet p;
    enum status status = rtp_read(original, &p);
    if (status != STATUS_OK) {
        return status;
    }
    if (writer_left(w) < p.header_len + 2 + p.payload.len) {
        return STATUS_TOO_LARGE;
    }
    uint8_t *packet = w->data + w->at;
    writer_bytes(w, span_of(original.data, p.header_len));
    packet[0] = (uint8_t)(packet[0] & ~0x20u);
    rtp_set_payload_type(packet, rtx_payload_type);
    rtp_set_sequence(packet, rtx_sequence);
    rtp_set_ssrc(packet, rtx_ssrc);
    writer_u16(w, p.sequence);
    writer_bytes(w, p.payload);
    return STATUS_OK;
}
