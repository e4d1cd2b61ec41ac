#include "proto/base/status.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *text;
} table[STATUS_COUNT] = {
#define STATUS(name, class_, text) [STATUS_##name] = {#name, text},
#include "proto/base/status.def"
#undef STATUS
};

const char *status_name(enum status status)
{
    return (size_t)status < STATUS_COUNT ? table[status].name : "INVALID";
}

const char *status_text(enum status status)
{
    return (size_t)status < STATUS_COUNT ? table[status].text : "invalid status";
}
