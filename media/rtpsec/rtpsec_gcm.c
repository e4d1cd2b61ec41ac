#include "media/rtpsec/rtpsec_gcm.h"

#include "media/rt/prefetch.h"
#include "media/rtpsec/window.h"
#include "proto/base/check.h"
#include "proto/base/span.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES_FIRST                                                                              \
    8u             /* a call of two has three a side, a stage of six fifteen to each browser */
#define IV_LEN 12  /* RFC 7714 §8.1 */
#define TAG_LEN 16 /* RFC 7714 §13 */
#define RTCP_HEAD 8
#define RTCP_INDEX_LEN 4
#define RTCP_ENCRYPTED 0x80000000u /* E flag, RFC 3711 §3.4 */

/* Labels of RFC 3711 §4.3.1 */
enum { LABEL_RTP_KEY = 0, LABEL_RTP_SALT = 2, LABEL_RTCP_KEY = 3, LABEL_RTCP_SALT = 5 };

struct replay {    /* of SRTCP: its index is in the packet; RFC 3711 §3.3.2 asks for 64 at least */
    uint64_t next; /* highest + 1; 0: none came */
    uint64_t seen; /* bit i: highest - i */
};

struct source {
    struct window rtp;
    struct replay rtcp; /* sending: `next` is the last index */
};

struct side { /* one direction; what each packet needs comes first */
    EVP_CIPHER_CTX *rtp, *rtcp;
    uint8_t rtp_salt[IV_LEN], rtcp_salt[IV_LEN];
    unsigned source_count;
    uint32_t ssrcs[RTPSEC_SSRCS_MAX]; /* of the sources, together: they are searched */
    struct source first[SOURCES_FIRST];
    struct source *more; /* RTPSEC_SSRCS_MAX - SOURCES_FIRST; NULL until one is needed */
};

struct rtpsec_gcm {
    struct side out, in;
};

/* --- key derivation, RFC 3711 §4.3.3 (AES-CM as the PRF, also for 256 bits: RFC 7714 §11) --- */

static bool derive(const struct rtpsec_master *master, size_t key_len, uint8_t label, uint8_t *out,
                   size_t out_len)
{
    uint8_t iv[16] = {0};
    memcpy(iv, master->salt, IV_LEN); /* 96 bits, the right 16 are zero */
    iv[7] ^= label;
    static const uint8_t zeros[RTPSEC_KEY_MAX];
    CHECK(out_len <= sizeof(zeros));
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = ctx != NULL &&
              EVP_EncryptInit_ex(ctx, key_len == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), NULL,
                                 master->key, iv) == 1 &&
              EVP_EncryptUpdate(ctx, out, &n, zeros, (int)out_len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static EVP_CIPHER_CTX *cipher(const uint8_t *key, size_t key_len, bool encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *type = key_len == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    if (ctx == NULL || EVP_CipherInit_ex(ctx, type, NULL, key, NULL, encrypt ? 1 : 0) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static bool side_init(struct side *side, const struct rtpsec_master *master, size_t key_len,
                      bool encrypt)
{
    uint8_t rtp_key[RTPSEC_KEY_MAX];
    uint8_t rtcp_key[RTPSEC_KEY_MAX];
    bool ok = derive(master, key_len, LABEL_RTP_KEY, rtp_key, key_len) &&
              derive(master, key_len, LABEL_RTP_SALT, side->rtp_salt, IV_LEN) &&
              derive(master, key_len, LABEL_RTCP_KEY, rtcp_key, key_len) &&
              derive(master, key_len, LABEL_RTCP_SALT, side->rtcp_salt, IV_LEN);
    if (ok) {
        side->rtp = cipher(rtp_key, key_len, encrypt);
        side->rtcp = cipher(rtcp_key, key_len, encrypt);
        ok = side->rtp != NULL && side->rtcp != NULL;
    }
    OPENSSL_cleanse(rtp_key, sizeof(rtp_key));
    OPENSSL_cleanse(rtcp_key, sizeof(rtcp_key));
    return ok;
}

enum status rtpsec_gcm_create(const struct rtpsec_keys *keys, struct rtpsec_gcm **out_gcm)
{
    struct rtpsec_gcm *gcm = calloc(1, sizeof(*gcm));
    if (gcm == NULL) {
        return STATUS_NO_MEMORY;
    }
    size_t key_len = rtpsec_key_len(keys->profile);
    if (!side_init(&gcm->out, &keys->local, key_len, true) ||
        !side_init(&gcm->in, &keys->remote, key_len, false)) {
        rtpsec_gcm_destroy(gcm);
        return STATUS_NO_MEMORY;
    }
    *out_gcm = gcm;
    return STATUS_OK;
}

void rtpsec_gcm_destroy(struct rtpsec_gcm *gcm)
{
    if (gcm != NULL) {
        EVP_CIPHER_CTX_free(gcm->out.rtp);
        EVP_CIPHER_CTX_free(gcm->out.rtcp);
        EVP_CIPHER_CTX_free(gcm->in.rtp);
        EVP_CIPHER_CTX_free(gcm->in.rtcp);
        free(gcm->out.more);
        free(gcm->in.more);
        OPENSSL_cleanse(gcm, sizeof(*gcm));
        free(gcm);
    }
}

/* --- into the cache --- */

/* OpenSSL's own objects are opaque: of a context only its beginning can be fetched. */
static void prefetch_side(const struct side *side)
{
    prefetch(side->rtp);
    for (unsigned i = 0; i < side->source_count && i < 2; i++) { /* sound and picture */
        prefetch_write(&side->first[i].rtp.highest);
    }
}

void rtpsec_gcm_prefetch(const struct rtpsec_gcm *gcm)
{
    prefetch(&gcm->in);
    prefetch(&gcm->out);
}

void rtpsec_gcm_prefetch_in(const struct rtpsec_gcm *gcm)
{
    prefetch_side(&gcm->in);
}

void rtpsec_gcm_prefetch_out(const struct rtpsec_gcm *gcm)
{
    prefetch_side(&gcm->out);
}

/* --- helpers --- */

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* Octets of fixed header, CSRCs and extension; 0 when they do not fit (RFC 3550 §5.1, §5.3.1). */
static size_t rtp_header_octets(const uint8_t *packet, size_t len)
{
    if (len < 12 || packet[0] >> 6 != 2) {
        return 0;
    }
    size_t at = 12 + 4 * (size_t)(packet[0] & 0x0f);
    if ((packet[0] & 0x10) != 0) {
        if (len < at + 4) {
            return 0;
        }
        at += 4 + 4 * ((size_t)packet[at + 2] << 8 | packet[at + 3]);
    }
    return at <= len ? at : 0;
}

/* RFC 7714 §8.1: 00 00 SSRC ROC SEQ; §9.1: 00 00 SSRC 00 00 0+index. Both are 16 zero bits, SSRC,
 * 48 bits of index. */
static void make_iv(const uint8_t salt[IV_LEN], uint32_t ssrc, uint64_t index, uint8_t iv[IV_LEN])
{
    uint8_t plain[IV_LEN] = {0};
    store32(plain + 2, ssrc);
    plain[6] = (uint8_t)(index >> 40);
    plain[7] = (uint8_t)(index >> 32);
    store32(plain + 8, (uint32_t)index);
    for (size_t i = 0; i < IV_LEN; i++) {
        iv[i] = plain[i] ^ salt[i];
    }
}

static struct source *source_at(struct side *side, unsigned i)
{
    return i < SOURCES_FIRST ? &side->first[i] : &side->more[i - SOURCES_FIRST];
}

static struct source *find_source(struct side *side, uint32_t ssrc)
{
    for (unsigned i = 0; i < side->source_count; i++) {
        if (side->ssrcs[i] == ssrc) {
            return source_at(side, i);
        }
    }
    return NULL;
}

/* NULL: there are RTPSEC_SSRCS_MAX already, or no memory for the ninth to last. */
static struct source *add_source(struct side *side, uint32_t ssrc)
{
    if (side->source_count == RTPSEC_SSRCS_MAX) {
        return NULL;
    }
    if (side->source_count == SOURCES_FIRST && side->more == NULL) {
        side->more = calloc(RTPSEC_SSRCS_MAX - SOURCES_FIRST, sizeof(*side->more));
        if (side->more == NULL) {
            return NULL;
        }
    }
    side->ssrcs[side->source_count] = ssrc;
    struct source *source = source_at(side, side->source_count++);
    *source = (struct source){0};
    return source;
}

struct text {
    uint8_t *data; /* encrypted or decrypted in place; the tag stands behind it */
    size_t len;
};

static void seal(EVP_CIPHER_CTX *ctx, const uint8_t iv[IV_LEN], struct span aad,
                 struct span aad_tail, struct text text)
{
    int n = 0;
    CHECK(EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, iv) == 1);
    CHECK(EVP_EncryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1);
    CHECK(aad_tail.len == 0 ||
          EVP_EncryptUpdate(ctx, NULL, &n, aad_tail.data, (int)aad_tail.len) == 1);
    CHECK(text.len == 0 || EVP_EncryptUpdate(ctx, text.data, &n, text.data, (int)text.len) == 1);
    CHECK(EVP_EncryptFinal_ex(ctx, text.data + text.len, &n) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, text.data + text.len) == 1);
}

static bool open_sealed(EVP_CIPHER_CTX *ctx, const uint8_t iv[IV_LEN], struct span aad,
                        struct span aad_tail, struct text text)
{
    int n = 0;
    uint8_t nothing[TAG_LEN];
    CHECK(EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, iv) == 1);
    CHECK(EVP_DecryptUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1);
    CHECK(aad_tail.len == 0 ||
          EVP_DecryptUpdate(ctx, NULL, &n, aad_tail.data, (int)aad_tail.len) == 1);
    CHECK(text.len == 0 || EVP_DecryptUpdate(ctx, text.data, &n, text.data, (int)text.len) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, text.data + text.len) == 1);
    return EVP_DecryptFinal_ex(ctx, nothing, &n) == 1;
}

/* --- RTP --- */

enum status rtpsec_gcm_protect_rtp(struct rtpsec_gcm *gcm, uint8_t *packet, size_t *len,
                                   size_t room)
{
    size_t head = rtp_header_octets(packet, *len);
    if (head == 0) {
        return STATUS_MALFORMED;
    }
    if (room < *len || room - *len < TAG_LEN) {
        return STATUS_TOO_LARGE;
    }
    uint32_t ssrc = load32(packet + 8);
    struct source *source = find_source(&gcm->out, ssrc);
    if (source == NULL) {
        source = add_source(&gcm->out, ssrc);
    }
    if (source == NULL) {
        return STATUS_FULL;
    }
    uint64_t index = 0;
    if (!window_guess(&source->rtp, (uint16_t)(packet[2] << 8 | packet[3]), &index) ||
        !window_fresh(&source->rtp, index)) {
        return STATUS_REPLAYED;
    }
    uint8_t iv[IV_LEN];
    make_iv(gcm->out.rtp_salt, ssrc, index, iv);
    seal(gcm->out.rtp, iv, span_of(packet, head), span_of(NULL, 0),
         (struct text){packet + head, *len - head});
    window_mark(&source->rtp, index);
    *len += TAG_LEN;
    return STATUS_OK;
}

enum status rtpsec_gcm_unprotect_rtp(struct rtpsec_gcm *gcm, uint8_t *packet, size_t *len)
{
    size_t head = rtp_header_octets(packet, *len);
    if (head == 0 || *len - head < TAG_LEN) {
        return STATUS_MALFORMED;
    }
    static const struct window fresh = {0};
    uint32_t ssrc = load32(packet + 8);
    struct source *source = find_source(&gcm->in, ssrc);
    const struct window *window = source == NULL ? &fresh : &source->rtp;
    if (source == NULL && gcm->in.source_count == RTPSEC_SSRCS_MAX) {
        return STATUS_FULL;
    }
    uint64_t index = 0;
    if (!window_guess(window, (uint16_t)(packet[2] << 8 | packet[3]), &index) ||
        !window_fresh(window, index)) {
        return STATUS_REPLAYED;
    }
    uint8_t iv[IV_LEN];
    make_iv(gcm->in.rtp_salt, ssrc, index, iv);
    if (!open_sealed(gcm->in.rtp, iv, span_of(packet, head), span_of(NULL, 0),
                     (struct text){packet + head, *len - head - TAG_LEN})) {
        return STATUS_UNAUTHENTIC;
    }
    source = source == NULL ? add_source(&gcm->in, ssrc) : source;
    if (source == NULL) {
        return STATUS_FULL;
    }
    window_mark(&source->rtp, index);
    *len -= TAG_LEN;
    return STATUS_OK;
}

/* --- SRTCP's replay list --- */

static bool replay_fresh(const struct replay *replay, uint64_t index)
{
    uint64_t behind = replay->next - 1 - index;
    return index >= replay->next || (behind < 64 && (replay->seen >> behind & 1) == 0);
}

static void replay_mark(struct replay *replay, uint64_t index)
{
    if (index < replay->next) {
        replay->seen |= 1ULL << (replay->next - 1 - index);
        return;
    }
    uint64_t step = index + 1 - replay->next;
    replay->seen = step < 64 ? replay->seen << step | 1 : 1;
    replay->next = index + 1;
}

/* --- RTCP: head of 8 octets, cipher text, tag, E and index (RFC 7714 §9.2) --- */

enum status rtpsec_gcm_protect_rtcp(struct rtpsec_gcm *gcm, uint8_t *packet, size_t *len,
                                    size_t room)
{
    if (*len < RTCP_HEAD) {
        return STATUS_MALFORMED;
    }
    if (room < *len || room - *len < TAG_LEN + RTCP_INDEX_LEN) {
        return STATUS_TOO_LARGE;
    }
    uint32_t ssrc = load32(packet + 4);
    struct source *source = find_source(&gcm->out, ssrc);
    if (source == NULL) {
        source = add_source(&gcm->out, ssrc);
    }
    if (source == NULL) {
        return STATUS_FULL;
    }
    uint64_t index = source->rtcp.next + 1;
    if (index >= RTCP_ENCRYPTED) {
        return STATUS_REPLAYED; /* RFC 3711 §9.2: 2^31 packets; a new connection is due */
    }
    source->rtcp.next = index;
    uint8_t word[RTCP_INDEX_LEN];
    store32(word, RTCP_ENCRYPTED | (uint32_t)index);
    uint8_t iv[IV_LEN];
    make_iv(gcm->out.rtcp_salt, ssrc, index, iv);
    seal(gcm->out.rtcp, iv, span_of(packet, RTCP_HEAD), span_of(word, sizeof(word)),
         (struct text){packet + RTCP_HEAD, *len - RTCP_HEAD});
    memcpy(packet + *len + TAG_LEN, word, sizeof(word));
    *len += TAG_LEN + RTCP_INDEX_LEN;
    return STATUS_OK;
}

enum status rtpsec_gcm_unprotect_rtcp(struct rtpsec_gcm *gcm, uint8_t *packet, size_t *len)
{
    if (*len < RTCP_HEAD + TAG_LEN + RTCP_INDEX_LEN || packet[0] >> 6 != 2) {
        return STATUS_MALFORMED;
    }
    size_t body_end = *len - RTCP_INDEX_LEN;
    uint32_t word = load32(packet + body_end);
    if ((word & RTCP_ENCRYPTED) == 0) {
        return STATUS_UNAUTHENTIC; /* no browser sends SRTCP in the clear (RFC 8827 §6.5) */
    }
    static const struct replay fresh = {0};
    uint32_t ssrc = load32(packet + 4);
    uint64_t index = word & ~RTCP_ENCRYPTED;
    struct source *source = find_source(&gcm->in, ssrc);
    if (source == NULL && gcm->in.source_count == RTPSEC_SSRCS_MAX) {
        return STATUS_FULL;
    }
    if (!replay_fresh(source == NULL ? &fresh : &source->rtcp, index)) {
        return STATUS_REPLAYED;
    }
    uint8_t iv[IV_LEN];
    make_iv(gcm->in.rtcp_salt, ssrc, index, iv);
    uint8_t tail[RTCP_INDEX_LEN];
    memcpy(tail, packet + body_end, sizeof(tail));
    if (!open_sealed(gcm->in.rtcp, iv, span_of(packet, RTCP_HEAD), span_of(tail, sizeof(tail)),
                     (struct text){packet + RTCP_HEAD, body_end - RTCP_HEAD - TAG_LEN})) {
        return STATUS_UNAUTHENTIC;
    }
    source = source == NULL ? add_source(&gcm->in, ssrc) : source;
    if (source == NULL) {
        return STATUS_FULL;
    }
    replay_mark(&source->rtcp, index);
    *len = body_end - TAG_LEN;
    return STATUS_OK;
}
