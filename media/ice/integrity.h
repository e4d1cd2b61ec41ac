/* HMAC-SHA1 for STUN (RFC 8489 §14.5, RFC 2104) by OpenSSL's EVP. One object a thread, made once.
 * OpenSSL 3.0 makes and frees a small context at each start of a digest (four per check, counted by
 * test_packet_path), so this is not for the packet path; nothing stays allocated. */
#ifndef MEDIA_ICE_INTEGRITY_H
#define MEDIA_ICE_INTEGRITY_H

#include "proto/base/span.h"
#include "proto/base/status.h"

struct integrity;

MUST_USE enum status integrity_create(struct integrity **out_integrity); /* STATUS_NO_MEMORY */
void integrity_destroy(struct integrity *integrity);

/* What stun_hmac_fn takes as its context: the object and the password (at most 64 octets). */
struct integrity_key {
    struct integrity *integrity;
    struct span password;
};
/* A stun_hmac_fn. */
void integrity_hmac(void *key, struct span head, struct span body, uint8_t out_mac[20]);

#endif
