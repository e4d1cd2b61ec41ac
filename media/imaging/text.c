#include "media/imaging/text.h"

#include <errno.h>

void text_open(struct text_converter *converter)
{
    for (unsigned i = 0; i < DICOM_CHARSET_COUNT; i++) {
        iconv_t opened = iconv_open("UTF-8", dicom_charset_name((enum dicom_charset)i));
        converter->is_open[i] =
            opened != (iconv_t)-1; // NOLINT(performance-no-int-to-ptr): iconv's own error value
        converter->open[i] = opened;
    }
}

void text_close(struct text_converter *converter)
{
    for (unsigned i = 0; i < DICOM_CHARSET_COUNT; i++) {
        if (converter->is_open[i]) {
            (void)iconv_close(converter->open[i]);
            converter->is_open[i] = false;
        }
    }
}

bool text_convert(void *context, enum dicom_charset charset, struct span text, struct writer *out)
{
    struct text_converter *converter = context;
    char in[256];
    char made[1024];
    if ((unsigned)charset >= DICOM_CHARSET_COUNT || !converter->is_open[charset]) {
        return false;
    }
    iconv_t cd = converter->open[charset];
    (void)iconv(cd, NULL, NULL, NULL, NULL); /* back to the initial state; cannot fail */
    size_t at = 0;
    size_t kept = 0; /* octets of an unfinished character */
    while (at < text.len || kept > 0) {
        size_t n = text.len - at < sizeof in - kept ? text.len - at : sizeof in - kept;
        if (n > 0) {
            memcpy(in + kept, text.data + at, n);
        }
        at += n;
        char *from = in;
        size_t from_left = kept + n;
        char *to = made;
        size_t to_left = sizeof made;
        size_t result = iconv(cd, &from, &from_left, &to, &to_left);
        if (result == (size_t)-1 && (errno != EINVAL || n == 0)) {
            return false; /* not this character set, or cut in the middle of a character */
        }
        writer_bytes(out, span_of(made, sizeof made - to_left));
        memmove(in, from, from_left);
        kept = from_left;
    }
    return true;
}
