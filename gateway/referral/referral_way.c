#include "gateway/referral/referral_way.h"

#include "gateway/consult/consult_load.h"
#include "gateway/directory/directory.h"
#include "gateway/records/audit_read.h"
#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 64 /* a way of more steps is read in parts, from where one stands */

struct node {
    bool referral;
    char id[33];
};

struct way {
    struct api_call *call;
    struct node nodes[NODES_MAX];
    size_t count;
    json_t *events, *items;
    enum status status;
};

static void add_node(struct way *way, bool referral, const char *id)
{
    if (id[0] == '\0' || way->count == NODES_MAX) {
        return;
    }
    for (size_t i = 0; i < way->count; i++) {
        if (way->nodes[i].referral == referral && strcmp(way->nodes[i].id, id) == 0) {
            return;
        }
    }
    way->nodes[way->count].referral = referral;
    (void)snprintf(way->nodes[way->count++].id, 33, "%s", id);
}

/* First column of each row is a node. */
static void add_rows(struct way *way, struct db_query *q, bool referral, const char *id)
{
    db_bind_text(q, id);
    while (db_next(q)) {
        add_node(way, referral, db_text(q, 0));
    }
    enum status ended = db_end(q);
    way->status = way->status == STATUS_OK ? ended : way->status;
}

static void neighbours_of_consultation(struct way *way, const char *id)
{
    struct db *db = way->call->db;
    struct db_query q;
    db_begin_query(&q, db, "SELECT COALESCE(based_on, '') FROM consultation WHERE id = $1");
    add_rows(way, &q, false, id);
    db_begin_query(&q, db, "SELECT id FROM consultation WHERE based_on = $1 ORDER BY created_ms");
    add_rows(way, &q, false, id);
    db_begin_query(&q, db,
                   "SELECT id FROM referral WHERE consultation_id = $1 ORDER BY created_ms");
    add_rows(way, &q, true, id);
}

static void neighbours_of_referral(struct way *way, const char *id)
{
    struct db *db = way->call->db;
    struct db_query q;
    db_begin_query(&q, db, "SELECT COALESCE(consultation_id, '') FROM referral WHERE id = $1");
    add_rows(way, &q, false, id);
    db_begin_query(&q, db, "SELECT COALESCE(based_on, '') FROM referral WHERE id = $1");
    add_rows(way, &q, true, id);
    db_begin_query(&q, db, "SELECT id FROM referral WHERE based_on = $1 ORDER BY created_ms");
    add_rows(way, &q, true, id);
}

/* In the order of time; those of one moment in the order in which they are added. */
static void add_event(struct way *way, int64_t at_ms, const char *event, const char *organisation,
                      json_t *item)
{
    if (at_ms == 0 || organisation[0] == '\0') {
        return;
    }
    json_t *place = directory_organisation_json(way->call->db, organisation);
    json_t *object =
        json_pack("{s:I, s:s, s:o?, s:O, s:O, s:O}", "at_ms", (json_int_t)at_ms, "event", event,
                  "organisation", place, "kind", json_object_get(item, "kind"), "id",
                  json_object_get(item, "id"), "number", json_object_get(item, "number"));
    json_t *reason = json_object_get(item, "reason_code");
    (void)json_object_set_new(object, "direction", json_incref(json_object_get(item, "direction")));
    (void)json_object_set_new(object, "reason_code",
                              strcmp(event, "sent") == 0 ? json_incref(reason) : json_null());
    size_t at = json_array_size(way->events);
    while (at > 0 && json_integer_value(
                         json_object_get(json_array_get(way->events, at - 1), "at_ms")) > at_ms) {
        at--;
    }
    if (object == NULL || place == NULL || json_array_insert_new(way->events, at, object) != 0) {
        way->status = way->status == STATUS_OK ? STATUS_NO_MEMORY : way->status;
    }
}

/* False: there is none. */
static bool add_item(struct way *way, json_t *item)
{
    if (way->status == STATUS_OK && json_array_append_new(way->items, item) != 0) {
        way->status = STATUS_NO_MEMORY;
    }
    return way->status == STATUS_OK;
}

static json_t *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

/* From which it goes on ("" = none), and when it is followed up (0 = not). */
static enum status links_of(struct db *db, const char *id, char out_based_on[33], int64_t *out_due)
{
    struct db_query q;
    json_t *plan = NULL;
    db_begin_query(&q, db, "SELECT based_on, follow_up FROM consultation WHERE id = $1");
    db_bind_text(&q, id);
    if (db_next(&q)) {
        (void)snprintf(out_based_on, 33, "%s", db_text(&q, 0));
        plan = json_loads(db_text(&q, 1), 0, NULL);
    }
    *out_due = json_integer_value(json_object_get(plan, "due_ms"));
    json_decref(plan);
    return db_end(&q);
}

static void consultation_events(struct way *way, const struct consult_row *row)
{
    char based_on[33] = "";
    int64_t follow_up_ms = 0;
    enum status status = links_of(way->call->db, row->id, based_on, &follow_up_ms);
    if (status != STATUS_OK) {
        way->status = status;
        return;
    }
    json_t *item =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:n, s:n, s:n}", "kind", "consultation", "id", row->id,
                  "number", row->number, "state", consult_state_name(row->state), "based_on",
                  text_or_null(based_on), "consultation", "direction", "reason_code");
    if (!add_item(way, item)) {
        return;
    }
    const char *asks = row->requester_organisation_id, *answers = row->consultant_organisation_id;
    add_event(way, row->created_ms, "opened", asks, item);
    add_event(way, row->submitted_ms, "submitted", asks, item);
    add_event(way, row->accepted_ms, "accepted", answers, item);
    add_event(way, row->started_ms, "session", answers, item);
    add_event(way, row->signed_ms, "signed", answers, item);
    add_event(way, row->acknowledged_ms, "acknowledged", asks, item);
    add_event(way, follow_up_ms, "follow-up", asks, item);
    add_event(way, row->closed_ms, "closed", asks, item);
}

static void referral_events(struct way *way, const struct referral_row *row)
{
    json_t *reason = json_object_get(row->body, "reason_code");
    json_t *item =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o}", "kind", "referral", "id", row->id,
                  "number", row->number, "state", referral_state_name(row->state), "based_on",
                  text_or_null(row->based_on), "consultation", text_or_null(row->consultation_id),
                  "direction", referral_direction_name(row->direction), "reason_code",
                  text_or_null(json_string_value(reason)));
    if (!add_item(way, item)) {
        return;
    }
    const char *from = row->from_organisation_id, *to = row->to_organisation_id;
    int64_t waits = row->state == REFERRAL_ACCEPTED ? row->appointment_ms : 0;
    int64_t ended = row->state_since_ms;
    add_event(way, row->sent_ms, "sent", from, item);
    add_event(way, row->accepted_ms, "accepted", to, item);
    add_event(way, waits, "expected", to, item);
    add_event(way, row->arrived_ms, "arrived", to, item);
    add_event(way, row->answer != NULL ? row->closed_ms : 0, "returned", to, item);
    add_event(way, row->acknowledged_ms, "acknowledged", from, item);
    add_event(way, row->state == REFERRAL_REFUSED ? ended : 0, "refused", to, item);
    add_event(way, row->state == REFERRAL_LAPSED ? ended : 0, "lapsed", to, item);
    add_event(way, row->state == REFERRAL_WITHDRAWN ? ended : 0, "withdrawn", from, item);
}

static void show_consultation(struct way *way, const char *id)
{
    struct consult_row row;
    unsigned relation = 0;
    enum status status = consult_row_load(way->call->db, id, &row);
    if (status == STATUS_OK) {
        status = consult_relation(way->call, &row, &relation);
        if (status == STATUS_OK && consult_sees_case(relation)) {
            consultation_events(way, &row);
        }
        consult_row_clear(&row);
    }
    way->status = way->status == STATUS_OK ? status : way->status;
}

static void show_referral(struct way *way, const char *id)
{
    struct referral_row row;
    unsigned relation = 0;
    enum status status = referral_row_load(way->call->db, id, &row);
    if (status == STATUS_OK) {
        status = referral_relation(way->call, &row, &relation);
        if (status == STATUS_OK && relation != 0) {
            referral_events(way, &row);
        }
        referral_row_clear(&row);
    }
    way->status = way->status == STATUS_OK ? status : way->status;
}

/* From one node over all that is linked with it; each is shown to who may see it. */
static void draw(struct api_call *call, bool referral, const char *id)
{
    struct way *way = calloc(1, sizeof *way);
    if (way == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return;
    }
    way->call = call;
    way->events = json_array();
    way->items = json_array();
    add_node(way, referral, id);
    for (size_t i = 0; i < way->count && way->status == STATUS_OK; i++) {
        char here[33];
        (void)snprintf(here, sizeof here, "%s", way->nodes[i].id);
        if (way->nodes[i].referral) {
            neighbours_of_referral(way, here);
            show_referral(way, here);
        } else {
            neighbours_of_consultation(way, here);
            show_consultation(way, here);
        }
    }
    if (way->status == STATUS_OK) {
        call->reply = json_pack("{s:o, s:o}", "events", way->events, "items", way->items);
    } else {
        json_decref(way->events);
        json_decref(way->items);
        (void)api_store_failed(call, way->status);
    }
    free(way);
}

void referral_way_of_consultation(struct api_call *call)
{
    struct consult_row row;
    unsigned relation = 0;
    if (!consult_load(call, call->params[0], &row, &relation)) {
        return;
    }
    if (audit_reading(call, row.id, "way.read", NULL, NULL, NULL)) {
        draw(call, false, row.id);
    }
    consult_row_clear(&row);
}

void referral_way_of_referral(struct api_call *call)
{
    struct referral_row row;
    unsigned relation = 0;
    if (!referral_load(call, call->params[0], &row, &relation)) {
        return;
    }
    if (referral_note_reading(call, &row)) {
        draw(call, true, row.id);
    }
    referral_row_clear(&row);
}
