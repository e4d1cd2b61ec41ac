/* Where a patient can be referred to: institutions that the rules allow, their departments, and how
 * many places they keep for referred patients. Store thread. */
#ifndef GATEWAY_REFERRAL_REFERRAL_TARGETS_H
#define GATEWAY_REFERRAL_REFERRAL_TARGETS_H

#include "gateway/api.h"

void referral_targets_get(struct api_call *call); /* GET /referral-targets?direction=&urgency= */
void referral_departments_get(struct api_call *call); /* GET /departments: of the own institution */
/* New reference: the department as the interface shows it; NULL: no such one, or no memory. */
json_t *referral_department_json(struct db *db, const char *organisation_id, const char *code);

#endif
