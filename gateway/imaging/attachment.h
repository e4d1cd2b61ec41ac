/* Attachments: list, pictures, the file itself, removal. Pixels go only to those whom
 * consult_may_view_images lets see them, and to the department that received the patient by a
 * referral that shares them; looking at pictures and taking the file are in the audit trail (once
 * in 15 minutes for an account and attachment). */
#ifndef GATEWAY_IMAGING_ATTACHMENT_H
#define GATEWAY_IMAGING_ATTACHMENT_H

#include "gateway/api.h"

void attachment_list(struct api_call *call);      /* GET /consultations/{id}/attachments */
void attachment_remove(struct api_call *call);    /* DELETE /attachments/{id} */
void attachment_content(struct api_call *call);   /* GET /attachments/{id}/content */
void attachment_thumbnail(struct api_call *call); /* GET /attachments/{id}/thumbnail: run */
void attachment_thumbnail_blob(struct api_call *call);
void attachment_rendered(struct api_call *call); /* GET /attachments/{id}/rendered: run */
void attachment_rendered_blob(struct api_call *call);

/* One attachment as the interface shows it; new reference. STATUS_NONE. Store thread. */
MUST_USE enum status attachment_json(struct db *db, const char *id, json_t **out_json);

#endif
