#include "gateway/consult/consult_continuity.h"

#include "gateway/access.h"
#include "gateway/consult/consult_access.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/records/consent.h"

#include <stdio.h>
#include <string.h>

#define PRESENT_MAX 16 /* open consultations of one person for one patient */

bool consult_is_present(const struct consult_row *row)
{
    enum consult_phase phase = consult_state_phase(row->state);
    return phase != CONSULT_PHASE_DRAFTING && phase != CONSULT_PHASE_OVER;
}

/* ---- the patient ---- */

static bool same_text(const json_t *one, const json_t *other, const char *name)
{
    const char *a = json_string_value(json_object_get(one, name));
    const char *b = json_string_value(json_object_get(other, name));
    return a != NULL && b != NULL && a[0] != '\0' && strcmp(a, b) == 0;
}

static bool same_patient(const struct consult_row *one, const struct consult_row *other)
{
    return same_text(one->patient, other->patient, "id_number") &&
           same_text(one->patient, other->patient, "id_type") &&
           same_text(one->patient, other->patient, "name");
}

/* ---- consent ---- */

static enum status both_consent(struct db *db, const struct consult_row *present,
                                const struct consult_row *earlier, bool *out_both)
{
    enum consent_answer now = CONSENT_NONE, then = CONSENT_NONE;
    enum status status = consent_answer(db, present->id, "consultation", "patient", NULL, &now);
    if (status == STATUS_OK) {
        status = consent_answer(db, earlier->id, "consultation", "patient", NULL, &then);
    }
    /* a life in danger now is a reason to look; what was put off then was never given */
    bool urgent = now == CONSENT_NONE && present->consent_deferred != NULL;
    *out_both = (now == CONSENT_GIVEN || urgent) && then == CONSENT_GIVEN;
    return status;
}

/* ---- the record ---- */

static enum status has_signed(struct db *db, const struct consult_row *row, bool *out_signed)
{
    int64_t count = 0;
    enum status status = db_one_int(
        db, &count, "SELECT COUNT(*) FROM opinion WHERE consultation_id = $1 AND status = 'signed'",
        "s", row->id);
    *out_signed = count > 0 && row->state != CONSULT_ENTERED_IN_ERROR;
    return status;
}

/* Asked, answered, or gave a member whose view is part of it. */
static enum status institution_was_party(struct api_call *call, const struct consult_row *row,
                                         bool *out_party)
{
    const char *own = call->actor->organisation_id;
    int64_t members = 0;
    *out_party = strcmp(own, row->requester_organisation_id) == 0 ||
                 strcmp(own, row->consultant_organisation_id) == 0;
    if (*out_party) {
        return STATUS_OK;
    }
    enum status status = db_one_int(
        call->db, &members,
        "SELECT COUNT(*) FROM consultation_member m JOIN account a ON a.id = m.account_id JOIN "
        "practitioner p ON p.id = a.practitioner_id WHERE m.consultation_id = $1 AND m.state = "
        "'given' AND p.organisation_id = $2",
        "ss", row->id, own);
    *out_party = members > 0;
    return status;
}

static bool rules_show(struct api_call *call, const struct rules_world *world,
                       const struct consult_row *earlier)
{
    char today[11];
    struct rules_answer answer;
    rules_today(call->now_ms, today);
    return rules_ask(world,
                     &(struct rules_question){.requester = call->actor->organisation_id,
                                              .consultant = earlier->requester_organisation_id,
                                              .act = RULES_SEE,
                                              .date = today},
                     &answer);
}

static enum status open_files(struct api_call *call, const struct consult_row *earlier,
                              bool *out_files)
{
    if (strcmp(call->actor->organisation_id, earlier->requester_organisation_id) == 0) {
        *out_files = true;
        return STATUS_OK;
    }
    enum consent_answer answer = CONSENT_NONE;
    enum status status = consent_answer(call->db, earlier->id, "imaging", "patient", NULL, &answer);
    *out_files = answer == CONSENT_GIVEN;
    return status;
}

enum status consult_continuity_opens(struct api_call *call, const struct rules_world *world,
                                     const struct consult_row *present,
                                     const struct consult_row *earlier,
                                     struct consult_earlier *out_earlier)
{
    bool holds = false, party = false;
    *out_earlier = (struct consult_earlier){.opening = CONSULT_CLOSED_TO};
    if (!consult_is_present(present) || strcmp(present->id, earlier->id) == 0 ||
        !same_patient(present, earlier)) {
        return STATUS_OK;
    }
    enum status status = has_signed(call->db, earlier, &holds);
    if (status == STATUS_OK && holds) {
        status = both_consent(call->db, present, earlier, &holds);
    }
    if (status == STATUS_OK && holds) {
        status = institution_was_party(call, earlier, &party);
    }
    if (status != STATUS_OK || !holds || (!party && !rules_show(call, world, earlier))) {
        return status;
    }
    out_earlier->opening = party ? CONSULT_OPEN_INSTITUTION : CONSULT_OPEN_CONTINUOUS;
    return open_files(call, earlier, &out_earlier->files);
}

/* ---- from the earlier one to a present one ---- */

struct present_ids {
    char ids[PRESENT_MAX][33];
    size_t count;
};

/* What the actor is engaged in for that number; whether as a party that counts is asked of each. */
static enum status engaged_in(struct api_call *call, const struct consult_row *earlier,
                              struct present_ids *out)
{
    struct db_query q;
    out->count = 0;
    db_begin_query(
        &q, call->db,
        "SELECT id FROM consultation WHERE requester_id = $1 AND state NOT IN ('draft', "
        "'discarded', 'closed', 'archived') AND patient_number = $2 UNION "
        "SELECT id FROM consultation WHERE consultant_id = $1 AND state NOT IN ('closed', "
        "'archived') AND patient_number = $2 UNION SELECT c.id FROM "
        "consultation_member m JOIN consultation c ON c.id = m.consultation_id WHERE m.account_id "
        "= $1 AND m.state <> 'removed' AND c.state NOT IN ('closed', 'archived') AND "
        "c.patient_number = $2");
    db_bind_text(&q, call->actor->account_id);
    db_bind_text(&q, json_string_value(json_object_get(earlier->patient, "id_number")));
    while (db_next(&q) && out->count < PRESENT_MAX) {
        (void)snprintf(out->ids[out->count++], 33, "%s", db_text(&q, 0));
    }
    return db_end(&q);
}

static enum status opened_by(struct api_call *call, const struct rules_world *world,
                             const char *present_id, const struct consult_row *earlier,
                             struct consult_earlier *out_earlier)
{
    struct consult_row present;
    unsigned relation = 0;
    enum status status = consult_row_load(call->db, present_id, &present);
    if (status != STATUS_OK) {
        return status;
    }
    if (consult_is_present(&present) && same_patient(&present, earlier)) {
        status = consult_relation(call, &present, &relation);
    }
    if (status == STATUS_OK && (relation & ACCESS_TREATS) != 0) {
        status = consult_continuity_opens(call, world, &present, earlier, out_earlier);
    }
    consult_row_clear(&present);
    return status;
}

enum status consult_continuity_find(struct api_call *call, const struct consult_row *earlier,
                                    struct consult_earlier *out_earlier, char out_present_id[33])
{
    struct present_ids present;
    struct rules_world *world = NULL;
    *out_earlier = (struct consult_earlier){.opening = CONSULT_CLOSED_TO};
    out_present_id[0] = '\0';
    if (json_object_get(earlier->patient, "id_number") == NULL) {
        return STATUS_OK;
    }
    enum status status = engaged_in(call, earlier, &present);
    if (status == STATUS_OK && present.count > 0) {
        status = rules_load(call->db, call->actor->organisation_id, &world);
    }
    for (size_t i = 0; status == STATUS_OK && i < present.count; i++) {
        status = opened_by(call, world, present.ids[i], earlier, out_earlier);
        if (out_earlier->opening != CONSULT_CLOSED_TO) {
            (void)snprintf(out_present_id, 33, "%s", present.ids[i]);
            break;
        }
    }
    rules_world_free(world);
    return status;
}
