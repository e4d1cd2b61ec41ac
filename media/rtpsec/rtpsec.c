#include "media/rtpsec/rtpsec.h"

#include "media/rt/prefetch.h"
#include "media/rtpsec/rtpsec_gcm.h"
#include "media/rtpsec/rtpsec_lib.h"
#include "proto/base/check.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>

struct rtpsec { /* exactly one of the two is there */
    struct rtpsec_gcm *gcm;
    struct rtpsec_lib *lib;
};

size_t rtpsec_key_len(enum rtpsec_profile profile)
{
    return profile == RTPSEC_AEAD_AES_256_GCM ? 32 : 16;
}

size_t rtpsec_salt_len(enum rtpsec_profile profile)
{
    return profile == RTPSEC_AES128_CM_SHA1_80 ? 14 : 12;
}

const char *rtpsec_profile_name(enum rtpsec_profile profile)
{
    switch (profile) {
    case RTPSEC_AES128_CM_SHA1_80:
        return "SRTP_AES128_CM_HMAC_SHA1_80";
    case RTPSEC_AEAD_AES_128_GCM:
        return "AEAD_AES_128_GCM";
    case RTPSEC_AEAD_AES_256_GCM:
        return "AEAD_AES_256_GCM";
    }
    return "none";
}

void rtpsec_keys_wipe(struct rtpsec_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof(*keys));
}

enum status rtpsec_create(const struct rtpsec_keys *keys, enum rtpsec_engine engine,
                          struct rtpsec **out_rtpsec)
{
    struct rtpsec *rtpsec = calloc(1, sizeof(*rtpsec));
    if (rtpsec == NULL) {
        return STATUS_NO_MEMORY;
    }
    bool own = engine == RTPSEC_ENGINE_AUTO && keys->profile != RTPSEC_AES128_CM_SHA1_80;
    enum status status =
        own ? rtpsec_gcm_create(keys, &rtpsec->gcm) : rtpsec_lib_create(keys, &rtpsec->lib);
    if (status != STATUS_OK) {
        free(rtpsec);
        return status;
    }
    *out_rtpsec = rtpsec;
    return STATUS_OK;
}

void rtpsec_destroy(struct rtpsec *rtpsec)
{
    if (rtpsec != NULL) {
        rtpsec_gcm_destroy(rtpsec->gcm);
        rtpsec_lib_destroy(rtpsec->lib);
        free(rtpsec);
    }
}

enum status rtpsec_protect_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len, size_t room)
{
    return rtpsec->gcm != NULL ? rtpsec_gcm_protect_rtp(rtpsec->gcm, packet, len, room)
                               : rtpsec_lib_protect_rtp(rtpsec->lib, packet, len, room);
}

enum status rtpsec_protect_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len, size_t room)
{
    return rtpsec->gcm != NULL ? rtpsec_gcm_protect_rtcp(rtpsec->gcm, packet, len, room)
                               : rtpsec_lib_protect_rtcp(rtpsec->lib, packet, len, room);
}

enum status rtpsec_unprotect_rtp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len)
{
    return rtpsec->gcm != NULL ? rtpsec_gcm_unprotect_rtp(rtpsec->gcm, packet, len)
                               : rtpsec_lib_unprotect_rtp(rtpsec->lib, packet, len);
}

enum status rtpsec_unprotect_rtcp(struct rtpsec *rtpsec, uint8_t *packet, size_t *len)
{
    return rtpsec->gcm != NULL ? rtpsec_gcm_unprotect_rtcp(rtpsec->gcm, packet, len)
                               : rtpsec_lib_unprotect_rtcp(rtpsec->lib, packet, len);
}

void rtpsec_prefetch(const struct rtpsec *rtpsec)
{
    prefetch(rtpsec);
}

void rtpsec_prefetch_deep(const struct rtpsec *rtpsec)
{
    if (rtpsec != NULL && rtpsec->gcm != NULL) {
        rtpsec_gcm_prefetch(rtpsec->gcm);
    }
}

void rtpsec_prefetch_in(const struct rtpsec *rtpsec)
{
    if (rtpsec != NULL && rtpsec->gcm != NULL) {
        rtpsec_gcm_prefetch_in(rtpsec->gcm);
    }
}

void rtpsec_prefetch_out(const struct rtpsec *rtpsec)
{
    if (rtpsec != NULL && rtpsec->gcm != NULL) {
        rtpsec_gcm_prefetch_out(rtpsec->gcm);
    }
}
