/* The official form 远程会诊报告单 as a list of what stands where, before any font or page: made
 * from the signed record alone, and from what came after it (the requester's own decision). As
 * JSON: head_zh, head_en, title_zh, title_en, number, code, url   text notices   [text] above the
 * table: an amended version says so grid      [[{zh, en, text}]]               rows of one cell
 * (whole width) or two sections  [{zh, en, items: [item]}]        item: {kind, zh?, en?, mark?,
 * text}; kind: text, labelled, line (mark hangs), alert sign      [{zh, en, text}] the closing
 * block foot      text                             on every page Pure; any thread. */
#ifndef GATEWAY_DOCUMENT_REPORT_H
#define GATEWAY_DOCUMENT_REPORT_H

#include <jansson.h>

/* All borrowed. */
struct report_extra {
    const char *code;                          /* verification code */
    const char *url;                           /* page that checks it; "" = not known */
    const char *record_hash;                   /* SHA-256 of the record, hex */
    const char *signature, *public_key;        /* of the institution, hex */
    const char *signer_signature, *signer_key; /* of the person; "" = format 1 had none */
    const json_t *decision; /* record of the requester's decision (document_decision.h); NULL */
};

/* New reference; NULL without memory. */
json_t *report_make(const json_t *record, const struct report_extra *extra);

#endif
