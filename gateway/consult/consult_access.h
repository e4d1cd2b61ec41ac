/* Who may see what of a consultation. Parties (requester, consultant) and coordinators of their
 * institutions always; a specialist to whom it is offered now, until it is accepted, returned,
 * withdrawn or expired; a guest on stage while the session can run; the approver of the requesting
 * institution while it waits for approval, coordinators of the institution that leads the
 * partnership while nobody has taken it; members of a multi-disciplinary one; a second reader while
 * a preliminary opinion waits, and who was it; a reviewer of either institution once it is closed
 * and in the sample; an observer, while the session can run, that it is on and with whom, and
 * nothing of the patient but sex and age; nobody else, former candidates and guests included. What
 * an account may not see is answered as if it did not exist (404), never 403. Store thread, inside
 * call's transaction. `call->actor` is who asks; without an actor nothing may be seen. */
#ifndef GATEWAY_CONSULT_CONSULT_ACCESS_H
#define GATEWAY_CONSULT_CONSULT_ACCESS_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* Relation of call->actor: enum consult_actor bits, 0 = none. STATUS_IO when the database fails. */
MUST_USE enum status consult_relation(struct api_call *call, const struct consult_row *row,
                                      unsigned *out_relation);
/* More than an observer may: the patient, the files. */
bool consult_sees_case(unsigned relation);
/* "requester", "consultant", "verifier", "member", "guest", "candidate", "approver",
 * "coordinator", "reviewer", "observer", "none": the first that holds. */
const char *consult_role_name(unsigned relation);

/* Each of the next: true when allowed. Otherwise the call has been answered with 404
 * consultation.unknown, 403 or 409 with the reason, or 503. `consultation_id` is checked (32 hex
 * digits). */

/* The consultation, its opinions, its list of attachments. */
bool consult_may_view(struct api_call *call, const char *consultation_id);
/* Pixels and files. The requester always; the others need the patient's consent `imaging`
 * (consent_deferred cases: not refused), and lose it at once when that is withdrawn: 403
 * consent.imaging. */
bool consult_may_view_images(struct api_call *call, const char *consultation_id);
/* Adding attachments: requester or consultant, while the table has the event `attach` for the
 * state. */
bool consult_may_attach(struct api_call *call, const char *consultation_id);
/* Removing: requester, in draft and returned. */
bool consult_may_detach(struct api_call *call, const char *consultation_id);
/* After an attachment was added or removed (same transaction): version, audit row with its hash,
 * consultation.changed. action: "attachment.add" or "attachment.remove". True, or answered. */
bool consult_attachment_changed(struct api_call *call, const char *consultation_id,
                                const char *action, const char *attachment_id, const char *sha256);
/* Recordings: parties and coordinators. */
bool consult_may_play(struct api_call *call, const char *consultation_id);

#endif
