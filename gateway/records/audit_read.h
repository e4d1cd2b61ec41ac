/* Who looked at what, in the audit trail: the case, its opinions and its trail, thumbnails, images,
 * files, posters. Looking on within 15 minutes is the same viewing and adds no row. Recordings have
 * a table of their own for this (recordings.c). Store thread, inside call's transaction. */
#ifndef GATEWAY_RECORDS_AUDIT_READ_H
#define GATEWAY_RECORDS_AUDIT_READ_H

#include "gateway/api.h"

/* What was read is told apart by its id: `member` names it in the row's detail ("attachment"), NULL
 * for the consultation itself; sha256 NULL: none. True, or the call has been answered. */
bool audit_reading(struct api_call *call, const char *consultation_id, const char *action,
                   const char *member, const char *id, const char *sha256);

#endif
