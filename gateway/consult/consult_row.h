/* One consultation as the store has it: read whole, changed in memory, written back by
 * consult_change() alone. The JSON members are owned by the row. "" and 0 stand for none. Store
 * thread. */
#ifndef GATEWAY_CONSULT_CONSULT_ROW_H
#define GATEWAY_CONSULT_CONSULT_ROW_H

#include "gateway/consult/consult_fsm.h"
#include "gateway/store/db.h"

#include <jansson.h>

#define CONSULT_REASON_TEXT_MAX 2000u /* code points; four octets each */

struct consult_row {
    char id[33], number[24];
    int64_t version;
    enum consult_state state;
    int64_t state_since_ms;
    char kind[16], urgency[16], specialty[64];
    char requester_id[33], requester_organisation_id[33];
    char consultant_id[33], consultant_organisation_id[33]; /* "" = none */
    char partnership_id[33], agreement_id[33];
    int64_t agreement_version; /* 0 = none */
    char partnership_mode[32];
    json_t *patient, *request, *decision; /* decision NULL = none */
    int64_t deadline_ms;                  /* times: 0 = not yet */
    int64_t created_ms, submitted_ms, offered_ms, accepted_ms, started_ms, ended_ms, signed_ms,
        acknowledged_ms, closed_ms;
    char based_on[33];                                      /* an earlier consultation */
    char target_organisation_id[33], target_account_id[33]; /* only they are asked; "" = all */
    char approval_for[16]; /* while an approval is pending: "submit" or "hop" */
    int64_t escalation;    /* tiers of institutions above the first that are asked too */
    int64_t triaged_ms, scheduled_from_ms, scheduled_until_ms, reschedules;
    int64_t preliminary_ms;
    char verifier_id[33];                   /* who signed as second reader */
    int64_t critical_ms, critical_known_ms; /* a critical value reported, acknowledged */
    json_t *follow_up;                      /* {due_ms, text}; NULL = none */
    char review[8];                         /* quality review: "" not in the sample, due, done */
    int64_t archived_ms;
    char manifest_sha256[65];
    char reason_code[65];
    char *reason_text;      /* malloc'd or NULL */
    char *consent_deferred; /* stat without consent yet: why; malloc'd or NULL */
};

/* STATUS_OK, STATUS_NONE (no such id), STATUS_IO, STATUS_NO_MEMORY, STATUS_MALFORMED (row is not
 * ours). On anything but OK the row holds nothing. */
MUST_USE enum status consult_row_load(struct db *db, const char *id, struct consult_row *out_row);
MUST_USE enum status consult_row_insert(struct db *db, const struct consult_row *row);
/* Writes everything if the stored version is still row->version, and raises row->version.
 * STATUS_CONFLICT when it is not. */
MUST_USE enum status consult_row_update(struct db *db, struct consult_row *row);
void consult_row_clear(struct consult_row *row);
/* Copies text (NULL clears). STATUS_NO_MEMORY. */
MUST_USE enum status consult_row_set_text(char **member, const char *text);

#endif
