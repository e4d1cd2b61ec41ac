/* Incoming signalling messages against the table: what passes, what is refused, and what the
 * refusal says. */
#include "gateway/session/message.h"
#include "tests/unit/test.h"

#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"

static void refused(const char *text, const char *code, const char *type, const char *field)
{
    json_t *message = NULL;
    struct message_problem problem;
    EXPECT(message_read(span_text(text), &message, &problem) != STATUS_OK);
    EXPECT(message == NULL);
    EXPECT_TEXT(problem.code, code);
    EXPECT_TEXT(problem.type, type);
    EXPECT_TEXT(problem.field, field);
    json_decref(message);
}

static void taken(const char *text)
{
    json_t *message = NULL;
    struct message_problem problem;
    EXPECT_INT(message_read(span_text(text), &message, &problem), STATUS_OK);
    json_decref(message);
}

static void table(void)
{
    taken("{\"type\":\"ping\"}");
    taken("{\"type\":\"ping\",\"t\":9007199254740991}");
    taken("{\"type\":\"view.show\",\"consultation\":\"" ID "\",\"pointer\":[0,1.0]}");
    refused("", "message.malformed", "", "type");
    refused("[]", "message.malformed", "", "type");
    refused("{\"type\":1}", "message.malformed", "", "type");
    refused("{\"type\":\"ping\",\"type\":\"ping\"}", "message.malformed", "", "type");
    refused("{\"type\":\"welcome\"}", "message.unknown", "welcome", "type");
    refused("{\"type\":\"ping\",\"u\":1}", "message.field", "ping", "u");
    refused("{\"type\":\"ping\",\"t\":-1}", "message.field", "ping", "t");
    refused("{\"type\":\"ping\",\"t\":9007199254740992}", "message.field", "ping", "t");
    refused("{\"type\":\"room.leave\"}", "message.field", "room.leave", "consultation");
    refused("{\"type\":\"room.leave\",\"consultation\":\"0123\"}", "message.field", "room.leave",
            "consultation");
}

/* A pointer is two numbers: anything else in it would be kept in the room and sent to everybody. */
static void a_pointer_is_two_numbers(void)
{
    static const char head[] = "{\"type\":\"view.show\",\"consultation\":\"" ID "\",\"pointer\":";
    static const char *const wrong[] = {"[\"x\",0]", "[[],0]", "[0,{}]", "[0,0,0]", "[1.5,0]",
                                        "[-0.1,0]",  "[null]", "[0]",    "[]"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text), "%s%s}", head, wrong[i]);
        refused(text, "message.field", "view.show", "pointer");
    }
}

/* Found by fuzz_message: a long name was cut inside a character, and the refusal lost it. */
static void a_long_name_is_cut_between_characters(void)
{
    char text[256];
    char expected[64];
    memset(expected, 'a', 62);
    expected[62] = '\0';
    (void)snprintf(text, sizeof(text), "{\"type\":\"ping\",\"%s\xe4\xbd\xa0\":1}", expected);
    refused(text, "message.field", "ping", expected);
    memset(expected, 'b', 38);
    expected[38] = '\0';
    (void)snprintf(text, sizeof(text), "{\"type\":\"%s\xe4\xbd\xa0\"}", expected);
    refused(text, "message.unknown", expected, "type");
}

int main(void)
{
    static const struct test_case cases[] = {
        {"the table", table},
        {"a pointer is two numbers", a_pointer_is_two_numbers},
        {"a long name is cut between characters", a_long_name_is_cut_between_characters},
    };
    return TEST_MAIN(cases);
}
