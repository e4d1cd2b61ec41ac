/* Which institutions are asked now: those that the rules let the requester ask, tier by tier. One
 * tier is one level (township, county, city, province), the nearest first; row->escalation + 1 of
 * them are asked, all where the agreement knows no escalation or an institution is named. Store
 * thread. */
#ifndef GATEWAY_QUEUE_REACH_H
#define GATEWAY_QUEUE_REACH_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"
#include "gateway/partnership/rules.h"

struct reach {
    char organisations[RULES_ROUTES_MAX][33];
    size_t count;
    int64_t tiers; /* in all; 0: the rules allow nobody */
    char today[11];
};

/* STATUS_IO, STATUS_NO_MEMORY; nobody allowed is STATUS_OK with count 0. */
MUST_USE enum status reach_find(struct api_call *call, const struct consult_row *row,
                                struct reach *out_reach);
bool reach_has(const struct reach *reach, const char *organisation);

/* Reaches found in one call: what waits in the morning is mostly asked by few institutions, and the
 * rules are the dear part. Zeroed by the caller; the oldest goes first. */
#define REACH_MEMORY 64
struct reach_memory {
    size_t count;
    struct {
        char key[256];
        struct reach reach;
    } kept[REACH_MEMORY];
};
/* As reach_find(); *out_reach is valid until REACH_MEMORY others were found. */
MUST_USE enum status reach_recall(struct api_call *call, const struct consult_row *row,
                                  struct reach_memory *memory, const struct reach **out_reach);

#endif
