/* Parts of the consultation object that come from tables of their own: partnership, attachments,
 * history. New references; *out_part is set on STATUS_OK. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_PARTS_H
#define GATEWAY_CONSULT_CONSULT_PARTS_H

#include "gateway/consult/consult_row.h"

MUST_USE enum status consult_part_partnership(struct db *db, const struct consult_row *row,
                                              json_t **out_part);
MUST_USE enum status consult_part_attachments(struct db *db, const char *consultation_id,
                                              json_t **out_part);
/* The latest 200 changes, oldest first: who did what when. */
MUST_USE enum status consult_part_history(struct db *db, const char *consultation_id,
                                          json_t **out_part);

#endif
