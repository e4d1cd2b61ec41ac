/* A file as a span -> what it is, or a rendered picture of it. The whole decode path without
 * processes around it: what the decoder process runs on each request, and what the fuzzer runs.
 * Allocates; no input or output. One thread for one context. */
#ifndef MEDIA_IMAGING_PICTURE_H
#define MEDIA_IMAGING_PICTURE_H

#include "media/imaging/imaging.h"
#include "media/imaging/text.h"

/* Fills out_info always; out_info->refusal says whether the file is taken. converter may be NULL
 * (ASCII, Latin-1, UTF-8). */
void picture_probe(struct span file, struct text_converter *converter,
                   struct imaging_info *out_info);
/* Fills out_reply always; bytes are malloc'd when out_reply->refusal is IMAGING_REFUSAL_NONE. */
void picture_render(struct span file, const struct imaging_request *request,
                    struct imaging_reply *out_reply);
/* By its first octets; a DICOM file without preamble is not seen here. */
enum imaging_kind picture_kind(struct span file);

#endif
