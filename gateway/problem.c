#include "gateway/problem.h"

#include <string.h>

json_t *problem_json(int status, const char *code, const char *zh, const char *en,
                     const char *field, const char *language)
{
    const char *detail = language != NULL && strcmp(language, "en") == 0 ? en : zh;
    return json_pack("{ss, si, ss, ss, ss, ss, ss, ss*}", "type", "about:blank", "status", status,
                     "code", code, "title", en, "detail", detail, "detail_zh", zh, "detail_en", en,
                     "field", field);
}
