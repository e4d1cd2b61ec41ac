#include "proto/sdp/attribute.h"

#include "proto/ice/candidate.h"

typedef enum status (*attribute_fn)(struct sdp_context *c, struct span value);

static enum status fail(struct sdp_context *c, const char *reason)
{
    c->reason = reason;
    return STATUS_MALFORMED;
}

static enum status too_many(struct sdp_context *c, const char *reason)
{
    c->reason = reason;
    return STATUS_TOO_LARGE;
}

struct span sdp_word(struct span *rest)
{
    size_t n = 0;
    while (n < rest->len && rest->data[n] != ' ') {
        n++;
    }
    struct span word = span_of(rest->data, n);
    while (n < rest->len && rest->data[n] == ' ') {
        n++;
    }
    *rest = span_of(rest->data + n, rest->len - n);
    return word;
}

/* Splits at the first `mark`; the second part is empty when there is none. */
static struct span cut(struct span *rest, uint8_t mark)
{
    size_t n = 0;
    while (n < rest->len && rest->data[n] != mark) {
        n++;
    }
    struct span first = span_of(rest->data, n);
    size_t used = n < rest->len ? n + 1 : n;
    *rest = span_of(rest->data + used, rest->len - used);
    return first;
}

static bool number(struct span text, uint64_t max, uint64_t *out_value)
{
    uint64_t value;
    if (!span_decimal(text, &value) || value > max) {
        return false;
    }
    *out_value = value;
    return true;
}

static struct sdp_transport *transport_of(struct sdp_context *c)
{
    return c->media != NULL ? &c->media->transport : &c->sdp->transport;
}

struct sdp_format *sdp_format_mutable(struct sdp_media *media, uint64_t payload_type)
{
    for (unsigned i = 0; i < media->format_count; i++) {
        if (media->formats[i].payload_type == payload_type) {
            return &media->formats[i];
        }
    }
    return NULL;
}

/* RFC 8866 §6.6: rtpmap:<payload type> <name>/<clock>[/<channels>] */
static enum status read_rtpmap(struct sdp_context *c, struct span value)
{
    uint64_t payload_type;
    uint64_t clock;
    uint64_t channels = 0;
    if (!number(sdp_word(&value), 127, &payload_type)) {
        return fail(c, "rtpmap: payload type is not 0..127");
    }
    struct span name = cut(&value, '/');
    struct span clock_text = cut(&value, '/');
    if (name.len == 0 || !number(clock_text, 1000000000u, &clock) || clock == 0) {
        return fail(c, "rtpmap: not name/clock");
    }
    if (value.len > 0 && (!number(value, 255, &channels) || channels == 0)) {
        return fail(c, "rtpmap: channels are not 1..255");
    }
    struct sdp_format *format = sdp_format_mutable(c->media, payload_type);
    if (format == NULL) {
        return STATUS_OK; /* names a format that the m= line does not offer */
    }
    if (format->codec.len > 0) {
        return fail(c, "rtpmap: payload type is mapped twice");
    }
    format->codec = name;
    format->clock_hz = (uint32_t)clock;
    format->channels = (uint8_t)channels;
    return STATUS_OK;
}

static enum status read_fmtp(struct sdp_context *c, struct span value)
{
    uint64_t payload_type;
    if (!number(sdp_word(&value), 127, &payload_type)) {
        return fail(c, "fmtp: payload type is not 0..127");
    }
    struct sdp_format *format = sdp_format_mutable(c->media, payload_type);
    if (format != NULL && format->fmtp.len == 0) {
        format->fmtp = value;
    }
    return STATUS_OK;
}

static uint8_t feedback_bit(struct span value)
{
    static const struct {
        const char *text;
        uint8_t bit;
    } names[] = {
        {"nack", SDP_FB_NACK},
        {"nack pli", SDP_FB_NACK_PLI},
        {"ccm fir", SDP_FB_CCM_FIR},
        {"goog-remb", SDP_FB_REMB},
        {"transport-cc", SDP_FB_TRANSPORT_CC},
        {"rrtr", SDP_FB_RRTR},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (span_is(value, names[i].text)) {
            return names[i].bit;
        }
    }
    return 0;
}

/* RFC 4585 §4.2: rtcp-fb:<payload type or *> <what>; unknown kinds are passed over. */
static enum status read_rtcp_fb(struct sdp_context *c, struct span value)
{
    uint64_t payload_type;
    struct span word = sdp_word(&value);
    uint8_t bit = feedback_bit(value);
    if (span_is(word, "*")) {
        c->feedback_all |= bit;
        return STATUS_OK;
    }
    if (!number(word, 127, &payload_type)) {
        return fail(c, "rtcp-fb: payload type is neither 0..127 nor *");
    }
    struct sdp_format *format = sdp_format_mutable(c->media, payload_type);
    if (format != NULL) {
        format->feedback |= bit;
    }
    return STATUS_OK;
}

static bool direction_of(struct span text, enum sdp_direction *out_direction)
{
    static const char *const names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
    for (unsigned i = 0; i < 4; i++) {
        if (span_is(text, names[i])) {
            *out_direction = (enum sdp_direction)i;
            return true;
        }
    }
    return false;
}

/* RFC 8285 §5: extmap:<id>[/<direction>] <uri> [attributes] */
static enum status read_extmap(struct sdp_context *c, struct span value)
{
    uint64_t id;
    struct span head = sdp_word(&value);
    struct span id_text = cut(&head, '/');
    struct sdp_extmap map = {.direction = SDP_SENDRECV, .uri = sdp_word(&value)};
    if (!number(id_text, 4351, &id) || id == 0 || map.uri.len == 0) {
        return fail(c, "extmap: not id and uri");
    }
    if (head.len > 0 && !direction_of(head, &map.direction)) {
        return fail(c, "extmap: unknown direction");
    }
    if (id > 255) {
        return STATUS_OK; /* §5: 4096..4351 only stand for "no id free yet"; we choose none of them
                           */
    }
    map.id = (uint8_t)id;
    struct sdp_media *m = c->media;
    for (unsigned i = 0; i < m->extmap_count; i++) {
        if (m->extmaps[i].id == map.id) {
            return fail(c, "extmap: id is mapped twice");
        }
    }
    if (m->extmap_count == SDP_EXTMAPS_MAX) {
        return too_many(c, "too many extmap lines");
    }
    m->extmaps[m->extmap_count++] = map;
    return STATUS_OK;
}

/* RFC 5576 §4.1: ssrc:<id> <attribute>[:<value>] */
static enum status read_ssrc(struct sdp_context *c, struct span value)
{
    uint64_t ssrc;
    if (!number(sdp_word(&value), UINT32_MAX, &ssrc)) {
        return fail(c, "ssrc: not a 32-bit number");
    }
    struct sdp_media *m = c->media;
    unsigned i = 0;
    while (i < m->ssrc_count && m->ssrcs[i].ssrc != ssrc) {
        i++;
    }
    if (i == SDP_SSRCS_MAX) {
        return too_many(c, "too many ssrc lines");
    }
    if (i == m->ssrc_count) {
        m->ssrcs[m->ssrc_count++] = (struct sdp_ssrc){.ssrc = (uint32_t)ssrc};
    }
    struct span name = cut(&value, ':');
    if (span_is(name, "cname")) {
        m->ssrcs[i].cname = value;
    } else if (span_is(name, "msid")) {
        m->ssrcs[i].msid = value;
    }
    return STATUS_OK;
}

static enum status read_ssrc_group(struct sdp_context *c, struct span value)
{
    struct span semantics = sdp_word(&value);
    struct sdp_ssrc_group group = {.fid = span_is(semantics, "FID")};
    if (!group.fid && !span_is(semantics, "SIM")) {
        return STATUS_OK;
    }
    while (value.len > 0) {
        uint64_t ssrc;
        if (group.count == 4) {
            return too_many(c, "too many ssrcs in ssrc-group");
        }
        if (!number(sdp_word(&value), UINT32_MAX, &ssrc)) {
            return fail(c, "ssrc-group: not a 32-bit number");
        }
        group.ssrc[group.count++] = (uint32_t)ssrc;
    }
    if (group.fid && group.count != 2) {
        return fail(c, "ssrc-group: FID names other than two");
    }
    if (c->media->group_count == SDP_GROUPS_MAX) {
        return too_many(c, "too many ssrc-group lines");
    }
    c->media->groups[c->media->group_count++] = group;
    return STATUS_OK;
}

static enum status read_rid(struct sdp_context *c, struct span value)
{
    struct sdp_rid rid = {.id = sdp_word(&value)};
    struct span direction = sdp_word(&value);
    rid.send = span_is(direction, "send");
    if (rid.id.len == 0 || rid.id.len > 16 || (!rid.send && !span_is(direction, "recv"))) {
        return fail(c, "rid: not id and send or recv");
    }
    if (c->media->rid_count == SDP_RIDS_MAX) {
        return too_many(c, "too many rid lines");
    }
    c->media->rids[c->media->rid_count++] = rid;
    return STATUS_OK;
}

static enum status read_mid(struct sdp_context *c, struct span value)
{
    if (value.len == 0 || value.len > 32) {
        return fail(c, "mid: not 1..32 octets");
    }
    for (unsigned i = 0; i < c->sdp->media_count; i++) {
        if (span_equal(c->sdp->media[i].mid, value)) {
            return fail(c, "mid: used twice");
        }
    }
    c->media->mid = value;
    return STATUS_OK;
}

static enum status read_ufrag(struct sdp_context *c, struct span value)
{
    if (!ice_ufrag_valid(value)) {
        return fail(c, "ice-ufrag: not 4..256 ice characters");
    }
    transport_of(c)->ice_ufrag = value;
    return STATUS_OK;
}

static enum status read_pwd(struct sdp_context *c, struct span value)
{
    if (!ice_pwd_valid(value)) {
        return fail(c, "ice-pwd: not 22..256 ice characters");
    }
    transport_of(c)->ice_pwd = value;
    return STATUS_OK;
}

static enum status read_ice_options(struct sdp_context *c, struct span value)
{
    while (value.len > 0) {
        struct span option = sdp_word(&value);
        transport_of(c)->ice_trickle |= span_is(option, "trickle");
        transport_of(c)->ice_renomination |= span_is(option, "renomination");
    }
    return STATUS_OK;
}

/* RFC 8122 §5. A hash that we know must have its length. */
static enum status read_fingerprint(struct sdp_context *c, struct span value)
{
    uint8_t octets[64];
    struct sdp_fingerprint f = {.hash = sdp_word(&value), .value = value};
    size_t len = sdp_fingerprint_octets(value, octets, sizeof(octets));
    if (f.hash.len == 0 || len == 0) {
        return fail(c, "fingerprint: not hash and hexadecimal pairs");
    }
    if (span_equal_nocase(f.hash, span_text("sha-256")) && len != 32) {
        return fail(c, "fingerprint: sha-256 has other than 32 octets");
    }
    struct sdp_transport *t = transport_of(c);
    if (t->fingerprint_count == SDP_FINGERPRINTS_MAX) {
        return too_many(c, "too many fingerprint lines");
    }
    t->fingerprints[t->fingerprint_count++] = f;
    return STATUS_OK;
}

static enum status read_setup(struct sdp_context *c, struct span value)
{
    static const char *const names[] = {"", "actpass", "active", "passive", "holdconn"};
    for (unsigned i = 1; i < 5; i++) {
        if (span_is(value, names[i])) {
            transport_of(c)->setup = (enum sdp_setup)i;
            return STATUS_OK;
        }
    }
    return fail(c, "setup: unknown role");
}

static enum status read_candidate(struct sdp_context *c, struct span value)
{
    if (c->media->candidate_count < SDP_CANDIDATES_MAX) {
        c->media->candidates[c->media->candidate_count++] = value;
    }
    return STATUS_OK;
}

static enum status read_milliseconds(struct sdp_context *c, struct span value, uint16_t *out_ms)
{
    uint64_t ms;
    /* RFC 8866 §6.4 allows no fraction; "a=ptime:20.0" would be one */
    if (!number(value, 1000, &ms) || ms == 0) {
        return fail(c, "ptime or maxptime: not 1..1000 ms");
    }
    *out_ms = (uint16_t)ms;
    return STATUS_OK;
}

static enum status read_ptime(struct sdp_context *c, struct span value)
{
    return read_milliseconds(c, value, &c->media->ptime_ms);
}

static enum status read_maxptime(struct sdp_context *c, struct span value)
{
    return read_milliseconds(c, value, &c->media->maxptime_ms);
}

static enum status read_msid(struct sdp_context *c, struct span value)
{
    if (c->media->msid.len == 0) {
        c->media->msid = value;
    }
    return STATUS_OK;
}

static enum status read_simulcast(struct sdp_context *c, struct span value)
{
    (void)value; /* the layers are in the rid lines */
    c->media->has_simulcast = true;
    return STATUS_OK;
}

static enum status read_group(struct sdp_context *c, struct span value)
{
    if (!span_is(sdp_word(&value), "BUNDLE") || c->sdp->bundle_count > 0) {
        return STATUS_OK;
    }
    while (value.len > 0) {
        if (c->sdp->bundle_count == SDP_MEDIA_MAX) {
            return too_many(c, "too many mids in group");
        }
        c->sdp->bundle[c->sdp->bundle_count++] = sdp_word(&value);
    }
    return STATUS_OK;
}

enum place { SESSION = 1, MEDIA = 2, BOTH = 3 };

static const struct {
    const char *name;
    enum place place;
    attribute_fn read;
} table[] = {
    {"rtpmap", MEDIA, read_rtpmap},
    {"fmtp", MEDIA, read_fmtp},
    {"rtcp-fb", MEDIA, read_rtcp_fb},
    {"extmap", MEDIA, read_extmap},
    {"ssrc", MEDIA, read_ssrc},
    {"ssrc-group", MEDIA, read_ssrc_group},
    {"mid", MEDIA, read_mid},
    {"msid", MEDIA, read_msid},
    {"rid", MEDIA, read_rid},
    {"simulcast", MEDIA, read_simulcast},
    {"candidate", MEDIA, read_candidate},
    {"ptime", MEDIA, read_ptime},
    {"maxptime", MEDIA, read_maxptime},
    {"ice-ufrag", BOTH, read_ufrag},
    {"ice-pwd", BOTH, read_pwd},
    {"ice-options", BOTH, read_ice_options},
    {"fingerprint", BOTH, read_fingerprint},
    {"setup", BOTH, read_setup},
    {"group", SESSION, read_group},
};

/* Attributes without a value. */
static void read_flag(struct sdp_context *c, struct span name)
{
    struct sdp_media *m = c->media;
    enum sdp_direction direction;
    if (direction_of(name, &direction)) {
        if (m != NULL) {
            m->direction = direction;
        } else {
            c->direction = direction;
        }
    } else if (span_is(name, "extmap-allow-mixed")) {
        c->sdp->extmap_allow_mixed |= m == NULL;
        if (m != NULL) {
            m->extmap_allow_mixed = true;
        }
    } else if (span_is(name, "ice-lite")) {
        c->sdp->ice_lite |= m == NULL;
    } else if (m != NULL) {
        m->rtcp_mux |= span_is(name, "rtcp-mux");
        m->rtcp_mux_only |= span_is(name, "rtcp-mux-only");
        m->rtcp_rsize |= span_is(name, "rtcp-rsize");
        m->bundle_only |= span_is(name, "bundle-only");
        m->end_of_candidates |= span_is(name, "end-of-candidates");
    }
}

enum status sdp_attribute_read(struct sdp_context *c, struct span value)
{
    struct span name = cut(&value, ':');
    enum place place = c->media == NULL ? SESSION : MEDIA;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (span_is(name, table[i].name) && ((unsigned)table[i].place & (unsigned)place) != 0) {
            return table[i].read(c, value);
        }
    }
    read_flag(c, name);
    return STATUS_OK;
}
