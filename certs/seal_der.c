#include "certs/seal_der.h"

#include <stdbool.h>
#include <string.h>

#define HEAD_MAX 5      /* tag, 0x83 and three octets of length: more is never written */
#define SIGN_HEAD_LEN 4 /* OCTET STRING of 384: 04 82 01 80 */

static const uint8_t signed_data[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                      0xf7, 0x0d, 0x01, 0x07, 0x02};
static const uint8_t version_1[] = {0x02, 0x01, 0x01};
/* AlgorithmIdentifier of SHA-256 without parameters (RFC 5754 §2), alone and as a SET */
static const uint8_t sha256[] = {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t sha256_set[] = {0x31, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86,
                                     0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
/* EncapsulatedContentInfo: id-data, nothing inside (detached) */
static const uint8_t no_content[] = {0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                     0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
/* rsaEncryption, NULL (RFC 3370 §3.2) */
static const uint8_t rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                              0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
/* the attributes up to their values, in the order of their encodings (X.690 §11.6) */
static const uint8_t content_type[] = {0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                       0x0d, 0x01, 0x09, 0x03, 0x31, 0x0b, 0x06, 0x09, 0x2a,
                                       0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
static const uint8_t signing_time[] = {0x30, 0x1c, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                       0x0d, 0x01, 0x09, 0x05, 0x31, 0x0f, 0x17, 0x0d};
static const uint8_t message_digest[] = {0x30, 0x2f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                         0x0d, 0x01, 0x09, 0x04, 0x31, 0x22, 0x04, 0x20};

#define ATTRIBUTES_BODY                                                                            \
    (sizeof content_type + sizeof signing_time + SEAL_TIME_LEN + sizeof message_digest +           \
     SEAL_DIGEST_LEN)
_Static_assert(ATTRIBUTES_BODY + 2 == SEAL_ATTRIBUTES_LEN, "and ATTRIBUTES_BODY is below 128");

struct output {
    uint8_t *at;
    size_t len, room;
    bool full;
};

static void put(struct output *out, const void *octets, size_t len)
{
    if (out->full || len > out->room - out->len) {
        out->full = true;
        return;
    }
    memcpy(out->at + out->len, octets, len);
    out->len += len;
}

/* Tag and length, in the fewest octets (X.690 §10.1). Returns how many. */
static size_t head(uint8_t tag, size_t len, uint8_t buffer[HEAD_MAX])
{
    size_t octets = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
    buffer[0] = tag;
    buffer[1] = octets == 0 ? (uint8_t)len : (uint8_t)(0x80 + octets);
    for (size_t i = 0; i < octets; i++) {
        buffer[2 + i] = (uint8_t)(len >> (8 * (octets - 1 - i)));
    }
    return 2 + octets;
}

static size_t head_len(size_t len)
{
    uint8_t buffer[HEAD_MAX];
    return head(0, len, buffer);
}

static void put_head(struct output *out, uint8_t tag, size_t len)
{
    uint8_t buffer[HEAD_MAX];
    put(out, buffer, head(tag, len, buffer));
}

void seal_der_attributes(const struct seal_der *der, uint8_t out_set[SEAL_ATTRIBUTES_LEN])
{
    struct output out = {.at = out_set, .room = SEAL_ATTRIBUTES_LEN};
    put_head(&out, 0x31, ATTRIBUTES_BODY);
    put(&out, content_type, sizeof content_type);
    put(&out, signing_time, sizeof signing_time);
    put(&out, der->time, SEAL_TIME_LEN);
    put(&out, message_digest, sizeof message_digest);
    put(&out, der->digest, SEAL_DIGEST_LEN);
}

static size_t signer_body(const struct seal_der *der)
{
    size_t id = der->issuer_len + der->serial_len;
    return sizeof version_1 + head_len(id) + id + sizeof sha256 + SEAL_ATTRIBUTES_LEN + sizeof rsa +
           SIGN_HEAD_LEN + SEAL_RSA_OCTETS;
}

/* SignerInfo (RFC 5652 §5.3); the attributes are [0] IMPLICIT here. */
static void put_signer(struct output *out, const struct seal_der *der)
{
    uint8_t attributes[SEAL_ATTRIBUTES_LEN];
    seal_der_attributes(der, attributes);
    attributes[0] = 0xa0;
    put_head(out, 0x30, signer_body(der));
    put(out, version_1, sizeof version_1);
    put_head(out, 0x30, der->issuer_len + der->serial_len);
    put(out, der->issuer, der->issuer_len);
    put(out, der->serial, der->serial_len);
    put(out, sha256, sizeof sha256);
    put(out, attributes, sizeof attributes);
    put(out, rsa, sizeof rsa);
    put_head(out, 0x04, SEAL_RSA_OCTETS);
    put(out, der->signature, SEAL_RSA_OCTETS);
}

enum status seal_der_write(const struct seal_der *der, uint8_t *out_cms, size_t room,
                           size_t *out_len)
{
    struct output out = {.at = out_cms, .room = room};
    size_t signer = signer_body(der), signers = head_len(signer) + signer;
    size_t body = sizeof version_1 + sizeof sha256_set + sizeof no_content +
                  head_len(der->certificate_len) + der->certificate_len + head_len(signers) +
                  signers;
    size_t data = head_len(body) + body;
    put_head(&out, 0x30, sizeof signed_data + head_len(data) + data);
    put(&out, signed_data, sizeof signed_data);
    put_head(&out, 0xa0, data);
    put_head(&out, 0x30, body);
    put(&out, version_1, sizeof version_1);
    put(&out, sha256_set, sizeof sha256_set);
    put(&out, no_content, sizeof no_content);
    put_head(&out, 0xa0, der->certificate_len);
    put(&out, der->certificate, der->certificate_len);
    put_head(&out, 0x31, signers);
    put_signer(&out, der);
    if (out.full) {
        return STATUS_TOO_LARGE;
    }
    *out_len = out.len;
    return STATUS_OK;
}

/* Steps over a tag and its length, and gives the length. */
static bool step_head(const uint8_t *cms, size_t len, size_t *at, size_t *out_len)
{
    if (len - *at < 2) {
        return false;
    }
    size_t octets = cms[*at + 1] < 0x80 ? 0 : cms[*at + 1] & 0x7fu, value = cms[*at + 1];
    *at += 2;
    if (octets > 3 || octets > len - *at) {
        return false;
    }
    for (size_t i = 0; i < octets; i++) {
        value = (i == 0 ? 0 : value << 8) | cms[*at + i];
    }
    *at += octets;
    *out_len = value;
    return value <= len - *at;
}

static bool step_over(size_t octets, size_t len, size_t *at)
{
    bool fits = octets <= len - *at;
    *at += fits ? octets : 0;
    return fits;
}

enum status seal_der_take(const uint8_t *cms, size_t len, struct seal_der *out_der)
{
    const size_t tail =
        sizeof message_digest + SEAL_DIGEST_LEN + sizeof rsa + SIGN_HEAD_LEN + SEAL_RSA_OCTETS;
    size_t at = 0, inner = 0, certificate = 0;
    bool found = len > tail + SEAL_TIME_LEN && step_head(cms, len, &at, &inner) &&
                 step_over(sizeof signed_data, len, &at) && step_head(cms, len, &at, &inner) &&
                 step_head(cms, len, &at, &inner) &&
                 step_over(sizeof version_1 + sizeof sha256_set + sizeof no_content, len, &at) &&
                 step_head(cms, len, &at, &certificate);
    if (!found) {
        return STATUS_MALFORMED;
    }
    out_der->certificate = cms + at;
    out_der->certificate_len = certificate;
    memcpy(out_der->time, cms + len - tail - SEAL_TIME_LEN, SEAL_TIME_LEN);
    memcpy(out_der->digest, cms + len - tail + sizeof message_digest, SEAL_DIGEST_LEN);
    memcpy(out_der->signature, cms + len - SEAL_RSA_OCTETS, SEAL_RSA_OCTETS);
    return STATUS_OK;
}
