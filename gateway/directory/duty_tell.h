/* What others learn of duty: audit rows (without a consultation) and signalling messages. Store
 * thread, in a transaction script. */
#ifndef GATEWAY_DIRECTORY_DUTY_TELL_H
#define GATEWAY_DIRECTORY_DUTY_TELL_H

#include "gateway/api.h"

/* One audit row by the actor of the call (NULL: the system); detail is taken, reason_code may be
 * NULL. False: the call has been answered. */
bool duty_audit(struct api_call *call, const char *action, const char *reason_code, json_t *detail);
/* duty.changed to the person and to every coordinator. */
void duty_tell_changed(struct api_call *call, const char *account_id);
/* duty.handover to account_id; state: asked, done, taken, declined, lapsed; by_account: the other
 * one. */
void duty_tell_hand_over(struct api_call *call, const char *account_id, const char *state,
                         const char *by_account);
/* duty.reminder. */
void duty_tell_reminder(struct api_call *call, const char *account_id, const char *shift_id,
                        int64_t from_ms, int64_t until_ms);

#endif
