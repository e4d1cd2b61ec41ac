#include "gateway/document/report.h"

#include "gateway/document/report_parts.h"
#include "gateway/document/report_words.h"

#include <stdbool.h>
#include <string.h>

/* ---- the table at the top ---- */

static json_t *cell(const char *zh, const char *en, json_t *text)
{
    return json_pack("{s:s, s:s, s:o}", "zh", zh, "en", en, "text",
                     text == NULL ? json_string("") : text);
}

static void add_row(json_t *grid, json_t *left, json_t *right)
{
    json_t *row = json_array();
    json_array_append_new(row, left);
    if (right != NULL) {
        json_array_append_new(row, right);
    }
    json_array_append_new(grid, row);
}

static json_t *time_text(const json_t *object, const char *name)
{
    char text[20];
    report_time(json_integer_value(json_object_get(object, name)), text);
    return json_string(text);
}

static json_t *session_text(const json_t *consultation)
{
    char from[20], until[20];
    report_time(json_integer_value(json_object_get(consultation, "started_ms")), from);
    report_time(json_integer_value(json_object_get(consultation, "ended_ms")), until);
    if (from[0] == '\0' || until[0] == '\0') {
        return json_string(from[0] != '\0' ? from : until);
    }
    bool same_day = strncmp(from, until, 10) == 0;
    return json_sprintf("%s 至 %s", from, same_day ? until + 11 : until);
}

static json_t *identity_text(const json_t *patient)
{
    const char *type = report_word(REPORT_ID_TYPE, report_text(patient, "id_type"));
    const char *number = report_text(patient, "id_number_masked");
    return json_sprintf("%s%s%s", type, type[0] != '\0' ? " " : "", number);
}

static json_t *doctor_text(const json_t *person)
{
    return json_sprintf("%s  %s", report_text(person, "name_zh"),
                        report_word(REPORT_TITLE, report_text(person, "title")));
}

static json_t *specialty_text(const json_t *consultation)
{
    const char *zh = report_text(consultation, "specialty_zh");
    return json_string(zh[0] != '\0' ? zh : report_text(consultation, "specialty"));
}

static json_t *grid_of(const json_t *record)
{
    const json_t *c = json_object_get(record, "consultation");
    const json_t *patient = json_object_get(record, "patient");
    const json_t *asking = json_object_get(record, "requester");
    const json_t *answering = json_object_get(record, "consultant");
    const json_t *partnership = json_object_get(record, "partnership");
    json_t *grid = json_array();
    add_row(grid, cell("患者姓名", "Patient", json_string(report_text(patient, "name"))),
            cell("性别 / 年龄", "Sex, age",
                 json_sprintf("%s / %s", report_word(REPORT_SEX, report_text(patient, "sex")),
                              report_text(patient, "age"))));
    add_row(grid, cell("证件", "Identity document", identity_text(patient)),
            cell("病历号", "Record no.", json_string(report_text(patient, "record_no"))));
    add_row(grid,
            cell("申请单位", "Requesting institution",
                 json_string(report_text(json_object_get(asking, "organisation"), "name_zh"))),
            cell("申请医师", "Requested by", doctor_text(asking)));
    add_row(grid,
            cell("受邀单位", "Consulting institution",
                 json_string(report_text(json_object_get(answering, "organisation"), "name_zh"))),
            cell("会诊医师", "Consultant", doctor_text(answering)));
    add_row(grid, cell("会诊专科", "Specialty", specialty_text(c)),
            cell("类型 / 缓急", "Kind, urgency",
                 json_sprintf("%s / %s", report_word(REPORT_KIND, report_text(c, "kind")),
                              report_word(REPORT_URGENCY, report_text(c, "urgency")))));
    add_row(grid,
            cell("医联体", "Partnership",
                 json_sprintf("%s (%s)", report_text(partnership, "name_zh"),
                              report_word(REPORT_MODE, report_text(partnership, "mode")))),
            cell("合作协议", "Agreement",
                 json_sprintf("第 %lld 版", (long long)json_integer_value(json_object_get(
                                                partnership, "agreement_version")))));
    add_row(grid, cell("申请时间", "Requested", time_text(c, "submitted_ms")),
            cell("会诊时间", "Session", session_text(c)));
    return grid;
}

/* ---- the closing block ---- */

/* The first 16 octets in groups of four digits: enough to compare by eye. */
static json_t *fingerprint(const char *hex)
{
    char text[48];
    size_t n = 0;
    for (size_t i = 0; i < 32 && hex[i] != '\0'; i++) {
        if (i > 0 && i % 4 == 0) {
            text[n++] = ' ';
        }
        text[n++] = hex[i];
    }
    text[n] = '\0';
    return json_string(text);
}

static json_t *signer_text(const json_t *person)
{
    const char *licence = report_text(person, "licence_no");
    return json_sprintf("%s  %s%s%s", report_text(person, "name_zh"),
                        report_word(REPORT_TITLE, report_text(person, "title")),
                        licence[0] != '\0' ? "  执业证书 " : "", licence);
}

static json_t *sign_of(const json_t *record, const struct report_extra *extra)
{
    const json_t *consultant = json_object_get(record, "consultant");
    const json_t *verifier = json_object_get(record, "verifier");
    json_t *sign = json_array();
    json_array_append_new(sign, cell("会诊医师", "Consultant", signer_text(consultant)));
    if (verifier != NULL) {
        json_array_append_new(sign, cell("复核医师", "Verified by", signer_text(verifier)));
    }
    json_array_append_new(
        sign,
        cell("签署单位", "Institution",
             json_string(report_text(json_object_get(consultant, "organisation"), "name_zh"))));
    json_array_append_new(sign, cell("签署时间", "Signed", time_text(record, "signed_ms")));
    if (extra->signer_signature[0] != '\0') {
        json_array_append_new(sign, cell("医师电子签名", "Signature of the person",
                                         fingerprint(extra->signer_signature)));
    }
    json_array_append_new(
        sign, cell("单位电子签名", "Signature of the institution", fingerprint(extra->signature)));
    json_array_append_new(
        sign, cell("记录摘要", "SHA-256 of the record", fingerprint(extra->record_hash)));
    return sign;
}

static json_t *notices_of(const json_t *record)
{
    const json_t *opinion = json_object_get(record, "opinion");
    long long version = json_integer_value(json_object_get(opinion, "version"));
    json_t *notices = json_array();
    if (version > 1) {
        json_array_append_new(
            notices, json_sprintf("修订版：第 %lld 版，取代第 %lld 版。修订原因：%s", version,
                                  version - 1, report_text(opinion, "amend_reason")));
    }
    return notices;
}

json_t *report_make(const json_t *record, const struct report_extra *extra)
{
    const json_t *organisation =
        json_object_get(json_object_get(record, "consultant"), "organisation");
    const json_t *opinion = json_object_get(record, "opinion");
    const char *number = report_text(json_object_get(record, "consultation"), "number");
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "head_zh",
        report_text(organisation, "name_zh"), "head_en", report_text(organisation, "name_en"),
        "title_zh", "远程会诊报告单", "title_en", "Remote Consultation Report", "number", number,
        "code", extra->code, "url", extra->url, "notices", notices_of(record), "grid",
        grid_of(record), "sections", report_sections(record, extra->decision), "sign",
        sign_of(record, extra), "foot",
        json_sprintf("会诊编号 %s    报告第 %lld 版    验证码 %s", number,
                     (long long)json_integer_value(json_object_get(opinion, "version")),
                     extra->code));
}
