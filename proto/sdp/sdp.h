/* SDP of WebRTC (RFC 8866, JSEP RFC 8829): one plain struct for a description, a strict bounded
 * reader of what browsers send and a writer of answers; sdp_read(sdp_write(x)) == x for all that
 * the struct holds. Unknown attributes are passed over (RFC 8866 §5). Spans point into the input
 * (reader) or to what the caller has filled in (writer). No allocation; struct sdp is large (see
 * sizeof): keep it off small stacks. Pure functions, any thread. */
#ifndef PROTO_SDP_SDP_H
#define PROTO_SDP_SDP_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

/* Limits: what browsers send (Chromium: 33 kB for 12 m-sections) with a factor of two or more. */
#define SDP_LEN_MAX 131072u /* octets in all */
#define SDP_LINE_MAX 4096u  /* octets in a line */
#define SDP_LINES_MAX 4096u
#define SDP_MEDIA_MAX 32u   /* m-sections */
#define SDP_FORMATS_MAX 64u /* per m-section; Chromium sends 24 video formats */
#define SDP_EXTMAPS_MAX 24u /* Chromium sends 14 */
#define SDP_SSRCS_MAX 8u    /* 3 simulcast layers with RTX are 6 */
#define SDP_GROUPS_MAX 4u   /* ssrc-group lines per m-section */
#define SDP_RIDS_MAX 4u
#define SDP_CANDIDATES_MAX 16u
#define SDP_FINGERPRINTS_MAX 4u

enum sdp_kind { SDP_AUDIO = 0, SDP_VIDEO, SDP_APPLICATION, SDP_OTHER };
enum sdp_direction { SDP_SENDRECV = 0, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
enum sdp_setup { SDP_SETUP_NONE = 0, SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE, SDP_HOLDCONN };

enum sdp_feedback { /* a=rtcp-fb, RFC 4585 §4.2 */
                    SDP_FB_NACK = 1 << 0,
                    SDP_FB_NACK_PLI = 1 << 1,
                    SDP_FB_CCM_FIR = 1 << 2,
                    SDP_FB_REMB = 1 << 3, /* goog-remb */
                    SDP_FB_TRANSPORT_CC = 1 << 4,
                    SDP_FB_RRTR = 1 << 5 /* rrtr, RFC 3611 through Chromium's name */
};

struct sdp_format {
    uint8_t payload_type; /* 0..127 */
    struct span
        codec; /* encoding name, "opus", "VP8", "rtx"; compare without case; empty: no rtpmap */
    uint32_t clock_hz;
    uint8_t channels; /* 0: not said (= 1) */
    uint8_t feedback; /* bits of enum sdp_feedback, those for "*" included */
    struct span fmtp; /* parameters, empty: none */
};

struct sdp_extmap {
    uint8_t id;                   /* 1..14 or 16..255 (RFC 8285 §5) */
    enum sdp_direction direction; /* sendrecv unless said */
    struct span uri;
};

struct sdp_ssrc {
    uint32_t ssrc;
    struct span cname; /* empty: not said */
    struct span msid;  /* "stream track", empty: not said */
};

struct sdp_ssrc_group {
    bool fid; /* FID (RTX pair) or SIM */
    unsigned count;
    uint32_t ssrc[4];
};

struct sdp_rid {
    struct span id;
    bool send;
};

struct sdp_fingerprint {
    struct span hash;  /* "sha-256" */
    struct span value; /* "AB:CD:..." upper or lower case hex, checked */
};

/* Transport attributes; in the session part they hold for every m-section that does not say its
 * own. */
struct sdp_transport {
    struct span ice_ufrag, ice_pwd;
    bool ice_trickle, ice_renomination; /* a=ice-options */
    enum sdp_setup setup;
    unsigned fingerprint_count;
    struct sdp_fingerprint fingerprints[SDP_FINGERPRINTS_MAX];
};

struct sdp_media {
    enum sdp_kind kind;
    struct span kind_text; /* "audio" */
    uint16_t port;         /* 0: rejected, or bundle-only in an offer */
    struct span protocol;  /* "UDP/TLS/RTP/SAVPF" */
    struct span mid;       /* empty: none */
    enum sdp_direction direction;
    struct sdp_transport transport; /* session values already filled in by the reader */
    bool rtcp_mux, rtcp_rsize, rtcp_mux_only, bundle_only, end_of_candidates;
    bool extmap_allow_mixed; /* here or in the session */
    bool has_simulcast;
    uint32_t bandwidth_kbps;        /* b=AS, 0: not said */
    uint16_t ptime_ms, maxptime_ms; /* 0: not said */
    struct span msid;               /* a=msid value "stream track", empty: none */
    unsigned format_count, extmap_count, ssrc_count, group_count, rid_count, candidate_count;
    struct span other_formats; /* fmt list when the protocol is not RTP ("webrtc-datachannel") */
    struct sdp_format formats[SDP_FORMATS_MAX];
    struct sdp_extmap extmaps[SDP_EXTMAPS_MAX];
    struct sdp_ssrc ssrcs[SDP_SSRCS_MAX];
    struct sdp_ssrc_group groups[SDP_GROUPS_MAX];
    struct sdp_rid rids[SDP_RIDS_MAX];
    struct span candidates[SDP_CANDIDATES_MAX]; /* behind "candidate:"; further ones are passed
                                                   over; see ice/candidate.h */
};

struct sdp {
    uint64_t session_id, session_version; /* o= */
    bool ice_lite;
    bool extmap_allow_mixed;
    struct sdp_transport transport; /* as written in the session part */
    unsigned bundle_count;          /* mids of the first a=group:BUNDLE */
    struct span bundle[SDP_MEDIA_MAX];
    unsigned media_count;
    struct sdp_media media[SDP_MEDIA_MAX];
};

/* offset of the octet (start of the line for a whole line) that broke the rule, and a static
 * English phrase. */
struct sdp_error {
    size_t offset;
    const char *reason;
};

/* Statuses: OK; MALFORMED; TOO_LARGE (a limit above). *out_sdp is undefined unless OK; out_error is
 * filled unless OK (and may be NULL). Lines end in CRLF or LF (RFC 8866 §5), NUL and lone CR are
 * refused, order v o s .. t m is demanded. */
MUST_USE enum status sdp_read(struct span input, struct sdp *out_sdp, struct sdp_error *out_error);

/* Writes the description (write.c); a rejected m-section (port 0, no bundle-only) is written short,
 * as answers need it (RFC 8829 §5.3.1). */
void sdp_write(struct writer *w, const struct sdp *sdp);

/* Helpers for negotiation. */
const struct sdp_format *sdp_format_find(const struct sdp_media *media, uint8_t payload_type);
/* RTX format whose apt is payload_type (RFC 4588 §8.1), NULL: none. */
const struct sdp_format *sdp_rtx_find(const struct sdp_media *media, uint8_t payload_type);
const struct sdp_extmap *sdp_extmap_find(const struct sdp_media *media, const char *uri);
/* Value of a key in an fmtp line "a=1;b=2" (blanks around ; are passed over); false: absent. */
bool sdp_fmtp_get(struct span fmtp, const char *key, struct span *out_value);
/* The direction that an answer has when we are able to do `ours` (RFC 3264 §6.1). */
enum sdp_direction sdp_direction_answer(enum sdp_direction offered, enum sdp_direction ours);
/* Fingerprint text "AB:CD" -> octets; returns their number, 0 when malformed or too long. */
size_t sdp_fingerprint_octets(struct span value, uint8_t *buffer, size_t buffer_len);

#endif
