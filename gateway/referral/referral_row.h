/* One referral as the store has it: read whole, changed in memory, written back by
 * referral_change() alone. The JSON members and reason_text are owned by the row. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_ROW_H
#define GATEWAY_REFERRAL_REFERRAL_ROW_H

#include "gateway/referral/referral_fsm.h"
#include "gateway/store/db.h"

#include <jansson.h>

struct referral_row {
    char id[33], number[24];
    int64_t version;
    enum referral_state state;
    int64_t state_since_ms;
    enum referral_direction direction;
    bool urgent;
    char consultation_id[33], based_on[33]; /* "" = none, as for the next ones */
    char from_organisation_id[33], to_organisation_id[33], department[65];
    char partnership_id[33], agreement_id[33];
    int64_t agreement_version;
    char created_by[33], handled_by[33];
    json_t *patient, *body, *answer; /* answer NULL = none */
    char patient_key[65], place_id[33];
    char reason_code[65];
    char *reason_text;   /* malloc'd or NULL */
    int64_t deadline_ms; /* times: 0 = not yet */
    int64_t appointment_ms, created_ms, sent_ms, accepted_ms, arrived_ms, closed_ms,
        acknowledged_ms;
};

/* STATUS_OK, STATUS_NONE (no such id), STATUS_IO, STATUS_NO_MEMORY, STATUS_MALFORMED (row is not
 * ours). On anything but OK the row holds nothing. */
MUST_USE enum status referral_row_load(struct db *db, const char *id, struct referral_row *out_row);
MUST_USE enum status referral_row_insert(struct db *db, const struct referral_row *row);
/* Writes everything if the stored version is still row->version, and raises row->version.
 * STATUS_CONFLICT when it is not. */
MUST_USE enum status referral_row_update(struct db *db, struct referral_row *row);
void referral_row_clear(struct referral_row *row);
/* Copies text (NULL clears). STATUS_NO_MEMORY. */
MUST_USE enum status referral_row_set_reason(struct referral_row *row, const char *code,
                                             const char *text);

#endif
