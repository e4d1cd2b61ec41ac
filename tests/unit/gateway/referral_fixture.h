/* A store with institutions, departments, places and people of both sides of a referral, and the
 * steps that tests of referrals share. */
#ifndef TESTS_UNIT_GATEWAY_REFERRAL_FIXTURE_H
#define TESTS_UNIT_GATEWAY_REFERRAL_FIXTURE_H

#include "gateway/imaging/attachment.h"
#include "gateway/referral/referral.h"
#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_actions.h"
#include "gateway/referral/referral_create.h"
#include "gateway/referral/referral_list.h"
#include "gateway/referral/referral_place.h"
#include "gateway/referral/referral_timers.h"
#include "gateway/referral/referral_way.h"
#include "tests/unit/gateway/consult_fixture.h"

#include <stdarg.h>

#define CITY_REF ID("31")
#define TOWN_REF ID("32")
#define AWAY_REF ID("33")
#define BED_1 ID("e1")
#define BED_2 ID("e2")
#define BED_OWN ID("e3")

static inline json_t *json(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline json_t *json(const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_t *value = json_loads(text, 0, NULL);
    if (value == NULL) {
        printf("not JSON: %s\n", text);
        abort();
    }
    return value;
}

static inline void place(struct fixture *f, const char *id, const char *code, bool reserved)
{
    MUST(db_run(f->db,
                "INSERT INTO place (id, organisation_id, department, code, kind, from_ms, "
                "until_ms, reserved_for_referred, state, version) VALUES ($1, $2, 'cardiology', "
                "$3, 'bed', $4, $5, $6, 'free', 1)",
                "sssiii", id, CITY, code, (int64_t)(START_MS - 1000),
                (int64_t)(START_MS + 9000000000LL), (int64_t)reserved));
}

static inline void department(struct fixture *f, const char *organisation, const char *code)
{
    MUST(db_run(f->db,
                "INSERT INTO department (organisation_id, code, name_zh, name_en) VALUES ($1, $2, "
                "'科', 'Department')",
                "ss", organisation, code));
}

/* A network refers where its agreement says so. */
static inline void clauses(struct fixture *f, const char *text)
{
    MUST(db_run(f->db, "UPDATE agreement SET clauses = $1 WHERE id = $2", "ss", text, AGREEMENT));
}

static inline void open_world(struct fixture *f)
{
    fixture_open(f, ":memory:");
    MUST(db_begin(f->db));
    fixture_person(f->db, CITY_REF, CITY, "市转诊", "City Referrals", "referrals", NULL);
    fixture_person(f->db, TOWN_REF, TOWN, "镇转诊", "Town Referrals", "referrals", NULL);
    fixture_person(f->db, AWAY_REF, AWAY, "外转诊", "Away Referrals", "referrals", NULL);
    department(f, CITY, "cardiology");
    department(f, CITY, "general");
    department(f, TOWN, "general");
    place(f, BED_1, "1", true);
    place(f, BED_2, "2", true);
    place(f, BED_OWN, "3", false);
    clauses(f, "[{\"number\":\"4.1\",\"act\":\"refer\",\"text_zh\":\"双向转诊\"}]");
    MUST(db_commit(f->db));
}

/* As the fixture's call, and it knows the role referrals. */
static const struct api_query_pair *query_next;
static api_fn script_next;

static inline void as_role(struct api_call *call)
{
    int64_t is = 0;
    if (call->actor != NULL) {
        struct api_actor *actor = (struct api_actor *)(uintptr_t)call->actor;
        MUST(db_one_int(call->db, &is,
                        "SELECT COUNT(*) FROM account_role WHERE account_id = $1 AND role = "
                        "'referrals'",
                        "s", actor->account_id));
        actor->roles = is > 0 ? (unsigned)ROLE_REFERRALS : actor->roles;
    }
    for (size_t i = 0; query_next != NULL && query_next[i].name != NULL; i++) {
        call->query[i] = query_next[i];
    }
    script_next(call);
}

static inline int run(struct fixture *f, const char *account, api_fn script, const char *id,
                      const char *param, json_t *body)
{
    script_next = script;
    return fixture_call(f, account, as_role, id, param, body);
}

static inline int refer(struct fixture *f, const char *account, const char *id, const char *action,
                        json_t *body)
{
    return run(f, account, referral_action, id, action, body);
}

#define CONSENT                                                                                    \
    "\"consent\":{\"referral\":true,\"sharing\":true,\"relation\":\"self\",\"method\":"            \
    "\"written\"}"
#define PATIENT                                                                                    \
    "\"patient\":{\"name\":\"测试患者\",\"sex\":\"female\",\"birth_date\":\"1961-02-03\"}"
#define CONTENT                                                                                    \
    "\"summary\":\"胸痛 2 "                                                                      \
    "小时\",\"diagnosis\":\"急性心肌梗死\",\"treatment\":\"阿司匹林\"," CONSENT

static inline json_t *whole(const char *to, const char *department_code, const char *more)
{
    return json("{\"direction\":\"up\",\"urgency\":\"urgent\",\"reason_code\":\"severe\","
                "\"to_organisation\":\"%s\",\"department\":\"%s\"," PATIENT "," CONTENT "%s}",
                to, department_code, more);
}

static inline void made(struct fixture *f, const char *account, json_t *body, char id[33])
{
    if (run(f, account, referral_create, NULL, NULL, body) != 201) {
        printf("create: %d %s %s\n", f->call.status, fixture_text(f, "code"),
               fixture_text(f, "field"));
        abort();
    }
    (void)snprintf(id, 33, "%s", fixture_text(f, "id"));
}

static inline void sent(struct fixture *f, char id[33], const char *more)
{
    made(f, ANNA, whole(CITY, "cardiology", more), id);
    STEP(f, refer(f, ANNA, id, "send", NULL));
}

static inline json_t *appointment(struct fixture *f, const char *more)
{
    return json("{\"at_ms\":%lld%s}", (long long)(f->now_ms + 3600000), more);
}

static inline const char *place_state(struct fixture *f, const char *id)
{
    static char state[16];
    MUST(db_one_text(f->db, state, sizeof state, "SELECT state FROM place WHERE id = $1", "s", id));
    return state;
}

#define RETURN_MESSAGE                                                                             \
    "{\"outcome\":\"improved\",\"diagnosis\":\"PCI 术后\",\"advice\":\"双联抗血小板 12 个月\"}"

#endif
