/* Character sets for DICOM texts by iconv(3): fulfils the hook of proto/dicom/charset.h. The
 * descriptors are opened before the sandbox closes (their tables are files) and stay open. Decoder
 * process and its tests; one thread. */
#ifndef MEDIA_IMAGING_TEXT_H
#define MEDIA_IMAGING_TEXT_H

#include "proto/dicom/charset.h"

#include <iconv.h>

struct text_converter {
    iconv_t open[DICOM_CHARSET_COUNT];
    bool is_open[DICOM_CHARSET_COUNT];
};

/* Sets that this system lacks stay closed: their texts become U+FFFD. */
void text_open(struct text_converter *converter);
void text_close(struct text_converter *converter);
/* context is a struct text_converter *. */
bool text_convert(void *context, enum dicom_charset charset, struct span text, struct writer *out);

#endif
