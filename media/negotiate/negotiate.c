#include "media/negotiate/negotiate.h"

#include "media/negotiate/formats.h"
#include "proto/base/check.h"
#include "proto/ice/candidate.h"

#include <string.h>

#define PROTOCOL "UDP/TLS/RTP/SAVPF" /* RFC 8834 §4.2: with DTLS-SRTP nothing else */

/* What one negotiation works on. */
struct work {
    struct negotiate_scratch *scratch;
    const struct negotiate_input *input;
    struct plan *plan;
    enum negotiate_kind kind;
    struct writer text;        /* arena of the answer's strings */
    unsigned seen[PLAN_KINDS]; /* m-sections of that kind so far */
    const char *error;
};

static enum status refuse(struct work *work, enum status status, const char *error)
{
    work->error = error;
    return status;
}

/* --- text and randomness --- */

static struct span text_end(const struct work *work, size_t from)
{
    return span_of(work->text.data + from, work->text.at - from);
}

/* Letters and digits: valid as ice-char, in a cname and in a token alike. Values without a letter
 * are drawn again. */
static bool random_text(const struct negotiate_input *input, char *out, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t at = 0;
    while (at < len) {
        uint8_t octets[32];
        if (!input->random(input->random_context, octets, sizeof(octets))) {
            return false;
        }
        for (size_t i = 0; i < sizeof(octets) && at < len; i++) {
            unsigned value = octets[i] & 63u;
            if (value < 62) {
                out[at++] = alphabet[value];
            }
        }
    }
    out[len] = '\0';
    return true;
}

static bool ssrc_used(const struct work *work, uint32_t ssrc)
{
    const struct plan *plan = work->plan;
    for (unsigned k = 0; k < PLAN_KINDS; k++) {
        for (unsigned i = 0; i < PLAN_SSRCS_MAX; i++) {
            if (plan->publish[k].ssrcs[i].ssrc == ssrc ||
                plan->publish[k].ssrcs[i].rtx_ssrc == ssrc) {
                return true;
            }
        }
        for (unsigned i = 0; i < PLAN_SLOTS_MAX; i++) {
            if (plan->receive[i][k].ssrc == ssrc || plan->receive[i][k].rtx_ssrc == ssrc) {
                return true;
            }
        }
    }
    return false;
}

static bool random_ssrc(const struct work *work, uint32_t *out_ssrc)
{
    for (int i = 0; i < 16; i++) {
        uint32_t ssrc = 0;
        if (!work->input->random(work->input->random_context, (uint8_t *)&ssrc, sizeof(ssrc))) {
            return false;
        }
        if (ssrc != 0 && !ssrc_used(work, ssrc)) {
            *out_ssrc = ssrc;
            return true;
        }
    }
    return false;
}

/* --- transport --- */

static bool hash_of(struct span name, enum dtls_hash *out_hash, size_t *out_len)
{
    static const struct {
        const char *name;
        enum dtls_hash hash;
        size_t len;
    } hashes[] = {
        {"sha-256", DTLS_SHA256, 32}, {"sha-384", DTLS_SHA384, 48}, {"sha-512", DTLS_SHA512, 64}};
    for (size_t i = 0; i < 3; i++) {
        if (span_equal_nocase(name, span_text(hashes[i].name))) {
            *out_hash = hashes[i].hash;
            *out_len = hashes[i].len;
            return true;
        }
    }
    return false;
}

static unsigned read_fingerprints(const struct sdp_transport *t,
                                  struct dtls_fingerprint out[DTLS_FINGERPRINTS_MAX])
{
    unsigned count = 0;
    for (unsigned i = 0; i < t->fingerprint_count && count < DTLS_FINGERPRINTS_MAX; i++) {
        struct dtls_fingerprint *f = &out[count];
        *f = (struct dtls_fingerprint){0};
        size_t want = 0;
        if (hash_of(t->fingerprints[i].hash, &f->hash, &want)) {
            f->len = sdp_fingerprint_octets(t->fingerprints[i].value, f->octets, sizeof(f->octets));
            count += f->len == want ? 1 : 0;
        }
    }
    return count;
}

static bool same_fingerprints(const struct transport_config *a, const struct transport_config *b)
{
    if (a->fingerprint_count != b->fingerprint_count) {
        return false;
    }
    for (unsigned i = 0; i < a->fingerprint_count; i++) {
        if (a->fingerprints[i].hash != b->fingerprints[i].hash ||
            a->fingerprints[i].len != b->fingerprints[i].len ||
            memcmp(a->fingerprints[i].octets, b->fingerprints[i].octets, a->fingerprints[i].len) !=
                0) {
            return false;
        }
    }
    return true;
}

static enum status agree_transport(struct work *work, const struct sdp_transport *offered)
{
    struct transport_config *config = &work->plan->transport;
    if (!ice_ufrag_valid(offered->ice_ufrag) || !ice_pwd_valid(offered->ice_pwd)) {
        return refuse(work, STATUS_MALFORMED, "the offer has no valid ice-ufrag and ice-pwd");
    }
    if (!span_copy_text(offered->ice_ufrag, config->credentials.remote_ufrag,
                        sizeof(config->credentials.remote_ufrag))) {
        return refuse(work, STATUS_TOO_LARGE, "ice-ufrag is too long");
    }
    config->fingerprint_count = read_fingerprints(offered, config->fingerprints);
    if (config->fingerprint_count == 0) {
        return refuse(work, STATUS_UNSUPPORTED,
                      "the offer has no DTLS fingerprint of sha-256 or better");
    }
    if (offered->setup != SDP_ACTPASS && offered->setup != SDP_ACTIVE) {
        return refuse(work, STATUS_UNSUPPORTED,
                      "the offer must let the browser be the DTLS client (a=setup:actpass)");
    }
    const struct plan *former = work->input->former;
    if (former == NULL || !same_fingerprints(&former->transport, config)) {
        work->kind = NEGOTIATE_FRESH;
    } else if (strcmp(former->transport.credentials.remote_ufrag,
                      config->credentials.remote_ufrag) == 0) {
        work->kind = NEGOTIATE_UPDATE;
        config->credentials = former->transport.credentials;
        return STATUS_OK;
    } else {
        work->kind = NEGOTIATE_RESTART;
    }
    if (!random_text(work->input, config->credentials.ufrag, ICELITE_UFRAG_LEN) ||
        !random_text(work->input, config->credentials.pwd, ICELITE_PWD_LEN)) {
        return refuse(work, STATUS_IO, "no randomness");
    }
    return STATUS_OK;
}

static enum status agree_session(struct work *work)
{
    struct plan *plan = work->plan;
    const struct plan *former = work->kind == NEGOTIATE_FRESH ? NULL : work->input->former;
    if (former != NULL) {
        memcpy(plan->cname, former->cname, sizeof(plan->cname));
        plan->session_id = former->session_id;
        plan->session_version = former->session_version + 1;
        return STATUS_OK;
    }
    uint8_t id[8];
    if (!random_text(work->input, plan->cname, PLAN_CNAME_LEN) ||
        !work->input->random(work->input->random_context, id, sizeof(id))) {
        return refuse(work, STATUS_IO, "no randomness");
    }
    for (size_t i = 0; i < sizeof(id); i++) {
        plan->session_id = plan->session_id << 8 | id[i];
    }
    plan->session_id &= INT64_MAX; /* RFC 9429 §5.2.1 */
    plan->session_version = 1;
    return STATUS_OK;
}

/* --- m-sections --- */

static bool in_bundle(const struct sdp *offer, struct span mid)
{
    for (unsigned i = 0; i < offer->bundle_count; i++) {
        if (span_equal(offer->bundle[i], mid)) {
            return true;
        }
    }
    return false;
}

static void reject(const struct sdp_media *offered, struct sdp_media *answer)
{
    answer->port = 0;
    answer->direction = SDP_INACTIVE;
    answer->format_count = 0;
    if (offered->format_count > 0) { /* RFC 3264 §6: at least one format stays in the line */
        answer->formats[answer->format_count++] =
            (struct sdp_format){.payload_type = offered->formats[0].payload_type};
    } else {
        answer->other_formats = offered->other_formats;
    }
}

/* Our SSRCs in a slot: those of the connection before, if it goes on. */
static enum status agree_ssrcs(struct work *work, unsigned slot, enum plan_kind kind)
{
    struct plan_receive *receive = &work->plan->receive[slot][kind];
    const struct plan *former = work->kind == NEGOTIATE_FRESH ? NULL : work->input->former;
    if (former != NULL && former->receive[slot][kind].ssrc != 0) {
        receive->ssrc = former->receive[slot][kind].ssrc;
        receive->rtx_ssrc = former->receive[slot][kind].rtx_ssrc;
    }
    if (receive->ssrc == 0 && !random_ssrc(work, &receive->ssrc)) {
        return refuse(work, STATUS_IO, "no randomness");
    }
    bool rtx = false;
    for (unsigned i = 0; i < PLAN_CODECS_MAX; i++) {
        rtx = rtx || (receive->formats.codecs[i].codec != 0 &&
                      receive->formats.codecs[i].rtx_payload_type != PLAN_NO_RTX);
    }
    if (rtx && receive->rtx_ssrc == 0 && !random_ssrc(work, &receive->rtx_ssrc)) {
        return refuse(work, STATUS_IO, "no randomness");
    }
    receive->rtx_ssrc = rtx ? receive->rtx_ssrc : 0;
    return STATUS_OK;
}

static void announce(struct work *work, unsigned slot, enum plan_kind kind,
                     struct sdp_media *answer)
{
    const struct plan_receive *receive = &work->plan->receive[slot][kind];
    size_t from = work->text.at;
    writer_format(&work->text, "slot%u slot%u-%s", slot, slot,
                  kind == PLAN_AUDIO ? "audio" : "video");
    struct span msid = text_end(work, from);
    struct span cname = span_text(work->plan->cname);
    answer->msid = msid;
    answer->ssrcs[answer->ssrc_count++] = (struct sdp_ssrc){receive->ssrc, cname, msid};
    if (receive->rtx_ssrc != 0) {
        answer->ssrcs[answer->ssrc_count++] = (struct sdp_ssrc){receive->rtx_ssrc, cname, msid};
        answer->groups[answer->group_count++] = (struct sdp_ssrc_group){
            .fid = true, .count = 2, .ssrc = {receive->ssrc, receive->rtx_ssrc}};
    }
}

static void write_candidates(struct work *work, struct sdp_media *answer)
{
    for (size_t i = 0; i < work->input->candidate_count && i < SDP_CANDIDATES_MAX; i++) {
        const struct addr *a = &work->input->candidates[i];
        char ip[INET6_ADDRSTRLEN];
        char foundation[8];
        struct writer f = writer_of(foundation, sizeof(foundation));
        writer_format(&f, "%zu", i + 1);
        struct ice_candidate candidate = {
            .foundation = writer_span(&f),
            .component = 1,
            .transport = ICE_UDP,
            .priority =
                ice_priority(ice_type_preference(ICE_HOST, ICE_UDP), (uint16_t)(65535 - i), 1),
            .address = span_text(addr_ip_text(a, ip, sizeof(ip))),
            .port = a->port,
            .type = ICE_HOST,
        };
        size_t from = work->text.at;
        ice_candidate_write(&work->text, &candidate);
        answer->candidates[answer->candidate_count++] = text_end(work, from);
    }
    answer->end_of_candidates = true;
}

static void write_transport(struct work *work, struct sdp_media *answer)
{
    const struct icelite_credentials *ours = &work->plan->transport.credentials;
    answer->transport = (struct sdp_transport){
        .ice_ufrag = span_text(ours->ufrag),
        .ice_pwd = span_text(ours->pwd),
        .ice_trickle = true,
        .setup = SDP_PASSIVE,
        .fingerprint_count = 1,
        .fingerprints = {{SPAN_LITERAL("sha-256"), span_text(work->input->fingerprint)}},
    };
}

/* The section counts for slot `slot`; without a common codec it is rejected, which is no error. */
static enum status accept_section(struct work *work, const struct sdp_media *offered,
                                  enum plan_kind kind, unsigned slot, struct sdp_media *answer,
                                  bool *out_accepted)
{
    struct plan_formats formats;
    if (!formats_agree(offered, kind, answer, &formats)) {
        reject(offered, answer);
        answer->extmap_count = 0;
        return STATUS_OK;
    }
    answer->port =
        9; /* the discard port: the real address is the candidates' (RFC 8839 §4.2.1.2) */
    answer->direction = sdp_direction_answer(
        offered->direction, slot == 0 && !work->input->receive_only ? SDP_SENDRECV : SDP_SENDONLY);
    answer->rtcp_mux = true;
    answer->rtcp_rsize = offered->rtcp_rsize;
    write_transport(work, answer);
    struct plan *plan = work->plan;
    if (slot == 0) {
        struct plan_publish *publish = &plan->publish[kind];
        publish->active = answer->direction == SDP_SENDRECV || answer->direction == SDP_RECVONLY;
        publish->formats = formats;
        formats_sources(offered, publish->ssrcs);
    }
    struct plan_receive *receive = &plan->receive[slot][kind];
    receive->active = answer->direction == SDP_SENDRECV || answer->direction == SDP_SENDONLY;
    receive->formats = formats;
    *out_accepted = true;
    enum status status = agree_ssrcs(work, slot, kind);
    if (status == STATUS_OK && receive->active) {
        announce(work, slot, kind, answer);
        plan->slot_count = slot + 1 > plan->slot_count ? (uint8_t)(slot + 1) : plan->slot_count;
    }
    return status;
}

static enum status check_section(struct work *work, const struct sdp *offer,
                                 const struct sdp_media *offered)
{
    if (!span_is(offered->protocol, PROTOCOL)) {
        return refuse(work, STATUS_UNSUPPORTED,
                      "only UDP/TLS/RTP/SAVPF is possible: media without DTLS-SRTP is refused");
    }
    if (!offered->rtcp_mux) {
        return refuse(work, STATUS_UNSUPPORTED, "the offer lacks a=rtcp-mux");
    }
    if (offered->mid.len == 0 || !in_bundle(offer, offered->mid)) {
        return refuse(work, STATUS_UNSUPPORTED, "every m-section must be in the BUNDLE group");
    }
    return STATUS_OK;
}

static enum status answer_section(struct work *work, unsigned index, bool *out_accepted)
{
    const struct sdp *offer = &work->scratch->offer;
    const struct sdp_media *offered = &offer->media[index];
    struct sdp_media *answer = &work->scratch->answer.media[index];
    memset(answer, 0, sizeof(*answer));
    answer->kind = offered->kind;
    answer->kind_text = offered->kind_text;
    answer->protocol = offered->protocol;
    answer->mid = offered->mid;
    bool wanted = (offered->kind == SDP_AUDIO || offered->kind == SDP_VIDEO) &&
                  (offered->port != 0 || offered->bundle_only);
    enum plan_kind kind = offered->kind == SDP_AUDIO ? PLAN_AUDIO : PLAN_VIDEO;
    if (!wanted) {
        reject(offered, answer);
        if (offered->kind == SDP_AUDIO || offered->kind == SDP_VIDEO) {
            work->seen[kind]++; /* a stopped section keeps its slot's place */
        }
        return STATUS_OK;
    }
    unsigned slot = work->seen[kind]++;
    if (slot >= PLAN_SLOTS_MAX) {
        reject(offered, answer);
        return STATUS_OK;
    }
    enum status status = check_section(work, offer, offered);
    return status != STATUS_OK ? status
                               : accept_section(work, offered, kind, slot, answer, out_accepted);
}

/* The m-section whose transport counts: the first that is not rejected (RFC 9143 §7.2, the
 * offerer-tagged one). */
static const struct sdp_media *tagged_section(const struct sdp *offer)
{
    for (unsigned i = 0; i < offer->media_count; i++) {
        if (offer->media[i].port != 0 || offer->media[i].bundle_only) {
            return &offer->media[i];
        }
    }
    return NULL;
}

static enum status answer_sections(struct work *work)
{
    const struct sdp *offer = &work->scratch->offer;
    struct sdp *answer = &work->scratch->answer;
    answer->media_count = offer->media_count;
    bool first = true;
    for (unsigned i = 0; i < offer->media_count; i++) {
        bool accepted = false;
        enum status status = answer_section(work, i, &accepted);
        if (status != STATUS_OK) {
            return status;
        }
        if (accepted) {
            answer->bundle[answer->bundle_count++] = offer->media[i].mid;
            if (first) {
                write_candidates(work, &answer->media[i]);
            }
            first = false;
        }
    }
    return first ? refuse(work, STATUS_UNSUPPORTED,
                          "the offer has no audio or video codec in common with the gateway")
                 : STATUS_OK;
}

static enum status run(struct work *work, struct writer *out_answer)
{
    struct sdp_error error = {0};
    enum status status = sdp_read(work->input->offer, &work->scratch->offer, &error);
    if (status != STATUS_OK) {
        return refuse(work, status, error.reason != NULL ? error.reason : "the offer is no SDP");
    }
    const struct sdp_media *tagged = tagged_section(&work->scratch->offer);
    if (tagged == NULL) {
        return refuse(work, STATUS_UNSUPPORTED, "the offer has no active m-section");
    }
    if ((status = agree_transport(work, &tagged->transport)) != STATUS_OK ||
        (status = agree_session(work)) != STATUS_OK ||
        (status = answer_sections(work)) != STATUS_OK) {
        return status;
    }
    struct sdp *answer = &work->scratch->answer;
    answer->session_id = work->plan->session_id;
    answer->session_version = work->plan->session_version;
    answer->ice_lite = true;
    answer->extmap_allow_mixed = work->scratch->offer.extmap_allow_mixed;
    if (!writer_ok(&work->text)) {
        return refuse(work, STATUS_TOO_LARGE, "the offer has too many m-sections");
    }
    sdp_write(out_answer, answer);
    return writer_ok(out_answer) ? STATUS_OK
                                 : refuse(work, STATUS_TOO_LARGE, "the answer is too long");
}

enum status negotiate_answer(struct negotiate_scratch *scratch, const struct negotiate_input *input,
                             struct plan *out_plan, enum negotiate_kind *out_kind,
                             struct writer *out_answer, const char **out_error)
{
    CHECK(input->random != NULL && input->fingerprint != NULL && input->candidate_count > 0);
    struct plan plan = {0};
    struct work work = {.scratch = scratch,
                        .input = input,
                        .plan = &plan,
                        .kind = NEGOTIATE_FRESH,
                        .text = writer_of(scratch->text, sizeof(scratch->text))};
    struct sdp *answer = &scratch->answer;
    answer->bundle_count = 0;
    answer->media_count = 0;
    memset(&answer->transport, 0, sizeof(answer->transport));
    enum status status = run(&work, out_answer);
    if (status == STATUS_OK) {
        *out_plan = plan;
        *out_kind = work.kind;
    } else {
        *out_error = work.error;
    }
    return status;
}
