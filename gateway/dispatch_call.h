/* The store's side of a call: who is it, may they, and one part of the script inside a savepoint of
 * the group commit. Store thread. Owner of the struct: dispatch.c, from the request until the
 * answer. */
#ifndef GATEWAY_DISPATCH_CALL_H
#define GATEWAY_DISPATCH_CALL_H

#include "gateway/dispatch_parse.h"
#include "gateway/store/db_batch.h"

#define DISPATCH_KEY_MIN 16 /* characters of an Idempotency-Key */
#define DISPATCH_KEY_MAX 64

struct dispatch_call {
    struct api_call call;
    const struct api_route *route; /* NULL: app_call, nobody to be checked */
    struct api_actor actor;
    char token_hash[65]; /* "" = no cookie of ours */
    char csrf_token[65]; /* as sent; "" = none */
    char idempotency_key[DISPATCH_KEY_MAX + 1];
    char request_sha256[65];   /* of method, path, query and body; for Idempotency-Key */
    bool replayed;             /* answered from an earlier call: no further part */
    struct db_batch_item item; /* what became of the part's commit */
};

/* Runs a part. first: the one that looks up the actor. last: the one whose answer an
 * Idempotency-Key keeps. What happened is in call->status and, after the batch, in item.status. */
void dispatch_call_part(struct dispatch_call *dispatch, struct db *db, api_fn part, bool first,
                        bool last);

/* On T0, after the batch: a commit that failed turns the answer into 503 and forgets the effects.
 */
void dispatch_call_settle(struct dispatch_call *dispatch);

void dispatch_effects_free(struct api_effect *effects);

#endif
