/* The patient's identity and the request: which members there are, how long they may be, which are
 * mandatory when. One table (consult_fields.c) serves create, PATCH and submit. A wrong one is
 * answered with 422 and a JSON pointer. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_FIELDS_H
#define GATEWAY_CONSULT_CONSULT_FIELDS_H

#include "gateway/api.h"
#include "gateway/consult/consult_row.h"

/* Body member `patient` or `request` onto what is stored: absent members stay, null and "" remove,
 * others replace. True, or the call has been answered. An absent object changes nothing. */
bool consult_fields_merge_patient(struct api_call *call, json_t *stored);
bool consult_fields_merge_request(struct api_call *call, json_t *stored);
/* Body members specialty, urgency, kind. required: specialty must be there. */
bool consult_fields_header(struct api_call *call, struct consult_row *row, bool required);
/* Body members target_organisation (only that institution is asked; "" = all) and based_on (an
 * earlier consultation of the own institution). */
bool consult_fields_relations(struct api_call *call, struct consult_row *row);
/* Are the mandatory ones there (stat: fewer)? True, or answered. */
bool consult_fields_complete(struct api_call *call, const struct consult_row *row);
/* New reference: the patient as it may be shown. whole: with id_number (the requester's own
 * institution). */
json_t *consult_fields_patient_view(const json_t *patient, bool whole);

/* 422 with the pointer "PREFIX/NAME". Returns false. */
bool consult_field_wrong(struct api_call *call, const char *prefix, const char *name,
                         const char *zh, const char *en);
size_t consult_text_chars(const char *utf8); /* Unicode code points */
bool consult_text_blank(const char *utf8);

#endif
