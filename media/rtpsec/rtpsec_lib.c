#include "media/rtpsec/rtpsec_lib.h"

#include "proto/base/check.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct rtpsec_lib {
    srtp_t out, in;
    size_t rtp_tag, rtcp_tag; /* octets added: tag; tag and index */
    unsigned out_count, in_count;
    uint32_t out_ssrcs[RTPSEC_SSRCS_MAX], in_ssrcs[RTPSEC_SSRCS_MAX];
};

static pthread_once_t init_once = PTHREAD_ONCE_INIT;

static void init_library(void)
{
    CHECK(srtp_init() == srtp_err_status_ok);
}

static void fill_policy(srtp_policy_t *policy, enum rtpsec_profile profile)
{
    switch (profile) {
    case RTPSEC_AES128_CM_SHA1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy->rtcp);
        break;
    case RTPSEC_AEAD_AES_128_GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
        break;
    case RTPSEC_AEAD_AES_256_GCM:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
        break;
    }
    policy->window_size = RTPSEC_WINDOW;
    policy->allow_repeat_tx = 0;
}

static bool make_session(srtp_t *session, const struct rtpsec_keys *keys, bool outgoing)
{
    const struct rtpsec_master *master = outgoing ? &keys->local : &keys->remote;
    size_t key_len = rtpsec_key_len(keys->profile);
    uint8_t key[RTPSEC_KEY_MAX + RTPSEC_SALT_MAX];
    memcpy(key, master->key, key_len);
    memcpy(key + key_len, master->salt, rtpsec_salt_len(keys->profile));
    srtp_policy_t policy = {.key = key};
    fill_policy(&policy, keys->profile);
    policy.ssrc.type = outgoing ? ssrc_any_outbound : ssrc_any_inbound;
    bool ok = srtp_create(session, &policy) == srtp_err_status_ok;
    OPENSSL_cleanse(key, sizeof(key));
    return ok;
}

enum status rtpsec_lib_create(const struct rtpsec_keys *keys, struct rtpsec_lib **out_lib)
{
    CHECK(pthread_once(&init_once, init_library) == 0);
    struct rtpsec_lib *lib = calloc(1, sizeof(*lib));
    if (lib == NULL) {
        return STATUS_NO_MEMORY;
    }
    bool gcm = keys->profile != RTPSEC_AES128_CM_SHA1_80;
    lib->rtp_tag = gcm ? 16 : 10;
    lib->rtcp_tag = lib->rtp_tag + 4;
    if (!make_session(&lib->out, keys, true) || !make_session(&lib->in, keys, false)) {
        rtpsec_lib_destroy(lib);
        return STATUS_NO_MEMORY;
    }
    *out_lib = lib;
    return STATUS_OK;
}

void rtpsec_lib_destroy(struct rtpsec_lib *lib)
{
    if (lib != NULL) {
        if (lib->out != NULL) {
            (void)srtp_dealloc(lib->out);
        }
        if (lib->in != NULL) {
            (void)srtp_dealloc(lib->in);
        }
        free(lib);
    }
}

/* libsrtp makes a stream for every new source and never forgets one, so the number is bounded here.
 */
static bool known(const uint32_t *ssrcs, unsigned count, uint32_t ssrc)
{
    for (unsigned i = 0; i < count; i++) {
        if (ssrcs[i] == ssrc) {
            return true;
        }
    }
    return false;
}

static uint32_t ssrc_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static enum status status_of(srtp_err_status_t error)
{
    if (error == srtp_err_status_ok) {
        return STATUS_OK;
    }
    if (error == srtp_err_status_replay_fail || error == srtp_err_status_replay_old) {
        return STATUS_REPLAYED;
    }
    if (error == srtp_err_status_auth_fail || error == srtp_err_status_cipher_fail) {
        return STATUS_UNAUTHENTIC;
    }
    return error == srtp_err_status_alloc_fail ? STATUS_NO_MEMORY : STATUS_MALFORMED;
}

typedef srtp_err_status_t (*srtp_call)(srtp_t session, void *packet, int *len);

static enum status protect(struct rtpsec_lib *lib, srtp_call call, uint32_t ssrc, uint8_t *packet,
                           size_t *len)
{
    bool old = known(lib->out_ssrcs, lib->out_count, ssrc);
    if (!old && lib->out_count == RTPSEC_SSRCS_MAX) {
        return STATUS_FULL;
    }
    int n = (int)*len;
    enum status status = status_of(call(lib->out, packet, &n));
    if (status == STATUS_OK) {
        *len = (size_t)n;
        if (!old) {
            lib->out_ssrcs[lib->out_count++] = ssrc;
        }
    }
    return status;
}

static enum status unprotect(struct rtpsec_lib *lib, srtp_call call, uint32_t ssrc, uint8_t *packet,
                             size_t *len)
{
    bool old = known(lib->in_ssrcs, lib->in_count, ssrc);
    if (!old && lib->in_count == RTPSEC_SSRCS_MAX) {
        return STATUS_FULL;
    }
    int n = (int)*len;
    enum status status = status_of(call(lib->in, packet, &n));
    if (status == STATUS_OK) {
        *len = (size_t)n;
        if (!old) {
            lib->in_ssrcs[lib->in_count++] = ssrc;
        }
    }
    return status;
}

enum status rtpsec_lib_protect_rtp(struct rtpsec_lib *lib, uint8_t *packet, size_t *len,
                                   size_t room)
{
    if (*len < 12) {
        return STATUS_MALFORMED;
    }
    if (room < *len || room - *len < lib->rtp_tag) {
        return STATUS_TOO_LARGE;
    }
    return protect(lib, srtp_protect, ssrc_at(packet + 8), packet, len);
}

enum status rtpsec_lib_protect_rtcp(struct rtpsec_lib *lib, uint8_t *packet, size_t *len,
                                    size_t room)
{
    if (*len < 8) {
        return STATUS_MALFORMED;
    }
    if (room < *len || room - *len < lib->rtcp_tag) {
        return STATUS_TOO_LARGE;
    }
    return protect(lib, srtp_protect_rtcp, ssrc_at(packet + 4), packet, len);
}

enum status rtpsec_lib_unprotect_rtp(struct rtpsec_lib *lib, uint8_t *packet, size_t *len)
{
    if (*len < 12 + lib->rtp_tag) {
        return STATUS_MALFORMED;
    }
    return unprotect(lib, srtp_unprotect, ssrc_at(packet + 8), packet, len);
}

enum status rtpsec_lib_unprotect_rtcp(struct rtpsec_lib *lib, uint8_t *packet, size_t *len)
{
    if (*len < 8 + lib->rtcp_tag) {
        return STATUS_MALFORMED;
    }
    return unprotect(lib, srtp_unprotect_rtcp, ssrc_at(packet + 4), packet, len);
}
