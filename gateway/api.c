#include "gateway/api.h"

#include "gateway/problem.h"
#include "media/rt/log.h"
#include "proto/base/check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE_RETRY_S                                                                              \
    2 /* a full disk or a long import: soon enough for a person, slow enough for a queue */

bool api_problem(struct api_call *call, int status, const char *code, const char *zh,
                 const char *en, const char *field)
{
    CHECK(status >= 400 && status <= 599);
    json_decref(call->reply);
    free(call->bytes);
    call->bytes = NULL;
    call->bytes_len = 0;
    call->file[0] = '\0';
    call->etag[0] = '\0';
    call->status = status;
    call->reply = problem_json(status, code, zh, en, field,
                               call->actor != NULL ? call->actor->language : "zh-CN");
    return false;
}

bool api_store_failed(struct api_call *call, enum status status)
{
    if (status == STATUS_CONFLICT) {
        return api_problem(call, 409, "store.conflict", "数据已被他人更改，请刷新后重试。",
                           "Somebody else changed this first: reload and try again.", NULL);
    }
    log_error("api_store_failed", "reason=%s method=%s", status_name(status),
              call->method != NULL ? call->method : "-");
    call->retry_after_s = STORE_RETRY_S;
    return api_problem(call, 503, "store.unavailable", "数据库暂时不可用，请稍后重试。",
                       "The store is not available at the moment: try again shortly.", NULL);
}

void api_effect_push(struct api_call *call, enum effect_kind kind, const char *account_id,
                     const char *consultation_id, json_t *message)
{
    struct api_effect *effect = calloc(1, sizeof *effect);
    CHECK(effect != NULL); /* 100 octets: without them nothing here goes on */
    effect->kind = kind;
    (void)snprintf(effect->account_id, sizeof effect->account_id, "%s",
                   account_id != NULL ? account_id : "");
    (void)snprintf(effect->consultation_id, sizeof effect->consultation_id, "%s",
                   consultation_id != NULL ? consultation_id : "");
    effect->message = message;
    struct api_effect **end = &call->effects;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = effect;
}

bool api_id(const char *text)
{
    size_t len = 0;
    for (; text != NULL && text[len] != '\0'; len++) {
        bool hex = (text[len] >= '0' && text[len] <= '9') || (text[len] >= 'a' && text[len] <= 'f');
        if (!hex || len == 32) {
            return false;
        }
    }
    return len == 32;
}

void api_new_id(char out_id[33])
{
    unsigned char octets[16];
    CHECK(sodium_init() >= 0);
    randombytes_buf(octets, sizeof octets);
    sodium_bin2hex(out_id, 33, octets, sizeof octets);
}

enum text_fault { TEXT_GOOD, TEXT_LONG, TEXT_CONTROL, TEXT_BLANK };

/* jansson has checked the UTF-8 and keeps NUL out; code points are what is not a continuation
 * octet. */
static enum text_fault check_text(const char *text, size_t max_chars)
{
    size_t chars = 0;
    bool blank = true;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        bool space = *p == ' ' || *p == '\t' || *p == '\n' || *p == '\r';
        if ((*p < 0x20 && !space) || *p == 0x7f) {
            return TEXT_CONTROL;
        }
        chars += (*p & 0xc0) != 0x80;
        blank = blank && space;
    }
    if (chars > max_chars) {
        return TEXT_LONG;
    }
    return blank ? TEXT_BLANK : TEXT_GOOD;
}

static const char *refuse_text(struct api_call *call, const char *field, bool *ok, const char *code,
                               const char *zh, const char *en)
{
    *ok = false;
    (void)api_problem(call, 422, code, zh, en, field);
    return NULL;
}

const char *api_body_text(struct api_call *call, const char *name, bool required, size_t max_chars,
                          bool *ok)
{
    char field[72];
    (void)snprintf(field, sizeof field, "/%s", name);
    json_t *value = json_object_get(call->body, name);
    if (value == NULL || json_is_null(value)) {
        return required ? refuse_text(call, field, ok, "field.required", "缺少必填项。",
                                      "A required field is missing.")
                        : NULL;
    }
    const char *text = json_string_value(value);
    if (text == NULL) {
        return refuse_text(call, field, ok, "field.type", "该项必须是文本。",
                           "The field must be text.");
    }
    switch (check_text(text, max_chars)) {
    case TEXT_LONG:
        return refuse_text(call, field, ok, "field.too-long", "该项内容过长。",
                           "The field is too long.");
    case TEXT_CONTROL:
        return refuse_text(call, field, ok, "field.characters", "该项含有不允许的控制字符。",
                           "The field holds control characters, which are not allowed.");
    case TEXT_BLANK:
        if (required) {
            return refuse_text(call, field, ok, "field.required", "缺少必填项。",
                               "A required field is missing.");
        }
        return text;
    case TEXT_GOOD:
        break;
    }
    return text;
}

const char *api_query(const struct api_call *call, const char *name)
{
    for (size_t i = 0; i < API_QUERY_MAX && call->query[i].name != NULL; i++) {
        if (strcmp(call->query[i].name, name) == 0) {
            return call->query[i].value;
        }
    }
    return NULL;
}
