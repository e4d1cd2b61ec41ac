#include "gateway/consult/consult_snapshot.h"

#include "gateway/consult/consult_fsm.h"
#include "gateway/consult/consult_session.h"

static void add_to(json_t *object, const char *name, int64_t n)
{
    json_object_set_new(object, name,
                        json_integer(json_integer_value(json_object_get(object, name)) + n));
}

static enum status add_states(struct db *db, json_t *object)
{
    json_t *states = json_object();
    json_t *by = json_array();
    for (unsigned i = 0; i < CONSULT_STATE_COUNT; i++) {
        json_object_set_new(states, consult_state_name((enum consult_state)i), json_integer(0));
    }
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT state, partnership_mode, urgency, COUNT(*) FROM consultation GROUP BY "
                   "state, partnership_mode, urgency ORDER BY 1, 2, 3");
    while (db_next(&q)) {
        add_to(states, db_text(&q, 0), db_int(&q, 3));
        json_array_append_new(by, json_pack("{s:s, s:s, s:s, s:I}", "state", db_text(&q, 0), "mode",
                                            db_text(&q, 1), "urgency", db_text(&q, 2), "count",
                                            (json_int_t)db_int(&q, 3)));
    }
    json_object_set_new(object, "consultations", states);
    json_object_set_new(object, "by", by);
    return db_end(&q);
}

static enum status add_queue(struct db *db, int64_t now_ms, json_t *object)
{
    json_t *counts = json_pack("{s:i, s:i, s:i}", "stat", 0, "urgent", 0, "routine", 0);
    json_t *ages = json_pack("{s:i, s:i, s:i}", "stat", 0, "urgent", 0, "routine", 0);
    int64_t depth = 0, oldest_ms = 0;
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT urgency, COUNT(*), MIN(COALESCE(offered_ms, state_since_ms)) FROM "
                   "consultation WHERE state IN "
                   "('submitted', 'offered') GROUP BY urgency");
    while (db_next(&q)) {
        int64_t age = now_ms - db_int(&q, 2);
        json_object_set_new(counts, db_text(&q, 0), json_integer(db_int(&q, 1)));
        json_object_set_new(ages, db_text(&q, 0), json_integer(age > 0 ? age : 0));
        depth += db_int(&q, 1);
        oldest_ms = age > oldest_ms ? age : oldest_ms;
    }
    json_object_set_new(object, "queue",
                        json_pack("{s:I, s:I, s:o, s:o}", "depth", (json_int_t)depth, "oldest_ms",
                                  (json_int_t)oldest_ms, "by_urgency", counts, "oldest_by_urgency",
                                  ages));
    return db_end(&q);
}

enum status consult_snapshot_add(struct db *db, int64_t now_ms, json_t *object)
{
    enum status status = add_states(db, object);
    return status == STATUS_OK ? add_queue(db, now_ms, object) : status;
}

void consult_snapshot(struct api_call *call)
{
    json_t *object = json_object();
    enum status status = consult_snapshot_add(call->db, call->now_ms, object);
    if (status != STATUS_OK) {
        json_decref(object);
        (void)api_store_failed(call, status);
        return;
    }
    call->reply = object;
}
