#include "gateway/consult/consult_list.h"

#include "gateway/consult/consult_access.h"
#include "gateway/consult/consult_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 100
#define IDS_MAX (LIMIT_MAX + 64) /* room for those of one millisecond */

#define OVER "('closed', 'withdrawn', 'expired', 'failed')"
#define OVER_OR_GONE "('closed', 'withdrawn', 'expired', 'failed', 'discarded')"
/* $1 account, $2 before_ms; coordinators: $1 organisation. */
#define PAGE " AND created_ms < $2 ORDER BY created_ms DESC, id DESC LIMIT 165"

struct page {
    char ids[IDS_MAX][33];
    int64_t created_ms[IDS_MAX];
    size_t count;
    bool more;
};

static bool number_of(struct api_call *call, const char *name, int64_t least, int64_t most,
                      int64_t *value)
{
    const char *text = api_query(call, name);
    if (text == NULL) {
        return true;
    }
    char *end = NULL;
    long long parsed = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || end == NULL || *end != '\0' || parsed < least ||
        parsed > most) {
        char pointer[32];
        (void)snprintf(pointer, sizeof pointer, "/%s", name);
        return api_problem(call, 422, "field.invalid", "查询参数无效。",
                           "The query parameter is not valid.", pointer);
    }
    *value = parsed;
    return true;
}

/* At most limit, but all of the last millisecond; what follows makes `more`. */
static enum status read_page(struct db_query *q, int64_t limit, struct page *page)
{
    page->count = 0;
    page->more = false;
    while (db_next(q)) {
        int64_t created = db_int(q, 1);
        bool full = page->count >= (size_t)limit && created != page->created_ms[page->count - 1];
        if (full || page->count == IDS_MAX) {
            page->more = true;
            break;
        }
        (void)snprintf(page->ids[page->count], 33, "%s", db_text(q, 0));
        page->created_ms[page->count++] = created;
    }
    return db_end(q);
}

enum list { LIST_MINE, LIST_QUEUE, LIST_ASSIGNED, LIST_INVITED, LIST_HISTORY, LIST_COUNT };
static const char *const list_names[LIST_COUNT] = {"mine", "queue", "assigned", "invited",
                                                   "history"};

static enum status by_account(struct api_call *call, enum list list, int64_t before_ms,
                              int64_t limit, struct page *page)
{
    struct db_query q;
    if (list == LIST_MINE) {
        db_begin_query(&q, call->db,
                       "SELECT id, created_ms FROM consultation WHERE requester_id = $1 AND state "
                       "NOT IN " OVER_OR_GONE PAGE);
    } else if (list == LIST_ASSIGNED) {
        db_begin_query(&q, call->db,
                       "SELECT id, created_ms FROM consultation WHERE consultant_id = $1 AND state "
                       "NOT IN " OVER_OR_GONE PAGE);
    } else if (list == LIST_INVITED) {
        db_begin_query(&q, call->db,
                       "SELECT c.id, c.created_ms FROM participation g JOIN consultation c ON c.id "
                       "= g.consultation_id AND c.state IN ('accepted', 'in-session', "
                       "'interrupted') WHERE g.account_id = $1 AND g.role = 'guest' AND "
                       "g.uninvited_ms = 0" PAGE);
    } else {
        db_begin_query(&q, call->db,
                       "SELECT id, created_ms FROM consultation WHERE $1 IN (requester_id, "
                       "consultant_id) AND state "
                       "IN " OVER PAGE);
    }
    db_bind_text(&q, call->actor->account_id);
    db_bind_int(&q, before_ms);
    return read_page(&q, limit, page);
}

static enum status by_organisation(struct api_call *call, enum list list, int64_t before_ms,
                                   int64_t limit, struct page *page)
{
    struct db_query q;
    if (list == LIST_MINE) {
        db_begin_query(&q, call->db,
                       "SELECT id, created_ms FROM consultation WHERE requester_organisation_id = "
                       "$1 AND state <> "
                       "'draft' AND state NOT IN " OVER_OR_GONE PAGE);
    } else if (list == LIST_ASSIGNED) {
        db_begin_query(&q, call->db,
                       "SELECT id, created_ms FROM consultation WHERE consultant_organisation_id = "
                       "$1 AND state NOT "
                       "IN " OVER_OR_GONE PAGE);
    } else {
        db_begin_query(
            &q, call->db,
            "SELECT id, created_ms FROM consultation WHERE $1 IN (requester_organisation_id, "
            "consultant_organisation_id) AND state IN " OVER PAGE);
    }
    db_bind_text(&q, call->actor->organisation_id);
    db_bind_int(&q, before_ms);
    return read_page(&q, limit, page);
}

#define QUEUE_ORDER                                                                                \
    " ORDER BY CASE c.urgency WHEN 'stat' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END, c.deadline_ms, " \
    "c.submitted_ms, c.id LIMIT 165"

static enum status read_queue(struct api_call *call, bool coordinator, int64_t limit,
                              struct page *page)
{
    struct db_query q;
    if (coordinator) {
        db_begin_query(&q, call->db,
                       "SELECT c.id, c.created_ms FROM consultation c WHERE c.state = 'offered' "
                       "AND (c.requester_organisation_id = $1 OR "
                       "EXISTS (SELECT 1 FROM consultation_offer o JOIN account a ON a.id = "
                       "o.account_id JOIN practitioner p ON p.id = "
                       "a.practitioner_id WHERE o.consultation_id = c.id AND o.state = 'open' AND "
                       "p.organisation_id = $2))" QUEUE_ORDER);
        db_bind_text(&q, call->actor->organisation_id);
        db_bind_text(&q, call->actor->organisation_id);
    } else {
        db_begin_query(&q, call->db,
                       "SELECT c.id, c.created_ms FROM consultation_offer o JOIN duty d ON "
                       "d.account_id = o.account_id AND d.on_duty = 1 "
                       "JOIN consultation c ON c.id = o.consultation_id AND c.state = 'offered' "
                       "WHERE o.account_id = $1 AND o.state = "
                       "'open'" QUEUE_ORDER);
        db_bind_text(&q, call->actor->account_id);
    }
    page->count = 0;
    page->more = false;
    while (db_next(&q)) {
        if (page->count == (size_t)limit) {
            page->more = true;
            break;
        }
        (void)snprintf(page->ids[page->count++], 33, "%s", db_text(&q, 0));
    }
    return db_end(&q);
}

static bool add_summary(struct api_call *call, const char *id, json_t *list)
{
    struct consult_row row;
    unsigned relation = 0;
    enum status status = consult_row_load(call->db, id, &row);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    status = consult_relation(call, &row, &relation);
    json_t *summary = status == STATUS_OK ? consult_summary(call, &row, relation) : NULL;
    consult_row_clear(&row);
    if (summary == NULL) {
        return call->status >= 400
                   ? false
                   : api_store_failed(call, status == STATUS_OK ? STATUS_NO_MEMORY : status);
    }
    json_array_append_new(list, summary);
    return true;
}

static bool which_list(struct api_call *call, enum list *out_list)
{
    const char *name = api_query(call, "list");
    for (unsigned i = 0; i < LIST_COUNT; i++) {
        if (name != NULL && strcmp(name, list_names[i]) == 0) {
            *out_list = (enum list)i;
            return true;
        }
    }
    return api_problem(call, 422, "field.invalid",
                       "list 应为 mine、queue、assigned、invited 或 history。",
                       "list must be mine, queue, assigned, invited or history.", "/list");
}

void consult_list(struct api_call *call)
{
    int64_t limit = LIMIT_DEFAULT, before_ms = INT64_MAX;
    enum list which = LIST_MINE;
    if (!which_list(call, &which) || !number_of(call, "limit", 1, LIMIT_MAX, &limit) ||
        !number_of(call, "before_ms", 0, INT64_MAX, &before_ms)) {
        return;
    }
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return;
    }
    bool coordinator = (call->actor->roles & ROLE_COORDINATOR) != 0 &&
                       (call->actor->roles & (ROLE_CLINICIAN | ROLE_SPECIALIST)) == 0;
    enum status status = which == LIST_QUEUE ? read_queue(call, coordinator, limit, page)
                         : coordinator && which != LIST_INVITED
                             ? by_organisation(call, which, before_ms, limit, page)
                             : by_account(call, which, before_ms, limit, page);
    json_t *list = json_array();
    bool good = status == STATUS_OK || api_store_failed(call, status);
    for (size_t i = 0; good && i < page->count; i++) {
        good = add_summary(call, page->ids[i], list);
    }
    if (good) {
        call->reply = json_pack("{s:o, s:b}", "consultations", list, "more", page->more);
    } else {
        json_decref(list);
    }
    free(page);
}
