/* The sections of the form (report.h): request, answers, findings, diagnosis, advice, images,
 * disagreement, views of the others, the requester's own decision. What is empty is left out. Pure;
 * any thread. */
#ifndef GATEWAY_DOCUMENT_REPORT_PARTS_H
#define GATEWAY_DOCUMENT_REPORT_PARTS_H

#include <jansson.h>

/* New reference: array of sections. decision NULL: none. */
json_t *report_sections(const json_t *record, const json_t *decision);
/* Text member; "" when it is absent or no text. */
const char *report_text(const json_t *object, const char *name);

#endif
