/* SDP: real offers of Chromium 156 and Firefox ESR 153 (tests/vectors/sdp, headless, fake devices),
 * specimens by section, every cut, and the way back through the writer. */
#include "proto/ice/candidate.h"
#include "proto/sdp/sdp.h"
#include "tests/unit/test.h"

#define TWCC_URI "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define MID_URI "urn:ietf:params:rtp-hdrext:sdes:mid"

static struct sdp sdp, back;
static char text[SDP_LEN_MAX];
static char written[SDP_LEN_MAX];

static struct span load(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/tests/vectors/sdp/%s", CG_SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    size_t len = f != NULL ? fread(text, 1, sizeof(text), f) : 0;
    EXPECT(f != NULL && len > 1000);
    if (f != NULL) {
        (void)fclose(f);
    }
    return span_of(text, len);
}

static void same_transport(const struct sdp_transport *a, const struct sdp_transport *b)
{
    EXPECT(span_equal(a->ice_ufrag, b->ice_ufrag) && span_equal(a->ice_pwd, b->ice_pwd));
    EXPECT(a->ice_trickle == b->ice_trickle && a->ice_renomination == b->ice_renomination &&
           a->setup == b->setup);
    EXPECT_INT(a->fingerprint_count, b->fingerprint_count);
    for (unsigned i = 0; i < a->fingerprint_count; i++) {
        EXPECT(span_equal(a->fingerprints[i].hash, b->fingerprints[i].hash));
        EXPECT(span_equal(a->fingerprints[i].value, b->fingerprints[i].value));
    }
}

static void same_lists(const struct sdp_media *a, const struct sdp_media *b)
{
    EXPECT(a->format_count == b->format_count && a->extmap_count == b->extmap_count &&
           a->ssrc_count == b->ssrc_count);
    EXPECT(a->group_count == b->group_count && a->rid_count == b->rid_count &&
           a->candidate_count == b->candidate_count);
    for (unsigned i = 0; i < a->format_count; i++) {
        const struct sdp_format *x = &a->formats[i];
        const struct sdp_format *y = &b->formats[i];
        EXPECT(x->payload_type == y->payload_type && x->clock_hz == y->clock_hz &&
               x->channels == y->channels);
        EXPECT(x->feedback == y->feedback && span_equal(x->codec, y->codec) &&
               span_equal(x->fmtp, y->fmtp));
    }
    for (unsigned i = 0; i < a->extmap_count; i++) {
        EXPECT(a->extmaps[i].id == b->extmaps[i].id &&
               a->extmaps[i].direction == b->extmaps[i].direction);
        EXPECT(span_equal(a->extmaps[i].uri, b->extmaps[i].uri));
    }
    for (unsigned i = 0; i < a->ssrc_count; i++) {
        EXPECT(a->ssrcs[i].ssrc == b->ssrcs[i].ssrc &&
               span_equal(a->ssrcs[i].cname, b->ssrcs[i].cname));
        EXPECT(span_equal(a->ssrcs[i].msid, b->ssrcs[i].msid));
    }
    for (unsigned i = 0; i < a->group_count; i++) {
        EXPECT(a->groups[i].fid == b->groups[i].fid && a->groups[i].count == b->groups[i].count);
        EXPECT(memcmp(a->groups[i].ssrc, b->groups[i].ssrc,
                      a->groups[i].count * sizeof(uint32_t)) == 0);
    }
    for (unsigned i = 0; i < a->rid_count; i++) {
        EXPECT(span_equal(a->rids[i].id, b->rids[i].id) && a->rids[i].send == b->rids[i].send);
    }
    for (unsigned i = 0; i < a->candidate_count; i++) {
        EXPECT(span_equal(a->candidates[i], b->candidates[i]));
    }
}

static void same_media(const struct sdp_media *a, const struct sdp_media *b)
{
    EXPECT(a->kind == b->kind && a->port == b->port && span_equal(a->protocol, b->protocol) &&
           span_equal(a->mid, b->mid));
    EXPECT(a->direction == b->direction && a->rtcp_mux == b->rtcp_mux &&
           a->rtcp_rsize == b->rtcp_rsize);
    EXPECT(a->rtcp_mux_only == b->rtcp_mux_only && a->bundle_only == b->bundle_only);
    EXPECT(a->extmap_allow_mixed == b->extmap_allow_mixed && a->has_simulcast == b->has_simulcast);
    EXPECT(a->end_of_candidates == b->end_of_candidates && a->bandwidth_kbps == b->bandwidth_kbps);
    EXPECT(a->ptime_ms == b->ptime_ms && a->maxptime_ms == b->maxptime_ms &&
           span_equal(a->msid, b->msid));
    EXPECT(span_equal(a->other_formats, b->other_formats));
    same_transport(&a->transport, &b->transport);
    same_lists(a, b);
}

static void same(const struct sdp *a, const struct sdp *b)
{
    EXPECT(a->session_id == b->session_id && a->session_version == b->session_version);
    EXPECT(a->ice_lite == b->ice_lite && a->extmap_allow_mixed == b->extmap_allow_mixed);
    same_transport(&a->transport, &b->transport);
    EXPECT_INT(a->bundle_count, b->bundle_count);
    for (unsigned i = 0; i < a->bundle_count; i++) {
        EXPECT(span_equal(a->bundle[i], b->bundle[i]));
    }
    EXPECT_INT(a->media_count, b->media_count);
    for (unsigned i = 0; i < a->media_count && i < b->media_count; i++) {
        same_media(&a->media[i], &b->media[i]);
    }
}

/* Writes sdp, reads it back, compares. */
static void write_back(void)
{
    struct sdp_error error;
    struct writer w = writer_of(written, sizeof(written));
    sdp_write(&w, &sdp);
    EXPECT(writer_ok(&w));
    enum status status = sdp_read(writer_span(&w), &back, &error);
    EXPECT_INT(status, STATUS_OK);
    if (status == STATUS_OK) {
        same(&sdp, &back);
    } else {
        printf("  at %zu: %s\n", error.offset, error.reason);
    }
}

static const struct {
    const char *file;
    unsigned media, bundle;
} offers[] = {
    {"chromium156-two.sdp", 2, 2},       {"chromium156-six.sdp", 12, 12},
    {"chromium156-simulcast.sdp", 3, 3}, {"firefox153-two.sdp", 2, 2},
    {"firefox153-six.sdp", 12, 12},      {"firefox153-simulcast.sdp", 3, 3},
};

static void real_offers(void)
{
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        test_row(offers[i].file);
        struct sdp_error error = {0, ""};
        struct span input = load(offers[i].file);
        EXPECT_INT(sdp_read(input, &sdp, &error), STATUS_OK);
        EXPECT_TEXT(error.reason, "");
        EXPECT_INT(sdp.media_count, offers[i].media);
        EXPECT_INT(sdp.bundle_count, offers[i].bundle);
        for (unsigned k = 0; k < sdp.media_count; k++) {
            const struct sdp_media *m = &sdp.media[k];
            EXPECT_INT(m->transport.fingerprint_count, 1);
            EXPECT(span_is(m->transport.fingerprints[0].hash, "sha-256") &&
                   m->transport.setup == SDP_ACTPASS);
            EXPECT(m->transport.ice_trickle && m->mid.len > 0);
            EXPECT(m->kind == SDP_APPLICATION || m->extmap_allow_mixed);
            /* Firefox gives no ufrag to bundle-only sections: those of the tagged one hold */
            EXPECT(m->bundle_only || (ice_ufrag_valid(m->transport.ice_ufrag) &&
                                      ice_pwd_valid(m->transport.ice_pwd)));
            EXPECT(m->kind == SDP_APPLICATION ||
                   (m->rtcp_mux && sdp_extmap_find(m, MID_URI) != NULL));
            EXPECT(m->kind == SDP_APPLICATION || sdp_extmap_find(m, TWCC_URI) != NULL);
        }
        write_back();
        test_row_end();
    }
}

static void chromium_video(void)
{
    EXPECT_INT(sdp_read(load("chromium156-two.sdp"), &sdp, NULL), STATUS_OK);
    const struct sdp_media *a = &sdp.media[0];
    const struct sdp_media *v = &sdp.media[1];
    EXPECT(a->kind == SDP_AUDIO && v->kind == SDP_VIDEO && v->direction == SDP_SENDRECV);
    EXPECT(span_is(v->protocol, "UDP/TLS/RTP/SAVPF") && v->rtcp_rsize && a->candidate_count > 0);
    const struct sdp_format *opus = sdp_format_find(a, 111);
    struct span value;
    EXPECT(opus != NULL && span_is(opus->codec, "opus") && opus->clock_hz == 48000 &&
           opus->channels == 2);
    EXPECT(opus != NULL && (opus->feedback & SDP_FB_TRANSPORT_CC) != 0);
    EXPECT(opus != NULL && sdp_fmtp_get(opus->fmtp, "useinbandfec", &value) && span_is(value, "1"));
    EXPECT(opus != NULL && !sdp_fmtp_get(opus->fmtp, "useinband", &value));
    const struct sdp_format *vp8 = sdp_format_find(v, 96);
    EXPECT(vp8 != NULL && span_is(vp8->codec, "VP8") && vp8->clock_hz == 90000);
    EXPECT(vp8 != NULL && (vp8->feedback & 31) == (SDP_FB_NACK | SDP_FB_NACK_PLI | SDP_FB_CCM_FIR |
                                                   SDP_FB_REMB | SDP_FB_TRANSPORT_CC));
    const struct sdp_format *rtx = sdp_rtx_find(v, 96);
    EXPECT(rtx != NULL && rtx->payload_type == 97);
    EXPECT(sdp_rtx_find(v, 97) == NULL && sdp_format_find(v, 5) == NULL);
    EXPECT(v->group_count == 1 && v->groups[0].fid && v->groups[0].count == 2 &&
           v->ssrc_count == 2);
    EXPECT(v->ssrcs[0].ssrc == v->groups[0].ssrc[0] && v->ssrcs[0].cname.len > 0 &&
           v->msid.len > 0);
}

static void simulcast(void)
{
    static const char *const files[] = {"chromium156-simulcast.sdp", "firefox153-simulcast.sdp"};
    for (size_t i = 0; i < 2; i++) {
        EXPECT_INT(sdp_read(load(files[i]), &sdp, NULL), STATUS_OK);
        const struct sdp_media *v = &sdp.media[0];
        EXPECT(v->kind == SDP_VIDEO && v->direction == SDP_SENDONLY && v->has_simulcast &&
               v->rid_count == 3);
        EXPECT(span_is(v->rids[0].id, "q") && v->rids[0].send);
        EXPECT(sdp.media[2].kind == SDP_APPLICATION &&
               span_is(sdp.media[2].other_formats, "webrtc-datachannel"));
    }
}

/* No cut of a real offer is accepted unless it ends between lines, and none crashes; no flipped
 * octet crashes. */
static void every_cut(void)
{
    struct span input = load("firefox153-two.sdp");
    static uint8_t copy[8192];
    EXPECT(input.len <= sizeof(copy));
    for (size_t cut = 0; cut < input.len; cut++) {
        struct sdp_error error = {0, NULL};
        memcpy(copy, input.data, cut);
        enum status status = sdp_read(span_of(copy, cut), &sdp, &error);
        EXPECT(status == STATUS_OK ||
               (status == STATUS_MALFORMED && error.reason != NULL && error.offset <= cut));
        EXPECT(status != STATUS_OK || copy[cut - 1] == '\n');
    }
    for (size_t i = 0; i < input.len; i += 3) {
        memcpy(copy, input.data, input.len);
        copy[i] = (uint8_t)(copy[i] ^ (1u << i % 8));
        struct sdp_error error = {0, NULL};
        enum status status = sdp_read(span_of(copy, input.len), &sdp, &error);
        EXPECT(status == STATUS_OK || error.reason != NULL);
    }
}

#define BASE "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define AUDIO BASE "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
static const struct {
    const char *name, *input;
    enum status status;
    size_t offset;
    const char *reason;
} specimens[] = {
    {"session alone", BASE, STATUS_OK, 0, NULL},
    {"8866 §5 LF alone ends a line", "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n", STATUS_OK, 0,
     NULL},
    {"empty", "", STATUS_MALFORMED, 0, "ends before v=, o= and s="},
    {"8866 §5.8 b=AS of the m-section", BASE "m=video 9 RTP/SAVPF 0\r\nb=AS:500\r\n", STATUS_OK, 0,
     NULL},
    {"8866 §5.8 b= of other kinds", BASE "m=video 9 RTP/SAVPF 0\r\nb=TIAS:500000\r\n", STATUS_OK, 0,
     NULL},
    {"8866 §5.8 b=AS is no number", BASE "m=video 9 RTP/SAVPF 0\r\nb=AS:-1\r\n", STATUS_MALFORMED,
     sizeof(BASE "m=video 9 RTP/SAVPF 0\r\n") - 1, "b=AS is not a number"},
    {"8866 §5 t= before m=", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nm=video 9 RTP/SAVPF 0\r\n",
     STATUS_MALFORMED, 36, "t= is missing"},
    {"8866 §5.1 version", "v=1\r\n", STATUS_MALFORMED, 0, "v= is not 0"},
    {"8866 §5 order of v o s", "v=0\r\ns=-\r\n", STATUS_MALFORMED, 5,
     "does not begin with v=, o=, s="},
    {"8866 §5.2 five fields", "v=0\r\no=- 1 IN IP4 127.0.0.1\r\ns=-\r\n", STATUS_MALFORMED, 5,
     "o= has not its six fields"},
    {"8866 §5.2 session id of 2^64", "v=0\r\no=- 18446744073709551616 1 IN IP4 0\r\n",
     STATUS_MALFORMED, 5, "o= has not its six fields"},
    {"8866 §5.9 no t=", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n", STATUS_MALFORMED, 31,
     "t= is missing"},
    {"8866 §5 a before t", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\na=x\r\nt=0 0\r\n",
     STATUS_MALFORMED, 41, "line is out of order"},
    {"8866 §5 unknown letter", BASE "x=1\r\n", STATUS_MALFORMED, 43,
     "line of this type is not allowed here"},
    {"line without =", BASE "ax\r\n", STATUS_MALFORMED, 43, "line is not letter=value"},
    {"empty line", BASE "\r\n", STATUS_MALFORMED, 43, "line is not letter=value"},
    {"no end of the last line", BASE "a=x", STATUS_MALFORMED, 43, "last line has no end"},
    {"8866 §9 CR inside", BASE "a=x\ry\r\n", STATUS_MALFORMED, 43, "control character in line"},
    {"8866 §5.14 m= without formats", BASE "m=audio 9 UDP/TLS/RTP/SAVPF\r\n", STATUS_MALFORMED, 43,
     "m= is not kind, port, protocol, formats"},
    {"8866 §5.14 port 65536", BASE "m=audio 65536 UDP/TLS/RTP/SAVPF 0\r\n", STATUS_MALFORMED, 43,
     "m= is not kind, port, protocol, formats"},
    {"payload type 128", BASE "m=audio 9 UDP/TLS/RTP/SAVPF 128\r\n", STATUS_MALFORMED, 43,
     "m=: payload type is not 0..127"},
    {"payload type twice", BASE "m=audio 9 UDP/TLS/RTP/SAVPF 9 9\r\n", STATUS_MALFORMED, 43,
     "m=: payload type is named twice"},
    {"8866 §6.6 rtpmap without clock", AUDIO "a=rtpmap:111 opus\r\n", STATUS_MALFORMED, 76,
     "rtpmap: not name/clock"},
    {"8866 §6.6 rtpmap twice", AUDIO "a=rtpmap:111 opus/48000/2\r\na=rtpmap:111 opus/48000/2\r\n",
     STATUS_MALFORMED, 103, "rtpmap: payload type is mapped twice"},
    {"8866 §6.6 rtpmap of another type is passed over", AUDIO "a=rtpmap:5 x/8000\r\n", STATUS_OK, 0,
     NULL},
    {"8285 §5 id 0", AUDIO "a=extmap:0 urn:x\r\n", STATUS_MALFORMED, 76, "extmap: not id and uri"},
    {"8285 §5 id twice", AUDIO "a=extmap:1 urn:x\r\na=extmap:1 urn:y\r\n", STATUS_MALFORMED, 94,
     "extmap: id is mapped twice"},
    {"8285 §5 id of negotiation", AUDIO "a=extmap:4096 urn:x\r\n", STATUS_OK, 0, NULL},
    {"8285 §5 direction", AUDIO "a=extmap:1/both urn:x\r\n", STATUS_MALFORMED, 76,
     "extmap: unknown direction"},
    {"8839 §5.4 short ufrag", AUDIO "a=ice-ufrag:abc\r\n", STATUS_MALFORMED, 76,
     "ice-ufrag: not 4..256 ice characters"},
    {"8839 §5.4 short pwd", AUDIO "a=ice-pwd:abc\r\n", STATUS_MALFORMED, 76,
     "ice-pwd: not 22..256 ice characters"},
    {"8122 §5 fingerprint not hex", AUDIO "a=fingerprint:sha-256 GG:00\r\n", STATUS_MALFORMED, 76,
     "fingerprint: not hash and hexadecimal pairs"},
    {"8122 §5 fingerprint short", AUDIO "a=fingerprint:sha-256 AA:BB\r\n", STATUS_MALFORMED, 76,
     "fingerprint: sha-256 has other than 32 octets"},
    {"4145 §4 setup", AUDIO "a=setup:both\r\n", STATUS_MALFORMED, 76, "setup: unknown role"},
    {"5888 §9.1 group of nobody", BASE "a=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n",
     STATUS_MALFORMED, 61, "group names a mid that no m-section has"},
    {"5888 §4 mid twice", AUDIO "a=mid:0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n",
     STATUS_MALFORMED, 116, "mid: used twice"},
    {"5576 §4.1 ssrc of 33 bits", AUDIO "a=ssrc:4294967296 cname:x\r\n", STATUS_MALFORMED, 76,
     "ssrc: not a 32-bit number"},
    {"5576 §4.2 FID of three", AUDIO "a=ssrc-group:FID 1 2 3\r\n", STATUS_MALFORMED, 76,
     "ssrc-group: FID names other than two"},
    {"8851 §10 rid direction", AUDIO "a=rid:q both\r\n", STATUS_MALFORMED, 76,
     "rid: not id and send or recv"},
    {"4585 §4.2 feedback of a star", AUDIO "a=rtcp-fb:* nack\r\n", STATUS_OK, 0, NULL},
    {"8866 §6.4 ptime", AUDIO "a=ptime:0\r\n", STATUS_MALFORMED, 76,
     "ptime or maxptime: not 1..1000 ms"},
    {"unknown attributes", AUDIO "a=whatever:1 2 3\r\na=crypto:1 x\r\n", STATUS_OK, 0, NULL},
};

static void table(void)
{
    for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++) {
        struct sdp_error error = {0, NULL};
        test_row(specimens[i].name);
        EXPECT_INT(sdp_read(span_text(specimens[i].input), &sdp, &error), specimens[i].status);
        if (specimens[i].status != STATUS_OK) {
            EXPECT_TEXT(error.reason, specimens[i].reason);
            EXPECT_INT(error.offset, specimens[i].offset);
        } else {
            write_back();
        }
        test_row_end();
    }
    test_row("8866 §9 NUL inside");
    EXPECT_INT(sdp_read(SPAN_LITERAL(BASE "a=x\0y\r\n"), &sdp, NULL), STATUS_MALFORMED);
    test_row_end();
    test_row("4585 §4.2 star reaches all formats");
    EXPECT_INT(sdp_read(SPAN_LITERAL(BASE "m=video 9 RTP/SAVPF 96 97\r\na=rtcp-fb:* nack pli\r\n"),
                        &sdp, NULL),
               STATUS_OK);
    EXPECT(sdp.media[0].formats[0].feedback == SDP_FB_NACK_PLI &&
           sdp.media[0].formats[1].feedback == SDP_FB_NACK_PLI);
    test_row_end();
}

/* BASE and then `line` again and again: the last count that is taken, and the one that is refused.
 */
static void limit(const char *name, const char *before, const char *line, unsigned accepted)
{
    test_row(name);
    for (unsigned more = 0; more < 2; more++) {
        struct sdp_error error;
        struct writer w = writer_of(text, sizeof(text));
        writer_text(&w, before);
        for (unsigned i = 0; i < accepted + more; i++) {
            writer_text(&w, line);
            writer_decimal(&w, i + 1);
            writer_text(&w, strncmp(line, "m=", 2) == 0 ? " RTP/SAVPF 0\r\n" : " urn:x\r\n");
        }
        EXPECT_INT(sdp_read(writer_span(&w), &sdp, &error),
                   more == 0 ? STATUS_OK : STATUS_TOO_LARGE);
    }
    test_row_end();
}

static void limits(void)
{
    limit("m-sections", BASE, "m=audio ", SDP_MEDIA_MAX);
    limit("extmaps", AUDIO, "a=extmap:", SDP_EXTMAPS_MAX);
    limit("ssrcs", AUDIO, "a=ssrc:", SDP_SSRCS_MAX);
    limit("lines", AUDIO, "a=x", SDP_LINES_MAX - 5);
    test_row("a line too long");
    struct writer w = writer_of(text, sizeof(text));
    writer_text(&w, BASE "a=");
    for (unsigned i = 0; i < SDP_LINE_MAX - 1; i++) {
        writer_u8(&w, 'x');
    }
    writer_text(&w, "\r\n");
    EXPECT_INT(sdp_read(writer_span(&w), &sdp, NULL), STATUS_TOO_LARGE);
    test_row_end();
    test_row("too long in all");
    static uint8_t huge[SDP_LEN_MAX + 1];
    EXPECT_INT(sdp_read(span_of(huge, sizeof(huge)), &sdp, NULL), STATUS_TOO_LARGE);
    test_row_end();
}

/* The answer of an ICE-lite server, as text. */
static void answer(void)
{
    static const char expected[] =
        "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE "
        "0\r\na=ice-lite\r\na=extmap-allow-mixed\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 "
        "0.0.0.0\r\nb=AS:100\r\na=mid:0\r\na=sendrecv\r\n"
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:passive\r\na=rtcp-"
        "mux\r\na=rtcp-rsize\r\n"
        "a=extmap-allow-mixed\r\na=extmap:3 " MID_URI
        "\r\na=msid:s t\r\na=rtpmap:111 opus/48000/2\r\n"
        "a=rtcp-fb:111 transport-cc\r\na=fmtp:111 useinbandfec=1\r\na=ptime:20\r\na=maxptime:60\r\n"
        "a=ssrc:5 cname:c\r\na=ssrc:5 msid:s t\r\na=candidate:1 1 udp 2130706431 10.0.0.1 7000 typ "
        "host\r\n"
        "a=end-of-candidates\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 "
        "0.0.0.0\r\na=mid:1\r\na=inactive\r\n";
    memset(&sdp, 0, sizeof(sdp));
    sdp.session_id = 7;
    sdp.session_version = 1;
    sdp.ice_lite = sdp.extmap_allow_mixed = true;
    sdp.bundle_count = 1;
    sdp.bundle[0] = SPAN_LITERAL("0");
    sdp.media_count = 2;
    struct sdp_media *a = &sdp.media[0];
    *a = (struct sdp_media){.kind = SDP_AUDIO,
                            .port = 9,
                            .protocol = SPAN_LITERAL("UDP/TLS/RTP/SAVPF"),
                            .mid = SPAN_LITERAL("0"),
                            .rtcp_mux = true,
                            .rtcp_rsize = true,
                            .extmap_allow_mixed = true,
                            .end_of_candidates = true,
                            .bandwidth_kbps = 100,
                            .ptime_ms = 20,
                            .maxptime_ms = 60,
                            .msid = SPAN_LITERAL("s t")};
    a->transport = (struct sdp_transport){.ice_ufrag = SPAN_LITERAL("abcd"),
                                          .ice_pwd = SPAN_LITERAL("0123456789012345678901"),
                                          .setup = SDP_PASSIVE};
    a->format_count = a->extmap_count = a->ssrc_count = a->candidate_count = 1;
    a->formats[0] = (struct sdp_format){.payload_type = 111,
                                        .codec = SPAN_LITERAL("opus"),
                                        .clock_hz = 48000,
                                        .channels = 2,
                                        .feedback = SDP_FB_TRANSPORT_CC,
                                        .fmtp = SPAN_LITERAL("useinbandfec=1")};
    a->extmaps[0] = (struct sdp_extmap){.id = 3, .uri = SPAN_LITERAL(MID_URI)};
    a->ssrcs[0] =
        (struct sdp_ssrc){.ssrc = 5, .cname = SPAN_LITERAL("c"), .msid = SPAN_LITERAL("s t")};
    a->candidates[0] = SPAN_LITERAL("1 1 udp 2130706431 10.0.0.1 7000 typ host");
    struct sdp_media *v = &sdp.media[1];
    *v = (struct sdp_media){.kind = SDP_VIDEO,
                            .protocol = SPAN_LITERAL("UDP/TLS/RTP/SAVPF"),
                            .mid = SPAN_LITERAL("1"),
                            .direction = SDP_INACTIVE,
                            .format_count = 1};
    v->formats[0].payload_type = 96;
    struct writer w = writer_of(written, sizeof(written));
    sdp_write(&w, &sdp);
    EXPECT(span_is(writer_span(&w), expected));
    for (size_t room = 0; room < sizeof(expected) - 1; room += 7) {
        struct writer small = writer_of(written, room);
        sdp_write(&small, &sdp);
        EXPECT(!writer_ok(&small));
    }
}

static void directions(void)
{
    static const enum sdp_direction expected[4][4] = {
        /* [offered][ours] */
        {SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE},
        {SDP_RECVONLY, SDP_INACTIVE, SDP_RECVONLY, SDP_INACTIVE},
        {SDP_SENDONLY, SDP_SENDONLY, SDP_INACTIVE, SDP_INACTIVE},
        {SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE, SDP_INACTIVE},
    };
    for (unsigned offered = 0; offered < 4; offered++) {
        for (unsigned ours = 0; ours < 4; ours++) {
            EXPECT_INT(sdp_direction_answer((enum sdp_direction)offered, (enum sdp_direction)ours),
                       expected[offered][ours]);
        }
    }
    uint8_t octets[4];
    struct span value;
    EXPECT_INT(sdp_fingerprint_octets(SPAN_LITERAL("aB:01:fF"), octets, 4), 3);
    EXPECT(octets[0] == 0xab && octets[2] == 0xff);
    EXPECT_INT(sdp_fingerprint_octets(SPAN_LITERAL("00:11:22:33:44"), octets, 4), 0);
    EXPECT_INT(sdp_fingerprint_octets(SPAN_LITERAL("001122"), octets, 4), 0);
    EXPECT(sdp_fmtp_get(SPAN_LITERAL("a=1; b = 2 ;c"), "B", &value) && span_is(value, "2"));
    EXPECT(!sdp_fmtp_get(SPAN_LITERAL("a=1; b = 2 ;c"), "c", &value) &&
           !sdp_fmtp_get(SPAN_LITERAL(""), "a", &value));
}

int main(void)
{
    static const struct test_case cases[] = {
        {"real_offers", real_offers},
        {"chromium_video", chromium_video},
        {"simulcast", simulcast},
        {"every_cut", every_cut},
        {"table", table},
        {"limits", limits},
        {"answer", answer},
        {"directions", directions},
    };
    return TEST_MAIN(cases);
}
