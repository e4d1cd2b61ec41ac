#include "gateway/queue/queue.h"

#include "gateway/consult/consult_change.h"
#include "gateway/consult/consult_effects.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/queue/reach.h"
#include "gateway/queue/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEASURED_MAX 20 /* acceptances that the expected wait is the median of */
#define MEASURED_DAYS 30

struct id_list {
    char (*ids)[33];
    size_t count, room;
};

static enum status id_list_add(struct id_list *list, const char *id)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : list->room * 2;
        char(*grown)[33] = realloc(list->ids, room * sizeof *grown);
        if (grown == NULL) {
            return STATUS_NO_MEMORY;
        }
        list->ids = grown;
        list->room = room;
    }
    (void)snprintf(list->ids[list->count++], 33, "%s", id);
    return STATUS_OK;
}

/* First column of every row; the query was begun and bound. */
static enum status id_list_read(struct id_list *list, struct db_query *q)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && db_next(q)) {
        status = id_list_add(list, db_text(q, 0));
    }
    enum status ended = db_end(q);
    return ended != STATUS_OK ? ended : status;
}

#define CANDIDATES                                                                                 \
    "JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist' "                        \
    "JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1 "                            \
    "JOIN practitioner_specialty s ON s.practitioner_id = p.id AND s.specialty = $1 "              \
    "WHERE a.disabled = 0 AND a.id <> $2 AND a.id = COALESCE($3, a.id) "                           \
    "AND NOT EXISTS (SELECT 1 FROM consultation_decline x WHERE x.consultation_id = $4 AND "       \
    "x.account_id = a.id) AND NOT EXISTS (SELECT 1 FROM consultation_offer o WHERE "               \
    "o.consultation_id = $5 AND o.account_id = a.id AND o.state = 'open') "

/* On the specialty, enabled, has not declined, no open offer yet; the rules are asked for each.
 * only: one account. On duty, or by the roster on call now. */
static enum status find_candidates(struct api_call *call, const struct consult_row *row,
                                   const struct reach *reach, const char *only, bool on_call,
                                   struct id_list *out)
{
    struct db_query q;
    enum status status = STATUS_OK;
    const char *target = row->target_account_id[0] != '\0' ? row->target_account_id : NULL;
    if (only != NULL && target != NULL && strcmp(only, target) != 0) {
        return STATUS_OK;
    }
    if (on_call) {
        db_begin_query(&q, call->db,
                       "SELECT a.id, p.organisation_id, p.licensed_since FROM account a " CANDIDATES
                       "AND EXISTS (SELECT 1 FROM duty_shift d WHERE d.account_id = a.id AND "
                       "d.kind = 'on-call' AND d.from_ms <= $6 AND d.until_ms > $7 AND "
                       "COALESCE(d.specialty, $8) = $9 AND (d.partnership_id IS NULL OR "
                       "d.partnership_id = $10)) ORDER BY a.id");
    } else {
        db_begin_query(&q, call->db,
                       "SELECT a.id, p.organisation_id, p.licensed_since FROM account a JOIN duty "
                       "d ON d.account_id = a.id AND d.on_duty = 1 " CANDIDATES
                       "ORDER BY d.since_ms, a.id");
    }
    db_bind_text(&q, row->specialty);
    db_bind_text(&q, row->requester_id);
    db_bind_text(&q, only != NULL ? only : target);
    db_bind_text(&q, row->id);
    db_bind_text(&q, row->id);
    if (on_call) {
        db_bind_int(&q, call->now_ms);
        db_bind_int(&q, call->now_ms);
        db_bind_text(&q, row->specialty);
        db_bind_text(&q, row->specialty);
        db_bind_text(&q, row->partnership_id);
    }
    while (status == STATUS_OK && db_next(&q)) {
        const char *specialties[] = {row->specialty, NULL};
        if (reach_has(reach, db_text(&q, 1)) &&
            rules_consultant(specialties, db_text(&q, 2), row->specialty, reach->today) ==
                RULES_ALLOWED) {
            status = id_list_add(out, db_text(&q, 0));
        }
    }
    enum status ended = db_end(&q);
    return ended != STATUS_OK ? ended : status;
}

static enum status open_offer(struct api_call *call, const struct consult_row *row,
                              const char *account, bool on_call)
{
    enum status status = db_run(
        call->db,
        "INSERT INTO consultation_offer (consultation_id, account_id, state, at_ms, rung_ms, "
        "on_call) VALUES ($1, $2, 'open', $3, 0, $4) ON CONFLICT (consultation_id, account_id) DO "
        "UPDATE SET state = 'open', at_ms = excluded.at_ms, rung_ms = 0, on_call = "
        "excluded.on_call",
        "ssii", row->id, account, call->now_ms, (int64_t)on_call);
    if (status == STATUS_OK) {
        consult_effect_queue(call, account);
    }
    return status;
}

static enum status count_open(struct db *db, const char *consultation_id, unsigned *out_open)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count,
                   "SELECT COUNT(*) FROM consultation_offer o LEFT JOIN duty d ON d.account_id = "
                   "o.account_id WHERE o.consultation_id = $1 AND o.state = 'open' AND "
                   "(d.on_duty = 1 OR o.on_call = 1)",
                   "s", consultation_id);
    *out_open = (unsigned)count;
    return status;
}

/* Opens offers to those found, with one audit row that names them: who could read the case, and
 * from when. */
static enum status offer_to(struct api_call *call, const struct consult_row *row,
                            const struct reach *reach, const char *only, bool on_call)
{
    struct id_list found = {NULL, 0, 0};
    json_t *accounts = json_array();
    enum status status = find_candidates(call, row, reach, only, on_call, &found);
    for (size_t i = 0; i < found.count && status == STATUS_OK; i++) {
        status = open_offer(call, row, found.ids[i], on_call);
        json_array_append_new(accounts, json_string(found.ids[i]));
    }
    json_t *detail = json_pack("{s:o}", "accounts", accounts);
    if (status == STATUS_OK && found.count > 0 &&
        !consult_audit(call, row, NULL, "consultation.offered-to", NULL, detail)) {
        status = STATUS_IO;
    }
    json_decref(detail);
    free(found.ids);
    return status;
}

enum status queue_open(struct api_call *call, const struct consult_row *row, bool on_call,
                       unsigned *out_open)
{
    struct reach reach;
    *out_open = 0;
    enum status status = reach_find(call, row, &reach);
    if (status == STATUS_OK) {
        status = offer_to(call, row, &reach, NULL, on_call);
    }
    return status == STATUS_OK ? count_open(call->db, row->id, out_open) : status;
}

enum status queue_offer(struct api_call *call, const struct consult_row *row, unsigned *out_open)
{
    enum status status = queue_open(call, row, false, out_open);
    return status == STATUS_OK ? ring_begin(call, row) : status;
}

enum status queue_tiers(struct api_call *call, const struct consult_row *row, int64_t *out_tiers)
{
    struct reach reach;
    enum status status = reach_find(call, row, &reach);
    *out_tiers = reach.tiers;
    return status;
}

static enum status open_accounts(struct db *db, const char *consultation_id,
                                 struct id_list *out_list)
{
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT account_id FROM consultation_offer WHERE consultation_id = $1 AND state = 'open'");
    db_bind_text(&q, consultation_id);
    return id_list_read(out_list, &q);
}

enum status queue_close(struct api_call *call, const struct consult_row *row, const char *reason,
                        const char *winner)
{
    struct id_list open = {NULL, 0, 0};
    enum status status = open_accounts(call->db, row->id, &open);
    json_t *by = winner == NULL ? NULL : directory_person_json(call->db, winner);
    for (size_t i = 0; i < open.count && status == STATUS_OK; i++) {
        if (winner == NULL || strcmp(open.ids[i], winner) != 0) {
            consult_effect_gone(call, row, open.ids[i], reason, by);
        }
    }
    json_decref(by);
    free(open.ids);
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "UPDATE consultation_offer SET state = CASE WHEN account_id = $1 THEN "
                        "'won' ELSE 'gone' END "
                        "WHERE consultation_id = $2 AND state = 'open'",
                        "ss", winner, row->id);
    }
    return status == STATUS_OK
               ? db_run(call->db, "DELETE FROM consultation_ring WHERE consultation_id = $1", "s",
                        row->id)
               : status;
}

enum status queue_decline(struct api_call *call, const struct consult_row *row,
                          const char *account_id, const char *reason_code, const char *reason_text,
                          unsigned *out_left)
{
    *out_left = 0;
    enum status status =
        db_run(call->db,
               "INSERT INTO consultation_decline (consultation_id, account_id, at_ms, reason_code, "
               "reason_text) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (consultation_id, account_id) "
               "DO UPDATE SET at_ms = excluded.at_ms, reason_code = excluded.reason_code, "
               "reason_text = excluded.reason_text",
               "ssiss", row->id, account_id, call->now_ms, reason_code, reason_text);
    if (status == STATUS_OK) {
        status = db_run(call->db,
                        "UPDATE consultation_offer SET state = 'declined' WHERE consultation_id = "
                        "$1 AND account_id = $2",
                        "ss", row->id, account_id);
    }
    consult_effect_gone(call, row, account_id, "declined", NULL);
    status = status == STATUS_OK ? ring_left(call, row, account_id) : status;
    return status == STATUS_OK ? count_open(call->db, row->id, out_left) : status;
}

enum status queue_is_offered(struct db *db, const char *consultation_id, const char *account_id,
                             bool *out_offered)
{
    int64_t count = 0;
    enum status status =
        db_one_int(db, &count,
                   "SELECT COUNT(*) FROM consultation_offer o LEFT JOIN duty d ON d.account_id = "
                   "o.account_id WHERE o.consultation_id = $1 AND o.account_id = $2 AND o.state = "
                   "'open' AND (d.on_duty = 1 OR o.on_call = 1)",
                   "ss", consultation_id, account_id);
    *out_offered = count > 0;
    return status;
}

/* What waits and was never offered to the specialist is offered now; it rings if nobody is being
 * rung. */
static enum status ring_waiting(struct api_call *call, const char *account_id,
                                const char *consultation_id, struct reach_memory *reaches)
{
    struct consult_row row;
    const struct reach *reach = NULL;
    bool offered = false;
    enum status status = consult_row_load(call->db, consultation_id, &row);
    if (status != STATUS_OK) {
        return status;
    }
    status = queue_is_offered(call->db, consultation_id, account_id, &offered);
    if (status == STATUS_OK && !offered) {
        status = reach_recall(call, &row, reaches, &reach);
        status = status == STATUS_OK ? offer_to(call, &row, reach, account_id, false) : status;
        status = status == STATUS_OK
                     ? queue_is_offered(call->db, consultation_id, account_id, &offered)
                     : status;
    }
    if (status == STATUS_OK && offered) {
        status = ring_arrived(call, &row, account_id);
    }
    consult_row_clear(&row);
    return status;
}

bool queue_on_duty(struct api_call *call, const char *account_id)
{
    struct id_list waiting = {NULL, 0, 0};
    struct reach_memory *reaches = calloc(1, sizeof *reaches);
    struct db_query q;
    if (reaches == NULL) {
        return api_store_failed(call, STATUS_NO_MEMORY);
    }
    db_begin_query(&q, call->db,
                   "SELECT c.id FROM consultation c JOIN practitioner_specialty s ON s.specialty = "
                   "c.specialty "
                   "JOIN account a ON a.practitioner_id = s.practitioner_id AND a.id = $1 "
                   "JOIN practitioner p ON p.id = a.practitioner_id WHERE "
                   "c.state = 'offered' AND EXISTS (SELECT 1 FROM partnership_member m JOIN "
                   "partnership_member n ON n.partnership_id = m.partnership_id AND "
                   "n.organisation_id = p.organisation_id WHERE m.organisation_id = "
                   "c.requester_organisation_id) "
                   "ORDER BY CASE c.urgency WHEN 'stat' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END, "
                   "c.deadline_ms");
    db_bind_text(&q, account_id);
    enum status status = id_list_read(&waiting, &q);
    for (size_t i = 0; i < waiting.count && status == STATUS_OK; i++) {
        status = ring_waiting(call, account_id, waiting.ids[i], reaches);
    }
    free(waiting.ids);
    free(reaches);
    return status == STATUS_OK || api_store_failed(call, status);
}

bool queue_off_duty(struct api_call *call, const char *account_id)
{
    struct id_list open = {NULL, 0, 0};
    struct db_query q;
    db_begin_query(
        &q, call->db,
        "SELECT consultation_id FROM consultation_offer WHERE account_id = $1 AND state = 'open'");
    db_bind_text(&q, account_id);
    enum status status = id_list_read(&open, &q);
    for (size_t i = 0; i < open.count && status == STATUS_OK; i++) {
        struct consult_row row;
        status = consult_row_load(call->db, open.ids[i], &row);
        if (status == STATUS_OK) {
            consult_effect_gone(call, &row, account_id, "declined", NULL);
            status = ring_left(call, &row, account_id);
            consult_row_clear(&row);
        }
    }
    free(open.ids);
    return status == STATUS_OK || api_store_failed(call, status);
}

static int compare_ms(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

enum status queue_expected_wait(struct db *db, const char *specialty, int64_t now_ms,
                                int64_t *out_ms)
{
    int64_t waits[MEASURED_MAX];
    size_t n = 0;
    struct db_query q;
    db_begin_query(
        &q, db,
        "SELECT accepted_ms - offered_ms FROM consultation WHERE specialty = $1 AND accepted_ms > "
        "$2 AND "
        "offered_ms IS NOT NULL AND accepted_ms >= offered_ms ORDER BY accepted_ms DESC LIMIT 20");
    db_bind_text(&q, specialty);
    db_bind_int(&q, now_ms - (int64_t)MEASURED_DAYS * 86400000);
    while (n < MEASURED_MAX && db_next(&q)) {
        waits[n++] = db_int(&q, 0);
    }
    enum status status = db_end(&q);
    if (status != STATUS_OK || n == 0) {
        return status != STATUS_OK ? status : STATUS_NONE;
    }
    qsort(waits, n, sizeof waits[0], compare_ms);
    *out_ms = n % 2 == 1 ? waits[n / 2] : (waits[n / 2 - 1] + waits[n / 2]) / 2;
    return STATUS_OK;
}

static int urgency_rank(const char *urgency)
{
    return strcmp(urgency, "stat") == 0 ? 0 : strcmp(urgency, "urgent") == 0 ? 1 : 2;
}

enum status queue_place(struct db *db, const struct consult_row *row, int64_t now_ms,
                        struct queue_place *out_place)
{
    int64_t rank = urgency_rank(row->urgency);
    enum status status =
        db_one_int(db, &out_place->ahead,
                   "SELECT COUNT(*) FROM (SELECT CASE urgency WHEN 'stat' THEN 0 WHEN 'urgent' "
                   "THEN 1 ELSE 2 END AS rank, "
                   "COALESCE(deadline_ms, 0) AS deadline, COALESCE(submitted_ms, 0) AS submitted, "
                   "id FROM consultation WHERE state = "
                   "'offered' AND specialty = $1) w WHERE w.rank < $2 OR (w.rank = $3 AND "
                   "(w.deadline < $4 OR (w.deadline = $5 AND "
                   "(w.submitted < $6 OR (w.submitted = $7 AND w.id < $8)))))",
                   "siiiiiis", row->specialty, rank, rank, row->deadline_ms, row->deadline_ms,
                   row->submitted_ms, row->submitted_ms, row->id);
    out_place->position = out_place->ahead + 1;
    out_place->expected_wait_ms = -1;
    if (status != STATUS_OK) {
        return status;
    }
    int64_t median = 0;
    status = queue_expected_wait(db, row->specialty, now_ms, &median);
    if (status == STATUS_OK) {
        int64_t waited = now_ms - row->offered_ms;
        out_place->expected_wait_ms = waited < median ? median - waited : 0;
    }
    return status == STATUS_NONE ? STATUS_OK : status;
}
