/* The draft of an opinion, as the store has it: the newest unsigned version. Its author may
 * overwrite it; what a former consultant wrote stays as it was. Store thread. */
#ifndef GATEWAY_RECORDS_OPINION_DRAFT_H
#define GATEWAY_RECORDS_OPINION_DRAFT_H

#include "gateway/api.h"

struct opinion_draft {
    int64_t version;
    char author_id[33];
    json_t *body;       /* owned */
    char *amend_reason; /* malloc'd; NULL: first version */
};

/* STATUS_NONE: there is none. On anything but STATUS_OK nothing is to be cleared. */
MUST_USE enum status opinion_draft_find(struct db *db, const char *consultation_id,
                                        struct opinion_draft *out_draft);
void opinion_draft_clear(struct opinion_draft *draft);
/* Writes call->body's `body` over the own draft, or begins one with the next version. */
MUST_USE enum status opinion_draft_save(struct api_call *call, const char *consultation_id);

#endif
