#include "gateway/referral/referral_prefill.h"

#include "gateway/consult/consult_fields.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/referral/referral_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_CHARS_MAX 200u

static bool blank(const char *text)
{
    return consult_text_blank(text);
}

static void put(json_t *object, const char *name, const char *text)
{
    if (!blank(text)) {
        (void)json_object_set_new(object, name, json_string(text));
    }
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* What kind of test a line tells of, by the words that it is called with. */
static const char *kind_of(const char *line)
{
    static const struct {
        const char *word, *kind;
    } words[] = {{"心电", "ecg"},       {"ECG", "ecg"},       {"EKG", "ecg"},    {"CT", "image"},
                 {"MR", "image"},       {"X 线", "image"},    {"X线", "image"},  {"胸片", "image"},
                 {"超声", "image"},     {"B超", "image"},     {"造影", "image"}, {"X-ray", "image"},
                 {"内镜", "procedure"}, {"胃镜", "procedure"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(line, words[i].word) != NULL) {
            return words[i].kind;
        }
    }
    return "lab";
}

/* The first LINE_CHARS_MAX characters are the name, all of it the result when it is longer. */
static void add_line(json_t *done, const char *line, size_t len)
{
    char *text = strndup(line, len);
    if (text == NULL || blank(text) || json_array_size(done) >= REFERRAL_DONE_MAX) {
        free(text);
        return;
    }
    json_t *item = json_pack("{s:s}", "kind", kind_of(text));
    size_t chars = 0, cut = 0;
    while (text[cut] != '\0' && chars <= LINE_CHARS_MAX) {
        chars += ((unsigned char)text[cut] & 0xc0u) != 0x80u;
        cut += chars <= LINE_CHARS_MAX;
    }
    if (text[cut] != '\0') {
        (void)json_object_set_new(item, "result", json_string(text));
        text[cut] = '\0';
    }
    (void)json_object_set_new(item, "name", json_string(text));
    (void)json_array_append_new(done, item);
    free(text);
}

/* Each line of the tests that the clinician wrote down is one thing done. */
static void add_tests(json_t *done, const char *tests)
{
    while (*tests != '\0') {
        size_t len = strcspn(tests, "\r\n");
        add_line(done, tests, len);
        tests += len;
        tests += strspn(tests, "\r\n");
    }
}

/* One item for each DICOM series, photo and document. */
static enum status add_attachments(struct db *db, const char *consultation_id, json_t *done)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT MIN(a.id), a.kind, COALESCE(a.modality, ''), COALESCE(MIN("
                   "a.description), ''), MIN(a.name), MIN(a.at_ms), COUNT(*) FROM attachment a "
                   "WHERE a.consultation_id = $1 GROUP BY COALESCE(a.series_uid, a.id), a.kind, "
                   "COALESCE(a.modality, '') ORDER BY MIN(a.at_ms), MIN(a.id)");
    db_bind_text(&q, consultation_id);
    while (json_array_size(done) < REFERRAL_DONE_MAX && db_next(&q)) {
        char name[256], date[11];
        const char *modality = db_text(&q, 2), *description = db_text(&q, 3);
        bool dicom = strcmp(db_text(&q, 1), "dicom") == 0;
        (void)snprintf(name, sizeof name, "%.16s%s%.120s", dicom ? modality : "",
                       dicom && description[0] != '\0' ? " " : "",
                       dicom ? description : db_text(&q, 4));
        rules_today(db_int(&q, 5), date);
        bool ecg = strcmp(modality, "ECG") == 0;
        json_array_append_new(done, json_pack("{s:s, s:s, s:s, s:s}", "kind", ecg ? "ecg" : "image",
                                              "name", blank(name) ? "DICOM" : name, "date", date,
                                              "attachment", db_text(&q, 0)));
    }
    return db_end(&q);
}

/* The last opinion that was signed. */
static enum status opinion_of(struct db *db, const char *consultation_id, json_t **out_opinion)
{
    struct db_query q;
    *out_opinion = NULL;
    db_begin_query(&q, db,
                   "SELECT body FROM opinion WHERE consultation_id = $1 AND status = 'signed' "
                   "ORDER BY version DESC LIMIT 1");
    db_bind_text(&q, consultation_id);
    if (db_next(&q)) {
        *out_opinion = json_loads(db_text(&q, 0), 0, NULL);
    }
    return db_end(&q);
}

/* Complaint, history and what the specialist found, as paragraphs. */
static void put_summary(json_t *body, const json_t *request, const json_t *opinion)
{
    static const char *const parts[] = {"complaint", "present_history", "examination"};
    json_t *lines = json_array();
    size_t len = 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        json_array_append_new(lines, json_string(text_of(request, parts[i])));
    }
    json_array_append_new(lines, json_string(text_of(opinion, "findings")));
    for (size_t i = 0; i < json_array_size(lines); i++) {
        len += strlen(json_string_value(json_array_get(lines, i))) + 1;
    }
    char *text = calloc(1, len);
    size_t at = 0;
    for (size_t i = 0; text != NULL && i < json_array_size(lines); i++) {
        const char *part = json_string_value(json_array_get(lines, i));
        if (!blank(part) && consult_text_chars(text) + consult_text_chars(part) < 10000) {
            at += (size_t)snprintf(text + at, len - at, "%s%s", at > 0 ? "\n" : "", part);
        }
    }
    put(body, "summary", text == NULL ? "" : text);
    free(text);
    json_decref(lines);
}

enum status referral_prefill_consultation(struct db *db, const struct consult_row *from,
                                          struct referral_row *row)
{
    json_t *opinion = NULL;
    json_t *done = json_array();
    row->urgent = strcmp(from->urgency, "routine") != 0;
    (void)snprintf(row->consultation_id, sizeof row->consultation_id, "%s", from->id);
    (void)json_object_update(row->patient, from->patient);
    enum status status = opinion_of(db, from->id, &opinion);
    put_summary(row->body, from->request, opinion);
    const char *diagnosis = text_of(opinion, "diagnosis");
    diagnosis = blank(diagnosis) ? text_of(from->request, "initial_diagnosis") : diagnosis;
    if (consult_text_chars(diagnosis) <= 2000) {
        put(row->body, "diagnosis", diagnosis);
    }
    put(row->body, "treatment", text_of(from->request, "treatment"));
    add_tests(done, text_of(from->request, "tests"));
    status = status == STATUS_OK ? add_attachments(db, from->id, done) : status;
    (void)json_object_set_new(row->body, "done", done);
    json_decref(opinion);
    return status;
}

enum status referral_prefill_answer(const struct referral_row *from, struct referral_row *row)
{
    const json_t *known = from->answer != NULL ? from->answer : from->body;
    row->direction = from->direction == REFERRAL_UP ? REFERRAL_DOWN : REFERRAL_UP;
    (void)snprintf(row->based_on, sizeof row->based_on, "%s", from->id);
    (void)snprintf(row->to_organisation_id, sizeof row->to_organisation_id, "%s",
                   from->from_organisation_id);
    (void)json_object_update(row->patient, from->patient);
    put(row->body, "diagnosis", text_of(known, "diagnosis"));
    put(row->body, "treatment", text_of(known, "treatment"));
    put(row->body, "summary", text_of(known, from->answer != NULL ? "advice" : "summary"));
    (void)json_object_set_new(row->body, "done", json_array());
    return STATUS_OK;
}
