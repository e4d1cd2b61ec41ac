/* Browser offer -> our answer (JSEP RFC 8829, offer/answer RFC 3264, BUNDLE RFC 9143, ICE-lite RFC
 * 8839): a pure function with caller's scratch memory and an injected source of randomness. T0.
 *
 * Answers are ICE-lite, a=setup:passive, one transport (BUNDLE is demanded), rtcp-mux, reduced
 * size. Video: VP8, VP9, H264 in this order for everybody, so that any two share VP8; RTX for each;
 * red and ulpfec left out (browsers would wrap all video in red). Audio: opus with in-band FEC, no
 * DTX. The first audio and video m-sections carry the seat's own media and receive slot 0, each
 * further pair the next slot. m-sections beyond that, and kinds that are not media, are rejected
 * with port 0. */
#ifndef MEDIA_NEGOTIATE_NEGOTIATE_H
#define MEDIA_NEGOTIATE_NEGOTIATE_H

#include "media/negotiate/plan.h"
#include "proto/base/span.h"
#include "proto/base/writer.h"
#include "proto/sdp/sdp.h"

#define NEGOTIATE_TEXT_MAX                                                                         \
    16384 /* octets of text that an answer's spans point into: 12 m-sections x about 600 */

/* Large, so the caller keeps one for all. */
struct negotiate_scratch {
    struct sdp offer, answer;
    uint8_t text[NEGOTIATE_TEXT_MAX];
};

typedef bool (*negotiate_random)(void *context, uint8_t *out, size_t len);

struct negotiate_input {
    struct span offer;
    const struct plan *former;     /* of this seat's present connection; NULL: none */
    bool receive_only;             /* of the browser: nothing of its own is taken */
    const char *fingerprint;       /* ours: sha-256, upper-case hex with colons */
    const struct addr *candidates; /* with port; the first is preferred */
    size_t candidate_count;
    negotiate_random random;
    void *random_context;
};

enum negotiate_kind {
    NEGOTIATE_FRESH = 1, /* first offer, or a new ufrag with a new fingerprint: a new connection */
    NEGOTIATE_RESTART,   /* new ufrag, same fingerprint: ICE restart */
    NEGOTIATE_UPDATE     /* same ufrag: renegotiation */
};

/* OK: *out_plan and out_answer are filled. MALFORMED, UNSUPPORTED, TOO_LARGE (offer, or answer does
 * not fit), IO (no randomness): *out_error is a static English phrase; what out_answer holds then
 * is of no use. */
MUST_USE enum status negotiate_answer(struct negotiate_scratch *scratch,
                                      const struct negotiate_input *input, struct plan *out_plan,
                                      enum negotiate_kind *out_kind, struct writer *out_answer,
                                      const char **out_error);

#endif
