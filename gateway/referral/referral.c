#include "gateway/referral/referral.h"

#include "gateway/access.h"
#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_actions.h"
#include "gateway/referral/referral_change.h"
#include "gateway/referral/referral_create.h"
#include "gateway/referral/referral_effects.h"
#include "gateway/referral/referral_list.h"
#include "gateway/referral/referral_place.h"
#include "gateway/referral/referral_targets.h"
#include "gateway/referral/referral_view.h"
#include "gateway/referral/referral_way.h"

#include <stdio.h>
#include <string.h>

#define REFERRAL_BYTES_MAX 524288 /* all members at their limits, escaped */
#define ACTION_BYTES_MAX 131072
#define PLACE_BYTES_MAX 4096
#define OF_ONE_CASE_MAX 16 /* referrals of a consultation not done with: one, as a rule */

static void referral_get(struct api_call *call)
{
    struct referral_row row;
    unsigned relation = 0;
    if (referral_load(call, call->params[0], &row, &relation)) {
        if (referral_note_reading(call, &row)) {
            referral_reply(call, &row);
        }
        referral_row_clear(&row);
    }
}

const struct api_route referral_routes[] = {
    {ACCESS_ROUTE(referral_targets), API_BODY_NONE, 0, referral_targets_get, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(referral_new), API_BODY_JSON, REFERRAL_BYTES_MAX, referral_create, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(referral_list), API_BODY_NONE, 0, referral_list, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(referral_get), API_BODY_NONE, 0, referral_get, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(referral_change), API_BODY_JSON, REFERRAL_BYTES_MAX, referral_patch, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(referral_action), API_BODY_JSON, ACTION_BYTES_MAX, referral_action, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(referral_way), API_BODY_NONE, 0, referral_way_of_referral, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(consultation_way), API_BODY_NONE, 0, referral_way_of_consultation, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(departments), API_BODY_NONE, 0, referral_departments_get, NULL, API_BLOB_FILES,
     NULL},
    {ACCESS_ROUTE(place_list), API_BODY_NONE, 0, referral_places_get, NULL, API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(place_new), API_BODY_JSON, PLACE_BYTES_MAX, referral_place_post, NULL,
     API_BLOB_FILES, NULL},
    {ACCESS_ROUTE(place_remove), API_BODY_NONE, 0, referral_place_delete, NULL, API_BLOB_FILES,
     NULL},
    {NULL, NULL, 0, API_BODY_NONE, 0, NULL, NULL, API_BLOB_FILES, NULL},
};

/* The draft that the body names, if it is call->actor's own and of this consultation. */
static bool named_draft(struct api_call *call, const struct consult_row *consultation,
                        const char *id, struct referral_row *out_row)
{
    unsigned relation = 0;
    if (!referral_load(call, id, out_row, &relation)) {
        return false;
    }
    if (strcmp(out_row->consultation_id, consultation->id) == 0) {
        return true;
    }
    referral_row_clear(out_row);
    return referral_unknown(call);
}

bool referral_open_for(struct api_call *call, const struct consult_row *row, const json_t *body,
                       char out_referral_id[33])
{
    struct referral_row referral;
    const json_t *named = json_object_get(body, "referral");
    unsigned relation = 0;
    bool have = named != NULL ? named_draft(call, row, json_string_value(named), &referral)
                              : referral_draft_from(call, row, body, &referral);
    if (!have) {
        return false;
    }
    enum status status = referral_relation(call, &referral, &relation);
    bool sent = status == STATUS_OK
                    ? referral_change(call, &referral,
                                      &(struct referral_change){.event = REFERRAL_EVENT_SEND,
                                                                .actor = relation,
                                                                .actor_id = call->actor->account_id,
                                                                .body = body})
                    : api_store_failed(call, status);
    if (sent) {
        (void)snprintf(out_referral_id, 33, "%s", referral.id);
    }
    referral_row_clear(&referral);
    return sent;
}

static bool change_one(struct api_call *call, const char *id, const char *to,
                       const char *reason_code)
{
    struct referral_row row;
    enum status status =
        db_run(call->db, "UPDATE referral SET created_by = $1, version = version + 1 WHERE id = $2",
               "ss", to, id);
    status = status == STATUS_OK ? referral_row_load(call->db, id, &row) : status;
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    bool done = referral_note(call, &row, call->actor->account_id, "change-sender", reason_code);
    status = done ? referral_effect_changed(call, &row, NULL) : STATUS_OK;
    referral_row_clear(&row);
    return done && (status == STATUS_OK || api_store_failed(call, status));
}

bool referral_change_sender(struct api_call *call, const char *consultation_id, const char *from,
                            const char *to, const char *reason_code)
{
    char ids[OF_ONE_CASE_MAX][33];
    size_t count = 0;
    struct db_query q;
    db_begin_query(&q, call->db,
                   "SELECT id FROM referral WHERE consultation_id = $1 AND created_by = $2 AND "
                   "(state IN ('draft', 'sent', 'accepted', 'arrived') OR (state = 'returned' AND "
                   "acknowledged_ms IS NULL)) ORDER BY created_ms, id LIMIT 16");
    db_bind_text(&q, consultation_id);
    db_bind_text(&q, from);
    while (count < OF_ONE_CASE_MAX && db_next(&q)) {
        (void)snprintf(ids[count++], 33, "%s", db_text(&q, 0));
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    for (size_t i = 0; i < count; i++) {
        if (!change_one(call, ids[i], to, reason_code)) {
            return false;
        }
    }
    return true;
}
