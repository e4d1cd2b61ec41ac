/* SRTP and SRTCP by libsrtp 2.x; contract and limits are rtpsec.h's. Used by rtpsec.c only. */
#ifndef MEDIA_RTPSEC_RTPSEC_LIB_H
#define MEDIA_RTPSEC_RTPSEC_LIB_H

#include "media/rtpsec/rtpsec.h"

struct rtpsec_lib;
MUST_USE enum status rtpsec_lib_create(const struct rtpsec_keys *keys, struct rtpsec_lib **out_lib);
void rtpsec_lib_destroy(struct rtpsec_lib *lib);
MUST_USE enum status rtpsec_lib_protect_rtp(struct rtpsec_lib *lib, uint8_t *packet, size_t *len,
                                            size_t room);
MUST_USE enum status rtpsec_lib_protect_rtcp(struct rtpsec_lib *lib, uint8_t *packet, size_t *len,
                                             size_t room);
MUST_USE enum status rtpsec_lib_unprotect_rtp(struct rtpsec_lib *lib, uint8_t *packet, size_t *len);
MUST_USE enum status rtpsec_lib_unprotect_rtcp(struct rtpsec_lib *lib, uint8_t *packet,
                                               size_t *len);

#endif
