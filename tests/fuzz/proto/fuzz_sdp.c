/* Any text into the SDP reader; what it accepts is written, read again and written again: the two
 * texts must be the same. */
#include "proto/base/check.h"
#include "proto/sdp/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sdp first, second;
    static char once[4 * SDP_LEN_MAX], twice[4 * SDP_LEN_MAX];
    struct sdp_error error = {0, NULL};
    if (sdp_read(span_of(data, size), &first, &error) != STATUS_OK) {
        CHECK(error.reason != NULL && error.offset <= size);
        return 0;
    }
    struct writer w = writer_of(once, sizeof(once));
    sdp_write(&w, &first);
    if (!writer_ok(&w) || w.at > SDP_LEN_MAX ||
        sdp_read(writer_span(&w), &second, &error) != STATUS_OK) {
        return 0; /* session values repeated in every m-section, or a long list on one line, can
                     pass the limits */
    }
    struct writer x = writer_of(twice, sizeof(twice));
    sdp_write(&x, &second);
    CHECK(span_equal(writer_span(&w), writer_span(&x)));
    for (unsigned i = 0; i < first.media_count; i++) {
        for (unsigned k = 0; k < first.media[i].format_count; k++) {
            (void)sdp_rtx_find(&first.media[i], first.media[i].formats[k].payload_type);
        }
    }
    return 0;
}
