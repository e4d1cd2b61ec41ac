#include "gateway/session/chat.h"

static size_t bytes(const json_t *value)
{
    return json_dumpb(value, NULL, 0, JSON_COMPACT);
}

void chat_add(json_t *chat, json_t *said)
{
    json_array_append(chat, said);
    size_t total = bytes(chat);
    while (json_array_size(chat) > CHAT_ITEMS_MAX ||
           (total > CHAT_BYTES_MAX && json_array_size(chat) > 1)) {
        total -= bytes(json_array_get(chat, 0));
        json_array_remove(chat, 0);
    }
}
