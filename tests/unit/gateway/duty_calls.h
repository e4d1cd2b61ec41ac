/* Calls of the duty scripts over consult_fixture.h, and shifts. One thread. */
#ifndef TESTS_UNIT_GATEWAY_DUTY_CALLS_H
#define TESTS_UNIT_GATEWAY_DUTY_CALLS_H

#include "gateway/directory/duty_shift.h"
#include "gateway/directory/duty_switch.h"
#include "tests/unit/gateway/consult_fixture.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

/* One call with one query parameter. */
static inline int ask(struct fixture *f, const char *account, api_fn run, const char *name,
                      const char *value)
{
    fixture_clear_call(f);
    MUST(db_begin(f->db));
    fixture_act_as(f, account);
    f->call = (struct api_call){.db = f->db,
                                .now_ms = f->now_ms,
                                .actor = &f->actor,
                                .method = "GET",
                                .query = {{name, value}},
                                .services = &f->services,
                                .status = 200};
    run(&f->call);
    db_rollback(f->db);
    return f->call.status;
}

static inline int put(struct fixture *f, const char *account, const char *body)
{
    return fixture_call(f, account, duty_put, NULL, NULL, json_loads(body, 0, NULL));
}

static inline int64_t number(struct fixture *f, const char *name)
{
    return json_integer_value(json_object_get(f->call.reply, name));
}

static inline bool is_true(struct fixture *f, const char *name)
{
    return json_is_true(json_object_get(f->call.reply, name));
}

static inline int64_t count(struct fixture *f, const char *sql)
{
    int64_t n = -1;
    MUST(db_one_int(f->db, &n, sql, ""));
    return n;
}

static inline json_t *shift_body(const char *account, const char *kind, int64_t from_ms,
                                 int64_t until_ms)
{
    return json_pack("{ss, ss, sI, sI}", "account", account, "kind", kind, "from_ms",
                     (json_int_t)from_ms, "until_ms", (json_int_t)until_ms);
}

static inline void plan(struct fixture *f, const char *account, const char *kind, int64_t from_ms,
                        int64_t until_ms)
{
    STEP(f, fixture_call(f, strcmp(account, WU) == 0 ? AWAY_COORD : CITY_COORD, duty_shift_post,
                         NULL, NULL, shift_body(account, kind, from_ms, until_ms)));
}

#endif
