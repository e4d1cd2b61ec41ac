/* One PeerConnection's way to us: ICE-lite, then DTLS on an authenticated pair, then SRTP.
 * Sans-I/O: datagrams and a time go in, datagrams go to an outbox. Owns the DTLS association and
 * the SRTP contexts; storage is the caller's. One worker thread.
 *
 *   NEW --authenticated check--> CHECKED --DTLS done--> CONNECTED --consent over, DTLS closed,
 * failed--> GONE (for good)
 *                                   \______________________________________________________________________^
 * Nothing changes state before a check's MESSAGE-INTEGRITY, a DTLS record's place in an
 * authenticated pair, or a packet's SRTP tag. */
#ifndef MEDIA_TRANSPORT_TRANSPORT_H
#define MEDIA_TRANSPORT_TRANSPORT_H

#include "media/dtls/dtls.h"
#include "media/ice/icelite.h"
#include "media/net/outbox.h"
#include "media/rt/counters.h"
#include "media/rtpsec/rtpsec.h"

enum transport_state { TRANSPORT_NEW = 0, TRANSPORT_CHECKED, TRANSPORT_CONNECTED, TRANSPORT_GONE };

struct transport_config {
    struct icelite_credentials credentials;
    struct dtls_fingerprint fingerprints[DTLS_FINGERPRINTS_MAX];
    unsigned fingerprint_count;
};

struct transport { /* what each packet needs comes first */
    enum transport_state state;
    enum rtpsec_profile profile;
    struct rtpsec *srtp;       /* NULL until connected */
    struct counters *counters; /* of the worker; borrowed */
    struct icelite ice;
    struct dtls *dtls;
    struct addr dtls_from;       /* pair that the peer's DTLS comes by */
    const char *reason;          /* why GONE; static, snake_case */
    uint64_t unprotect_failures; /* packets with a bad tag, of this connection */
};

/* STATUS_NO_MEMORY. */
MUST_USE enum status transport_init(struct transport *transport,
                                    const struct transport_config *config,
                                    struct dtls_context *context, struct counters *counters,
                                    int64_t now_us);
void transport_fini(struct transport *transport);
void transport_restart(struct transport *transport, const struct icelite_credentials *credentials,
                       int64_t now_us);

/* A Binding request for this agent; see icelite_request. */
void transport_stun(struct transport *transport, int64_t now_us, const struct stun_message *request,
                    const struct addr *from, struct integrity *integrity, struct outbox *box,
                    struct icelite_result *out_result);
/* A DTLS datagram from `from`; dropped unless that address is authenticated. */
void transport_dtls(struct transport *transport, int64_t now_us, struct span datagram,
                    const struct addr *from, struct outbox *box);
/* In place. Not OK: counted and to be dropped. */
MUST_USE enum status transport_unprotect_rtp(struct transport *transport, uint8_t *packet,
                                             size_t *len);
MUST_USE enum status transport_unprotect_rtcp(struct transport *transport, uint8_t *packet,
                                              size_t *len);
bool transport_ready(
    const struct transport *transport); /* connected, nominated, consent fresh: media may be sent */
/* Protects what outbox_begin's writer holds and queues it. Only when transport_ready(); false:
 * could not be sent (counted). */
bool transport_send_rtp(struct transport *transport, struct outbox *box, struct writer *w);
bool transport_send_rtcp(struct transport *transport, struct outbox *box, struct writer *w);

/* When transport_tick must be called next. */
int64_t transport_deadline(const struct transport *transport, int64_t now_us);
void transport_tick(struct transport *transport, int64_t now_us, struct outbox *box);
/* Says goodbye (DTLS close_notify) and is GONE with that reason. */
void transport_close(struct transport *transport, const char *reason, struct outbox *box);

#endif
