/* SRTP and SRTCP of one connection (RFC 3711, AES-GCM RFC 7714), in place. AES-GCM runs on
 * OpenSSL's EVP (half the cost of Debian's NSS-built libsrtp, and it neither allocates nor locks:
 * decisions/001-srtp.md), AES-CM with HMAC-SHA1 on libsrtp, which is also the reference that the
 * tests compare to. Replay window 1024 packets; at most RTPSEC_SSRCS_MAX sources a direction, so
 * that a hostile but authenticated peer cannot make us grow. Nothing is learned from a packet
 * before its tag is right. One worker thread; allocates at creation, and once a direction for the
 * ninth source. */
#ifndef MEDIA_RTPSEC_RTPSEC_H
#define MEDIA_RTPSEC_RTPSEC_H

#include "proto/base/status.h"

#include <stddef.h>
#include <stdint.h>

#define RTPSEC_KEY_MAX 32
#define RTPSEC_SALT_MAX 14
#define RTPSEC_SSRCS_MAX                                                                           \
    32 /* 5 slots x audio, video, video's RTX = 15, and as many again after a change */
#define RTPSEC_WINDOW                                                                              \
    1024 /* packets: late repairs at 600 ms and 1000 packets/s (media-peers 4.3) */
#define RTPSEC_OVERHEAD_MAX                                                                        \
    24 /* octets that protection can add: GCM tag 16, SRTCP index 4, rounded */

enum rtpsec_profile { /* RFC 5764 §4.1.2, RFC 7714 §14.2 */
                      RTPSEC_AES128_CM_SHA1_80 = 0x0001,
                      RTPSEC_AEAD_AES_128_GCM = 0x0007,
                      RTPSEC_AEAD_AES_256_GCM = 0x0008
};

struct rtpsec_master {
    uint8_t key[RTPSEC_KEY_MAX], salt[RTPSEC_SALT_MAX];
};
struct rtpsec_keys {
    enum rtpsec_profile profile;
    struct rtpsec_master local, remote; /* ours for sending, the peer's */
};

size_t rtpsec_key_len(enum rtpsec_profile profile);
size_t rtpsec_salt_len(enum rtpsec_profile profile);
/* "AEAD_AES_128_GCM" */
const char *rtpsec_profile_name(enum rtpsec_profile profile);
void rtpsec_keys_wipe(struct rtpsec_keys *keys);

/* AUTO: as said above. LIBSRTP serves every profile and is what tests compare to. */
enum rtpsec_engine { RTPSEC_ENGINE_AUTO = 0, RTPSEC_ENGINE_LIBSRTP };

struct rtpsec;
/* STATUS_NO_MEMORY. */
MUST_USE enum status rtpsec_create(const struct rtpsec_keys *keys, enum rtpsec_engine engine,
                                   struct rtpsec **out_rtpsec);
void rtpsec_destroy(struct rtpsec *rtpsec);

/* In place; *len grows or shrinks. room: octets of the buffer; TOO_LARGE when the tag does not fit.
 * Received packets: UNAUTHENTIC; REPLAYED (seen before or older than the window); FULL (a further
 * source); MALFORMED (too short). Protecting the same sequence number of a source twice is REPLAYED
 * too: it would break GCM. */
MUST_USE enum status rtpsec_protect_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len,
                                        size_t room);
MUST_USE enum status rtpsec_protect_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len,
                                         size_t room);
MUST_USE enum status rtpsec_unprotect_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len);
MUST_USE enum status rtpsec_unprotect_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len);

/* Fetches into the cache what the functions above will look at: first the object itself
 * (rtpsec_prefetch), some packets later what it points to. No effect but on time. NULL: nothing. */
void rtpsec_prefetch(const struct rtpsec *rtpsec);
void rtpsec_prefetch_deep(const struct rtpsec *rtpsec);
void rtpsec_prefetch_in(const struct rtpsec *rtpsec);
void rtpsec_prefetch_out(const struct rtpsec *rtpsec);

#endif
