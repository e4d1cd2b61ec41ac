#include "proto/signal/signal.h"

#include <string.h>

const struct signal_message signal_messages[] = {
#define SIGNAL_IN(type, text) {type, true, text},
#define SIGNAL_OUT(type, text) {type, false, text},
#define SIGNAL_FIELD(type, name, kind, required, max, text)
#include "proto/signal/signal.def"
#undef SIGNAL_IN
#undef SIGNAL_OUT
#undef SIGNAL_FIELD
};
const size_t signal_message_count = sizeof(signal_messages) / sizeof(signal_messages[0]);

const struct signal_field signal_fields[] = {
#define SIGNAL_IN(type, text)
#define SIGNAL_OUT(type, text)
#define SIGNAL_FIELD(type, name, kind, required, max, text)                                        \
    {type, name, SIGNAL_KIND_##kind, required, max, text},
#include "proto/signal/signal.def"
#undef SIGNAL_IN
#undef SIGNAL_OUT
#undef SIGNAL_FIELD
};
const size_t signal_field_count = sizeof(signal_fields) / sizeof(signal_fields[0]);

const struct signal_message *signal_find_incoming(const char *type)
{
    for (size_t i = 0; i < signal_message_count; i++) {
        if (signal_messages[i].incoming && strcmp(signal_messages[i].type, type) == 0) {
            return &signal_messages[i];
        }
    }
    return NULL;
}

const struct signal_field *signal_find_field(const char *type, const char *name)
{
    for (size_t i = 0; i < signal_field_count; i++) {
        if (strcmp(signal_fields[i].message, type) == 0 &&
            strcmp(signal_fields[i].name, name) == 0) {
            return &signal_fields[i];
        }
    }
    return NULL;
}
