#include "proto/sdp/write.h"

#include "proto/base/check.h"

/* "a=name:value\r\n"; nothing when the value is empty. */
static void line(struct writer *w, const char *name, struct span value)
{
    if (value.len > 0) {
        writer_format(w, "a=%s:", name);
        writer_bytes(w, value);
        writer_text(w, "\r\n");
    }
}

static void flag(struct writer *w, const char *name, bool set)
{
    if (set) {
        writer_format(w, "a=%s\r\n", name);
    }
}

static void write_transport(struct writer *w, const struct sdp_transport *t)
{
    static const char *const setups[] = {"", "actpass", "active", "passive", "holdconn"};
    CHECK((unsigned)t->setup < 5 && t->fingerprint_count <= SDP_FINGERPRINTS_MAX);
    line(w, "ice-ufrag", t->ice_ufrag);
    line(w, "ice-pwd", t->ice_pwd);
    if (t->ice_trickle || t->ice_renomination) {
        writer_format(w, "a=ice-options:%s%s%s\r\n", t->ice_trickle ? "trickle" : "",
                      t->ice_trickle && t->ice_renomination ? " " : "",
                      t->ice_renomination ? "renomination" : "");
    }
    for (unsigned i = 0; i < t->fingerprint_count; i++) {
        writer_text(w, "a=fingerprint:");
        writer_bytes(w, t->fingerprints[i].hash);
        writer_text(w, " ");
        writer_bytes(w, t->fingerprints[i].value);
        writer_text(w, "\r\n");
    }
    if (t->setup != SDP_SETUP_NONE) {
        writer_format(w, "a=setup:%s\r\n", setups[t->setup]);
    }
}

static void write_feedback(struct writer *w, const struct sdp_format *f)
{
    static const struct {
        uint8_t bit;
        const char *text;
    } names[] = {
        {SDP_FB_REMB, "goog-remb"},    {SDP_FB_TRANSPORT_CC, "transport-cc"},
        {SDP_FB_CCM_FIR, "ccm fir"},   {SDP_FB_NACK, "nack"},
        {SDP_FB_NACK_PLI, "nack pli"}, {SDP_FB_RRTR, "rrtr"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((f->feedback & names[i].bit) != 0) {
            writer_format(w, "a=rtcp-fb:%u %s\r\n", f->payload_type, names[i].text);
        }
    }
}

static void write_format(struct writer *w, const struct sdp_format *f)
{
    if (f->codec.len > 0) {
        writer_format(w, "a=rtpmap:%u ", f->payload_type);
        writer_bytes(w, f->codec);
        writer_format(w, "/%lu", (unsigned long)f->clock_hz);
        if (f->channels > 0) {
            writer_format(w, "/%u", f->channels);
        }
        writer_text(w, "\r\n");
    }
    write_feedback(w, f);
    if (f->fmtp.len > 0) {
        writer_format(w, "a=fmtp:%u ", f->payload_type);
        writer_bytes(w, f->fmtp);
        writer_text(w, "\r\n");
    }
}

static const char *direction_name(enum sdp_direction direction)
{
    static const char *const names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
    CHECK((unsigned)direction < 4);
    return names[direction];
}

static void write_extmaps(struct writer *w, const struct sdp_media *m)
{
    for (unsigned i = 0; i < m->extmap_count; i++) {
        const struct sdp_extmap *e = &m->extmaps[i];
        writer_format(w, "a=extmap:%u", e->id);
        if (e->direction != SDP_SENDRECV) {
            writer_format(w, "/%s", direction_name(e->direction));
        }
        writer_text(w, " ");
        writer_bytes(w, e->uri);
        writer_text(w, "\r\n");
    }
}

static void write_ssrc_line(struct writer *w, uint32_t ssrc, const char *name, struct span value)
{
    writer_format(w, "a=ssrc:%lu %s", (unsigned long)ssrc, name);
    writer_bytes(w, value);
    writer_text(w, "\r\n");
}

static void write_ssrcs(struct writer *w, const struct sdp_media *m)
{
    for (unsigned i = 0; i < m->group_count; i++) {
        writer_text(w, m->groups[i].fid ? "a=ssrc-group:FID" : "a=ssrc-group:SIM");
        CHECK(m->groups[i].count <= 4);
        for (unsigned k = 0; k < m->groups[i].count; k++) {
            writer_format(w, " %lu", (unsigned long)m->groups[i].ssrc[k]);
        }
        writer_text(w, "\r\n");
    }
    for (unsigned i = 0; i < m->ssrc_count; i++) {
        const struct sdp_ssrc *s = &m->ssrcs[i];
        if (s->cname.len > 0 || s->msid.len == 0) {
            write_ssrc_line(w, s->ssrc, "cname:", s->cname);
        }
        if (s->msid.len > 0) {
            write_ssrc_line(w, s->ssrc, "msid:", s->msid);
        }
    }
}

/* The simulcast line follows from the rid lines (RFC 8853 §5.1). */
static void write_rids(struct writer *w, const struct sdp_media *m)
{
    for (unsigned i = 0; i < m->rid_count; i++) {
        writer_text(w, "a=rid:");
        writer_bytes(w, m->rids[i].id);
        writer_text(w, m->rids[i].send ? " send\r\n" : " recv\r\n");
    }
    if (!m->has_simulcast || m->rid_count == 0) {
        return;
    }
    writer_text(w, "a=simulcast:");
    for (unsigned pass = 0, first_pass = 1; pass < 2; pass++) {
        bool any = false;
        for (unsigned i = 0; i < m->rid_count; i++) {
            if (m->rids[i].send == (pass == 0)) {
                writer_text(w, any ? ";" : pass == 0 ? "send " : first_pass ? "recv " : " recv ");
                writer_bytes(w, m->rids[i].id);
                any = true;
            }
        }
        first_pass = any ? 0 : first_pass;
    }
    writer_text(w, "\r\n");
}

static void write_media_line(struct writer *w, const struct sdp_media *m)
{
    static const char *const kinds[] = {"audio", "video", "application", "text"};
    CHECK((unsigned)m->kind < 4);
    writer_text(w, "m=");
    writer_bytes(w, m->kind_text.len > 0 ? m->kind_text : span_text(kinds[m->kind]));
    writer_format(w, " %u ", m->port);
    writer_bytes(w, m->protocol);
    for (unsigned i = 0; i < m->format_count; i++) {
        writer_format(w, " %u", m->formats[i].payload_type);
    }
    if (m->format_count == 0) {
        writer_text(w, " ");
        writer_bytes(w, m->other_formats.len > 0 ? m->other_formats : span_text("0"));
    }
    writer_text(w, "\r\nc=IN IP4 0.0.0.0\r\n");
}

static void write_media(struct writer *w, const struct sdp_media *m)
{
    write_media_line(w, m);
    if (m->port == 0 && !m->bundle_only) {
        line(w, "mid", m->mid);
        writer_format(w, "a=%s\r\n", direction_name(m->direction));
        return;
    }
    if (m->bandwidth_kbps > 0) {
        writer_format(w, "b=AS:%lu\r\n", (unsigned long)m->bandwidth_kbps);
    }
    line(w, "mid", m->mid);
    writer_format(w, "a=%s\r\n", direction_name(m->direction));
    write_transport(w, &m->transport);
    flag(w, "rtcp-mux", m->rtcp_mux);
    flag(w, "rtcp-mux-only", m->rtcp_mux_only);
    flag(w, "rtcp-rsize", m->rtcp_rsize);
    flag(w, "bundle-only", m->bundle_only);
    flag(w, "extmap-allow-mixed", m->extmap_allow_mixed);
    write_extmaps(w, m);
    line(w, "msid", m->msid);
    for (unsigned i = 0; i < m->format_count; i++) {
        write_format(w, &m->formats[i]);
    }
    if (m->ptime_ms > 0) {
        writer_format(w, "a=ptime:%u\r\n", m->ptime_ms);
    }
    if (m->maxptime_ms > 0) {
        writer_format(w, "a=maxptime:%u\r\n", m->maxptime_ms);
    }
    write_rids(w, m);
    write_ssrcs(w, m);
    for (unsigned i = 0; i < m->candidate_count; i++) {
        line(w, "candidate", m->candidates[i]);
    }
    flag(w, "end-of-candidates", m->end_of_candidates);
}

void sdp_write(struct writer *w, const struct sdp *sdp)
{
    CHECK(sdp->media_count <= SDP_MEDIA_MAX && sdp->bundle_count <= SDP_MEDIA_MAX);
    writer_text(w, "v=0\r\n");
    writer_format(w, "o=- %llu %llu IN IP4 127.0.0.1\r\n", (unsigned long long)sdp->session_id,
                  (unsigned long long)sdp->session_version);
    writer_text(w, "s=-\r\nt=0 0\r\n");
    if (sdp->bundle_count > 0) {
        writer_text(w, "a=group:BUNDLE");
        for (unsigned i = 0; i < sdp->bundle_count; i++) {
            writer_text(w, " ");
            writer_bytes(w, sdp->bundle[i]);
        }
        writer_text(w, "\r\n");
    }
    flag(w, "ice-lite", sdp->ice_lite);
    flag(w, "extmap-allow-mixed", sdp->extmap_allow_mixed);
    write_transport(w, &sdp->transport);
    for (unsigned i = 0; i < sdp->media_count; i++) {
        write_media(w, &sdp->media[i]);
    }
}
