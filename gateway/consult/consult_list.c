#include "gateway/consult/consult_list.h"

#include "gateway/consult/consult_access.h"
#include "gateway/consult/consult_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 100
#define IDS_MAX (LIMIT_MAX + 64) /* room for those of one millisecond */

#define OVER                                                                                       \
    "('closed', 'archived', 'withdrawn', 'rejected', 'expired', 'cancelled', 'no-show', "          \
    "'failed', "                                                                                   \
    "'entered-in-error')"
/* What is not over, by state, so that an index on (whose, state) serves. */
#define OPEN                                                                                       \
    "('draft', 'returned', 'pending-approval', 'submitted', 'triaged', 'offered', 'accepted', "    \
    "'scheduled', 'ready', 'in-session', 'interrupted', 'reporting', 'awaiting-opinion', "         \
    "'opinion-draft', 'signed', 'acknowledged', 'referral-open', 'follow-up')"
#define OPEN_AND_SENT                                                                              \
    "('returned', 'pending-approval', 'submitted', 'triaged', 'offered', 'accepted', "             \
    "'scheduled', 'ready', 'in-session', 'interrupted', 'reporting', 'awaiting-opinion', "         \
    "'opinion-draft', 'signed', 'acknowledged', 'referral-open', 'follow-up')"
/* In which a consultant has to act, or the requester; see consult_unattended(). */
#define CONSULTANTS                                                                                \
    "('accepted', 'scheduled', 'ready', 'reporting', 'awaiting-opinion', 'opinion-draft')"
#define REQUESTERS                                                                                 \
    "('returned', 'pending-approval', 'submitted', 'triaged', 'offered', 'accepted', "             \
    "'scheduled', 'signed', 'acknowledged', 'referral-open', 'follow-up')"
#define CAN_ACT(role, account)                                                                     \
    "EXISTS (SELECT 1 FROM account a JOIN account_role r ON r.account_id = a.id AND r.role = "     \
    "'" role                                                                                       \
    "' JOIN practitioner p ON p.id = a.practitioner_id AND p.active = 1 WHERE a.id = " account     \
    " AND a.disabled = 0)"
/* Somebody coordinates for the institution of practitioner e: it is theirs to see to. */
#define COORDINATED                                                                                \
    "EXISTS (SELECT 1 FROM practitioner p JOIN account a ON a.practitioner_id = p.id AND "         \
    "a.disabled = 0 JOIN account_role r ON r.account_id = a.id AND r.role = 'coordinator' WHERE "  \
    "p.organisation_id = e.organisation_id AND p.active = 1)"
/* $1 whose, $2 before_ms */
#define PAGE " AND created_ms < $2 ORDER BY created_ms DESC, id DESC LIMIT 165"
/* The same where few of many are open: the plus keeps SQLite from walking through all of them by
 * time instead of looking the open states up. */
#define OPEN_PAGE " AND +created_ms < $2 ORDER BY +created_ms DESC, id DESC LIMIT 165"
#define TRIAGE_PAGE " AND c.created_ms < $2 ORDER BY c.created_ms DESC, c.id DESC LIMIT 165"

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

/* The worklists. $1: the account, or where `by` is BY_ORGANISATION the institution; $2: before_ms.
 * A coordinator who is nobody else gets the institution's form of a list that has one. */
enum by { BY_ACCOUNT, BY_ORGANISATION };
struct worklist {
    const char *name;
    unsigned roles; /* for whom it is; 0: whoever may read consultations */
    unsigned needs; /* relation that the one who asks must have to each; 0: any */
    enum by by;
    const char *sql;
    const char *sql_coordinator; /* by institution; NULL: the same as for everybody */
};
#define SELECT "SELECT id, created_ms FROM consultation WHERE "
static const struct worklist worklists[] = {
    {"mine", 0, 0, BY_ACCOUNT, SELECT "requester_id = $1 AND state IN " OPEN OPEN_PAGE,
     SELECT "requester_organisation_id = $1 AND state IN " OPEN_AND_SENT OPEN_PAGE},
    {"queue", 0, 0, BY_ACCOUNT, NULL, NULL}, /* in another order: read_queue() */
    {"assigned", 0, 0, BY_ACCOUNT, SELECT "consultant_id = $1 AND state IN " OPEN OPEN_PAGE,
     SELECT "consultant_organisation_id = $1 AND state IN " OPEN_AND_SENT OPEN_PAGE},
    {"invited", 0, 0, BY_ACCOUNT,
     "SELECT c.id, c.created_ms FROM participation g JOIN consultation c ON c.id = "
     "g.consultation_id AND c.state IN ('accepted', 'scheduled', 'ready', 'in-session', "
     "'interrupted') WHERE g.account_id = $1 AND g.role = 'guest' AND g.uninvited_ms = 0" PAGE,
     NULL},
    {"observing", 0, CONSULT_ACTOR_OBSERVER, BY_ACCOUNT,
     "SELECT c.id, c.created_ms FROM participation g JOIN consultation c ON c.id = "
     "g.consultation_id AND c.state IN ('accepted', 'scheduled', 'ready', 'in-session', "
     "'interrupted') WHERE g.account_id = $1 AND g.role = 'observer' AND g.uninvited_ms = 0" PAGE,
     NULL},
    {"member", ROLE_SPECIALIST, CONSULT_ACTOR_MEMBER, BY_ACCOUNT,
     "SELECT c.id, c.created_ms FROM consultation_member m JOIN consultation c ON c.id = "
     "m.consultation_id AND c.state IN ('accepted', 'scheduled', 'ready', 'in-session', "
     "'interrupted', 'awaiting-opinion') WHERE m.account_id = $1 AND m.state = 'asked'" PAGE,
     NULL},
    {"verify", ROLE_SPECIALIST, CONSULT_ACTOR_VERIFIER, BY_ACCOUNT,
     SELECT "consultant_organisation_id = (SELECT p.organisation_id FROM account a JOIN "
            "practitioner p ON p.id = a.practitioner_id WHERE a.id = $1) AND state = "
            "'opinion-draft' AND consultant_id <> $1 AND specialty IN (SELECT s.specialty FROM "
            "account a JOIN practitioner_specialty s ON s.practitioner_id = a.practitioner_id "
            "WHERE a.id = $1)" PAGE,
     NULL},
    {"approval", ROLE_APPROVER, CONSULT_ACTOR_APPROVER, BY_ORGANISATION,
     SELECT "requester_organisation_id = $1 AND state = 'pending-approval'" PAGE, NULL},
    {"triage", ROLE_COORDINATOR, CONSULT_ACTOR_COORDINATOR, BY_ORGANISATION,
     "SELECT c.id, c.created_ms FROM consultation c WHERE c.state IN ('submitted', 'triaged') AND "
     "c.id IN (SELECT a.id FROM consultation a WHERE a.state IN ('submitted', 'triaged') AND "
     "a.requester_organisation_id = $1 UNION SELECT b.id FROM partnership_member p JOIN "
     "consultation b "
     "ON b.partnership_id = p.partnership_id AND b.state IN ('submitted', 'triaged') WHERE "
     "p.organisation_id = $1 AND p.role IN ('lead', 'hub'))" TRIAGE_PAGE,
     NULL},
    {"unanswered", ROLE_COORDINATOR, CONSULT_ACTOR_COORDINATOR, BY_ORGANISATION,
     "SELECT c.id, c.created_ms FROM consultation_ring r JOIN consultation c ON c.id = "
     "r.consultation_id AND c.state = 'offered' WHERE r.stage IN ('coordinator', 'alarm') AND "
     "(c.requester_organisation_id = $1 OR EXISTS (SELECT 1 FROM partnership_member p WHERE "
     "p.partnership_id = c.partnership_id AND p.organisation_id = $1 AND p.role IN ('lead', "
     "'hub')))" TRIAGE_PAGE,
     NULL},
    {"unattended", ROLE_COORDINATOR, CONSULT_ACTOR_COORDINATOR, BY_ORGANISATION,
     "SELECT c.id, c.created_ms FROM consultation c WHERE c.id IN (SELECT x.id FROM consultation x "
     "WHERE x.consultant_organisation_id = $1 AND x.state IN " CONSULTANTS " AND NOT " CAN_ACT(
         "specialist",
         "x.consultant_id") " UNION SELECT x.id FROM consultation x "
                            "WHERE x.requester_organisation_id = $1 AND x.state IN " REQUESTERS
                            " AND NOT " CAN_ACT(
                                "clinician",
                                "x.requester_id") " UNION SELECT x.id FROM account d JOIN "
                                                  "practitioner e ON e.id = d.practitioner_id AND "
                                                  "(d.disabled = 1 OR e.active = 0) JOIN "
                                                  "consultation x ON x.requester_id = d.id AND "
                                                  "x.state IN " REQUESTERS
                                                  " AND x.consultant_organisation_id = $1 WHERE "
                                                  "NOT " COORDINATED
                                                  " UNION SELECT x.id FROM account d JOIN "
                                                  "practitioner e ON e.id = d.practitioner_id AND "
                                                  "(d.disabled = 1 OR e.active = 0) JOIN "
                                                  "consultation x ON x.consultant_id = d.id AND "
                                                  "x.state "
                                                  "IN " CONSULTANTS
                                                  " AND x.requester_organisation_id = $1 WHERE "
                                                  "NOT " COORDINATED ")" TRIAGE_PAGE,
     NULL},
    {"review", ROLE_REVIEWER, CONSULT_ACTOR_REVIEWER, BY_ORGANISATION,
     "SELECT c.id, c.created_ms FROM consultation c WHERE c.review = 'due' AND c.state NOT "
     "IN ('awaiting-opinion', 'opinion-draft', 'signed', 'acknowledged', 'referral-open', "
     "'follow-up', 'entered-in-error') AND (c.requester_organisation_id = $1 OR "
     "c.consultant_organisation_id = $1)" TRIAGE_PAGE,
     NULL},
    {"history", 0, 0, BY_ACCOUNT,
     "SELECT id, created_ms FROM (SELECT * FROM (" SELECT
     "requester_id = $1 AND state IN " OVER PAGE ") UNION SELECT * FROM (" SELECT
     "consultant_id = $1 AND state IN " OVER PAGE ")) ORDER BY created_ms DESC, "
     "id DESC LIMIT 165",
     "SELECT id, created_ms FROM (SELECT * FROM (" SELECT
     "requester_organisation_id = $1 AND state IN " OVER PAGE ") UNION SELECT * FROM (" SELECT
     "consultant_organisation_id = $1 AND state IN " OVER PAGE ")) ORDER BY created_ms DESC, "
     "id DESC LIMIT 165"},
};
#define WORKLISTS (sizeof worklists / sizeof worklists[0])

static enum status read_list(struct api_call *call, const struct worklist *list, bool coordinator,
                             int64_t before_ms, int64_t limit, struct page *page)
{
    struct db_query q;
    bool institution =
        list->by == BY_ORGANISATION || (coordinator && list->sql_coordinator != NULL);
    db_begin_query(&q, call->db,
                   coordinator && list->sql_coordinator != NULL ? list->sql_coordinator
                                                                : list->sql);
    db_bind_text(&q, institution ? call->actor->organisation_id : call->actor->account_id);
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
                       "SELECT c.id, c.created_ms FROM consultation_offer o JOIN consultation c ON "
                       "c.id = o.consultation_id AND c.state = 'offered' LEFT JOIN duty d ON "
                       "d.account_id = o.account_id WHERE o.account_id = $1 AND o.state = 'open' "
                       "AND (d.on_duty = 1 OR o.on_call = 1)" QUEUE_ORDER);
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

static bool add_summary(struct api_call *call, const char *id, unsigned needs, json_t *list)
{
    struct consult_row row;
    unsigned relation = 0;
    enum status status = consult_row_load(call->db, id, &row);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    status = consult_relation(call, &row, &relation);
    if (status == STATUS_OK && (relation == 0 || (needs != 0 && (relation & needs) == 0))) {
        consult_row_clear(&row);
        return true; /* of the institution, but not for this person, as one's own draft to verify */
    }
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

static bool which_list(struct api_call *call, const struct worklist **out_list)
{
    const char *name = api_query(call, "list");
    for (size_t i = 0; i < WORKLISTS && name != NULL; i++) {
        if (strcmp(name, worklists[i].name) == 0) {
            *out_list = &worklists[i];
            return worklists[i].roles == 0 || (call->actor->roles & worklists[i].roles) != 0 ||
                   api_problem(call, 403, "session.role", "您的角色没有这个工作列表。",
                               "Your roles have no such worklist.", "/list");
        }
    }
    return api_problem(
        call, 422, "field.invalid",
        "list 应为 mine、queue、assigned、invited、observing、member、verify、approval、triage、"
        "unanswered、unattended、review 或 history。",
        "list must be mine, queue, assigned, invited, observing, member, verify, approval, "
        "triage, unanswered, unattended, review or history.",
        "/list");
}

void consult_list(struct api_call *call)
{
    int64_t limit = LIMIT_DEFAULT, before_ms = INT64_MAX;
    const struct worklist *which = NULL;
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
    json_t *list = json_array();
    bool good;
    do { /* what is not for this person leaves no hole: the page is filled from what follows */
        int64_t wanted = limit - (int64_t)json_array_size(list);
        enum status status = which->sql == NULL
                                 ? read_queue(call, coordinator, wanted, page)
                                 : read_list(call, which, coordinator, before_ms, wanted, page);
        good = status == STATUS_OK || api_store_failed(call, status);
        for (size_t i = 0; good && i < page->count; i++) {
            good = add_summary(call, page->ids[i], which->needs, list);
        }
        before_ms = page->count == 0 ? 0 : page->created_ms[page->count - 1];
    } while (good && which->sql != NULL && page->more && (int64_t)json_array_size(list) < limit);
    if (good) {
        call->reply = json_pack("{s:o, s:b}", "consultations", list, "more", page->more);
    } else {
        json_decref(list);
    }
    free(page);
}
