#include "proto/stun/stun.h"

#include "proto/base/check.h"

#define ATTRIBUTE_HEAD_LEN 4u
#define FINGERPRINT_XOR 0x5354554Eu /* RFC 8489 §14.7 */
#define FAMILY_V4 1u
#define FAMILY_V6 2u

uint32_t stun_crc32(struct span input)
{
    /* Reflected polynomial 0xEDB88320, four bits at a time. */
    static const uint32_t table[16] = {
        0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
        0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
        0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
    };
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < input.len; i++) {
        crc ^= input.data[i];
        crc = table[crc & 15u] ^ (crc >> 4);
        crc = table[crc & 15u] ^ (crc >> 4);
    }
    return crc ^ 0xFFFFFFFFu;
}

/* Class and method are interleaved: M11..M7 C1 M6..M4 C0 M3..M0 (RFC 8489 §5). */
static enum stun_class class_of(uint16_t type)
{
    return (enum stun_class)(((type >> 7) & 2u) | ((type >> 4) & 1u));
}

static uint16_t method_of(uint16_t type)
{
    return (uint16_t)((type & 0x000Fu) | ((type & 0x00E0u) >> 1) | ((type & 0x3E00u) >> 2));
}

static uint16_t type_of(enum stun_class class_, uint16_t method)
{
    unsigned c = (unsigned)class_;
    return (uint16_t)((method & 0x000Fu) | ((method & 0x0070u) << 1) | ((method & 0x0F80u) << 2) |
                      ((c & 2u) << 7) | ((c & 1u) << 4));
}

bool stun_attribute_next(struct reader *r, size_t base, struct stun_attribute_item *out_item)
{
    if (reader_left(r) == 0) {
        return false;
    }
    size_t at = base + r->at;
    uint16_t type = reader_u16(r);
    uint16_t len = reader_u16(r);
    struct span value = reader_span(r, len);
    reader_skip(r, (4u - len % 4u) % 4u); /* §14: padded to 4, value of padding is ignored */
    if (!reader_ok(r)) {
        return false;
    }
    *out_item = (struct stun_attribute_item){.type = type, .value = value, .at = at};
    return true;
}

/* RFC 8489 §14.2: port and address are XORed with the cookie and, for IPv6, the transaction. */
static void xor_address(const uint8_t transaction[STUN_TRANSACTION_LEN],
                        struct stun_address *address)
{
    static const uint8_t cookie[4] = {0x21, 0x12, 0xA4, 0x42};
    address->port = (uint16_t)(address->port ^ (STUN_MAGIC_COOKIE >> 16));
    size_t len = address->v6 ? 16 : 4;
    for (size_t i = 0; i < len; i++) {
        address->bytes[i] ^= i < 4 ? cookie[i] : transaction[i - 4];
    }
}

static bool read_mapped(struct span value, struct stun_message *m)
{
    struct reader r = reader_of(value);
    reader_skip(&r, 1);
    uint8_t family = reader_u8(&r);
    struct stun_address address = {.v6 = family == FAMILY_V6, .port = reader_u16(&r)};
    struct span bytes = reader_rest(&r);
    if (!reader_done(&r) || (family != FAMILY_V4 && family != FAMILY_V6) ||
        bytes.len != (address.v6 ? 16u : 4u)) {
        return false;
    }
    memcpy(address.bytes, bytes.data, bytes.len);
    xor_address(m->transaction, &address);
    m->mapped = address;
    m->has_mapped = true;
    return true;
}

static bool read_error_code(struct span value, struct stun_message *m)
{
    struct reader r = reader_of(value);
    reader_skip(&r, 2);
    unsigned hundreds = reader_u8(&r) & 7u;
    unsigned number = reader_u8(&r);
    if (!reader_ok(&r) || hundreds < 3 || hundreds > 6 || number > 99) {
        return false;
    }
    m->error_code = (uint16_t)(hundreds * 100 + number);
    return true;
}

static bool read_tie_breaker(struct span value, bool *flag, struct stun_message *m)
{
    struct reader r = reader_of(value);
    uint64_t tie_breaker = reader_u64(&r);
    if (!reader_done(&r)) {
        return false;
    }
    *flag = true;
    m->tie_breaker = tie_breaker;
    return true;
}

static bool read_priority(struct span value, struct stun_message *m)
{
    struct reader r = reader_of(value);
    m->priority = reader_u32(&r);
    m->has_priority = true;
    return reader_done(&r);
}

static bool read_username(struct span value, struct stun_message *m)
{
    m->username = value;
    return value.len > 0 && value.len <= STUN_USERNAME_MAX;
}

static void note_unknown(uint16_t type, struct stun_message *m)
{
    if (type < 0x8000u &&
        m->unknown_count < STUN_UNKNOWN_MAX) { /* §14: 0x0000-0x7FFF must be understood */
        m->unknown[m->unknown_count++] = type;
    }
}

/* One attribute in front of MESSAGE-INTEGRITY. §14: of a repeated attribute only the first counts.
 */
static bool take_attribute(const struct stun_attribute_item *item, struct stun_message *m)
{
    switch (item->type) {
    case STUN_USERNAME:
        return m->username.len > 0 || read_username(item->value, m);
    case STUN_PRIORITY:
        return m->has_priority || read_priority(item->value, m);
    case STUN_USE_CANDIDATE:
        m->use_candidate = true;
        return item->value.len == 0;
    case STUN_ICE_CONTROLLED:
        return m->has_controlled || read_tie_breaker(item->value, &m->has_controlled, m);
    case STUN_ICE_CONTROLLING:
        return m->has_controlling || read_tie_breaker(item->value, &m->has_controlling, m);
    case STUN_XOR_MAPPED_ADDRESS:
        return m->has_mapped || read_mapped(item->value, m);
    case STUN_ERROR_CODE:
        return m->error_code != 0 || read_error_code(item->value, m);
    case STUN_MESSAGE_INTEGRITY:
        m->integrity_at = item->at;
        m->integrity = item->value;
        return item->value.len == STUN_HMAC_SHA1_LEN;
    case STUN_MAPPED_ADDRESS:
    case STUN_UNKNOWN_ATTRIBUTES:
    case STUN_REALM:
    case STUN_NONCE:
        return true;
    default:
        note_unknown(item->type, m);
        return true;
    }
}

/* §14.7: over the message up to the attribute, XORed, and nothing may follow it. */
static bool fingerprint_right(const struct stun_attribute_item *item, struct span datagram)
{
    struct reader r = reader_of(item->value);
    uint32_t value = reader_u32(&r);
    return reader_done(&r) && item->at + ATTRIBUTE_HEAD_LEN + 4 == datagram.len &&
           value == (stun_crc32(span_of(datagram.data, item->at)) ^ FINGERPRINT_XOR);
}

static enum status read_attributes(struct reader *r, struct stun_message *m)
{
    struct stun_attribute_item item;
    unsigned count = 0;
    while (stun_attribute_next(r, STUN_HEADER_LEN, &item)) {
        if (++count > STUN_ATTRIBUTES_MAX) {
            return STATUS_TOO_LARGE;
        }
        if (item.type == STUN_FINGERPRINT) {
            if (!fingerprint_right(&item, m->datagram)) {
                return STATUS_MALFORMED;
            }
            m->has_fingerprint = true;
        } else if (m->integrity_at == 0 && !take_attribute(&item, m)) {
            return STATUS_MALFORMED; /* §14.5: what follows MESSAGE-INTEGRITY is ignored */
        }
    }
    return reader_done(r) ? STATUS_OK : STATUS_MALFORMED;
}

enum status stun_read(struct span datagram, struct stun_message *out_message)
{
    struct reader r = reader_of(datagram);
    uint16_t type = reader_u16(&r);
    uint16_t len = reader_u16(&r);
    uint32_t cookie = reader_u32(&r);
    struct span transaction = reader_span(&r, STUN_TRANSACTION_LEN);
    if (!reader_ok(&r)) {
        return STATUS_TRUNCATED;
    }
    /* §6.3: first two bits zero, right cookie, length a multiple of 4 that ends with the datagram.
     */
    if ((type & 0xC000u) != 0 || cookie != STUN_MAGIC_COOKIE || len % 4 != 0) {
        return STATUS_MALFORMED;
    }
    if (len > reader_left(&r)) {
        return STATUS_TRUNCATED;
    }
    if (len < reader_left(&r)) {
        return STATUS_MALFORMED;
    }
    struct stun_message m = {
        .class_ = class_of(type), .method = method_of(type), .datagram = datagram};
    memcpy(m.transaction, transaction.data, STUN_TRANSACTION_LEN);
    struct reader attributes = reader_sub(&r, len);
    enum status status = read_attributes(&attributes, &m);
    if (status == STATUS_OK) {
        *out_message = m;
    }
    return status;
}

bool stun_integrity_input(const struct stun_message *message, uint8_t out_head[STUN_HEADER_LEN],
                          struct span *out_body)
{
    if (message->integrity_at == 0) {
        return false;
    }
    CHECK(message->integrity_at >= STUN_HEADER_LEN &&
          message->integrity_at < message->datagram.len);
    memcpy(out_head, message->datagram.data, STUN_HEADER_LEN);
    /* §14.5: the length field counts up to and with MESSAGE-INTEGRITY, whatever follows. */
    size_t len = message->integrity_at + ATTRIBUTE_HEAD_LEN + STUN_HMAC_SHA1_LEN - STUN_HEADER_LEN;
    out_head[2] = (uint8_t)(len >> 8);
    out_head[3] = (uint8_t)len;
    *out_body =
        span_of(message->datagram.data + STUN_HEADER_LEN, message->integrity_at - STUN_HEADER_LEN);
    return true;
}

enum status stun_integrity_check(const struct stun_message *message, stun_hmac_fn hmac,
                                 void *context)
{
    uint8_t head[STUN_HEADER_LEN];
    uint8_t mac[STUN_HMAC_SHA1_LEN];
    struct span body;
    if (!stun_integrity_input(message, head, &body)) {
        return STATUS_NONE;
    }
    hmac(context, span_of(head, sizeof(head)), body, mac);
    unsigned difference = 0;
    for (size_t i = 0; i < sizeof(mac); i++) {
        difference |= (unsigned)(mac[i] ^ message->integrity.data[i]);
    }
    return difference == 0 ? STATUS_OK : STATUS_UNAUTHENTIC;
}

bool stun_username_split(struct span username, struct span *out_local_ufrag,
                         struct span *out_remote_ufrag)
{
    for (size_t i = 0; i < username.len; i++) {
        if (username.data[i] == ':') {
            if (i == 0 || i + 1 == username.len) {
                return false;
            }
            *out_local_ufrag = span_of(username.data, i);
            *out_remote_ufrag = span_of(username.data + i + 1, username.len - i - 1);
            return true;
        }
    }
    return false;
}

void stun_begin(struct writer *w, enum stun_class class_, uint16_t method,
                const uint8_t transaction[STUN_TRANSACTION_LEN])
{
    CHECK(w->at == 0 && method <= 0xFFFu);
    writer_u16(w, type_of(class_, method));
    writer_u16(w, 0);
    writer_u32(w, STUN_MAGIC_COOKIE);
    writer_bytes(w, span_of(transaction, STUN_TRANSACTION_LEN));
}

static void patch_length(struct writer *w)
{
    if (writer_ok(w)) {
        writer_patch_u16(w, 2, (uint16_t)(w->at - STUN_HEADER_LEN));
    }
}

void stun_add(struct writer *w, uint16_t type, struct span value)
{
    CHECK(value.len <= UINT16_MAX);
    writer_u16(w, type);
    writer_u16(w, (uint16_t)value.len);
    writer_bytes(w, value);
    for (size_t i = value.len; i % 4 != 0; i++) {
        writer_u8(w, 0);
    }
    patch_length(w);
}

void stun_add_u32(struct writer *w, uint16_t type, uint32_t value)
{
    writer_u16(w, type);
    writer_u16(w, 4);
    writer_u32(w, value);
    patch_length(w);
}

void stun_add_u64(struct writer *w, uint16_t type, uint64_t value)
{
    writer_u16(w, type);
    writer_u16(w, 8);
    writer_u64(w, value);
    patch_length(w);
}

void stun_add_xor_address(struct writer *w, uint16_t type, const struct stun_address *address)
{
    if (!writer_ok(w)) {
        return;
    }
    struct stun_address hidden = *address;
    xor_address(w->data + 8, &hidden);
    size_t len = address->v6 ? 16 : 4;
    writer_u16(w, type);
    writer_u16(w, (uint16_t)(4 + len));
    writer_u8(w, 0);
    writer_u8(w, address->v6 ? FAMILY_V6 : FAMILY_V4);
    writer_u16(w, hidden.port);
    writer_bytes(w, span_of(hidden.bytes, len));
    patch_length(w);
}

static const char *phrase_of(uint16_t code)
{
    switch (code) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthenticated";
    case 420:
        return "Unknown Attribute";
    case 487:
        return "Role Conflict";
    case 500:
        return "Server Error";
    default:
        return "Error";
    }
}

void stun_add_error(struct writer *w, uint16_t code)
{
    CHECK(code >= 300 && code <= 699);
    uint8_t value[32] = {0, 0, (uint8_t)(code / 100), (uint8_t)(code % 100)};
    const char *phrase = phrase_of(code);
    size_t len = strlen(phrase);
    CHECK(len <= sizeof(value) - 4);
    memcpy(value + 4, phrase, len);
    stun_add(w, STUN_ERROR_CODE, span_of(value, 4 + len));
}

void stun_add_unknown(struct writer *w, const uint16_t *types, unsigned count)
{
    CHECK(count <= STUN_UNKNOWN_MAX);
    uint8_t value[2 * STUN_UNKNOWN_MAX];
    for (unsigned i = 0; i < count; i++) {
        value[2 * i] = (uint8_t)(types[i] >> 8);
        value[2 * i + 1] = (uint8_t)types[i];
    }
    stun_add(w, STUN_UNKNOWN_ATTRIBUTES, span_of(value, (size_t)2 * count));
}

void stun_add_integrity(struct writer *w, stun_hmac_fn hmac, void *context)
{
    static const uint8_t empty[STUN_HMAC_SHA1_LEN] = {0};
    size_t at = w->at;
    stun_add(w, STUN_MESSAGE_INTEGRITY, span_of(empty, sizeof(empty)));
    if (!writer_ok(w)) {
        return;
    }
    uint8_t mac[STUN_HMAC_SHA1_LEN];
    hmac(context, span_of(w->data, STUN_HEADER_LEN),
         span_of(w->data + STUN_HEADER_LEN, at - STUN_HEADER_LEN), mac);
    memcpy(w->data + at + ATTRIBUTE_HEAD_LEN, mac, sizeof(mac));
}

void stun_add_fingerprint(struct writer *w)
{
    size_t at = w->at;
    stun_add_u32(w, STUN_FINGERPRINT, 0);
    if (!writer_ok(w)) {
        return;
    }
    /* The length field already counts FINGERPRINT, as §14.7 demands. */
    uint32_t crc = stun_crc32(span_of(w->data, at)) ^ FINGERPRINT_XOR;
    struct writer patch = writer_of(w->data + at + ATTRIBUTE_HEAD_LEN, 4);
    writer_u32(&patch, crc);
}

void stun_write_success(struct writer *w, const struct stun_message *request,
                        const struct stun_address *mapped, stun_hmac_fn hmac, void *context)
{
    stun_begin(w, STUN_SUCCESS, request->method, request->transaction);
    stun_add_xor_address(w, STUN_XOR_MAPPED_ADDRESS, mapped);
    if (hmac != NULL) {
        stun_add_integrity(w, hmac, context);
    }
    stun_add_fingerprint(w);
}

void stun_write_error(struct writer *w, const struct stun_message *request, uint16_t code,
                      stun_hmac_fn hmac, void *context)
{
    stun_begin(w, STUN_ERROR, request->method, request->transaction);
    stun_add_error(w, code);
    if (code == 420) { /* RFC 8489 §6.3.1 */
        stun_add_unknown(w, request->unknown, request->unknown_count);
    }
    if (hmac != NULL) {
        stun_add_integrity(w, hmac, context);
    }
    stun_add_fingerprint(w);
}
