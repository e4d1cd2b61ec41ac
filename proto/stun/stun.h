/* STUN messages as ICE uses them (RFC 8489; attributes of RFC 8445 §16.1): bounded parser of one
 * whole datagram and writer of Binding responses. Spans point into the datagram and live as long as
 * it does. No allocation, no crypto: HMAC-SHA1 comes in through a hook. Pure functions, any thread.
 *
 * Order of trust: stun_read() (form, FINGERPRINT) -> find the password by USERNAME ->
 * stun_integrity_check() -> only then may anything be learned. */
#ifndef PROTO_STUN_STUN_H
#define PROTO_STUN_STUN_H

#include "proto/base/reader.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

#define STUN_MAGIC_COOKIE 0x2112A442u /* RFC 8489 §5 */
#define STUN_HEADER_LEN 20u           /* RFC 8489 §5 */
#define STUN_TRANSACTION_LEN 12u      /* RFC 8489 §5 */
#define STUN_HMAC_SHA1_LEN 20u        /* RFC 8489 §14.5 */
#define STUN_METHOD_BINDING 0x001u    /* RFC 8489 §18.2 */
#define STUN_USERNAME_MAX                                                                          \
    512u /* RFC 8489 §14.3: fewer than 509 octets; ICE: 2 x 256 and a colon                       \
          */
#define STUN_UNKNOWN_MAX                                                                           \
    8u /* further unknown attributes are not listed: 8 x 2 octets tell enough */
#define STUN_ATTRIBUTES_MAX 32u /* a browser sends 8 or fewer */

enum stun_class { STUN_REQUEST = 0, STUN_INDICATION = 1, STUN_SUCCESS = 2, STUN_ERROR = 3 };

enum stun_attribute { /* RFC 8489 §18.3, RFC 8445 §16.1 */
                      STUN_MAPPED_ADDRESS = 0x0001,
                      STUN_USERNAME = 0x0006,
                      STUN_MESSAGE_INTEGRITY = 0x0008,
                      STUN_ERROR_CODE = 0x0009,
                      STUN_UNKNOWN_ATTRIBUTES = 0x000A,
                      STUN_REALM = 0x0014,
                      STUN_NONCE = 0x0015,
                      STUN_XOR_MAPPED_ADDRESS = 0x0020,
                      STUN_PRIORITY = 0x0024,
                      STUN_USE_CANDIDATE = 0x0025,
                      STUN_SOFTWARE = 0x8022,
                      STUN_FINGERPRINT = 0x8028,
                      STUN_ICE_CONTROLLED = 0x8029,
                      STUN_ICE_CONTROLLING = 0x802A
};

/* A transport address; v4 uses the first four octets. */
struct stun_address {
    bool v6;
    uint16_t port;
    uint8_t bytes[16]; /* network order */
};

struct stun_message {
    enum stun_class class_;
    uint16_t method;
    uint8_t transaction[STUN_TRANSACTION_LEN];
    struct span datagram; /* the whole message */
    struct span username; /* empty when absent */
    bool has_priority, use_candidate, has_controlled, has_controlling, has_fingerprint;
    uint32_t priority;
    uint64_t tie_breaker;  /* of ICE-CONTROLLED or ICE-CONTROLLING */
    size_t integrity_at;   /* offset of the MESSAGE-INTEGRITY attribute; 0: absent */
    struct span integrity; /* its 20 octets */
    bool has_mapped;       /* XOR-MAPPED-ADDRESS, already un-XORed */
    struct stun_address mapped;
    uint16_t error_code; /* 300..699 in an error response, 0: absent */
    unsigned
        unknown_count; /* comprehension-required attributes that we do not know (RFC 8489 §6.3.1) */
    uint16_t unknown[STUN_UNKNOWN_MAX];
};

/* Reads one datagram. Only what lies before MESSAGE-INTEGRITY is taken (RFC 8489 §14.5), except
 * FINGERPRINT, which must be last and right when present. Statuses: OK; TRUNCATED (shorter than it
 * says); MALFORMED (cookie, bits, length, attribute form, FINGERPRINT, a repeated attribute that
 * counts is ignored after the first: §14); TOO_LARGE (attributes). out_message is written on OK
 * only. */
MUST_USE enum status stun_read(struct span datagram, struct stun_message *out_message);

/* One attribute after another, in wire order, of a message that stun_read() accepted. */
struct stun_attribute_item {
    uint16_t type;
    struct span value; /* without padding */
    size_t at;         /* offset of the attribute in the datagram */
};
bool stun_attribute_next(struct reader *r, size_t base, struct stun_attribute_item *out_item);

/* HMAC-SHA1 over head then body with the key that context stands for. */
typedef void (*stun_hmac_fn)(void *context, struct span head, struct span body,
                             uint8_t out_mac[STUN_HMAC_SHA1_LEN]);

/* What MESSAGE-INTEGRITY covers: a copy of the header with the length that ends at
 * MESSAGE-INTEGRITY (out_head, 20 octets) and the attributes before it (RFC 8489 §14.5). False when
 * the message has none. */
bool stun_integrity_input(const struct stun_message *message, uint8_t out_head[STUN_HEADER_LEN],
                          struct span *out_body);
/* OK; NONE: no MESSAGE-INTEGRITY; UNAUTHENTIC: it differs. Compares in constant time. */
MUST_USE enum status stun_integrity_check(const struct stun_message *message, stun_hmac_fn hmac,
                                          void *context);

/* USERNAME of a check is "their-view: OUR ufrag : THEIR ufrag" (RFC 8445 §7.2.2). False without
 * exactly such a form. */
bool stun_username_split(struct span username, struct span *out_local_ufrag,
                         struct span *out_remote_ufrag);

/* Building a message: begin, attributes, then integrity and fingerprint. One message a writer; w
 * must be at its start. */
void stun_begin(struct writer *w, enum stun_class class_, uint16_t method,
                const uint8_t transaction[STUN_TRANSACTION_LEN]);
void stun_add(struct writer *w, uint16_t type, struct span value);
void stun_add_u32(struct writer *w, uint16_t type, uint32_t value);
void stun_add_u64(struct writer *w, uint16_t type, uint64_t value);
/* XOR-MAPPED-ADDRESS (RFC 8489 §14.2). */
void stun_add_xor_address(struct writer *w, uint16_t type, const struct stun_address *address);
/* ERROR-CODE with the standard's phrase for 400, 401, 420, 487, 500 (RFC 8489 §14.8, RFC 8445
 * §7.3.1.1). */
void stun_add_error(struct writer *w, uint16_t code);
void stun_add_unknown(struct writer *w, const uint16_t *types, unsigned count);
void stun_add_integrity(struct writer *w, stun_hmac_fn hmac, void *context);
void stun_add_fingerprint(struct writer *w);

/* The two answers of an ICE-lite agent, whole: with MESSAGE-INTEGRITY when hmac is not NULL,
 * FINGERPRINT last. A false writer_ok() tells that the room was too small (128 octets always
 * suffice). */
void stun_write_success(struct writer *w, const struct stun_message *request,
                        const struct stun_address *mapped, stun_hmac_fn hmac, void *context);
void stun_write_error(struct writer *w, const struct stun_message *request, uint16_t code,
                      stun_hmac_fn hmac, void *context);

/* CRC-32 (ITU-T V.42) as FINGERPRINT uses it, before the XOR (RFC 8489 §14.7). */
uint32_t stun_crc32(struct span input);

#endif
