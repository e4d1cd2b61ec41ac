/* A small network in a real SQLite database, and calls of the transaction scripts as the dispatcher
 * makes them: one transaction a call, rolled back at a status of 400 and above. Time is a member.
 * One thread each.
 *
 *   TOWN (township, spoke)  clinicians ANNA, BO       coordinator TOWN_COORD
 *   CITY (city, hub)        specialists SONG, TAN, 498 more when asked for   coordinator CITY_COORD
 *   AWAY (city, in no partnership)  specialist WU, coordinator AWAY_COORD    operator OPS at CITY
 * Partnership NET: remote-network, loose, agreement version 3; specialty cardiology (neurology
 * exists, nobody has it). */
#ifndef TESTS_UNIT_GATEWAY_CONSULT_FIXTURE_H
#define TESTS_UNIT_GATEWAY_CONSULT_FIXTURE_H

#include "gateway/app.h"
#include "gateway/auth/auth.h"
#include "gateway/config/config.h"
#include "gateway/consult/consult_access.h"
#include "gateway/consult/consult_actions.h"
#include "gateway/consult/consult_list.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_rounds.h"
#include "gateway/consult/consult_routes.h"
#include "gateway/consult/consult_session.h"
#include "gateway/queue/queue.h"
#include "gateway/records/audit.h"
#include "gateway/records/consent.h"
#include "gateway/records/opinion.h"
#include "media/rt/log.h"
#include "tests/unit/test.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#define ID(tail) "000000000000000000000000000000" tail
#define TOWN ID("a1")
#define CITY ID("a2")
#define AWAY ID("a3")
#define NET ID("b1")
#define AGREEMENT ID("c1")
#define ANNA ID("01")
#define BO ID("02")
#define TOWN_COORD ID("03")
#define SONG ID("11")
#define TAN ID("12")
#define CITY_COORD ID("13")
#define OPS ID("14")
#define WU ID("21")
#define AWAY_COORD ID("22")
#define START_MS 1790000000000LL /* 2026-09-21 */

struct fixture {
    struct db *db;
    struct api_services services;
    const struct api_config *config; /* NULL: defaults */
    unsigned char secret[crypto_sign_SECRETKEYBYTES], public[crypto_sign_PUBLICKEYBYTES];
    unsigned char person_secret[crypto_sign_SECRETKEYBYTES],
        person_public[crypto_sign_PUBLICKEYBYTES];
    bool key_missing, person_key_missing;
    int64_t now_ms;
    struct api_call call; /* the last one */
    struct api_actor actor;
};

static inline enum status fixture_sign(void *context, const char *organisation_id,
                                       const void *message, size_t len, char out_signature_hex[129],
                                       char out_public_key_hex[65])
{
    struct fixture *f = context;
    unsigned char signature[crypto_sign_BYTES];
    if (f->key_missing || strcmp(organisation_id, CITY) != 0) {
        return STATUS_UNKNOWN;
    }
    (void)crypto_sign_detached(signature, NULL, message, len, f->secret);
    sodium_bin2hex(out_signature_hex, 129, signature, sizeof signature);
    sodium_bin2hex(out_public_key_hex, 65, f->public, sizeof f->public);
    return STATUS_OK;
}

/* One person's key serves here; who signs with it stands in the record. */
static inline enum status fixture_person_key(void *context, const char *account_id, bool make,
                                             char out_public_key_hex[65])
{
    struct fixture *f = context;
    (void)account_id;
    if (f->person_key_missing && !make) {
        return STATUS_UNKNOWN;
    }
    sodium_bin2hex(out_public_key_hex, 65, f->person_public, sizeof f->person_public);
    return STATUS_OK;
}

static inline enum status fixture_sign_person(void *context, const char *account_id,
                                              const void *message, size_t len,
                                              char out_signature_hex[129])
{
    struct fixture *f = context;
    unsigned char signature[crypto_sign_BYTES];
    (void)account_id;
    (void)crypto_sign_detached(signature, NULL, message, len, f->person_secret);
    sodium_bin2hex(out_signature_hex, 129, signature, sizeof signature);
    return STATUS_OK;
}

static inline void fixture_remove(const char *folder, const char *path)
{
    static const char *const names[] = {"", "-wal", "-shm", ".mark"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[128];
        (void)snprintf(file, sizeof file, "%s%s", path, names[i]);
        (void)unlink(file);
    }
    (void)rmdir(folder);
}

static inline void fixture_must(enum status status, int line)
{
    if (status != STATUS_OK) {
        printf("fixture line %d: %s\n", line, status_name(status));
        abort();
    }
}
#define MUST(expression) fixture_must((expression), __LINE__)

static inline void fixture_organisation(struct db *db, const char *id, const char *code,
                                        const char *zh, const char *en, const char *level,
                                        const char *region, const char *key)
{
    MUST(db_run(db,
                "INSERT INTO organisation (id, code, name_zh, name_en, level, region, "
                "signing_public_key) VALUES ($1, $2, $3, "
                "$4, $5, $6, $7)",
                "sssssss", id, code, zh, en, level, region, key));
}

/* The practitioner has the account's id with the first digit f. */
static inline void fixture_person(struct db *db, const char *account, const char *organisation,
                                  const char *zh, const char *en, const char *role,
                                  const char *specialty)
{
    char practitioner[33];
    (void)snprintf(practitioner, sizeof practitioner, "f%s", account + 1);
    MUST(db_run(db,
                "INSERT INTO practitioner (id, code, organisation_id, name_zh, name_en, title, "
                "licence_no, licensed_since) "
                "VALUES ($1, $2, $3, $4, $5, 'attending', $6, '2010-01-01')",
                "ssssss", practitioner, account, organisation, zh, en, account + 20));
    MUST(db_run(
        db,
        "INSERT INTO account (id, login, practitioner_id, password_hash) VALUES ($1, $2, $3, '-')",
        "sss", account, account, practitioner));
    MUST(db_run(db, "INSERT INTO account_role (account_id, role) VALUES ($1, $2)", "ss", account,
                role));
    if (specialty != NULL) {
        MUST(db_run(
            db, "INSERT INTO practitioner_specialty (practitioner_id, specialty) VALUES ($1, $2)",
            "ss", practitioner, specialty));
        MUST(db_run(db, "INSERT INTO duty (account_id, on_duty, since_ms) VALUES ($1, 0, 0)", "s",
                    account));
    }
}

static inline void fixture_partnership(struct db *db)
{
    MUST(db_run(db,
                "INSERT INTO partnership (id, code, name_zh, name_en, mode, type, "
                "lead_organisation_id) VALUES ($1, 'NET', "
                "'远程网', 'Network', 'remote-network', 'loose', $2)",
                "ss", NET, CITY));
    MUST(db_run(db,
                "INSERT INTO partnership_member (partnership_id, organisation_id, role, since) "
                "VALUES ($1, $2, 'hub', "
                "'2020-01-01')",
                "ss", NET, CITY));
    MUST(db_run(db,
                "INSERT INTO partnership_member (partnership_id, organisation_id, role, since) "
                "VALUES ($1, $2, 'spoke', "
                "'2020-01-01')",
                "ss", NET, TOWN));
    MUST(db_run(
        db,
        "INSERT INTO partnership_specialty (partnership_id, specialty) VALUES ($1, 'cardiology')",
        "s", NET));
    MUST(db_run(db,
                "INSERT INTO agreement (id, partnership_id, version, signed_on, valid_from, "
                "valid_until) VALUES ($1, $2, 3, "
                "'2020-01-01', '2020-01-01', '2099-12-31')",
                "ss", AGREEMENT, NET));
    MUST(db_run(db, "INSERT INTO agreement_service (agreement_id, kind) VALUES ($1, 'live')", "s",
                AGREEMENT));
}

static inline void fixture_people(struct db *db, const char *key)
{
    fixture_organisation(db, TOWN, "T1", "青山镇卫生院", "Qingshan Township Health Centre",
                         "township", "350222", NULL);
    fixture_organisation(db, CITY, "C1", "市第一医院", "City First Hospital", "city", "350200",
                         key);
    fixture_organisation(db, AWAY, "X1", "外省医院", "Away Hospital", "city", "440300", NULL);
    MUST(db_run(db,
                "INSERT INTO specialty (code, name_zh, name_en) VALUES ('cardiology', '心内科', "
                "'Cardiology')",
                ""));
    MUST(db_run(db,
                "INSERT INTO specialty (code, name_zh, name_en) VALUES ('neurology', '神经内科', "
                "'Neurology')",
                ""));
    fixture_person(db, ANNA, TOWN, "安娜", "Anna", "clinician", NULL);
    fixture_person(db, BO, TOWN, "博", "Bo", "clinician", NULL);
    fixture_person(db, TOWN_COORD, TOWN, "镇协调", "Town Coordinator", "coordinator", NULL);
    fixture_person(db, SONG, CITY, "宋医生", "Dr Song", "specialist", "cardiology");
    fixture_person(db, TAN, CITY, "谭医生", "Dr Tan", "specialist", "cardiology");
    fixture_person(db, CITY_COORD, CITY, "市协调", "City Coordinator", "coordinator", NULL);
    fixture_person(db, OPS, CITY, "运维", "Operator", "operator", NULL);
    fixture_person(db, WU, AWAY, "吴医生", "Dr Wu", "specialist", "cardiology");
    fixture_person(db, AWAY_COORD, AWAY, "外协调", "Away Coordinator", "coordinator", NULL);
    fixture_partnership(db);
}

/* path: file or ":memory:". */
static inline void fixture_open(struct fixture *f, const char *path)
{
    char key[65];
    memset(f, 0, sizeof *f);
    if (sodium_init() < 0) {
        abort();
    }
    log_set_level(LOG_LEVEL_ERROR);
    (void)crypto_sign_keypair(f->public, f->secret);
    (void)crypto_sign_keypair(f->person_public, f->person_secret);
    sodium_bin2hex(key, sizeof key, f->public, sizeof f->public);
    MUST(db_open(path, &f->db));
    f->now_ms = START_MS;
    f->services.data_folder = "/nonexistent";
    f->services.sign = fixture_sign;
    f->services.person_key = fixture_person_key;
    f->services.sign_person = fixture_sign_person;
    f->services.sign_context = f;
    MUST(db_begin(f->db));
    fixture_people(f->db, key);
    MUST(db_commit(f->db));
}

static inline void fixture_clear_call(struct fixture *f)
{
    struct api_effect *effect = f->call.effects;
    while (effect != NULL) {
        struct api_effect *next = effect->next;
        json_decref(effect->message);
        free(effect);
        effect = next;
    }
    json_decref(f->call.reply);
    json_decref(f->call.body);
    free(f->call.bytes);
    if (f->call.data_free != NULL) {
        f->call.data_free(f->call.data);
    }
    memset(&f->call, 0, sizeof f->call);
}

static inline void fixture_close(struct fixture *f)
{
    fixture_clear_call(f);
    db_close(f->db);
}

static inline void fixture_act_as(struct fixture *f, const char *account)
{
    struct db_query q;
    memset(&f->actor, 0, sizeof f->actor);
    (void)snprintf(f->actor.account_id, sizeof f->actor.account_id, "%s", account);
    (void)snprintf(f->actor.language, sizeof f->actor.language, "en");
    db_begin_query(&q, f->db,
                   "SELECT p.id, p.organisation_id, r.role FROM account a JOIN practitioner p ON "
                   "p.id = a.practitioner_id "
                   "JOIN account_role r ON r.account_id = a.id WHERE a.id = $1");
    db_bind_text(&q, account);
    while (db_next(&q)) {
        (void)snprintf(f->actor.practitioner_id, 33, "%s", db_text(&q, 0));
        (void)snprintf(f->actor.organisation_id, 33, "%s", db_text(&q, 1));
        f->actor.roles |= auth_role_of(db_text(&q, 2));
    }
    MUST(db_end(&q));
}

/* account NULL: the system. body is taken. Returns the status; the call stays in f->call until the
 * next. */
static inline int fixture_call(struct fixture *f, const char *account, api_fn run, const char *id,
                               const char *param, json_t *body)
{
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    if (account != NULL) {
        fixture_act_as(f, account);
    }
    f->call = (struct api_call){.db = f->db,
                                .now_ms = f->now_ms,
                                .actor = account == NULL ? NULL : &f->actor,
                                .config = f->config,
                                .method = "POST",
                                .params = {id, param, NULL},
                                .body = body,
                                .services = &f->services,
                                .status = 200};
    run(&f->call);
    if (f->call.status >= 400 && !f->call.keep_on_error) {
        db_rollback(f->db);
    } else {
        MUST(db_commit(f->db));
    }
    return f->call.status;
}

static inline const char *fixture_text(const struct fixture *f, const char *name)
{
    const char *text = json_string_value(json_object_get(f->call.reply, name));
    return text == NULL ? "" : text;
}

static inline bool has_effect(const struct fixture *f, enum effect_kind kind, const char *account,
                              const char *type)
{
    for (const struct api_effect *e = f->call.effects; e != NULL; e = e->next) {
        const char *found = json_string_value(json_object_get(e->message, "type"));
        if (e->kind == kind && (account == NULL || strcmp(account, e->account_id) == 0) &&
            (type == NULL || (found != NULL && strcmp(type, found) == 0))) {
            return true;
        }
    }
    return false;
}

static inline bool has_action(const struct fixture *f, const char *name)
{
    size_t i;
    json_t *action;
    json_array_foreach(json_object_get(f->call.reply, "actions"), i, action)
    {
        if (strcmp(json_string_value(action), name) == 0) {
            return true;
        }
    }
    return false;
}

static inline int act(struct fixture *f, const char *account, const char *id, const char *action,
                      json_t *body)
{
    return fixture_call(f, account, consult_action, id, action, body);
}

static inline void duty_script(struct api_call *call)
{
    bool on = json_is_true(json_object_get(call->body, "on_duty"));
    enum status status =
        db_run(call->db, "UPDATE duty SET on_duty = $1, since_ms = $2 WHERE account_id = $3", "iis",
               (int64_t)(on ? 1 : 0), call->now_ms, call->actor->account_id);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    } else if (on) {
        (void)queue_on_duty(call, call->actor->account_id);
    } else {
        (void)queue_off_duty(call, call->actor->account_id);
    }
}

static inline void set_duty(struct fixture *f, const char *account, bool on)
{
    if (fixture_call(f, account, duty_script, NULL, NULL, json_pack("{s:b}", "on_duty", on)) !=
        200) {
        abort();
    }
}

static inline json_t *consent_body(const char *party, bool given)
{
    return json_pack("{s:s, s:b, s:s, s:s, s:s}", "party", party, "given", given, "method",
                     "written", "text_version", "1", "relation", "self");
}

static inline int give_consent(struct fixture *f, const char *account, const char *id,
                               const char *scope, const char *party, bool given)
{
    return fixture_call(f, account, consent_put, id, scope, consent_body(party, given));
}

static inline json_t *draft_body(const char *urgency)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:{s:f, s:i}}}",
                     "specialty", "cardiology", "urgency", urgency, "patient", "name", "测试患者",
                     "sex", "female", "birth_date", "1961-02-03", "id_type", "resident-id",
                     "id_number", "350222196102030021", "request", "complaint", "胸痛 2 小时",
                     "question", "是否需要转诊", "vital_signs", "temperature", 36.8, "pulse", 92);
}

/* Creates one of ANNA's; its id goes to id[33]. */
static inline void make_draft(struct fixture *f, const char *urgency, char id[33])
{
    if (fixture_call(f, ANNA, consult_create, NULL, NULL, draft_body(urgency)) != 201) {
        printf("create: %d %s\n", f->call.status, fixture_text(f, "code"));
        abort();
    }
    (void)snprintf(id, 33, "%s", fixture_text(f, "id"));
}

static inline void step_must(const struct fixture *f, int status, int line)
{
    if (status >= 400) {
        printf("line %d: %d %s %s\n", line, status, fixture_text(f, "code"),
               fixture_text(f, "detail_en"));
        abort();
    }
}
#define STEP(f, expression) step_must((f), (expression), __LINE__)

static inline int join_room(struct fixture *f, const char *account, const char *id)
{
    return fixture_call(f, account, consult_session_join, NULL, NULL,
                        json_pack("{s:s}", "consultation", id));
}

static inline json_t *opinion_body(const char *diagnosis)
{
    return json_pack("{s:{s:s, s:s}}", "body", "findings", "ST 段抬高", "diagnosis", diagnosis);
}

/* Brings a fresh consultation into a state by the ways that people have; SONG is the consultant. */
static inline void make_in(struct fixture *f, enum consult_state state, char id[33])
{
    make_draft(f, "urgent", id);
    if (state == CONSULT_DRAFT) {
        return;
    }
    if (state == CONSULT_DISCARDED) {
        STEP(f, act(f, ANNA, id, "discard", NULL));
        return;
    }
    STEP(f, give_consent(f, ANNA, id, "consultation", "patient", true));
    STEP(f, give_consent(f, ANNA, id, "imaging", "patient", true));
    STEP(f, give_consent(f, ANNA, id, "recording", "patient", true));
    set_duty(f, SONG, true);
    STEP(f, act(f, ANNA, id, "submit", NULL));
    if (state == CONSULT_OFFERED) {
        return;
    }
    if (state == CONSULT_EXPIRED) {
        set_duty(f, TAN, false);
        STEP(f, act(f, SONG, id, "decline", json_pack("{s:s}", "reason_code", "busy")));
        f->now_ms +=
            15 * 60000; /* nobody is left, and nobody higher: a second alarm, then it ends */
        STEP(f, fixture_call(f, NULL, consult_timers_run, NULL, NULL, NULL));
        return;
    }
    if (state == CONSULT_WITHDRAWN) {
        STEP(f, act(f, ANNA, id, "withdraw", NULL));
        return;
    }
    if (state == CONSULT_RETURNED) {
        STEP(f, act(f, SONG, id, "return",
                    json_pack("{s:s, s:s}", "reason_code", "images-missing", "reason_text",
                              "缺心电图")));
        return;
    }
    STEP(f, act(f, SONG, id, "accept", NULL));
    if (state == CONSULT_ACCEPTED) {
        return;
    }
    STEP(f, give_consent(f, SONG, id, "recording", "consultant", true));
    STEP(f, join_room(f, ANNA, id));
    STEP(f, join_room(f, SONG, id));
    if (state == CONSULT_IN_SESSION) {
        return;
    }
    if (state == CONSULT_INTERRUPTED) {
        STEP(f, fixture_call(f, NULL, consult_session_absent, NULL, NULL,
                             json_pack("{s:s, s:i}", "consultation", id, "seat", 0)));
        return;
    }
    if (state == CONSULT_FAILED) {
        STEP(f, act(f, ANNA, id, "fail", json_pack("{s:s}", "reason_code", "device-failure")));
        return;
    }
    STEP(f, act(f, ANNA, id, "end", NULL));
    if (state == CONSULT_AWAITING_OPINION) {
        return;
    }
    STEP(f, fixture_call(f, SONG, opinion_put, id, NULL, opinion_body("急性心肌梗死")));
    STEP(f, act(f, SONG, id, "sign", NULL));
    if (state == CONSULT_SIGNED) {
        return;
    }
    STEP(f, act(f, ANNA, id, "acknowledge",
                json_pack("{s:s, s:b}", "adopted", "yes", "told_patient", 1)));
    if (state == CONSULT_ACKNOWLEDGED) {
        return;
    }
    STEP(f, act(f, ANNA, id, "close", NULL));
}

static inline void state_of(struct fixture *f, const char *id, char out[32])
{
    MUST(db_one_text(f->db, out, 32, "SELECT state FROM consultation WHERE id = $1", "s", id));
}

static inline void expect_state(struct fixture *f, const char *id, const char *state)
{
    char found[32];
    state_of(f, id, found);
    EXPECT_TEXT(found, state);
}

#endif
