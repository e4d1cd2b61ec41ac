#include "gateway/web/problem.h"

static const struct web_problem problems[] = {
    {400, "request.malformed", "请求格式有误。", "The request is malformed."},
    {401, "session.required", "请先登录。", "Please sign in."},
    {403, "request.forbidden", "不允许此操作。", "This is not allowed."},
    {404, "request.not-found", "没有找到。", "There is nothing here."},
    {405, "request.method", "此地址不支持该方法。", "This address does not support that method."},
    {406, "request.not-acceptable", "无法提供所要求的格式。",
     "The wanted format is not available."},
    {408, "request.timeout", "请求发送过慢。", "The request took too long to arrive."},
    {411, "request.length-required", "请求必须注明长度。", "The request must state its length."},
    {412, "request.precondition", "内容已被他人更改，请刷新。",
     "Somebody changed this meanwhile; please reload."},
    {413, "request.too-large", "请求内容过大。", "The request is too large."},
    {414, "request.target-too-long", "地址过长。", "The address is too long."},
    {415, "request.media-type", "不支持该内容类型。",
     "That type of content is not supported here."},
    {416, "request.range", "请求的范围不存在。", "The wanted range does not exist."},
    {417, "request.expectation", "无法满足请求的期望。", "That expectation cannot be met."},
    {426, "request.upgrade-required", "此地址需要 WebSocket 连接。",
     "This address needs a WebSocket."},
    {428, "request.precondition-required", "请求必须注明版本。",
     "The request must name a version."},
    {429, "request.throttled", "请求过于频繁，请稍后再试。",
     "Too many requests; please try again later."},
    {431, "request.fields-too-large", "请求头过大。", "The request head is too large."},
    {500, "gateway.internal", "网关内部错误。", "The gateway failed to answer."},
    {501, "request.not-implemented", "不支持该请求。", "That request is not supported."},
    {503, "gateway.busy", "网关繁忙，请稍后再试。",
     "The gateway is busy; please try again shortly."},
    {505, "request.version", "不支持该 HTTP 版本。", "That version of HTTP is not supported."},
};

const struct web_problem *web_problem_of(int status)
{
    const struct web_problem *found = NULL;
    const struct web_problem *fallback = &problems[0];
    for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
        if (problems[i].status == status) {
            found = &problems[i];
        }
        if (problems[i].status == (status >= 500 ? 500 : 400)) {
            fallback = &problems[i];
        }
    }
    return found != NULL ? found : fallback;
}

/* A JSON string (RFC 8259 §7); the text is UTF-8. */
static void json_text(struct writer *w, const char *text)
{
    writer_u8(w, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            writer_u8(w, '\\');
            writer_u8(w, *p);
        } else if (*p < 0x20) {
            writer_format(w, "\\u%04x", *p);
        } else {
            writer_u8(w, *p);
        }
    }
    writer_u8(w, '"');
}

static void member(struct writer *w, const char *name, const char *text)
{
    writer_text(w, ",\"");
    writer_text(w, name);
    writer_text(w, "\":");
    json_text(w, text);
}

void web_problem_write(struct writer *w, const struct web_problem *problem,
                       const char *accept_language)
{
    bool zh = accept_language != NULL && (accept_language[0] == 'z' || accept_language[0] == 'Z') &&
              (accept_language[1] == 'h' || accept_language[1] == 'H');
    writer_text(w, "{\"type\":\"about:blank\",\"status\":");
    writer_decimal(w, (uint64_t)problem->status);
    member(w, "code", problem->code);
    member(w, "title", problem->en);
    member(w, "detail", zh ? problem->zh : problem->en);
    member(w, "detail_zh", problem->zh);
    member(w, "detail_en", problem->en);
    writer_text(w, "}\n");
}
