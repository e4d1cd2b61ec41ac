/* A world in which the whole workflow is possible (a tier above the city, an approver, a second
 * reader, a reviewer), and the steps that its tests share. */
#ifndef TESTS_UNIT_GATEWAY_WORKFLOW_FIXTURE_H
#define TESTS_UNIT_GATEWAY_WORKFLOW_FIXTURE_H

#include "gateway/consult/consult_closing.h"
#include "gateway/consult/consult_list.h"
#include "gateway/referral/referral_actions.h"
#include "tests/unit/gateway/consult_fixture.h"

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)
#define PROVINCE ID("a4")
#define APPROVER ID("04")
#define CHIEF ID("15")
#define REVIEWER ID("16")
#define ZHAO ID("31") /* cardiology, at the province's hospital */
#define QIAN ID("17") /* neurology, at the city's */

static inline void terms(struct fixture *f, const char *json)
{
    MUST(db_run(f->db, "UPDATE agreement SET terms = $1", "s", json));
}

/* A wider world: a tier above the city, and everybody whom the workflow knows. */
static inline void world(struct fixture *f, const char *agreed)
{
    fixture_open(f, ":memory:");
    MUST(db_begin(f->db));
    fixture_organisation(f->db, PROVINCE, "P1", "省医院", "Province Hospital", "province", "350100",
                         NULL);
    MUST(db_run(f->db,
                "INSERT INTO partnership_member (partnership_id, organisation_id, role, since) "
                "VALUES ($1, $2, 'hub', '2020-01-01')",
                "ss", NET, PROVINCE));
    MUST(db_run(f->db,
                "INSERT INTO partnership_specialty (partnership_id, specialty) VALUES ($1, "
                "'neurology')",
                "s", NET));
    MUST(db_run(f->db,
                "INSERT INTO agreement_service (agreement_id, kind) VALUES ($1, 'read'), ($2, "
                "'mdt')",
                "ss", AGREEMENT, AGREEMENT));
    fixture_person(f->db, APPROVER, TOWN, "医务科", "Approver", "approver", NULL);
    fixture_person(f->db, CHIEF, CITY, "主任", "Chief", "specialist", "cardiology");
    fixture_person(f->db, REVIEWER, CITY, "质控", "Reviewer", "reviewer", NULL);
    fixture_person(f->db, ZHAO, PROVINCE, "赵医生", "Dr Zhao", "specialist", "cardiology");
    fixture_person(f->db, QIAN, CITY, "钱医生", "Dr Qian", "specialist", "neurology");
    MUST(db_run(f->db, "UPDATE practitioner SET title = 'chief' WHERE name_en = 'Chief'", ""));
    terms(f, agreed);
    MUST(db_commit(f->db));
}

static inline void submit(struct fixture *f, const char *urgency, const char *kind, char id[33])
{
    json_t *body = draft_body(urgency);
    json_object_set_new(body, "kind", json_string(kind));
    if (strcmp(kind, "read") == 0) {
        json_object_set_new(json_object_get(body, "request"), "modality", json_string("ecg"));
    }
    STEP(f, fixture_call(f, ANNA, consult_create, NULL, NULL, body));
    (void)snprintf(id, 33, "%s", fixture_text(f, "id"));
    STEP(f, give_consent(f, ANNA, id, "consultation", "patient", true));
    if (strcmp(kind, "read") == 0) {
        EXPECT_INT(act(f, ANNA, id, "submit", NULL), 422);
        EXPECT_TEXT(fixture_text(f, "field"), "/attachments");
        MUST(db_run(f->db,
                    "INSERT INTO attachment (id, consultation_id, kind, name, media_type, bytes, "
                    "sha256, added_by, at_ms) VALUES ($1, $2, 'dicom', 'ecg.dcm', "
                    "'application/dicom', 1, $3, $4, 1)",
                    "ssss", id, id, id, ANNA));
    }
    STEP(f, act(f, ANNA, id, "submit", NULL));
}

static inline void clock_runs(struct fixture *f, int64_t ms)
{
    f->now_ms += ms;
    STEP(f, fixture_call(f, NULL, consult_timers_run, NULL, NULL, NULL));
}

static inline const char *stage_of(struct fixture *f, const char *id)
{
    static char stage[32];
    stage[0] = '\0';
    (void)!db_one_text(f->db, stage, sizeof stage,
                       "SELECT stage FROM consultation_ring WHERE consultation_id = $1", "s", id);
    return stage;
}

/* limit NULL: the usual one. */
static inline size_t listed_page(struct fixture *f, const char *account, const char *list,
                                 const char *limit)
{
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    fixture_act_as(f, account);
    f->call = (struct api_call){.db = f->db,
                                .now_ms = f->now_ms,
                                .actor = &f->actor,
                                .method = "GET",
                                .query = {{"list", list}, {limit == NULL ? NULL : "limit", limit}},
                                .services = &f->services,
                                .status = 200};
    consult_list(&f->call);
    MUST(db_commit(f->db));
    EXPECT_INT(f->call.status, 200);
    return json_array_size(json_object_get(f->call.reply, "consultations"));
}

static inline size_t listed(struct fixture *f, const char *account, const char *list)
{
    return listed_page(f, account, list, NULL);
}

static inline json_t *why(const char *code)
{
    return json_pack("{s:s, s:s}", "reason_code", code, "reason_text", "说明");
}

#endif
