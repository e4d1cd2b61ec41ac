/* The only user of libwebsockets: TLS sockets on the loop, in its raw role. Octets in, room to
 * write, and the end are told by web_engine_events; everything else (HTTP, WebSocket, limits, time)
 * is the owner's. What the library does wrong is worked around here and nowhere else:
 *   - it spins while it holds unsent octets and reading is on: web_engine_reading() is off then
 * (see web_engine_write);
 *   - it takes any length to send and copies it: at most WEB_ENGINE_WRITE_MAX octets for each
 * `writable`;
 *   - records of 16 KiB are always read whole, so nothing is left pending inside TLS while reading
 * is off;
 *   - its good close drops data: web_engine_goodbye() sends close_notify and a FIN, the owner waits
 * for the peer, then web_engine_kill(). T0. A socket is valid from web_engine_adopt() until
 * `closed`, which is always called exactly once for each adopted one. */
#ifndef GATEWAY_WEB_ENGINE_H
#define GATEWAY_WEB_ENGINE_H

#include "certs/pair.h"
#include "gateway/web/loop_engine.h"
#include "proto/base/span.h"

#define WEB_ENGINE_WRITE_MAX 16384 /* one TLS record */

struct web_engine;
struct web_engine_socket; /* the library's struct lws */

struct web_engine_events {
    void (*received)(void *connection, struct span octets);
    void (*writable)(void *connection);
    /* handshaken: the TLS handshake had been completed. */
    void (*closed)(void *connection, bool handshaken);
};

/* handshake_timeout_s is the library's own limit, behind the owner's. STATUS_NO_MEMORY,
 * STATUS_UNSUPPORTED (no libuv plug-in, TLS settings refused). */
MUST_USE enum status web_engine_create(struct loop *loop, const struct pair *pair,
                                       unsigned handshake_timeout_s,
                                       const struct web_engine_events *events,
                                       struct web_engine **out_engine);
/* New handshakes use this pair from now on. */
MUST_USE enum status web_engine_use_pair(struct web_engine *engine, const struct pair *pair);
/* Moves fd. NULL: refused, fd closed, and `closed` has not been and will not be called. */
struct web_engine_socket *web_engine_adopt(struct web_engine *engine, int fd, void *connection);
void web_engine_want_writable(struct web_engine_socket *socket);
/* WEB_ENGINE_WRITE_MAX octets for the next web_engine_write(); shared by all sockets. */
uint8_t *web_engine_buffer(struct web_engine *engine);
/* Sends what web_engine_buffer() holds. In `writable` only, once. False: the connection is broken.
 */
bool web_engine_write(struct web_engine *engine, struct web_engine_socket *socket, size_t len);
/* Unsent octets inside the library. */
bool web_engine_holds_output(struct web_engine_socket *socket);
void web_engine_reading(struct web_engine_socket *socket, bool on);
void web_engine_goodbye(struct web_engine_socket *socket);
/* `closed` follows soon, from the loop. */
void web_engine_kill(struct web_engine *engine, struct web_engine_socket *socket);
/* Closes every socket (calls `closed`); then loop_close(), then web_engine_destroy(). */
void web_engine_shut(struct web_engine *engine);
void web_engine_destroy(struct web_engine *engine); /* NULL is fine */
const char *web_engine_version(void);

#endif
