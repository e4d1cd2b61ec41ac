/* The DTLS server of one connection (RFC 6347, DTLS-SRTP RFC 5763, RFC 5764), by OpenSSL over a BIO
 * of our own: datagrams in, datagrams out, no socket. The peer's certificate must match one of the
 * fingerprints of its offer (RFC 8122), else bad_certificate and no media. Renegotiation is
 * refused. OpenSSL allocates during the handshake and for each datagram after it, none of which is
 * on the packet path; between them it keeps no buffers. The context is shared by all workers
 * (OpenSSL counts its references); an association belongs to one worker thread.
 *
 * Time: OpenSSL's resend timer runs on the system's clock, not on now_us: dtls_deadline() says when
 * dtls_tick() must be called. */
#ifndef MEDIA_DTLS_DTLS_H
#define MEDIA_DTLS_DTLS_H

#include "media/rtpsec/rtpsec.h"
#include "proto/base/span.h"
#include "proto/base/status.h"

#define DTLS_FINGERPRINTS_MAX 4
#define DTLS_FINGERPRINT_LEN_MAX 64 /* sha-512 */
#define DTLS_MTU                                                                                   \
    1200 /* octets of UDP payload: fits IPv6's 1280 and every tunnel; Janus' default               \
          */
#define DTLS_OUT_MAX 12            /* datagrams waiting: OpenSSL resends a flight as at most 6 */
#define DTLS_HANDSHAKE_US 30000000 /* given up after: as long as ICE consent */
#define DTLS_TIMER_FIRST_US                                                                        \
    50000 /* a browser's own first timer (shared reference: browser facts §1) */
#define DTLS_TIMER_MAX_US                                                                          \
    1000000 /* OpenSSL gives up after 12 timeouts: 50 ms doubled to 1 s are 9 s of tries */

enum dtls_hash {
    DTLS_SHA256 = 1,
    DTLS_SHA384,
    DTLS_SHA512
}; /* RFC 8122 §5; sha-1 and md5 are refused */
struct dtls_fingerprint {
    enum dtls_hash hash;
    size_t len;
    uint8_t octets[DTLS_FINGERPRINT_LEN_MAX];
};

struct identity;
struct dtls_context;
/* STATUS_NO_MEMORY; STATUS_IO: OpenSSL refused the certificate. The identity may go afterwards. */
MUST_USE enum status dtls_context_create(const struct identity *identity,
                                         struct dtls_context **out_context);
void dtls_context_destroy(struct dtls_context *context);

enum dtls_state {
    DTLS_HANDSHAKING = 0,
    DTLS_CONNECTED,         /* keys are there */
    DTLS_CLOSED,            /* the peer said close_notify */
    DTLS_FAILED,            /* handshake failed: alert, time-out, broken message */
    DTLS_WRONG_FINGERPRINT, /* the certificate is not the offer's */
    DTLS_NO_PROFILE         /* no SRTP profile in common */
};

struct dtls;
MUST_USE enum status dtls_create(struct dtls_context *context,
                                 const struct dtls_fingerprint *fingerprints, unsigned count,
                                 int64_t now_us, struct dtls **out_dtls);
void dtls_destroy(struct dtls *dtls);
/* One datagram from an authenticated address. */
void dtls_input(struct dtls *dtls, int64_t now_us, struct span datagram);
/* Next datagram to send: valid until the next call on this object. False: none. */
bool dtls_output(struct dtls *dtls, struct span *out_datagram);
int64_t dtls_deadline(const struct dtls *dtls, int64_t now_us); /* INT64_MAX: none */
void dtls_tick(struct dtls *dtls, int64_t now_us);
enum dtls_state dtls_state(const struct dtls *dtls);
/* Starts the goodbye (close_notify); fetch it by dtls_output. */
void dtls_close(struct dtls *dtls);
/* Only when connected: profile and keys (RFC 5764 §4.2). The caller wipes them (rtpsec_keys_wipe).
 */
MUST_USE enum status dtls_keys(const struct dtls *dtls, struct rtpsec_keys *out_keys);

#endif
