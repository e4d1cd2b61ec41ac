/* Opening handshake (RFC 6455 §4), both roles. The head itself was checked by proto/http; Origin
 * (§10.2) and the path are the caller's to judge. Pure functions, any thread, no allocation. A 426
 * answer must carry Sec-WebSocket-Version: 13 (§4.4). */
#ifndef PROTO_WS_WS_HANDSHAKE_H
#define PROTO_WS_WS_HANDSHAKE_H

#include "proto/base/writer.h"
#include "proto/http/http_request.h"

#define WS_KEY_LEN 24    /* 16 octets in base64 */
#define WS_ACCEPT_LEN 28 /* 20 octets in base64 */

enum ws_refusal {
#define WS_REFUSAL(name, http_status, label, text) WS_REFUSAL_##name,
#include "proto/ws/ws_handshake.def"
#undef WS_REFUSAL
    WS_REFUSAL_COUNT
};
unsigned ws_refusal_http_status(enum ws_refusal refusal);
const char *ws_refusal_label(enum ws_refusal refusal);
const char *ws_refusal_text(enum ws_refusal refusal);

/* The request asks for a WebSocket: Upgrade names websocket. Only then is ws_handshake_check() of
 * interest; other upgrades are ignored (RFC 9110 §7.8). */
bool ws_handshake_wanted(const struct http_request *r);
/* WS_REFUSAL_NONE: may be accepted. */
enum ws_refusal ws_handshake_check(const struct http_request *r);
/* The subprotocol is among those offered (case-sensitive, §4.2.2). */
bool ws_handshake_offers(const struct http_request *r, const char *protocol);
/* Value of Sec-WebSocket-Accept with a NUL behind. */
void ws_accept_value(struct span key, char out_accept[WS_ACCEPT_LEN + 1]);
/* The whole 101 answer to a request that passed the check; protocol NULL = none. date: IMF-fixdate.
 * STATUS_FULL: no room. */
MUST_USE enum status ws_handshake_write_answer(struct writer *w, const struct http_request *r,
                                               const char *protocol, struct span date);

/* Client role (load generator, tests). */
struct ws_handshake_request {
    const char *host, *path;
    const char *origin;   /* NULL = none */
    const char *protocol; /* NULL = none */
    const char *cookie;   /* NULL = none */
    uint8_t key[16];      /* fresh random octets */
};
MUST_USE enum status ws_handshake_write_request(struct writer *w,
                                                const struct ws_handshake_request *request);
/* Reads the answer's head from the octets received so far: STATUS_NEED_MORE until its empty line;
 * STATUS_OK: *out_used octets are the head, frames follow; STATUS_REFUSED: *out_http_status is not
 * 101; STATUS_MALFORMED: no such head, over 8 KiB, or wrong accept value or subprotocol. */
MUST_USE enum status ws_handshake_read_answer(struct span input,
                                              const struct ws_handshake_request *request,
                                              size_t *out_used, unsigned *out_http_status);

#endif
