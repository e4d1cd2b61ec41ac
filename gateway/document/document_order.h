/* Reads from the store what a document is made of (document_make.h): the signed record, and the
 * requester's decision about that very version, signed by the requesting institution when the
 * document is made. Store thread. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_ORDER_H
#define GATEWAY_DOCUMENT_DOCUMENT_ORDER_H

#include "gateway/consult/consult_row.h"
#include "gateway/document/document_make.h"

/* On anything but STATUS_OK too the order is the caller's to clear. STATUS_NONE: no such signed
 * version; STATUS_UNAUTHENTIC: it does not hold, and nothing is made of it; STATUS_UNKNOWN and
 * others of the keys; STATUS_IO, STATUS_NO_MEMORY. */
MUST_USE enum status document_order_read(struct api_call *call, const struct consult_row *row,
                                         int64_t version, struct document_order *order);

#endif
