#include "gateway/document/report_parts.h"

#include "gateway/document/report_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *report_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* ---- items ---- */

static void add_text(json_t *items, const char *text)
{
    if (text[0] != '\0') {
        json_array_append_new(items, json_pack("{s:s, s:s}", "kind", "text", "text", text));
    }
}

static void add_labelled(json_t *items, const char *zh, const char *en, const char *text)
{
    if (text[0] != '\0') {
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s}", "kind", "labelled", "zh", zh,
                                               "en", en, "text", text));
    }
}

/* Takes text. */
static void add_line(json_t *items, const char *mark, size_t number, json_t *text)
{
    char numbered[32];
    (void)snprintf(numbered, sizeof numbered, "%s%zu.", mark, number);
    json_array_append_new(
        items, json_pack("{s:s, s:s, s:o}", "kind", "line", "mark", numbered, "text", text));
}

/* Takes items; a section without any is left out. */
static void add_section(json_t *sections, const char *zh, const char *en, json_t *items)
{
    if (json_array_size(items) == 0) {
        json_decref(items);
        return;
    }
    json_array_append_new(sections,
                          json_pack("{s:s, s:s, s:o}", "zh", zh, "en", en, "items", items));
}

/* ---- sections ---- */

/* "脉搏 92 次/分；体温 36.8 ℃": what is known by name with its unit, the others as they are. */
static json_t *vitals_text(const json_t *vitals)
{
    static const struct {
        const char *name, *zh, *unit;
    } known[] = {
        {"temperature_c", "体温", "℃"},           {"pulse_per_min", "脉搏", "次/分"},
        {"respiration_per_min", "呼吸", "次/分"}, {"systolic_mmhg", "收缩压", "mmHg"},
        {"diastolic_mmhg", "舒张压", "mmHg"},     {"spo2_percent", "血氧饱和度", "%"},
        {"glucose_mmol_l", "血糖", "mmol/L"},     {"weight_kg", "体重", "kg"},
    };
    json_t *line = json_string(json_is_string(vitals) ? json_string_value(vitals) : "");
    json_t *copy = json_deep_copy(vitals), *value;
    const char *name;
    json_object_foreach(copy, name, value)
    {
        const char *zh = name, *unit = "";
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            bool same = strcmp(known[i].name, name) == 0;
            zh = same ? known[i].zh : zh;
            unit = same ? known[i].unit : unit;
        }
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        const char *shown = json_is_string(value) ? json_string_value(value) : text;
        const char *before = json_string_value(line);
        json_t *longer = json_sprintf("%s%s%s %s %s", before, before[0] != '\0' ? "；" : "", zh,
                                      shown == NULL ? "" : shown, unit);
        json_decref(line);
        line = longer;
        free(text);
    }
    json_decref(copy);
    return line;
}

static json_t *request_items(const json_t *request)
{
    static const struct {
        const char *name, *zh, *en;
    } members[] = {
        {"complaint", "主诉", "Complaint"},
        {"present_history", "现病史", "Present history"},
        {"past_history", "既往史", "Past history"},
        {"examination", "体格检查", "Examination"},
        {"tests", "检查检验结果", "Test results"},
        {"initial_diagnosis", "初步诊断", "Initial diagnosis"},
        {"treatment", "已行治疗", "Treatment so far"},
        {"question", "会诊目的", "Question"},
    };
    json_t *items = json_array();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        add_labelled(items, members[i].zh, members[i].en, report_text(request, members[i].name));
        if (i == 3) {
            json_t *vitals = vitals_text(json_object_get(request, "vital_signs"));
            add_labelled(items, "生命体征", "Vital signs", json_string_value(vitals));
            json_decref(vitals);
        }
    }
    return items;
}

static json_t *answer_items(const json_t *answers)
{
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *row = json_array_get(answers, i);
        const char *answer = report_text(row, "answer");
        add_line(items, "问", i + 1, json_string(report_text(row, "question")));
        add_line(items, "答", i + 1, json_string(answer[0] != '\0' ? answer : "（未答复）"));
    }
    return items;
}

static json_t *diagnosis_items(const json_t *body)
{
    const json_t *coded = json_object_get(body, "diagnoses");
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(coded); i++) {
        const json_t *row = json_array_get(coded, i);
        const char *code = report_text(row, "code");
        add_line(items, "", i + 1,
                 json_sprintf("%s（%s）%s%s", report_text(row, "name_zh"),
                              report_word(REPORT_CERTAINTY, report_text(row, "certainty")),
                              code[0] != '\0' ? "  ICD-10 " : "", code));
    }
    const char *code = report_text(body, "diagnosis_code");
    add_text(items, report_text(body, "diagnosis"));
    add_labelled(items, "编码", "Code", code);
    add_labelled(items, "鉴别诊断", "Differential diagnosis", report_text(body, "differential"));
    return items;
}

static json_t *advice_items(const json_t *body)
{
    json_t *items = json_array();
    add_labelled(items, "治疗建议", "Treatment", report_text(body, "treatment"));
    add_labelled(items, "进一步检查", "Further tests", report_text(body, "further_tests"));
    add_labelled(items, "转诊建议", "Referral", report_text(body, "referral_advice"));
    add_labelled(items, "紧急程度", "Urgency", report_text(body, "urgency"));
    add_labelled(items, "有效期", "Validity", report_text(body, "validity"));
    return items;
}

static json_t *critical_items(const json_t *critical)
{
    json_t *items = json_array();
    const char *finding = report_text(critical, "finding");
    if (finding[0] != '\0') {
        json_array_append_new(items, json_pack("{s:s, s:s}", "kind", "alert", "text", finding));
    }
    return items;
}

static const json_t *attachment_of(const json_t *record, const char *id)
{
    const json_t *list = json_object_get(record, "attachments");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if (strcmp(report_text(row, "id"), id) == 0) {
            return row;
        }
    }
    return NULL;
}

static json_t *image_items(const json_t *record, const json_t *images)
{
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(images); i++) {
        const json_t *row = json_array_get(images, i);
        const json_t *file = attachment_of(record, report_text(row, "attachment"));
        const char *modality = report_text(file, "modality"), *note = report_text(row, "note");
        add_line(items, "", i + 1,
                 json_sprintf("%s%s%s  第 %lld 帧%s%s  （SHA-256 %.16s…）", modality,
                              modality[0] != '\0' ? "  " : "", report_text(file, "name"),
                              (long long)json_integer_value(json_object_get(row, "frame")) + 1,
                              note[0] != '\0' ? "：" : "", note, report_text(file, "sha256")));
    }
    return items;
}

static json_t *member_items(const json_t *members)
{
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *row = json_array_get(members, i);
        const char *view = report_word(REPORT_VIEW, report_text(row, "view"));
        const json_t *organisation = json_object_get(row, "organisation");
        const char *opinion = report_text(row, "opinion");
        add_line(items, "", i + 1,
                 json_sprintf("%s  %s  %s%s%s%s%s", report_text(row, "name_zh"),
                              report_word(REPORT_TITLE, report_text(row, "title")),
                              report_text(organisation, "name_zh"), view[0] != '\0' ? "  " : "",
                              view, opinion[0] != '\0' ? "：" : "", opinion));
    }
    return items;
}

static json_t *decision_items(const json_t *decision)
{
    json_t *items = json_array();
    const json_t *given = json_object_get(decision, "decision");
    const json_t *by = json_object_get(decision, "by");
    char at[20];
    if (given == NULL) {
        return items;
    }
    report_time(json_integer_value(json_object_get(decision, "acknowledged_ms")), at);
    add_labelled(items, "是否采纳", "Adopted",
                 report_word(REPORT_ADOPTED, report_text(given, "adopted")));
    add_labelled(items, "处理决定", "Decision", report_text(given, "text"));
    add_labelled(items, "告知患者", "Patient told",
                 json_is_true(json_object_get(given, "told_patient")) ? "已告知" : "未告知");
    json_t *who = json_sprintf("%s  %s  %s  %s", report_text(by, "name_zh"),
                               report_word(REPORT_TITLE, report_text(by, "title")),
                               report_text(json_object_get(by, "organisation"), "name_zh"), at);
    add_labelled(items, "决定人", "Decided by", json_string_value(who));
    json_decref(who);
    return items;
}

json_t *report_sections(const json_t *record, const json_t *decision)
{
    const json_t *body = json_object_get(json_object_get(record, "opinion"), "body");
    json_t *sections = json_array();
    json_t *findings = json_array(), *disagreement = json_array();
    add_text(findings, report_text(body, "findings"));
    add_text(disagreement, report_text(body, "disagreement"));
    add_section(sections, "申请摘要", "Request", request_items(json_object_get(record, "request")));
    add_section(sections, "危急值报告", "Critical value",
                critical_items(json_object_get(body, "critical")));
    add_section(sections, "问题与答复", "Questions and answers",
                answer_items(json_object_get(body, "answers")));
    add_section(sections, "会诊所见", "Findings", findings);
    add_section(sections, "诊断意见", "Diagnosis", diagnosis_items(body));
    add_section(sections, "诊疗建议", "Advice", advice_items(body));
    add_section(sections, "关键影像", "Key images",
                image_items(record, json_object_get(body, "key_images")));
    add_section(sections, "各专家意见", "Views of the members",
                member_items(json_object_get(record, "members")));
    add_section(sections, "不同意见", "Disagreement", disagreement);
    add_section(sections, "申请方处理决定", "Decision of the requester", decision_items(decision));
    return sections;
}
