/* Texts of a DICOM file in UTF-8 (PS3.3 section C.12.1.1.2, PS3.5 chapter 6): ISO 2022 escapes are
 * followed here; tables of large character sets are the caller's, behind a hook (iconv in
 * media/imaging). ASCII, ISO_IR 100 and ISO_IR 192 need no hook. Sans I/O, nothing is allocated,
 * any thread. */
#ifndef PROTO_DICOM_CHARSET_H
#define PROTO_DICOM_CHARSET_H

#include "proto/base/span.h"
#include "proto/base/writer.h"

#include <stdbool.h>

/* Character sets that the hook is asked for; the table is charset.def. */
enum dicom_charset {
#define DICOM_CHARSET(name, iconv_name, terms) DICOM_CHARSET_##name,
#include "proto/dicom/charset.def"
#undef DICOM_CHARSET
    DICOM_CHARSET_COUNT
};

/* Converts `text`, wholly in `charset`, appending UTF-8 to `out`. False: not convertible; what was
 * written is taken back. */
typedef bool (*dicom_convert_fn)(void *context, enum dicom_charset charset, struct span text,
                                 struct writer *out);

struct dicom_converter {
    dicom_convert_fn convert; /* NULL: only what needs no hook */
    void *context;
};

/* Writes `text` as UTF-8 with NUL, cut at a character to fit buffer_len (>= 1); control characters
 * become blanks, what cannot be converted becomes U+FFFD. character_set: value of (0008,0005).
 * Texts with octets over 0x7F and no character set are taken as UTF-8 when they are that, else as
 * GB18030, else as ISO 8859-1: files without a statement come from such writers. */
void dicom_text(struct span character_set, struct span text,
                const struct dicom_converter *converter, char *buffer, size_t buffer_len);
/* Name for iconv_open(3): "GB18030". */
const char *dicom_charset_name(enum dicom_charset charset);
bool dicom_is_utf8(struct span text);

#endif
