#include "proto/http/http_reason.h"

#include <stddef.h>

static const struct {
    unsigned http_status;
    const char *label;
    const char *text;
} table[HTTP_REASON_COUNT] = {
#define HTTP_REASON(name, http_status, label, text)                                                \
    [HTTP_REASON_##name] = {http_status, label, text},
#include "proto/http/http_reason.def"
#undef HTTP_REASON
};

unsigned http_reason_http_status(enum http_reason reason)
{
    return (size_t)reason < HTTP_REASON_COUNT ? table[reason].http_status : 500;
}

const char *http_reason_label(enum http_reason reason)
{
    return (size_t)reason < HTTP_REASON_COUNT ? table[reason].label : "invalid";
}

const char *http_reason_text(enum http_reason reason)
{
    return (size_t)reason < HTTP_REASON_COUNT ? table[reason].text : "invalid reason";
}

enum status http_reason_status(enum http_reason reason)
{
    switch (http_reason_http_status(reason)) {
    case 0:
        return STATUS_OK;
    case 413:
    case 414:
    case 431:
        return STATUS_TOO_LARGE;
    case 417:
    case 501:
    case 505:
        return STATUS_UNSUPPORTED;
    default:
        return STATUS_MALFORMED;
    }
}
