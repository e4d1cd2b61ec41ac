/* The making and turning of the loop of loop.h, for web.c and tests: a libuv loop of our own, which
 * libwebsockets uses as a foreign one. T0; create and destroy in the same thread. */
#ifndef GATEWAY_WEB_LOOP_ENGINE_H
#define GATEWAY_WEB_LOOP_ENGINE_H

#include "gateway/web/loop.h"

#include <uv.h>

MUST_USE enum status loop_create(struct loop **out_loop);
/* Turns until loop_stop(). */
void loop_run(struct loop *loop);
/* One turn without waiting. */
void loop_turn(struct loop *loop);
void loop_stop(struct loop *loop); /* T0 */
uv_loop_t *loop_uv(struct loop *loop);
/* Closes the loop's own handles and turns until every handle in it is gone: those of others must be
 * closing by now. Nothing can be posted afterwards. */
void loop_close(struct loop *loop);
/* After loop_close(); NULL is fine. */
void loop_destroy(struct loop *loop);

#endif
