#include "gateway/partnership/partnership_activity.h"

#include "gateway/directory/directory.h"
#include "gateway/partnership/activity.h"
#include "gateway/partnership/partnership_question.h"
#include "gateway/partnership/partnership_row.h"
#include "gateway/partnership/partnership_view.h"
#include "gateway/partnership/rules_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

struct period {
    char from[11], to[11];
    int64_t from_ms, until_ms;
};

/* ---- the question ---- */

static bool wrong(struct api_call *call, const char *field, const char *zh, const char *en)
{
    return api_problem(call, 422, "field.invalid", zh, en, field);
}

static bool read_day(struct api_call *call, const char *name, const char *otherwise, char out[11])
{
    char field[8];
    const char *text = partnership_query(call, name, otherwise);
    (void)snprintf(field, sizeof field, "/%s", name);
    if (!rules_date_valid(text)) {
        return wrong(call, field, "日期应写作 YYYY-MM-DD。", "A date is written YYYY-MM-DD.");
    }
    (void)snprintf(out, 11, "%s", text);
    return true;
}

static bool read_period(struct api_call *call, struct period *out)
{
    char today[11], first[11];
    rules_today(call->now_ms, today);
    (void)snprintf(first, sizeof first, "%.8s01", today);
    if (!read_day(call, "from", first, out->from) || !read_day(call, "to", today, out->to)) {
        return false;
    }
    out->from_ms = rules_day_ms(out->from);
    out->until_ms = rules_day_ms(out->to) + DAY_MS;
    return (out->from_ms < out->until_ms &&
            out->until_ms - out->from_ms <= ACTIVITY_DAYS_MAX * DAY_MS) ||
           wrong(call, "/to", "止期不得早于起期，期间至多一年。",
                 "It may not lie before the beginning, and a period is a year at most.");
}

/* ---- consultations ---- */

static bool event_of(const char *action, const char *reason, const char *from_state,
                     enum activity_event *out_event)
{
    static const struct {
        const char *action;
        enum activity_event event;
    } events[] = {
        {"consultation.submit", ACTIVITY_SUBMIT},  {"consultation.renew", ACTIVITY_SUBMIT},
        {"consultation.escalate", ACTIVITY_LATE},  {"consultation.hand-over", ACTIVITY_HAND_OVER},
        {"consultation.accept", ACTIVITY_ACCEPT},  {"consultation.decline", ACTIVITY_DECLINE},
        {"consultation.reject", ACTIVITY_DECLINE}, {"consultation.return", ACTIVITY_RETURN},
        {"consultation.expire", ACTIVITY_EXPIRE},  {"consultation.sign", ACTIVITY_SIGN},
    };
    size_t i = 0;
    while (i < sizeof events / sizeof events[0] && strcmp(events[i].action, action) != 0) {
        i++;
    }
    if (i == sizeof events / sizeof events[0] ||
        (events[i].event == ACTIVITY_LATE && strcmp(reason, "deadline") != 0) ||
        (events[i].event == ACTIVITY_EXPIRE && strcmp(from_state, "returned") == 0)) {
        return false; /* nobody was left to ask; the requester did not supply what was asked for */
    }
    *out_event = events[i].event;
    return true;
}

/* Where everybody works, by account: read at once, which is cheaper than a look-up at each of some
 * hundred thousand events. */
static enum status read_places(struct db *db, json_t *places)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT a.id, p.organisation_id FROM account a JOIN practitioner p ON p.id = "
                   "a.practitioner_id");
    while (db_next(&q)) {
        (void)json_object_set_new(places, db_text(&q, 0), json_string(db_text(&q, 1)));
    }
    return db_end(&q);
}

static enum status add_event(struct activity *activity, const json_t *places, struct db_query *q)
{
    enum activity_event event;
    if (!event_of(db_text(q, 1), db_text(q, 3), db_text(q, 4), &event)) {
        return STATUS_OK;
    }
    const char *by = json_string_value(json_object_get(places, db_text(q, 5)));
    struct activity_case about = {.id = db_text(q, 0),
                                  .requester = db_text(q, 6),
                                  .consultant = db_text(q, 7),
                                  .target = db_text(q, 8),
                                  .kind = db_text(q, 9),
                                  .urgency = db_text(q, 10),
                                  .agreement_version = db_int(q, 11),
                                  .in_error = db_int(q, 12) != 0,
                                  .referred_up = db_int(q, 13) != 0};
    return activity_add(activity, &about, event, db_int(q, 2), by == NULL ? "" : by);
}

/* Whatever has happened to a consultation since the period began moved it since then; only declines
 * and escalations leave an offered one where it is. All its events count, for what came before. */
static enum status read_consultations(struct db *db, const char *id, const struct period *period,
                                      struct activity *activity)
{
    struct db_query q;
    json_t *places = json_object();
    enum status status = read_places(db, places);
    db_begin_query(
        &q, db,
        "SELECT c.id, a.action, a.at_ms, COALESCE(a.reason_code, ''), COALESCE(a.from_state, ''), "
        "COALESCE(a.actor_id, ''), c.requester_organisation_id, "
        "COALESCE(c.consultant_organisation_id, ''), COALESCE(c.target_organisation_id, ''), "
        "c.kind, c.urgency, COALESCE(c.agreement_version, 0), CASE c.state WHEN "
        "'entered-in-error' THEN 1 ELSE 0 END, "
        "CASE WHEN a.action = 'consultation.sign' THEN (SELECT COUNT(*) FROM referral r WHERE "
        "r.consultation_id = c.id AND r.direction = 'up' AND r.sent_ms IS NOT NULL AND r.state <> "
        "'withdrawn') ELSE 0 END FROM consultation c JOIN audit a ON a.consultation_id = c.id AND "
        "a.action IN ('consultation.submit', 'consultation.renew', 'consultation.escalate', "
        "'consultation.hand-over', 'consultation.accept', 'consultation.decline', "
        "'consultation.reject', 'consultation.return', 'consultation.expire', 'consultation.sign') "
        "WHERE c.partnership_id = $1 AND c.created_ms < $2 AND "
        "(c.state_since_ms >= $3 OR c.state = 'offered') ORDER BY c.id, a.seq");
    db_bind_text(&q, id);
    db_bind_int(&q, period->until_ms);
    db_bind_int(&q, period->from_ms);
    while (status == STATUS_OK && db_next(&q)) {
        status = add_event(activity, places, &q);
    }
    enum status ended = db_end(&q);
    json_decref(places);
    return ended != STATUS_OK ? ended : status;
}

/* ---- the answer ---- */

/* A new reference; each is read once. "" = null. */
static json_t *organisation(struct db *db, json_t *known, const char *id)
{
    json_t *object = json_object_get(known, id);
    if (id[0] == '\0') {
        return json_null();
    }
    if (object == NULL) {
        object = directory_organisation_json(db, id);
        (void)json_object_set_new(known, id, object);
    }
    return json_incref(object);
}

static json_t *median(struct activity_samples *samples)
{
    int64_t ms = activity_median(samples);
    return ms < 0 ? json_null() : json_integer((json_int_t)ms);
}

static json_t *counts(struct activity_cell *cell)
{
    return json_pack("{sI, sI, sI, sI, sI, sI, sI, so, so}", "signed",
                     (json_int_t)cell->signed_count, "in_error", (json_int_t)cell->in_error,
                     "accepted", (json_int_t)cell->accepted, "accepted_in_time",
                     (json_int_t)cell->in_time, "returned", (json_int_t)cell->returned, "declined",
                     (json_int_t)cell->declined, "expired", (json_int_t)cell->expired,
                     "acceptance_median_ms", median(&cell->to_acceptance), "opinion_median_ms",
                     median(&cell->to_opinion));
}

static int by_key(const void *a, const void *b)
{
    const struct activity_cell *x = *(struct activity_cell *const *)a;
    const struct activity_cell *y = *(struct activity_cell *const *)b;
    int order = (x->agreement_version > y->agreement_version) -
                (x->agreement_version < y->agreement_version);
    order = order == 0 ? strcmp(x->requester, y->requester) : order;
    order = order == 0 ? strcmp(x->consultant, y->consultant) : order;
    order = order == 0 ? strcmp(x->kind, y->kind) : order;
    return order == 0 ? strcmp(x->urgency, y->urgency) : order;
}

static enum status add_rows(struct db *db, struct activity *activity, json_t *known, json_t *answer)
{
    size_t count = activity_cells(activity);
    struct activity_cell **cells = calloc(count + 1, sizeof *cells);
    json_t *rows = json_array();
    if (cells == NULL) {
        json_decref(rows);
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        cells[i] = activity_cell(activity, i);
    }
    qsort(cells, count, sizeof *cells, by_key);
    for (size_t i = 0; i < count; i++) {
        json_t *row = counts(cells[i]);
        json_t *key = json_pack("{sI, so, so, ss, ss}", "agreement_version",
                                (json_int_t)cells[i]->agreement_version, "requester",
                                organisation(db, known, cells[i]->requester), "consultant",
                                organisation(db, known, cells[i]->consultant), "kind",
                                cells[i]->kind, "urgency", cells[i]->urgency);
        (void)json_object_update(row, key);
        json_decref(key);
        (void)json_array_append_new(rows, row);
    }
    free(cells);
    return json_object_set_new(answer, "rows", rows) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Referrals of the partnership by pair; in `total` how many went up and down. */
static enum status add_referrals(struct db *db, const char *id, const struct period *period,
                                 json_t *known, json_t *answer)
{
    json_t *rows = json_array();
    json_int_t up = 0, down = 0;
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT agreement_version, from_organisation_id, to_organisation_id, direction, "
        "SUM(CASE WHEN sent_ms >= $1 AND sent_ms < $2 THEN 1 ELSE 0 END), "
        "SUM(CASE WHEN arrived_ms >= $1 AND arrived_ms < $2 THEN 1 ELSE 0 END), "
        "SUM(CASE WHEN answer IS NOT NULL AND closed_ms >= $1 AND closed_ms < $2 THEN 1 ELSE 0 "
        "END), SUM(CASE WHEN state IN ('refused', 'lapsed') AND closed_ms >= $1 AND closed_ms < $2 "
        "THEN 1 ELSE 0 END) FROM referral WHERE partnership_id = $3 AND sent_ms < $2 AND "
        "state_since_ms >= $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4");
    db_bind_int(&q, period->from_ms);
    db_bind_int(&q, period->until_ms);
    db_bind_text(&q, id);
    while (db_next(&q)) {
        json_int_t sent = (json_int_t)db_int(&q, 4);
        bool is_up = strcmp(db_text(&q, 3), "up") == 0;
        up += is_up ? sent : 0;
        down += is_up ? 0 : sent;
        (void)json_array_append_new(
            rows,
            json_pack("{sI, so, so, ss, sI, sI, sI, sI}", "agreement_version",
                      (json_int_t)db_int(&q, 0), "from", organisation(db, known, db_text(&q, 1)),
                      "to", organisation(db, known, db_text(&q, 2)), "direction", db_text(&q, 3),
                      "sent", sent, "arrived", (json_int_t)db_int(&q, 5), "returned",
                      (json_int_t)db_int(&q, 6), "refused", (json_int_t)db_int(&q, 7)));
    }
    json_t *total = json_object_get(answer, "total");
    (void)json_object_set_new(answer, "referrals", rows);
    (void)json_object_set_new(total, "referred_up", json_integer(up));
    (void)json_object_set_new(total, "referred_down", json_integer(down));
    return db_end(&q);
}

/* Since when the switch of the money is as it is, as far as the period is concerned. */
static enum status add_money(struct db *db, const char *id, const struct period *period,
                             json_t *answer)
{
    json_t *changes = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT at_ms, detail FROM audit WHERE consultation_id IS NULL AND action = "
                   "'partnership.edit' AND at_ms >= $1 AND detail LIKE '%\"' || $2 || '\"%' ORDER "
                   "BY seq");
    db_bind_int(&q, period->from_ms);
    db_bind_text(&q, id);
    while (db_next(&q)) {
        json_t *detail = json_loads(db_text(&q, 1), 0, NULL);
        json_t *word = json_object_get(detail, "money");
        if (word != NULL) {
            (void)json_array_append_new(
                changes, json_pack("{sI, sO}", "at_ms", (json_int_t)db_int(&q, 0), "money", word));
        }
        json_decref(detail);
    }
    (void)json_object_set_new(answer, "money_changes", changes);
    return db_end(&q);
}

static enum status head(struct db *db, const char *id, const struct period *period,
                        json_t **out_answer)
{
    json_t *answer = NULL;
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, name_zh, name_en, mode, type, money FROM partnership WHERE id = $1");
    db_bind_text(&q, id);
    if (db_next(&q)) {
        enum rules_type type = strcmp(db_text(&q, 4), "close") == 0 ? RULES_CLOSE : RULES_LOOSE;
        bool pooled = rules_switched(db_is_null(&q, 5) ? NULL : db_text(&q, 5), "pooled", type);
        answer = json_pack("{s{ss, ss, ss, ss, ss}, ss, ss, ss}", "partnership", "id",
                           db_text(&q, 0), "name_zh", db_text(&q, 1), "name_en", db_text(&q, 2),
                           "mode", db_text(&q, 3), "type", db_text(&q, 4), "from", period->from,
                           "to", period->to, "money", pooled ? "pooled" : "per-service");
    }
    enum status status = db_end(&q);
    *out_answer = answer;
    return status == STATUS_OK && answer == NULL ? STATUS_NO_MEMORY : status;
}

static enum status add_total(struct activity *activity, json_t *answer)
{
    struct activity_cell *cell = activity_total(activity);
    json_t *total = cell == NULL ? NULL : counts(cell);
    (void)json_object_set_new(total, "submitted",
                              json_integer((json_int_t)activity_submitted(activity)));
    (void)json_object_set_new(total, "kept", json_integer((json_int_t)activity_kept(activity)));
    return json_object_set_new(answer, "total", total) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status draw(struct db *db, const char *id, const struct period *period,
                        json_t **out_answer)
{
    json_t *answer = NULL, *known = json_object();
    struct activity *activity = activity_create(period->from_ms, period->until_ms);
    enum status status = activity == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    status = status == STATUS_OK ? read_consultations(db, id, period, activity) : status;
    status = status == STATUS_OK ? head(db, id, period, &answer) : status;
    status = status == STATUS_OK ? add_total(activity, answer) : status;
    status = status == STATUS_OK ? add_rows(db, activity, known, answer) : status;
    status = status == STATUS_OK ? add_referrals(db, id, period, known, answer) : status;
    status = status == STATUS_OK ? add_money(db, id, period, answer) : status;
    activity_destroy(activity);
    json_decref(known);
    if (status != STATUS_OK) {
        json_decref(answer);
        return status;
    }
    *out_answer = answer;
    return STATUS_OK;
}

void partnership_activity(struct api_call *call)
{
    struct partnership_row row;
    struct period period;
    if (!partnership_open(call, &row) || !read_period(call, &period)) {
        return;
    }
    enum status status = draw(call->db, row.id, &period, &call->reply);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    }
}
