/* What a room keeps of its chat: the newest, within both limits. */
#include "gateway/session/chat.h"
#include "tests/unit/test.h"

#include <stdlib.h>

static void say(json_t *chat, const char *text, int number)
{
    json_t *said = json_pack("{s:i, s:s, s:i}", "seat", 0, "text", text, "at_ms", number);
    chat_add(chat, said);
    json_decref(said);
}

static long long at(const json_t *chat, size_t index)
{
    return json_integer_value(json_object_get(json_array_get(chat, index), "at_ms"));
}

static void short_ones_are_counted(void)
{
    json_t *chat = json_array();
    for (int i = 0; i < 500; i++) {
        say(chat, "ok", i);
    }
    EXPECT_INT(json_array_size(chat), CHAT_ITEMS_MAX);
    EXPECT_INT(at(chat, 0), 500 - (int)CHAT_ITEMS_MAX);
    EXPECT_INT(at(chat, CHAT_ITEMS_MAX - 1), 499);
    json_decref(chat);
}

/* 200 times 2000 characters that JSON writes with six octets each: 2.4 MB in the answer to
 * room.join, more than a connection may have unsent. */
static void long_ones_are_weighed(void)
{
    char text[2001];
    memset(text, 1, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    json_t *chat = json_array();
    for (int i = 0; i < 200; i++) {
        say(chat, text, i);
        EXPECT(json_dumpb(chat, NULL, 0, JSON_COMPACT) <= CHAT_BYTES_MAX);
        EXPECT_INT(at(chat, json_array_size(chat) - 1), i);
    }
    EXPECT(json_array_size(chat) >= 2);
    json_decref(chat);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"short ones are counted", short_ones_are_counted},
        {"long ones are weighed", long_ones_are_weighed},
    };
    return TEST_MAIN(cases);
}
