#include "gateway/session/message.h"

#include "gateway/api.h"
#include "proto/signal/signal.h"

#include <math.h>
#include <string.h>

/* Code points of valid UTF-8: jansson has checked it. */
static size_t code_points(const char *text)
{
    size_t count = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        count += (*p & 0xc0) != 0x80;
    }
    return count;
}

static bool numbers_within_one(const json_t *pair)
{
    for (size_t i = 0; i < 2; i++) {
        const json_t *value = json_array_get(pair, i);
        if (!json_is_number(value) || json_number_value(value) < 0 ||
            json_number_value(value) > 1) {
            return false;
        }
    }
    return true;
}

static bool fits(const struct signal_field *field, const json_t *value)
{
    switch (field->kind) {
    case SIGNAL_KIND_id:
        return json_is_string(value) && api_id(json_string_value(value));
    case SIGNAL_KIND_text:
        return json_is_string(value) && code_points(json_string_value(value)) <= (size_t)field->max;
    case SIGNAL_KIND_int:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
               json_integer_value(value) <= field->max;
    case SIGNAL_KIND_number:
        return json_is_number(value) && fabs(json_number_value(value)) <= (double)field->max;
    case SIGNAL_KIND_bool:
        return json_is_boolean(value);
    case SIGNAL_KIND_object:
        return json_is_object(value);
    case SIGNAL_KIND_array:
        return json_is_array(value) && json_array_size(value) <= (size_t)field->max;
    case SIGNAL_KIND_point:
        return json_is_array(value) && json_array_size(value) == 2 && numbers_within_one(value);
    }
    return false;
}

/* As much of it as fits, cut between characters: half a one would be no JSON text any more, and the
 * refusal would lose the member. */
static void copy_start(char *out, size_t out_len, const char *text)
{
    size_t len = strlen(text);
    if (len >= out_len) {
        len = out_len - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

static enum status problem(struct message_problem *out, const char *code, const char *field,
                           enum status status)
{
    out->code = code;
    copy_start(out->field, sizeof(out->field), field);
    return status;
}

static enum status check_members(json_t *message, const char *type, struct message_problem *out)
{
    const char *name;
    json_t *value;
    json_object_foreach(message, name, value)
    {
        if (strcmp(name, "type") == 0) {
            continue;
        }
        const struct signal_field *field = signal_find_field(type, name);
        if (field == NULL || !fits(field, value)) {
            return problem(out, "message.field", name, STATUS_MALFORMED);
        }
    }
    for (size_t i = 0; i < signal_field_count; i++) {
        const struct signal_field *field = &signal_fields[i];
        if (field->required && strcmp(field->message, type) == 0 &&
            json_object_get(message, field->name) == NULL) {
            return problem(out, "message.field", field->name, STATUS_MALFORMED);
        }
    }
    return STATUS_OK;
}

enum status message_read(struct span text, json_t **out_message,
                         struct message_problem *out_problem)
{
    *out_problem = (struct message_problem){.code = ""};
    json_error_t error;
    json_t *message = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    const char *type = json_string_value(json_object_get(message, "type"));
    enum status status;
    if (type == NULL) {
        status = problem(out_problem, "message.malformed", "type", STATUS_MALFORMED);
        goto out;
    }
    copy_start(out_problem->type, sizeof(out_problem->type), type);
    if (signal_find_incoming(type) == NULL) {
        status = problem(out_problem, "message.unknown", "type", STATUS_UNKNOWN);
        goto out;
    }
    status = check_members(message, type, out_problem);
    if (status == STATUS_OK) {
        *out_message = message;
        message = NULL;
    }
out:
    json_decref(message);
    return status;
}

const char *message_text(const json_t *message, const char *name)
{
    return json_string_value(json_object_get(message, name));
}

long long message_int(const json_t *message, const char *name)
{
    return json_integer_value(json_object_get(message, name));
}

json_t *message_error(const char *code, const char *zh, const char *en, const char *to)
{
    json_t *message =
        json_pack("{s:s, s:s, s:s, s:s}", "type", "error", "code", code, "zh", zh, "en", en);
    if (message != NULL && to != NULL && to[0] != '\0') {
        json_object_set_new(message, "to", json_string(to));
    }
    return message;
}
