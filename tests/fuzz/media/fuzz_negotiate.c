/* Any text as a browser's offer: refused with a phrase, or answered by an SDP that our own reader
 * takes, with one m-section for each of the offer's. The same offer again is an update, and what it
 * then agrees on is the same. */
#include "media/negotiate/negotiate.h"
#include "proto/base/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool octets(void *context, uint8_t *out, size_t len)
{
    uint8_t *next = context;
    for (size_t i = 0; i < len; i++) {
        out[i] = (*next)++;
    }
    return true;
}

static enum status answer_to(struct span offer, const struct plan *former, struct plan *plan,
                             enum negotiate_kind *kind, struct writer *w)
{
    static struct negotiate_scratch scratch;
    static const char fingerprint[] =
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:"
        "1E:1F";
    static const struct addr candidate = {.ip = {127, 0, 0, 1}, .port = 40000, .family = 4};
    uint8_t next = 1;
    struct negotiate_input input = {.offer = offer,
                                    .former = former,
                                    .fingerprint = fingerprint,
                                    .candidates = &candidate,
                                    .candidate_count = 1,
                                    .random = octets,
                                    .random_context = &next};
    const char *error = NULL;
    enum status status = negotiate_answer(&scratch, &input, plan, kind, w, &error);
    CHECK(status == STATUS_OK || (error != NULL && error[0] != '\0'));
    return status;
}

static void check_plan(const struct plan *plan)
{
    CHECK(plan->slot_count <= PLAN_SLOTS_MAX);
    CHECK(plan->transport.fingerprint_count >= 1 &&
          plan->transport.fingerprint_count <= DTLS_FINGERPRINTS_MAX);
    const struct icelite_credentials *ice = &plan->transport.credentials;
    CHECK(strlen(ice->ufrag) == ICELITE_UFRAG_LEN && strlen(ice->pwd) == ICELITE_PWD_LEN);
    CHECK(memchr(ice->remote_ufrag, '\0', sizeof(ice->remote_ufrag)) != NULL);
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        for (unsigned i = 0; i < PLAN_CODECS_MAX; i++) {
            const struct plan_codec *codec = &plan->publish[kind].formats.codecs[i];
            CHECK(codec->codec == 0 || codec->payload_type < 128);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sdp offer;
    static struct sdp answer;
    static char text[65536];
    static char again[65536];
    struct plan plan = {0};
    struct plan second = {0};
    enum negotiate_kind kind = 0;
    struct writer w = writer_of(text, sizeof(text));
    if (answer_to(span_of(data, size), NULL, &plan, &kind, &w) != STATUS_OK) {
        return 0;
    }
    CHECK(kind == NEGOTIATE_FRESH && writer_ok(&w));
    check_plan(&plan);
    struct sdp_error error;
    CHECK(sdp_read(span_of(data, size), &offer, &error) == STATUS_OK);
    CHECK(sdp_read(writer_span(&w), &answer, &error) == STATUS_OK);
    CHECK(answer.media_count == offer.media_count); /* RFC 3264 §6 */
    struct writer x = writer_of(again, sizeof(again));
    CHECK(answer_to(span_of(data, size), &plan, &second, &kind, &x) == STATUS_OK);
    CHECK(kind == NEGOTIATE_UPDATE);
    check_plan(&second);
    CHECK(memcmp(second.publish, plan.publish, sizeof(plan.publish)) == 0);
    CHECK(strcmp(second.transport.credentials.ufrag, plan.transport.credentials.ufrag) == 0);
    CHECK(sdp_read(writer_span(&x), &answer, &error) == STATUS_OK);
    return 0;
}
