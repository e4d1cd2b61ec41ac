#include "proto/sdp/sdp.h"

#include "proto/base/check.h"
#include "proto/sdp/attribute.h"

/* Order of lines in the session part behind v o s, and in an m-section (RFC 8866 §5); t and r may
 * take turns. */
#define SESSION_ORDER "iuepcbtzka"
#define MEDIA_ORDER "icbka"

struct lines {
    struct span input;
    size_t at;
    size_t line_at; /* offset of the present line */
    unsigned count;
    uint8_t type; /* letter before '=' */
    struct span value;
    const char *reason;
};

/* STATUS_NONE at the end of the input. */
static enum status next_line(struct lines *l)
{
    if (l->at == l->input.len) {
        return STATUS_NONE;
    }
    l->line_at = l->at;
    if (++l->count > SDP_LINES_MAX) {
        l->reason = "too many lines";
        return STATUS_TOO_LARGE;
    }
    const uint8_t *begin = l->input.data + l->at;
    size_t left = l->input.len - l->at;
    const uint8_t *end = memchr(begin, '\n', left);
    if (end == NULL) {
        l->reason = "last line has no end";
        return STATUS_MALFORMED;
    }
    size_t len = (size_t)(end - begin);
    l->at += len + 1;
    len -= len > 0 && begin[len - 1] == '\r' ? 1u : 0u;
    if (len > SDP_LINE_MAX) {
        l->reason = "line is too long";
        return STATUS_TOO_LARGE;
    }
    if (len < 2 || begin[0] < 'a' || begin[0] > 'z' || begin[1] != '=') {
        l->reason = "line is not letter=value";
        return STATUS_MALFORMED;
    }
    for (size_t i = 2; i < len; i++) {
        if (begin[i] < 0x20 &&
            begin[i] !=
                '\t') { /* RFC 8866 §9: no NUL, CR, LF in byte-string; nor any other control */
            l->reason = "control character in line";
            return STATUS_MALFORMED;
        }
    }
    l->type = begin[0];
    l->value = span_of(begin + 2, len - 2);
    return STATUS_OK;
}

static enum status fail(struct sdp_context *c, const char *reason)
{
    c->reason = reason;
    return STATUS_MALFORMED;
}

/* o=<user> <session id> <version> IN <address type> <address> (RFC 8866 §5.2) */
static enum status read_origin(struct sdp_context *c, struct span value)
{
    struct span user = sdp_word(&value);
    struct span id = sdp_word(&value);
    struct span version = sdp_word(&value);
    struct span net = sdp_word(&value);
    struct span type = sdp_word(&value);
    struct span address = sdp_word(&value);
    bool ok = user.len > 0 && span_decimal(id, &c->sdp->session_id) &&
              span_decimal(version, &c->sdp->session_version) && span_is(net, "IN") &&
              (span_is(type, "IP4") || span_is(type, "IP6")) && address.len > 0 && value.len == 0;
    return ok ? STATUS_OK : fail(c, "o= has not its six fields");
}

static enum status read_formats(struct sdp_context *c, struct sdp_media *m, struct span rest)
{
    while (rest.len > 0) {
        uint64_t payload_type;
        if (!span_decimal(sdp_word(&rest), &payload_type) || payload_type > 127) {
            return fail(c, "m=: payload type is not 0..127");
        }
        if (sdp_format_mutable(m, payload_type) != NULL) {
            return fail(c, "m=: payload type is named twice");
        }
        if (m->format_count == SDP_FORMATS_MAX) {
            c->reason = "too many formats in m=";
            return STATUS_TOO_LARGE;
        }
        m->formats[m->format_count++] = (struct sdp_format){.payload_type = (uint8_t)payload_type};
    }
    return STATUS_OK;
}

static bool holds(struct span text, const char *what)
{
    size_t n = strlen(what);
    for (size_t i = 0; n <= text.len && i <= text.len - n; i++) {
        if (memcmp(text.data + i, what, n) == 0) {
            return true;
        }
    }
    return false;
}

static enum sdp_kind kind_of(struct span text)
{
    return span_is(text, "audio")         ? SDP_AUDIO
           : span_is(text, "video")       ? SDP_VIDEO
           : span_is(text, "application") ? SDP_APPLICATION
                                          : SDP_OTHER;
}

/* m=<kind> <port> <protocol> <formats> (RFC 8866 §5.14) */
static enum status read_media(struct sdp_context *c, struct span value)
{
    if (c->sdp->media_count == SDP_MEDIA_MAX) {
        c->reason = "too many m-sections";
        return STATUS_TOO_LARGE;
    }
    struct sdp_media *m = &c->sdp->media[c->sdp->media_count];
    memset(m, 0, sizeof(*m));
    uint64_t port;
    m->kind_text = sdp_word(&value);
    struct span port_text = sdp_word(&value);
    m->protocol = sdp_word(&value);
    if (m->kind_text.len == 0 || !span_decimal(port_text, &port) || port > 65535 ||
        m->protocol.len == 0 || value.len == 0) {
        return fail(c, "m= is not kind, port, protocol, formats");
    }
    m->kind = kind_of(m->kind_text);
    m->port = (uint16_t)port;
    m->direction = c->direction;
    c->media = m;
    c->feedback_all = 0;
    c->sdp->media_count++;
    if (holds(m->protocol, "RTP/")) {
        return read_formats(c, m, value);
    }
    m->other_formats = value;
    return STATUS_OK;
}

static void end_media(struct sdp_context *c)
{
    for (unsigned i = 0; c->media != NULL && i < c->media->format_count; i++) {
        c->media->formats[i].feedback |= c->feedback_all;
    }
}

static enum status read_bandwidth(struct sdp_context *c, struct span value)
{
    uint64_t kbps;
    if (c->media == NULL || value.len < 3 || memcmp(value.data, "AS:", 3) != 0) {
        return STATUS_OK;
    }
    if (!span_decimal(span_of(value.data + 3, value.len - 3), &kbps) || kbps > UINT32_MAX) {
        return fail(c, "b=AS is not a number");
    }
    c->media->bandwidth_kbps = (uint32_t)kbps;
    return STATUS_OK;
}

/* Place of the letter in the order; -1: not allowed here. r stands where t does. */
static int rank_of(uint8_t type, const char *order)
{
    if (type == 'r' && strchr(order, 't') != NULL) {
        type = 't';
    }
    const char *found = strchr(order, type);
    return found == NULL ? -1 : (int)(found - order);
}

static enum status read_line(struct sdp_context *c, const struct lines *l, int *rank)
{
    if (l->type == 'm') {
        end_media(c);
        *rank = 0;
        return read_media(c, l->value);
    }
    int here = rank_of(l->type, c->media == NULL ? SESSION_ORDER : MEDIA_ORDER);
    if (here < 0) {
        return fail(c, "line of this type is not allowed here");
    }
    if (here < *rank) {
        return fail(c, "line is out of order");
    }
    *rank = here;
    switch (l->type) {
    case 'a':
        return sdp_attribute_read(c, l->value);
    case 'b':
        return read_bandwidth(c, l->value);
    default:
        return STATUS_OK;
    }
}

/* v=0, o=, s= in this order (RFC 8866 §5). */
static enum status read_start(struct sdp_context *c, struct lines *l)
{
    static const char letters[] = {'v', 'o', 's'};
    for (size_t i = 0; i < sizeof(letters); i++) {
        enum status status = next_line(l);
        if (status != STATUS_OK) {
            c->reason = status == STATUS_NONE ? "ends before v=, o= and s=" : l->reason;
            return status == STATUS_NONE ? STATUS_MALFORMED : status;
        }
        if (l->type != letters[i]) {
            return fail(c, "does not begin with v=, o=, s=");
        }
        if (i == 0 && !span_is(l->value, "0")) {
            return fail(c, "v= is not 0");
        }
        if (i == 1) {
            status = read_origin(c, l->value);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* Session values hold where an m-section has none (RFC 8866 §5.13, RFC 8839 §5.4, RFC 8842 §5.1).
 */
static void inherit(struct sdp *sdp)
{
    const struct sdp_transport *s = &sdp->transport;
    for (unsigned i = 0; i < sdp->media_count; i++) {
        struct sdp_media *m = &sdp->media[i];
        struct sdp_transport *t = &m->transport;
        t->ice_ufrag = t->ice_ufrag.len > 0 ? t->ice_ufrag : s->ice_ufrag;
        t->ice_pwd = t->ice_pwd.len > 0 ? t->ice_pwd : s->ice_pwd;
        t->ice_trickle |= s->ice_trickle;
        t->ice_renomination |= s->ice_renomination;
        t->setup = t->setup != SDP_SETUP_NONE ? t->setup : s->setup;
        if (t->fingerprint_count == 0) {
            t->fingerprint_count = s->fingerprint_count;
            memcpy(t->fingerprints, s->fingerprints, sizeof(t->fingerprints));
        }
        m->extmap_allow_mixed |= sdp->extmap_allow_mixed;
    }
}

static enum status check_bundle(struct sdp_context *c)
{
    for (unsigned i = 0; i < c->sdp->bundle_count; i++) {
        bool found = false;
        for (unsigned k = 0; k < c->sdp->media_count; k++) {
            found = found || span_equal(c->sdp->bundle[i], c->sdp->media[k].mid);
        }
        if (!found) {
            return fail(c, "group names a mid that no m-section has"); /* RFC 5888 §9.1 */
        }
    }
    return STATUS_OK;
}

static enum status read_all(struct sdp_context *c, struct lines *l)
{
    enum status status = read_start(c, l);
    int rank = 0;
    bool has_time = false;
    while (status == STATUS_OK) {
        status = next_line(l);
        if (status == STATUS_NONE) {
            break;
        }
        if (status != STATUS_OK) {
            c->reason = l->reason;
            return status;
        }
        has_time = has_time || l->type == 't';
        if (l->type == 'm' && !has_time) {
            return fail(c, "t= is missing");
        }
        status = read_line(c, l, &rank);
    }
    if (status != STATUS_NONE) {
        return status;
    }
    if (!has_time) {
        return fail(c, "t= is missing");
    }
    end_media(c);
    inherit(c->sdp);
    return check_bundle(c);
}

enum status sdp_read(struct span input, struct sdp *out_sdp, struct sdp_error *out_error)
{
    struct sdp_context c = {.sdp = out_sdp, .direction = SDP_SENDRECV};
    struct lines l = {.input = input};
    enum status status = STATUS_TOO_LARGE;
    memset(out_sdp, 0,
           offsetof(struct sdp, media)); /* m-sections are cleared one by one as they appear */
    if (input.len > SDP_LEN_MAX) {
        c.reason = "description is too long";
    } else {
        status = read_all(&c, &l);
    }
    if (status != STATUS_OK && out_error != NULL) {
        CHECK(c.reason != NULL);
        *out_error = (struct sdp_error){.offset = l.line_at, .reason = c.reason};
    }
    return status;
}

const struct sdp_format *sdp_format_find(const struct sdp_media *media, uint8_t payload_type)
{
    for (unsigned i = 0; i < media->format_count; i++) {
        if (media->formats[i].payload_type == payload_type) {
            return &media->formats[i];
        }
    }
    return NULL;
}

const struct sdp_format *sdp_rtx_find(const struct sdp_media *media, uint8_t payload_type)
{
    for (unsigned i = 0; i < media->format_count; i++) {
        const struct sdp_format *f = &media->formats[i];
        struct span apt;
        uint64_t value;
        if (span_equal_nocase(f->codec, span_text("rtx")) && sdp_fmtp_get(f->fmtp, "apt", &apt) &&
            span_decimal(apt, &value) && value == payload_type) {
            return f;
        }
    }
    return NULL;
}

const struct sdp_extmap *sdp_extmap_find(const struct sdp_media *media, const char *uri)
{
    for (unsigned i = 0; i < media->extmap_count; i++) {
        if (span_is(media->extmaps[i].uri, uri)) {
            return &media->extmaps[i];
        }
    }
    return NULL;
}

static struct span trim(struct span text)
{
    while (text.len > 0 && text.data[0] == ' ') {
        text = span_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && text.data[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

bool sdp_fmtp_get(struct span fmtp, const char *key, struct span *out_value)
{
    size_t at = 0;
    while (at < fmtp.len) {
        size_t end = at;
        size_t equals = SIZE_MAX;
        while (end < fmtp.len && fmtp.data[end] != ';') {
            equals = fmtp.data[end] == '=' && equals == SIZE_MAX ? end : equals;
            end++;
        }
        if (equals != SIZE_MAX &&
            span_equal_nocase(trim(span_of(fmtp.data + at, equals - at)), span_text(key))) {
            *out_value = trim(span_of(fmtp.data + equals + 1, end - equals - 1));
            return true;
        }
        at = end + 1;
    }
    return false;
}

enum sdp_direction sdp_direction_answer(enum sdp_direction offered, enum sdp_direction ours)
{
    bool they_send = offered == SDP_SENDRECV || offered == SDP_SENDONLY;
    bool they_receive = offered == SDP_SENDRECV || offered == SDP_RECVONLY;
    bool send = they_receive && (ours == SDP_SENDRECV || ours == SDP_SENDONLY);
    bool receive = they_send && (ours == SDP_SENDRECV || ours == SDP_RECVONLY);
    if (send) {
        return receive ? SDP_SENDRECV : SDP_SENDONLY;
    }
    return receive ? SDP_RECVONLY : SDP_INACTIVE;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t sdp_fingerprint_octets(struct span value, uint8_t *buffer, size_t buffer_len)
{
    if (value.len % 3 != 2 || value.len / 3 + 1 > buffer_len) {
        return 0;
    }
    size_t n = 0;
    for (size_t i = 0; i < value.len; i += 3) {
        int high = hex(value.data[i]);
        int low = hex(value.data[i + 1]);
        if (high < 0 || low < 0 || (i + 2 < value.len && value.data[i + 2] != ':')) {
            return 0;
        }
        buffer[n++] = (uint8_t)(high << 4 | low);
    }
    return n;
}
