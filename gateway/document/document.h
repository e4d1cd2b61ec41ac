/* GET /consultations/{id}/opinions/{version}/document: the PDF of a signed opinion, made at first
 * use and kept as a blob; once more when the requester's own decision is there (edition 1). Reading
 * it is an audit row, making it another. run and finish: store thread; blob: a blob thread. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_H
#define GATEWAY_DOCUMENT_DOCUMENT_H

#include "gateway/api.h"
#include "gateway/document/document_make.h"

void document_get(struct api_call *call);
void document_get_blob(struct api_call *call);
void document_get_finish(struct api_call *call);

#endif
