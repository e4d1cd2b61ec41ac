/* What single data elements mean for the picture (PS3.3 sections C.7.6.3, C.11, C.7.6.16): takes
 * elements one by one into a struct dicom_image. Used by dicom.c; nothing is allocated, spans are
 * borrowed from the input. Any thread. */
#ifndef PROTO_DICOM_ATTRIBUTES_H
#define PROTO_DICOM_ATTRIBUTES_H

#include "proto/dicom/dicom.h"
#include "proto/dicom/element.h"

void attributes_init(struct dicom_image *image);
void attributes_take(struct dicom_image *image, const struct dicom_element *element,
                     struct dicom_encoding encoding);
/* After the last element: what depends on several of them (signs, defaults, shared functional
 * groups). */
void attributes_finish(struct dicom_image *image);

#endif
