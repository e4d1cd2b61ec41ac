#include "gateway/consult/consult_access.h"

#include "gateway/access.h"
#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_continuity.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_member.h"
#include "gateway/consult/consult_places.h"
#include "gateway/consult/consult_reading.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/queue/queue.h"
#include "gateway/records/audit_read.h"
#include "gateway/records/consent.h"

#include <string.h>

static bool at(const struct api_actor *actor, const char *organisation)
{
    return organisation[0] != '\0' && strcmp(actor->organisation_id, organisation) == 0;
}

/* Who is asked, and is no party: sees it while the two institutions share a partnership today. */
static enum status still_partner(struct api_call *call, const struct consult_row *row,
                                 bool *in_out_may)
{
    char today[11];
    if (!*in_out_may) {
        return STATUS_OK;
    }
    rules_today(call->now_ms, today);
    return rules_partners(call->db, row->requester_organisation_id, call->actor->organisation_id,
                          today, in_out_may);
}

/* A coordinator's institution has to do with it: asked, answers, is named, leads the partnership
 * or is a hub of it while nobody has taken it, or one of its specialists is offered it now. */
static enum status coordinates(struct api_call *call, const struct consult_row *row,
                               bool *out_coordinates)
{
    const struct api_actor *actor = call->actor;
    int64_t count = 0;
    *out_coordinates = false;
    if ((actor->roles & ROLE_COORDINATOR) == 0 || row->state == CONSULT_DRAFT ||
        row->state == CONSULT_DISCARDED) {
        return STATUS_OK;
    }
    if (at(actor, row->requester_organisation_id) || at(actor, row->consultant_organisation_id)) {
        *out_coordinates = true;
        return STATUS_OK;
    }
    if (consult_state_phase(row->state) != CONSULT_PHASE_WAITING) {
        return STATUS_OK;
    }
    enum status status = db_one_int(
        call->db, &count,
        "SELECT (SELECT COUNT(*) FROM partnership_member m WHERE m.partnership_id = $1 "
        "AND m.organisation_id = $2 AND m.role IN ('lead', 'hub')) + (SELECT COUNT(*) FROM "
        "consultation_offer o JOIN "
        "account a ON a.id = o.account_id JOIN practitioner p ON p.id = "
        "a.practitioner_id WHERE o.consultation_id = $3 AND o.state = 'open' AND "
        "p.organisation_id = $4)",
        "ssss", row->partnership_id, actor->organisation_id, row->id, actor->organisation_id);
    *out_coordinates = count > 0 || at(actor, row->target_organisation_id);
    return status == STATUS_OK ? still_partner(call, row, out_coordinates) : status;
}

/* What somebody is by a role that is no party's: approver, second reader, member, reviewer. */
static enum status other_relations(struct api_call *call, const struct consult_row *row,
                                   unsigned *relation)
{
    const struct api_actor *actor = call->actor;
    bool member = false, verifier = false;
    if ((actor->roles & ROLE_APPROVER) != 0 && row->state == CONSULT_PENDING_APPROVAL &&
        at(actor, row->requester_organisation_id)) {
        *relation |= CONSULT_ACTOR_APPROVER;
    }
    bool over = row->state == CONSULT_CLOSED || row->state == CONSULT_ARCHIVED;
    if ((actor->roles & ROLE_REVIEWER) != 0 && over && row->review[0] != '\0' &&
        (at(actor, row->requester_organisation_id) || at(actor, row->consultant_organisation_id))) {
        *relation |= CONSULT_ACTOR_REVIEWER;
    }
    if ((actor->roles & ROLE_SPECIALIST) == 0 || row->consultant_id[0] == '\0') {
        return STATUS_OK;
    }
    enum status status = consult_member_is(call->db, row->id, actor->account_id, &member);
    status = status == STATUS_OK ? consult_may_verify(call, row, &verifier) : status;
    *relation |= (member ? (unsigned)CONSULT_ACTOR_MEMBER : 0) |
                 (verifier ? (unsigned)CONSULT_ACTOR_VERIFIER : 0);
    return status;
}

enum status consult_relation(struct api_call *call, const struct consult_row *row,
                             unsigned *out_relation)
{
    const struct api_actor *actor = call->actor;
    bool offered = false, coordinator = false;
    char place[16] = "";
    *out_relation = 0;
    if (actor == NULL) {
        return STATUS_OK;
    }
    /* A party whose role was taken away is none any more: neither here nor in the room. */
    if ((actor->roles & ROLE_CLINICIAN) != 0 && strcmp(actor->account_id, row->requester_id) == 0) {
        *out_relation |= CONSULT_ACTOR_REQUESTER;
    }
    if ((actor->roles & ROLE_SPECIALIST) != 0 && row->consultant_id[0] != '\0' &&
        strcmp(actor->account_id, row->consultant_id) == 0) {
        *out_relation |= CONSULT_ACTOR_CONSULTANT;
    }
    enum status status = STATUS_OK;
    if (row->state == CONSULT_OFFERED && (actor->roles & ROLE_SPECIALIST) != 0) {
        status = queue_is_offered(call->db, row->id, actor->account_id, &offered);
        status = status == STATUS_OK ? still_partner(call, row, &offered) : status;
    }
    if (status == STATUS_OK) {
        status = coordinates(call, row, &coordinator);
    }
    if (status == STATUS_OK && (actor->roles & (ROLE_CLINICIAN | ROLE_SPECIALIST)) != 0 &&
        consult_state_phase(row->state) == CONSULT_PHASE_RUNNING) {
        status = consult_place_role(call->db, row->id, actor->account_id, place);
    }
    status = status == STATUS_OK ? other_relations(call, row, out_relation) : status;
    *out_relation |= (offered ? (unsigned)CONSULT_ACTOR_CANDIDATE : 0) |
                     (coordinator ? (unsigned)CONSULT_ACTOR_COORDINATOR : 0) |
                     (strcmp(place, "guest") == 0 ? (unsigned)CONSULT_ACTOR_GUEST : 0) |
                     (strcmp(place, "observer") == 0 ? (unsigned)CONSULT_ACTOR_OBSERVER : 0);
    return status;
}

bool consult_sees_case(unsigned relation)
{
    return (relation & ~(unsigned)CONSULT_ACTOR_OBSERVER) != 0;
}

const char *consult_role_name(unsigned relation)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {CONSULT_ACTOR_REQUESTER, "requester"}, {CONSULT_ACTOR_CONSULTANT, "consultant"},
        {CONSULT_ACTOR_VERIFIER, "verifier"},   {CONSULT_ACTOR_MEMBER, "member"},
        {CONSULT_ACTOR_GUEST, "guest"},         {CONSULT_ACTOR_CANDIDATE, "candidate"},
        {CONSULT_ACTOR_APPROVER, "approver"},   {CONSULT_ACTOR_COORDINATOR, "coordinator"},
        {CONSULT_ACTOR_REVIEWER, "reviewer"},   {CONSULT_ACTOR_OBSERVER, "observer"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((relation & names[i].bit) != 0) {
            return names[i].name;
        }
    }
    return "none";
}

bool consult_unknown(struct api_call *call)
{
    return api_problem(call, 404, "consultation.unknown", "没有该会诊，或您无权查看。",
                       "There is no such consultation, or it is not yours to see.", NULL);
}

bool consult_load_any(struct api_call *call, const char *id, struct consult_row *out_row,
                      unsigned *out_relation)
{
    *out_relation = 0;
    if (id == NULL || !api_id(id)) {
        return consult_unknown(call);
    }
    enum status status = consult_row_load(call->db, id, out_row);
    if (status == STATUS_NONE) {
        return consult_unknown(call);
    }
    if (status == STATUS_OK) {
        status = consult_relation(call, out_row, out_relation);
        if (status != STATUS_OK) {
            consult_row_clear(out_row);
        }
    }
    return status == STATUS_OK || api_store_failed(call, status);
}

bool consult_load(struct api_call *call, const char *id, struct consult_row *out_row,
                  unsigned *out_relation)
{
    if (!consult_load_any(call, id, out_row, out_relation)) {
        return false;
    }
    if (!consult_sees_case(*out_relation)) {
        consult_row_clear(out_row);
        return consult_unknown(call);
    }
    return true;
}

static bool not_shared(struct api_call *call)
{
    return api_problem(
        call, 403, "consent.imaging", "患者未同意（或已撤回）影像资料共享。",
        "The patient has not consented to the sharing of images, or has withdrawn it.", NULL);
}

/* True, or answered. */
static bool continues(struct api_call *call, const struct consult_row *row, enum access_id access)
{
    struct consult_earlier earlier;
    char present_id[33];
    enum status status = consult_continuity_find(call, row, &earlier, present_id);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (earlier.opening == CONSULT_CLOSED_TO) {
        return consult_unknown(call);
    }
    if (access == ACCESS_ID_attachment_list && !earlier.files) {
        return not_shared(call);
    }
    return audit_reading(call, row->id, "earlier.read", "present", present_id, NULL);
}

bool consult_load_for(struct api_call *call, const char *id, enum access_id access,
                      struct consult_row *out_row, unsigned *out_relation)
{
    if (!consult_load_any(call, id, out_row, out_relation)) {
        return false;
    }
    if (access_relates(access, *out_relation)) {
        return true;
    }
    bool may = access_relates(access, ACCESS_CONTINUES) ? continues(call, out_row, access)
                                                        : consult_unknown(call);
    *out_relation = ACCESS_CONTINUES;
    if (!may) {
        consult_row_clear(out_row);
    }
    return may;
}

bool consult_may_view(struct api_call *call, const char *consultation_id)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, consultation_id, &row, &relation)) {
        return false;
    }
    consult_row_clear(&row);
    return true;
}

static bool imaging_consented(struct api_call *call, const struct consult_row *row)
{
    enum consent_answer answer = CONSENT_NONE;
    enum status status = consent_answer(call->db, row->id, "imaging", "patient", NULL, &answer);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    if (answer == CONSENT_GIVEN || (answer == CONSENT_NONE && row->consent_deferred != NULL)) {
        return true;
    }
    return not_shared(call);
}

bool consult_may_view_images(struct api_call *call, const char *consultation_id)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, consultation_id, &row, &relation)) {
        return false;
    }
    bool own = strcmp(call->actor->organisation_id, row.requester_organisation_id) == 0;
    bool may = own || imaging_consented(call, &row);
    consult_row_clear(&row);
    return may;
}

static bool may(struct api_call *call, const char *consultation_id, enum consult_event event)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, consultation_id, &row, &relation)) {
        return false;
    }
    struct consult_step step = consult_fsm_next(row.state, event, relation);
    consult_row_clear(&row);
    if (step.refusal == CONSULT_OK) {
        return true;
    }
    return api_problem(call, step.refusal == CONSULT_NOT_YOURS ? 403 : 409,
                       consult_refusal_code(step.refusal), consult_refusal_zh(step.refusal),
                       consult_refusal_en(step.refusal), NULL);
}

bool consult_may_attach(struct api_call *call, const char *consultation_id)
{
    return may(call, consultation_id, CONSULT_EVENT_ATTACH);
}

bool consult_may_detach(struct api_call *call, const char *consultation_id)
{
    return may(call, consultation_id, CONSULT_EVENT_EDIT); /* the same states and the same actor */
}

bool consult_attachment_changed(struct api_call *call, const char *consultation_id,
                                const char *action, const char *attachment_id, const char *sha256)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, consultation_id, &row, &relation)) {
        return false;
    }
    json_t *detail = json_pack("{s:s, s:s}", "attachment", attachment_id, "sha256", sha256);
    struct consult_change change = {.event = CONSULT_EVENT_ATTACH,
                                    .actor = relation,
                                    .actor_id = call->actor->account_id,
                                    .audit_action = action,
                                    .detail = detail};
    bool done = consult_change(call, &row, &change);
    json_decref(detail);
    consult_row_clear(&row);
    return done;
}

bool consult_may_play(struct api_call *call, const char *consultation_id)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load(call, consultation_id, &row, &relation)) {
        return false;
    }
    consult_row_clear(&row);
    if (!access_relates(ACCESS_ID_recording_content, relation)) {
        return consult_unknown(call);
    }
    return true;
}
