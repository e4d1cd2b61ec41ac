/* Offers of real browsers (tests/vectors/sdp) and broken ones -> answers and plans. */
#include "media/negotiate/negotiate.h"
#include "proto/payload/payload.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 131072

static struct negotiate_scratch *scratch;
static struct sdp *parsed; /* the answer, read again */
static char offer[TEXT_MAX], answer[TEXT_MAX];
static size_t offer_len;
static struct plan plan;
static enum negotiate_kind kind;
static const char *error;
static uint64_t state = 1;

static bool random_octets(void *context, uint8_t *out, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(state >> 56);
    }
    return true;
}

static void load(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/tests/vectors/sdp/%s", CG_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    EXPECT(file != NULL);
    offer_len = file == NULL ? 0 : fread(offer, 1, sizeof(offer) - 1, file);
    offer[offer_len] = '\0';
    if (file != NULL) {
        (void)fclose(file);
    }
}

/* Every occurrence; false: there was none. */
static bool replace(const char *what, const char *with)
{
    static char out[TEXT_MAX];
    size_t at = 0;
    bool any = false;
    for (const char *p = offer; *p != '\0';) {
        const char *text = p;
        size_t n = 1;
        if (strncmp(p, what, strlen(what)) == 0) {
            any = true;
            text = with;
            n = strlen(with);
            p += strlen(what);
        } else {
            p++;
        }
        if (at + n >= sizeof(out)) {
            return false;
        }
        memcpy(out + at, text, n);
        at += n;
    }
    memcpy(offer, out, at);
    offer[at] = '\0';
    offer_len = at;
    return any;
}

static enum status negotiate(const struct plan *former, size_t room)
{
    struct addr candidates[2];
    EXPECT_INT(addr_of_text("192.0.2.2", 4000, &candidates[0]), STATUS_OK);
    EXPECT_INT(addr_of_text("fd00::2", 4000, &candidates[1]), STATUS_OK);
    struct negotiate_input input = {
        .offer = span_of(offer, offer_len),
        .former = former,
        .fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:"
                       "99:AA:BB:CC:DD:EE:FF",
        .candidates = candidates,
        .candidate_count = 2,
        .random = random_octets,
    };
    struct writer w = writer_of(answer, room);
    error = NULL;
    enum status status = negotiate_answer(scratch, &input, &plan, &kind, &w, &error);
    if (status == STATUS_OK) {
        answer[w.at] = '\0';
        struct sdp_error where = {0};
        EXPECT_INT(sdp_read(writer_span(&w), parsed, &where), STATUS_OK);
    }
    return status;
}

static void answers_of(const char *name, unsigned slots, bool h264)
{
    load(name);
    EXPECT_INT(negotiate(NULL, sizeof(answer) - 1), STATUS_OK);
    EXPECT_INT(kind, NEGOTIATE_FRESH);
    EXPECT_INT(plan.slot_count, slots);
    EXPECT(parsed->ice_lite);
    EXPECT_INT(parsed->media_count, scratch->offer.media_count);
    EXPECT_INT(parsed->media[0].candidate_count, 2);
    EXPECT(parsed->media[0].end_of_candidates);
    EXPECT(strstr(answer, "a=setup:passive") != NULL);
    EXPECT(strstr(answer, "ulpfec") == NULL && strstr(answer, "red/90000") == NULL &&
           strstr(answer, "red/48000") == NULL);
    EXPECT(strstr(answer, "a=simulcast") == NULL && strstr(answer, "a=crypto") == NULL);
    const struct plan_codec *video = plan.publish[PLAN_VIDEO].formats.codecs;
    EXPECT_INT(video[0].codec, PAYLOAD_VP8);
    EXPECT(video[0].rtx_payload_type != PLAN_NO_RTX);
    EXPECT_INT(video[1].codec, PAYLOAD_VP9);
    EXPECT_INT(video[2].codec, h264 ? PAYLOAD_H264 : 0);
    EXPECT_INT(plan.publish[PLAN_AUDIO].formats.codecs[0].codec, PAYLOAD_OPUS);
    EXPECT(plan.publish[PLAN_VIDEO].formats.extensions.transport_cc != 0);
    EXPECT(plan.publish[PLAN_VIDEO].active);
    for (unsigned slot = 0; slot < slots; slot++) {
        for (unsigned k = 0; k < PLAN_KINDS; k++) {
            EXPECT(plan.receive[slot][k].active && plan.receive[slot][k].ssrc != 0);
            EXPECT_INT(plan.receive[slot][k].rtx_ssrc != 0, k == PLAN_VIDEO);
        }
    }
    for (unsigned i = 0; i < parsed->media_count; i++) {
        EXPECT(span_equal(parsed->media[i].mid, scratch->offer.media[i].mid));
    }
    unsigned accepted = 0;
    for (unsigned i = 0; i < parsed->media_count; i++) {
        accepted += parsed->media[i].port != 0 ? 1 : 0;
    }
    EXPECT_INT(parsed->bundle_count, accepted);
}

static void browsers(void)
{
    answers_of("chromium156-two.sdp", 1, true);
    answers_of("firefox153-two.sdp", 1, false);
    answers_of("chromium156-simulcast.sdp", 0, true); /* sendonly video */
    answers_of("firefox153-simulcast.sdp", 0, false);
}

/* Six parties: own pair and further receive pairs, in whatever number the vector has; beyond five
 * slots nothing is taken. */
static void many_sections(void)
{
    static const char *const names[] = {"chromium156-six.sdp", "firefox153-six.sdp"};
    for (size_t i = 0; i < 2; i++) {
        load(names[i]);
        EXPECT_INT(negotiate(NULL, sizeof(answer) - 1), STATUS_OK);
        unsigned pairs = scratch->offer.media_count / 2;
        EXPECT(pairs >= 5);
        EXPECT_INT(plan.slot_count, pairs > PLAN_SLOTS_MAX ? PLAN_SLOTS_MAX : pairs);
        EXPECT_INT(parsed->media_count, scratch->offer.media_count);
        unsigned rejected = 0;
        for (unsigned k = 0; k < parsed->media_count; k++) {
            rejected += parsed->media[k].port == 0 ? 1 : 0;
        }
        EXPECT_INT(rejected, pairs > PLAN_SLOTS_MAX ? 2 * (pairs - PLAN_SLOTS_MAX) : 0);
    }
}

static void the_three_kinds(void)
{
    load("chromium156-two.sdp");
    EXPECT_INT(negotiate(NULL, sizeof(answer) - 1), STATUS_OK);
    struct plan first = plan;
    EXPECT_INT(negotiate(&first, sizeof(answer) - 1), STATUS_OK);
    EXPECT_INT(kind, NEGOTIATE_UPDATE);
    EXPECT_TEXT(plan.transport.credentials.ufrag, first.transport.credentials.ufrag);
    EXPECT_INT(plan.receive[0][1].ssrc, first.receive[0][1].ssrc);
    EXPECT_INT(plan.session_id, first.session_id);
    EXPECT_INT(plan.session_version, first.session_version + 1);
    EXPECT(replace("a=ice-ufrag:", "a=ice-ufrag:new"));
    EXPECT_INT(negotiate(&first, sizeof(answer) - 1), STATUS_OK);
    EXPECT_INT(kind, NEGOTIATE_RESTART);
    EXPECT(strcmp(plan.transport.credentials.ufrag, first.transport.credentials.ufrag) != 0);
    EXPECT(strcmp(plan.transport.credentials.pwd, first.transport.credentials.pwd) != 0);
    EXPECT_INT(plan.receive[0][1].ssrc, first.receive[0][1].ssrc);
    load("firefox153-two.sdp"); /* another certificate */
    EXPECT_INT(negotiate(&first, sizeof(answer) - 1), STATUS_OK);
    EXPECT_INT(kind, NEGOTIATE_FRESH);
    EXPECT(plan.receive[0][1].ssrc != first.receive[0][1].ssrc);
    EXPECT(strcmp(plan.cname, first.cname) != 0);
}

static void refusals(void)
{
    static const struct {
        const char *name, *what, *with;
        enum status status;
    } rows[] = {
        {"no DTLS-SRTP", "UDP/TLS/RTP/SAVPF", "RTP/AVP", STATUS_UNSUPPORTED},
        {"SDES", "UDP/TLS/RTP/SAVPF", "RTP/SAVPF", STATUS_UNSUPPORTED},
        {"sha-1 only", "a=fingerprint:sha-256", "a=fingerprint:sha-1", STATUS_UNSUPPORTED},
        {"no fingerprint", "a=fingerprint:", "a=x-fingerprint:", STATUS_UNSUPPORTED},
        {"passive browser", "a=setup:actpass", "a=setup:passive", STATUS_UNSUPPORTED},
        {"no setup", "a=setup:", "a=x-setup:", STATUS_UNSUPPORTED},
        {"no rtcp-mux", "a=rtcp-mux\r\n", "", STATUS_UNSUPPORTED},
        {"no BUNDLE", "a=group:BUNDLE", "a=group:LS", STATUS_UNSUPPORTED},
        {"no ufrag", "a=ice-ufrag:", "a=x-ice-ufrag:", STATUS_MALFORMED},
        {"short ufrag", "a=ice-ufrag:", "a=ice-ufrag:a\r\na=x:", STATUS_MALFORMED},
        {"no common codec", "a=rtpmap:", "a=x-rtpmap:", STATUS_UNSUPPORTED},
        {"no SDP", "v=0", "hello", STATUS_MALFORMED},
        {"only data", "m=audio", "m=application", STATUS_OK}, /* the video section remains */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_row(rows[i].name);
        load("chromium156-two.sdp");
        EXPECT(replace(rows[i].what, rows[i].with));
        enum status status = negotiate(NULL, sizeof(answer) - 1);
        EXPECT_INT(status, rows[i].status);
        EXPECT(status == STATUS_OK || (error != NULL && error[0] != '\0'));
        test_row_end();
    }
}

static void bounds(void)
{
    load("chromium156-two.sdp");
    EXPECT_INT(negotiate(NULL, sizeof(answer) - 1), STATUS_OK);
    EXPECT(strstr(answer, "useinbandfec=1") != NULL);
    size_t whole_answer = strlen(answer);
    for (size_t room = 0; room < whole_answer - 20; room += 61) {
        EXPECT_INT(negotiate(NULL, room), STATUS_TOO_LARGE);
    }
    size_t whole = offer_len;
    for (size_t cut = 0; cut < whole;
         cut += 7) { /* a cut offer: some answer or some phrase, never more */
        offer_len = cut;
        if (negotiate(NULL, sizeof(answer) - 1) != STATUS_OK) {
            EXPECT(error != NULL);
        }
    }
    load("chromium156-two.sdp");
    for (unsigned i = 0; i < 3000; i++) { /* one octet changed */
        uint8_t octets[3];
        (void)random_octets(NULL, octets, 3);
        size_t at = (size_t)(octets[0] << 8 | octets[1]) % offer_len;
        char kept = offer[at];
        offer[at] = (char)octets[2];
        if (negotiate(NULL, sizeof(answer) - 1) != STATUS_OK) {
            EXPECT(error != NULL);
        }
        offer[at] = kept;
    }
}

static void directions(void)
{
    load("chromium156-two.sdp");
    EXPECT(replace("a=sendrecv", "a=recvonly"));
    EXPECT_INT(negotiate(NULL, sizeof(answer) - 1), STATUS_OK);
    EXPECT(!plan.publish[PLAN_VIDEO].active && plan.receive[0][PLAN_VIDEO].active);
    EXPECT_INT(parsed->media[0].direction, SDP_SENDONLY);
    EXPECT(replace("a=recvonly", "a=sendonly"));
    EXPECT_INT(negotiate(NULL, sizeof(answer) - 1), STATUS_OK);
    EXPECT(plan.publish[PLAN_VIDEO].active && !plan.receive[0][PLAN_VIDEO].active);
    EXPECT_INT(parsed->media[0].direction, SDP_RECVONLY);
}

int main(void)
{
    scratch = calloc(1, sizeof(*scratch));
    parsed = calloc(1, sizeof(*parsed));
    static const struct test_case cases[] = {
        {"offers of both browsers", browsers},
        {"six parties", many_sections},
        {"fresh, restart, update", the_three_kinds},
        {"refusals have a phrase", refusals},
        {"bounds", bounds},
        {"directions", directions},
    };
    int result = TEST_MAIN(cases);
    free(scratch);
    free(parsed);
    return result;
}
