#include "media/negotiate/formats.h"

#include "proto/base/check.h"
#include "proto/payload/payload.h"

/* Feedback that we give and take. NACK on audio is not among it: a repair after a round trip is too
 * late for speech. */
#define VIDEO_FEEDBACK                                                                             \
    (SDP_FB_NACK | SDP_FB_NACK_PLI | SDP_FB_CCM_FIR | SDP_FB_REMB | SDP_FB_TRANSPORT_CC)
#define AUDIO_FEEDBACK SDP_FB_TRANSPORT_CC
#define EXTENSION_ID_MAX 14 /* RFC 8285 §4.2: what the one-byte form can name */

#define URI_TRANSPORT_CC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

static bool is_opus(const struct sdp_format *f)
{
    return span_equal_nocase(f->codec, SPAN_LITERAL("opus")) && f->clock_hz == 48000;
}

static bool is_vp8(const struct sdp_format *f)
{
    return span_equal_nocase(f->codec, SPAN_LITERAL("VP8")) && f->clock_hz == 90000;
}

static bool is_vp9(const struct sdp_format *f)
{
    struct span profile;
    return span_equal_nocase(f->codec, SPAN_LITERAL("VP9")) && f->clock_hz == 90000 &&
           (!sdp_fmtp_get(f->fmtp, "profile-id", &profile) || span_is(profile, "0"));
}

/* Constrained Baseline (RFC 6184 §8.1: 42 with constraint_set1) in packetization mode 1: what every
 * browser decodes. */
static bool is_h264(const struct sdp_format *f)
{
    struct span mode;
    struct span profile;
    return span_equal_nocase(f->codec, SPAN_LITERAL("H264")) && f->clock_hz == 90000 &&
           sdp_fmtp_get(f->fmtp, "packetization-mode", &mode) && span_is(mode, "1") &&
           sdp_fmtp_get(f->fmtp, "profile-level-id", &profile) && profile.len == 6 &&
           span_equal_nocase(span_of(profile.data, 3), SPAN_LITERAL("42e"));
}

/* In order of preference, the same for everybody, so that any two share VP8. */
static const struct codec_rule {
    enum plan_kind kind;
    enum payload_codec codec;
    bool (*is)(const struct sdp_format *f);
    const char *fmtp; /* of the answer; NULL: the offer's own */
} rules[] = {
    {PLAN_AUDIO, PAYLOAD_OPUS, is_opus, "minptime=10;useinbandfec=1;usedtx=0"},
    {PLAN_VIDEO, PAYLOAD_VP8, is_vp8, NULL},
    {PLAN_VIDEO, PAYLOAD_VP9, is_vp9, NULL},
    {PLAN_VIDEO, PAYLOAD_H264, is_h264, NULL},
};

static void add_format(struct sdp_media *answer, const struct sdp_format *offered, const char *fmtp,
                       uint8_t feedback)
{
    CHECK(answer->format_count < SDP_FORMATS_MAX);
    struct sdp_format *f = &answer->formats[answer->format_count++];
    *f = *offered;
    f->feedback = offered->feedback & feedback;
    if (fmtp != NULL) {
        f->fmtp = span_text(fmtp);
    }
}

static bool take_codec(const struct sdp_media *offer, const struct codec_rule *rule,
                       uint8_t feedback, struct sdp_media *answer, struct plan_codec *out_codec)
{
    for (unsigned i = 0; i < offer->format_count; i++) {
        const struct sdp_format *f = &offer->formats[i];
        if (!rule->is(f)) {
            continue;
        }
        add_format(answer, f, rule->fmtp, feedback);
        *out_codec = (struct plan_codec){(uint8_t)rule->codec, f->payload_type, PLAN_NO_RTX};
        const struct sdp_format *rtx = sdp_rtx_find(offer, f->payload_type);
        if (rule->kind == PLAN_VIDEO && rtx != NULL && (f->feedback & SDP_FB_NACK) != 0) {
            add_format(answer, rtx, NULL, 0);
            out_codec->rtx_payload_type = rtx->payload_type;
        }
        return true;
    }
    return false;
}

static uint8_t take_extension(const struct sdp_media *offer, const char *uri,
                              struct sdp_media *answer)
{
    const struct sdp_extmap *e = sdp_extmap_find(offer, uri);
    if (e == NULL || e->id > EXTENSION_ID_MAX || e->direction != SDP_SENDRECV) {
        return 0;
    }
    CHECK(answer->extmap_count < SDP_EXTMAPS_MAX);
    answer->extmaps[answer->extmap_count++] = *e;
    return e->id;
}

static bool offers_transport_cc(const struct sdp_media *offer)
{
    for (unsigned i = 0; i < offer->format_count; i++) {
        if ((offer->formats[i].feedback & SDP_FB_TRANSPORT_CC) != 0) {
            return true;
        }
    }
    return false;
}

bool formats_agree(const struct sdp_media *offer, enum plan_kind kind, struct sdp_media *answer,
                   struct plan_formats *out_formats)
{
    *out_formats = (struct plan_formats){0};
    struct plan_extensions *ids = &out_formats->extensions;
    ids->mid = take_extension(offer, "urn:ietf:params:rtp-hdrext:sdes:mid", answer);
    if (offers_transport_cc(offer)) {
        ids->transport_cc = take_extension(offer, URI_TRANSPORT_CC, answer);
    }
    if (kind == PLAN_AUDIO) {
        ids->audio_level =
            take_extension(offer, "urn:ietf:params:rtp-hdrext:ssrc-audio-level", answer);
    } else {
        ids->orientation = take_extension(offer, "urn:3gpp:video-orientation", answer);
    }
    uint8_t feedback = kind == PLAN_VIDEO ? VIDEO_FEEDBACK : AUDIO_FEEDBACK;
    if (ids->transport_cc == 0) {
        feedback = (uint8_t)(feedback & ~SDP_FB_TRANSPORT_CC);
    }
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].kind == kind && count < PLAN_CODECS_MAX &&
            take_codec(offer, &rules[i], feedback, answer, &out_formats->codecs[count])) {
            count++;
        }
    }
    return count > 0;
}

static bool in_group(const struct sdp_media *offer, uint32_t ssrc)
{
    for (unsigned i = 0; i < offer->group_count; i++) {
        for (unsigned k = 0; offer->groups[i].fid && k < offer->groups[i].count; k++) {
            if (offer->groups[i].ssrc[k] == ssrc) {
                return true;
            }
        }
    }
    return false;
}

void formats_sources(const struct sdp_media *offer, struct plan_ssrc out_ssrcs[PLAN_SSRCS_MAX])
{
    unsigned count = 0;
    for (unsigned i = 0; i < offer->group_count && count < PLAN_SSRCS_MAX; i++) {
        if (offer->groups[i].fid && offer->groups[i].count >= 2) {
            out_ssrcs[count++] =
                (struct plan_ssrc){offer->groups[i].ssrc[0], offer->groups[i].ssrc[1]};
        }
    }
    for (unsigned i = 0; i < offer->ssrc_count && count < PLAN_SSRCS_MAX; i++) {
        if (!in_group(offer, offer->ssrcs[i].ssrc)) {
            out_ssrcs[count++] = (struct plan_ssrc){offer->ssrcs[i].ssrc, 0};
        }
    }
}
