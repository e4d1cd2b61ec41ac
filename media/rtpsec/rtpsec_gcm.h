/* AES-GCM for SRTP and SRTCP (RFC 7714) on OpenSSL's EVP; contract and limits are rtpsec.h's. Used
 * by rtpsec.c only. */
#ifndef MEDIA_RTPSEC_RTPSEC_GCM_H
#define MEDIA_RTPSEC_RTPSEC_GCM_H

#include "media/rtpsec/rtpsec.h"

struct rtpsec_gcm;
MUST_USE enum status rtpsec_gcm_create(const struct rtpsec_keys *keys, struct rtpsec_gcm **out_gcm);
void rtpsec_gcm_destroy(struct rtpsec_gcm *gcm);
MUST_USE enum status rtpsec_gcm_protect_rtp(struct rtpsec_gcm *gcm, uint8_t *packet, size_t *len,
                                            size_t room);
MUST_USE enum status rtpsec_gcm_protect_rtcp(struct rtpsec_gcm *gcm, uint8_t *packet, size_t *len,
                                             size_t room);
MUST_USE enum status rtpsec_gcm_unprotect_rtp(struct rtpsec_gcm *gcm, uint8_t *packet, size_t *len);
MUST_USE enum status rtpsec_gcm_unprotect_rtcp(struct rtpsec_gcm *gcm, uint8_t *packet,
                                               size_t *len);

/* rtpsec.h */
void rtpsec_gcm_prefetch(const struct rtpsec_gcm *gcm);
void rtpsec_gcm_prefetch_in(const struct rtpsec_gcm *gcm);
void rtpsec_gcm_prefetch_out(const struct rtpsec_gcm *gcm);

#endif
