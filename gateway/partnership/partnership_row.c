#include "gateway/partnership/partnership_row.h"

#include "gateway/partnership/partnership_view.h"
#include "gateway/records/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum status load(struct db *db, const char *id, struct partnership_row *out_row)
{
    struct db_query q;
    memset(out_row, 0, sizeof *out_row);
    db_begin_query(&q, db,
                   "SELECT id, lead_organisation_id, mode, version FROM partnership WHERE id=$1");
    db_bind_text(&q, id);
    bool there = db_next(&q);
    if (there) {
        int mode = rules_mode_of(db_text(&q, 2));
        (void)snprintf(out_row->id, sizeof out_row->id, "%s", db_text(&q, 0));
        (void)snprintf(out_row->lead_id, sizeof out_row->lead_id, "%s", db_text(&q, 1));
        out_row->mode = mode >= 0 ? (enum rules_mode)mode : RULES_MODE_COUNT;
        out_row->version = db_int(&q, 3);
    }
    enum status status = db_end(&q);
    return status == STATUS_OK && !there ? STATUS_NONE : status;
}

static bool unknown(struct api_call *call)
{
    return api_problem(call, 404, "partnership.unknown", "没有这个医联体。",
                       "There is no such partnership.", NULL);
}

/* Members know that it exists: they read it in their list. */
static bool refuse_other(struct api_call *call, const struct partnership_row *row)
{
    int64_t one = 0;
    enum status status = db_one_int(
        call->db, &one,
        "SELECT 1 FROM partnership_member WHERE partnership_id=$1 AND organisation_id=$2", "ss",
        row->id, call->actor->organisation_id);
    if (status == STATUS_NONE) {
        return unknown(call);
    }
    return status == STATUS_OK
               ? api_problem(call, 403, "partnership.not-lead", "只有牵头单位可以管理医联体。",
                             "A partnership is managed by its lead institution only.", NULL)
               : api_store_failed(call, status);
}

bool partnership_open(struct api_call *call, struct partnership_row *out_row)
{
    const struct api_actor *actor = call->actor;
    if (!api_id(call->params[0])) {
        return unknown(call);
    }
    enum status status = load(call->db, call->params[0], out_row);
    if (status != STATUS_OK) {
        return status == STATUS_NONE ? unknown(call) : api_store_failed(call, status);
    }
    bool leads =
        (actor->roles & ROLE_MANAGER) != 0 && strcmp(actor->organisation_id, out_row->lead_id) == 0;
    return leads || (actor->roles & ROLE_ADMIN) != 0 || refuse_other(call, out_row);
}

bool partnership_if_match(struct api_call *call, const struct partnership_row *row)
{
    char present[32];
    (void)snprintf(present, sizeof present, "\"%" PRId64 "\"", row->version);
    if (call->if_match == NULL) {
        return api_problem(call, 428, "request.precondition-required", "请求必须注明版本。",
                           "The request must name the version it is made from: If-Match.",
                           "If-Match");
    }
    if (strcmp(call->if_match, present) == 0 || strcmp(call->if_match, "*") == 0) {
        return true;
    }
    (void)api_problem(call, 412, "partnership.stale", "医联体已被他人更改，请重新载入后再改。",
                      "Somebody else has changed the partnership: read it anew.", NULL);
    if (call->reply != NULL) {
        (void)json_object_set_new(call->reply, "version", json_integer(row->version));
    }
    return false;
}

bool partnership_body(struct api_call *call, const char *const *names)
{
    const char *name;
    json_t *value;
    if (!json_is_object(call->body)) {
        return api_problem(call, 422, "body.invalid", "请求体应为 JSON 对象。",
                           "The body must be a JSON object.", NULL);
    }
    json_object_foreach(call->body, name, value)
    {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            char field[72];
            (void)snprintf(field, sizeof field, "/%.64s", name);
            return api_problem(call, 422, "field.invalid", "没有这一项。",
                               "There is no such member.", field);
        }
    }
    return true;
}

const char *partnership_body_date(struct api_call *call, const char *name, bool required, bool *ok)
{
    const char *date = api_body_text(call, name, required, 10, ok);
    if (*ok && date != NULL && !rules_date_valid(date)) {
        char field[40];
        (void)snprintf(field, sizeof field, "/%.32s", name);
        *ok = api_problem(call, 422, "field.invalid", "日期应写作 YYYY-MM-DD。",
                          "A date is written YYYY-MM-DD.", field);
        return NULL;
    }
    return date;
}

bool partnership_answer(struct api_call *call, const char *id)
{
    json_t *whole = NULL;
    enum status status = partnership_whole(call->db, id, call->now_ms, &whole);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    (void)snprintf(call->etag, sizeof call->etag, "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(whole, "version")));
    call->reply = whole;
    return true;
}

bool partnership_changed(struct api_call *call, struct partnership_row *row, const char *action,
                         json_t *detail)
{
    struct audit_entry entry = {.at_ms = call->now_ms,
                                .actor_id = call->actor->account_id,
                                .action = action,
                                .detail = detail};
    (void)json_object_set_new(detail, "partnership", json_string(row->id));
    (void)json_object_set_new(detail, "version", json_integer(row->version + 1));
    enum status status =
        db_run(call->db, "UPDATE partnership SET version=$1 WHERE id=$2 AND version=$3", "isi",
               row->version + 1, row->id, row->version);
    if (status == STATUS_OK && db_changes(call->db) != 1) {
        status = STATUS_CONFLICT; /* writers come one after another: cannot be */
    }
    if (status == STATUS_OK) {
        status = audit_append(call->db, &entry);
    }
    json_decref(detail);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    row->version++;
    return partnership_answer(call, row->id);
}
