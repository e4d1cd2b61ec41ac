/* Any octets as a signalling message: refused with a code, or a message whose every member fits the
 * table. */
#include "gateway/session/message.h"
#include "proto/base/check.h"
#include "proto/signal/signal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The refusal that would be sent is JSON, whatever the client called its members. */
static void check_refusal(const struct message_problem *problem)
{
    CHECK(problem->code[0] != '\0');
    json_t *error = message_error(problem->code, "zh", "en", problem->type);
    CHECK(error != NULL && json_object_set_new(error, "field", json_string(problem->field)) == 0);
    CHECK(problem->type[0] == '\0' || json_object_get(error, "to") != NULL);
    json_decref(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *message = NULL;
    struct message_problem problem;
    if (message_read(span_of(data, size), &message, &problem) != STATUS_OK) {
        CHECK(message == NULL);
        check_refusal(&problem);
        return 0;
    }
    const char *type = message_text(message, "type");
    CHECK(type != NULL && signal_find_incoming(type) != NULL);
    const char *name;
    json_t *value;
    json_object_foreach(message, name, value)
    {
        CHECK(strcmp(name, "type") == 0 || signal_find_field(type, name) != NULL);
    }
    char *text = json_dumps(message, JSON_COMPACT);
    CHECK(text != NULL);
    json_t *again = NULL;
    CHECK(message_read(span_text(text), &again, &problem) == STATUS_OK);
    CHECK(json_equal(message, again) == 1);
    json_decref(again);
    json_decref(message);
    free(text);
    return 0;
}
