/* What stands in the payload of each packet of the generator, behind the codec's own octets: who
 * sent it, of which kind, and its number. Header only. */
#ifndef TESTS_LOAD_STAMP_H
#define TESTS_LOAD_STAMP_H

#include "proto/base/reader.h"
#include "proto/base/writer.h"

#define STAMP_AT 16 /* octets: behind VP8's descriptor and frame header; Opus does not mind */
#define STAMP_MAGIC 0x6c6f6164u
#define STAMP_LEN 20u

struct stamp {
    uint32_t peer, kind;
    uint64_t number;
};

static inline void stamp_write(struct writer *w, const struct stamp *stamp)
{
    writer_u32(w, STAMP_MAGIC);
    writer_u32(w, stamp->peer);
    writer_u32(w, stamp->kind);
    writer_u64(w, stamp->number);
}

static inline bool stamp_read(struct span payload, struct stamp *out_stamp)
{
    if (payload.len < STAMP_AT + STAMP_LEN) {
        return false;
    }
    struct reader r = reader_of(span_of(payload.data + STAMP_AT, STAMP_LEN));
    uint32_t magic = reader_u32(&r);
    out_stamp->peer = reader_u32(&r);
    out_stamp->kind = reader_u32(&r);
    out_stamp->number = reader_u64(&r);
    return magic == STAMP_MAGIC && reader_ok(&r);
}

#endif
