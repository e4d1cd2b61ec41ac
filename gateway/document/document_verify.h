/* Checking a report from outside, without an account: POST /verify {code} says what the code
 * belongs to, POST /verify/document checks a PDF and says where it was changed. Both are throttled
 * by address (gateway/auth/auth_throttle.h) and tell nothing of a patient that is not on the paper.
 * run and finish: store thread; blob: a blob thread. */
#ifndef GATEWAY_DOCUMENT_DOCUMENT_VERIFY_H
#define GATEWAY_DOCUMENT_DOCUMENT_VERIFY_H

#include "gateway/api.h"

void document_verify_code(struct api_call *call);
void document_verify_file(struct api_call *call);
void document_verify_file_blob(struct api_call *call);
void document_verify_file_finish(struct api_call *call);

#endif
