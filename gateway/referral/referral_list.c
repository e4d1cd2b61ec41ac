#include "gateway/referral/referral_list.h"

#include "gateway/referral/referral_access.h"
#include "gateway/referral/referral_fields.h"
#include "gateway/referral/referral_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 100
#define IDS_MAX (LIMIT_MAX + 64)         /* room for those of one millisecond */
#define SEEN_MS (7LL * 24 * 3600 * 1000) /* a refusal must not vanish before it was seen */
#define PAGE " AND created_ms < $3 ORDER BY created_ms DESC, id DESC LIMIT 165"

enum list { LIST_SENT, LIST_RECEIVED, LIST_HISTORY, LIST_COUNT };
static const char *const list_names[LIST_COUNT] = {"sent", "received", "history"};

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
    char *end = NULL;
    if (text == NULL) {
        return true;
    }
    long long parsed = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || parsed < least || parsed > most) {
        return referral_field_wrong(call, "", name, "查询参数无效。",
                                    "The query parameter is not valid.");
    }
    *value = parsed;
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
    return referral_field_wrong(call, "", "list", "list 应为 sent、received 或 history。",
                                "list must be sent, received or history.");
}

/* Institution or account (that one twice), refused or lapsed since then, before. */
static void begin_sent(struct db_query *q, struct db *db, bool coordinator)
{
    if (coordinator) {
        db_begin_query(q, db,
                       "SELECT id, created_ms FROM referral WHERE from_organisation_id = $1 AND "
                       "(state IN ('sent', 'accepted', 'arrived') OR (state = 'returned' AND "
                       "acknowledged_ms IS NULL) OR (state IN ('refused', 'lapsed') AND "
                       "state_since_ms > $2))" PAGE);
    } else {
        db_begin_query(q, db,
                       "SELECT id, created_ms FROM referral WHERE (created_by = $1 OR (sent_ms IS "
                       "NOT NULL AND based_on IN (SELECT b.id FROM referral b WHERE b.created_by = "
                       "$2))) AND (state IN ('draft', 'sent', 'accepted', 'arrived') OR (state = "
                       "'returned' AND acknowledged_ms IS NULL) OR (state IN ('refused', "
                       "'lapsed') AND state_since_ms > $3)) AND created_ms < $4 ORDER BY "
                       "created_ms DESC, id DESC LIMIT 165");
    }
}

static void begin_history(struct db_query *q, struct db *db, bool institution)
{
    if (institution) {
        db_begin_query(q, db,
                       "SELECT id, created_ms FROM referral WHERE $1 IN (from_organisation_id, "
                       "to_organisation_id) AND sent_ms IS NOT NULL AND state_since_ms > $2 AND "
                       "state IN ('refused', 'lapsed', 'withdrawn', 'returned')" PAGE);
    } else {
        db_begin_query(q, db,
                       "SELECT id, created_ms FROM referral WHERE created_by = $1 AND "
                       "state_since_ms > $2 AND state IN ('refused', 'lapsed', 'withdrawn', "
                       "'returned')" PAGE);
    }
}

static enum status read_page(struct api_call *call, enum list list, int64_t before_ms,
                             int64_t limit, struct page *page)
{
    unsigned roles = call->actor->roles;
    bool coordinator = (roles & ROLE_COORDINATOR) != 0 && (roles & REFERRAL_WRITERS) == 0;
    bool institution = (roles & (ROLE_COORDINATOR | ROLE_REFERRALS)) != 0;
    bool own = list == LIST_SENT && !coordinator;
    struct db_query q;
    if (list == LIST_RECEIVED) {
        db_begin_query(&q, call->db,
                       "SELECT id, created_ms FROM referral WHERE to_organisation_id = $1 AND "
                       "state_since_ms > $2 AND state IN ('sent', 'accepted', 'arrived')" PAGE);
        institution = true;
    } else if (list == LIST_SENT) {
        begin_sent(&q, call->db, coordinator);
        institution = coordinator;
    } else {
        begin_history(&q, call->db, institution);
    }
    db_bind_text(&q, institution ? call->actor->organisation_id : call->actor->account_id);
    if (own) {
        db_bind_text(&q, call->actor->account_id);
    }
    db_bind_int(&q, list == LIST_SENT ? call->now_ms - SEEN_MS : 0);
    db_bind_int(&q, before_ms);
    while (db_next(&q)) {
        int64_t created = db_int(&q, 1);
        bool full = page->count >= (size_t)limit && created != page->created_ms[page->count - 1];
        if (full || page->count == IDS_MAX) {
            page->more = true;
            break;
        }
        (void)snprintf(page->ids[page->count], 33, "%s", db_text(&q, 0));
        page->created_ms[page->count++] = created;
    }
    return db_end(&q);
}

/* Only what the asker has a relation to: the coordinator's view of a draft is none. */
static bool add_summary(struct api_call *call, const char *id, json_t *list)
{
    struct referral_row row;
    unsigned relation = 0;
    enum status status = referral_row_load(call->db, id, &row);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    status = referral_relation(call, &row, &relation);
    json_t *summary =
        status == STATUS_OK && relation != 0 ? referral_summary(call, &row, relation) : NULL;
    referral_row_clear(&row);
    if (summary != NULL) {
        json_array_append_new(list, summary);
    }
    return status == STATUS_OK ? call->status < 400 : api_store_failed(call, status);
}

void referral_list(struct api_call *call)
{
    int64_t limit = LIMIT_DEFAULT, before_ms = INT64_MAX;
    enum list which = LIST_SENT;
    if (!which_list(call, &which) || !number_of(call, "limit", 1, LIMIT_MAX, &limit) ||
        !number_of(call, "before_ms", 0, INT64_MAX, &before_ms)) {
        return;
    }
    if (which == LIST_RECEIVED && (call->actor->roles & (ROLE_REFERRALS | ROLE_COORDINATOR)) == 0) {
        call->reply = json_pack("{s:[], s:b}", "referrals", "more", 0);
        return;
    }
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        (void)api_store_failed(call, STATUS_NO_MEMORY);
        return;
    }
    enum status status = read_page(call, which, before_ms, limit, page);
    json_t *list = json_array();
    bool good = status == STATUS_OK || api_store_failed(call, status);
    for (size_t i = 0; good && i < page->count; i++) {
        good = add_summary(call, page->ids[i], list);
    }
    if (good) {
        call->reply = json_pack("{s:o, s:b}", "referrals", list, "more", page->more);
    } else {
        json_decref(list);
    }
    free(page);
}
