#include "media/transport/transport.h"

#include "proto/base/check.h"

#include <string.h>

enum status transport_init(struct transport *transport, const struct transport_config *config,
                           struct dtls_context *context, struct counters *counters, int64_t now_us)
{
    CHECK(counters != NULL);
    *transport = (struct transport){.state = TRANSPORT_NEW, .counters = counters};
    icelite_init(&transport->ice, &config->credentials, now_us);
    return dtls_create(context, config->fingerprints, config->fingerprint_count, now_us,
                       &transport->dtls);
}

void transport_fini(struct transport *transport)
{
    dtls_destroy(transport->dtls);
    rtpsec_destroy(transport->srtp);
    transport->dtls = NULL;
    transport->srtp = NULL;
    transport->state = TRANSPORT_GONE;
}

void transport_restart(struct transport *transport, const struct icelite_credentials *credentials,
                       int64_t now_us)
{
    icelite_restart(&transport->ice, credentials, now_us);
}

static void gone(struct transport *transport, const char *reason)
{
    if (transport->state != TRANSPORT_GONE) {
        transport->state = TRANSPORT_GONE;
        transport->reason = reason;
    }
}

void transport_stun(struct transport *transport, int64_t now_us, const struct stun_message *request,
                    const struct addr *from, struct integrity *integrity, struct outbox *box,
                    struct icelite_result *out_result)
{
    *out_result = (struct icelite_result){0};
    if (transport->state ==
        TRANSPORT_GONE) { /* consent was revoked: checks of a dead connection go unanswered */
        counters_add(transport->counters, COUNTER_DROP_STUN_USERNAME, 1);
        return;
    }
    struct writer w = outbox_begin(box);
    icelite_request(&transport->ice, now_us, request, from, integrity, transport->counters, &w,
                    out_result);
    outbox_commit(box, &w, from);
    if (out_result->authentic && transport->state == TRANSPORT_NEW) {
        transport->state = TRANSPORT_CHECKED;
    }
}

static void flush_dtls(struct transport *transport, struct outbox *box)
{
    struct span datagram;
    while (dtls_output(transport->dtls, &datagram)) {
        struct writer w = outbox_begin(box);
        writer_bytes(&w, datagram);
        outbox_commit(box, &w, &transport->dtls_from);
    }
}

static void take_keys(struct transport *transport)
{
    struct rtpsec_keys keys;
    if (dtls_keys(transport->dtls, &keys) != STATUS_OK) {
        counters_add(transport->counters, COUNTER_DTLS_FAILED, 1);
        gone(transport, "dtls_failed");
        return;
    }
    transport->profile = keys.profile;
    if (rtpsec_create(&keys, RTPSEC_ENGINE_AUTO, &transport->srtp) == STATUS_OK) {
        transport->state = TRANSPORT_CONNECTED;
        counters_add(transport->counters, COUNTER_DTLS_DONE, 1);
    } else {
        gone(transport, "no_memory");
    }
    rtpsec_keys_wipe(&keys);
}

/* What the DTLS state means for the connection; called after everything that may have changed it.
 */
static void follow_dtls(struct transport *transport)
{
    if (transport->state == TRANSPORT_GONE) {
        return;
    }
    switch (dtls_state(transport->dtls)) {
    case DTLS_HANDSHAKING:
        break;
    case DTLS_CONNECTED:
        if (transport->srtp == NULL) {
            take_keys(transport);
        }
        break;
    case DTLS_CLOSED:
        gone(transport, "dtls_closed");
        break;
    case DTLS_FAILED:
        counters_add(transport->counters, COUNTER_DTLS_FAILED, 1);
        gone(transport, "dtls_failed");
        break;
    case DTLS_WRONG_FINGERPRINT:
        counters_add(transport->counters, COUNTER_DTLS_FINGERPRINT, 1);
        gone(transport, "fingerprint_mismatch");
        break;
    case DTLS_NO_PROFILE:
        counters_add(transport->counters, COUNTER_DTLS_NO_PROFILE, 1);
        gone(transport, "no_srtp_profile");
        break;
    }
}

void transport_dtls(struct transport *transport, int64_t now_us, struct span datagram,
                    const struct addr *from, struct outbox *box)
{
    if (transport->state == TRANSPORT_GONE || transport->state == TRANSPORT_NEW ||
        !icelite_known(&transport->ice, from)) {
        counters_add(transport->counters, COUNTER_DROP_DTLS_STATE, 1);
        return;
    }
    transport->dtls_from = *from;
    dtls_input(transport->dtls, now_us, datagram);
    flush_dtls(transport, box);
    follow_dtls(transport);
}

static enum status count_failure(struct transport *transport, enum status status, enum counter auth)
{
    enum counter which = auth;
    if (status == STATUS_REPLAYED) {
        which = COUNTER_DROP_SRTP_REPLAY;
    } else if (status == STATUS_FULL) {
        which = COUNTER_DROP_SRTP_SSRC_LIMIT;
    } else if (status == STATUS_MALFORMED) {
        which = COUNTER_DROP_RTP_MALFORMED;
    } else {
        transport->unprotect_failures++;
    }
    counters_add(transport->counters, which, 1);
    return status;
}

enum status transport_unprotect_rtp(struct transport *transport, uint8_t *packet, size_t *len)
{
    if (transport->state != TRANSPORT_CONNECTED) {
        counters_add(transport->counters, COUNTER_DROP_SRTP_NOT_READY, 1);
        return STATUS_WRONG_STATE;
    }
    enum status status = rtpsec_unprotect_rtp(transport->srtp, packet, len);
    return status == STATUS_OK ? status : count_failure(transport, status, COUNTER_DROP_SRTP_AUTH);
}

enum status transport_unprotect_rtcp(struct transport *transport, uint8_t *packet, size_t *len)
{
    if (transport->state != TRANSPORT_CONNECTED) {
        counters_add(transport->counters, COUNTER_DROP_SRTP_NOT_READY, 1);
        return STATUS_WRONG_STATE;
    }
    enum status status = rtpsec_unprotect_rtcp(transport->srtp, packet, len);
    return status == STATUS_OK ? status : count_failure(transport, status, COUNTER_DROP_SRTCP_AUTH);
}

bool transport_ready(const struct transport *transport)
{
    return transport->state == TRANSPORT_CONNECTED && icelite_selected(&transport->ice) != NULL;
}

bool transport_send_rtp(struct transport *transport, struct outbox *box, struct writer *w)
{
    CHECK(transport_ready(transport));
    if (!writer_ok(w) ||
        rtpsec_protect_rtp(transport->srtp, w->data, &w->at, w->len) != STATUS_OK) {
        counters_add(transport->counters, COUNTER_DROP_SEND, 1);
        return false;
    }
    outbox_commit(box, w, icelite_selected(&transport->ice));
    return true;
}

bool transport_send_rtcp(struct transport *transport, struct outbox *box, struct writer *w)
{
    CHECK(transport_ready(transport));
    if (!writer_ok(w) ||
        rtpsec_protect_rtcp(transport->srtp, w->data, &w->at, w->len) != STATUS_OK) {
        counters_add(transport->counters, COUNTER_DROP_SEND, 1);
        return false;
    }
    outbox_commit(box, w, icelite_selected(&transport->ice));
    return true;
}

int64_t transport_deadline(const struct transport *transport, int64_t now_us)
{
    if (transport->state == TRANSPORT_GONE) {
        return INT64_MAX;
    }
    int64_t consent_us = transport->ice.checked_us + ICELITE_CONSENT_US + 1;
    int64_t dtls_us = dtls_deadline(transport->dtls, now_us);
    return dtls_us < consent_us ? dtls_us : consent_us;
}

void transport_tick(struct transport *transport, int64_t now_us, struct outbox *box)
{
    if (transport->state == TRANSPORT_GONE) {
        return;
    }
    if (icelite_consent_expired(&transport->ice, now_us)) { /* RFC 7675 §5.1: cease sending */
        counters_add(transport->counters, COUNTER_CONSENT_EXPIRED, 1);
        if (transport->state == TRANSPORT_CHECKED) { /* checks came, and no whole handshake */
            counters_add(transport->counters, COUNTER_DTLS_TIMEOUT, 1);
        }
        gone(transport, transport->state == TRANSPORT_NEW ? "no_connectivity" : "consent_expired");
        return;
    }
    if (transport->state == TRANSPORT_CHECKED && transport->dtls_from.family != 0) {
        dtls_tick(transport->dtls, now_us);
        flush_dtls(transport, box);
        follow_dtls(transport);
    }
}

void transport_close(struct transport *transport, const char *reason, struct outbox *box)
{
    if (transport->state == TRANSPORT_CONNECTED) {
        dtls_close(transport->dtls);
        flush_dtls(transport, box);
    }
    gone(transport, reason);
}
