#include "gateway/partnership/partnership_question.h"

#include "gateway/directory/directory.h"
#include "gateway/partnership/partnership.h"

#include <string.h>

static bool wrong(struct api_call *call, const char *field, const char *zh, const char *en)
{
    return api_problem(call, 422, "field.invalid", zh, en, field);
}

const char *partnership_query(const struct api_call *call, const char *name, const char *otherwise)
{
    const char *text = api_query(call, name);
    return text != NULL && text[0] != '\0' ? text : otherwise;
}

static bool read_words(struct api_call *call, struct rules_question *question)
{
    int kind = rules_kind_of(partnership_query(call, "kind", "live"));
    int act = rules_act_of(partnership_query(call, "act", "consult"));
    const char *urgency = partnership_query(call, "urgency", "routine");
    if (kind < 0) {
        return wrong(call, "/kind", "没有这种会诊类型。", "There is no such kind of consultation.");
    }
    if (act < 0) {
        return wrong(call, "/act", "应为 consult、see、refer-up、refer-down、teach 或 report。",
                     "Must be consult, see, refer-up, refer-down, teach or report.");
    }
    question->kind = (enum rules_kind)kind;
    question->act = (enum rules_act)act;
    question->stat = strcmp(urgency, "stat") == 0;
    return question->stat || strcmp(urgency, "routine") == 0 || strcmp(urgency, "urgent") == 0 ||
           wrong(call, "/urgency", "紧急程度无效。", "There is no such urgency.");
}

bool partnership_question(struct api_call *call, struct rules_question *question)
{
    const char *specialty = partnership_query(call, "specialty", NULL);
    if (!read_words(call, question)) {
        return false;
    }
    bool known = specialty != NULL && strlen(specialty) <= PARTNERSHIP_SPECIALTY_MAX &&
                 directory_specialty_exists(call->db, specialty);
    if (!known && (specialty != NULL || rules_needs_consultant(question->act))) {
        return wrong(call, "/specialty", "没有这个专科。", "There is no such specialty.");
    }
    question->specialty = specialty;
    return true;
}
