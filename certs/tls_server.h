/* What this project demands of the TLS of its one port, put into an SSL_CTX that somebody else
 * (gateway/web, through its library) made: RFC 9325 (TLS 1.2 and 1.3, ECDHE with AEAD, no
 * compression, no renegotiation), RFC 7301 with http/1.1 alone, no session tickets and no session
 * cache, so that a restart or a new certificate leaves nothing behind. The contexts and connections
 * are passed as void * because only this layer names OpenSSL's SSL types. The caller's thread. */
#ifndef CERTS_TLS_SERVER_H
#define CERTS_TLS_SERVER_H

#include "certs/pair.h"

/* ssl_ctx: SSL_CTX *. STATUS_UNSUPPORTED when OpenSSL refuses one of the settings. */
MUST_USE enum status tls_server_configure(void *ssl_ctx);
/* New handshakes use the pair (OpenSSL takes references); running connections keep theirs. */
MUST_USE enum status tls_server_use(void *ssl_ctx, const struct pair *pair);
/* ssl: SSL *, may be NULL. The handshake is complete. */
bool tls_server_established(const void *ssl);
/* Sends close_notify, when that can be done without waiting. */
void tls_server_goodbye(void *ssl);

#endif
