#include "gateway/records/opinion_draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status opinion_draft_find(struct db *db, const char *consultation_id,
                               struct opinion_draft *out_draft)
{
    struct opinion_draft draft = {.body = NULL};
    struct db_query q;
    bool found = false;
    db_begin_query(
        &q, db,
        "SELECT version, body, amend_reason, author_id FROM opinion WHERE consultation_id = $1 AND "
        "status = 'draft' ORDER BY version DESC LIMIT 1");
    db_bind_text(&q, consultation_id);
    if (db_next(&q)) {
        found = true;
        draft.version = db_int(&q, 0);
        (void)snprintf(draft.author_id, sizeof draft.author_id, "%s", db_text(&q, 3));
        draft.body = json_loads(db_text(&q, 1), 0, NULL);
        draft.amend_reason = db_is_null(&q, 2) ? NULL : strdup(db_text(&q, 2));
    }
    enum status status = db_end(&q);
    if (status == STATUS_OK && found && draft.body == NULL) {
        status = STATUS_IO;
    }
    if (status != STATUS_OK || !found) {
        opinion_draft_clear(&draft);
        return status == STATUS_OK ? STATUS_NONE : status;
    }
    *out_draft = draft;
    return STATUS_OK;
}

void opinion_draft_clear(struct opinion_draft *draft)
{
    json_decref(draft->body);
    free(draft->amend_reason);
    *draft = (struct opinion_draft){.body = NULL};
}

enum status opinion_draft_save(struct api_call *call, const char *consultation_id)
{
    char id[33];
    char *text = json_dumps(json_object_get(call->body, "body"), JSON_COMPACT);
    if (text == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = db_run(
        call->db,
        "UPDATE opinion SET body = $1, saved_ms = $2 WHERE consultation_id = $3 AND status = "
        "'draft' AND author_id = $4 AND version = (SELECT MAX(version) FROM opinion WHERE "
        "consultation_id = $5)",
        "sisss", text, call->now_ms, consultation_id, call->actor->account_id, consultation_id);
    if (status == STATUS_OK && db_changes(call->db) == 0) {
        api_new_id(id);
        status = db_run(call->db,
                        "INSERT INTO opinion (id, consultation_id, version, status, body, "
                        "author_id, saved_ms, amend_reason) VALUES ($1, $2, (SELECT "
                        "COALESCE(MAX(version), 0) + 1 FROM opinion WHERE consultation_id = $3), "
                        "'draft', $4, $5, $6, (SELECT amend_reason FROM opinion WHERE "
                        "consultation_id = $7 AND status = 'draft' ORDER BY version DESC LIMIT 1))",
                        "sssssis", id, consultation_id, consultation_id, text,
                        call->actor->account_id, call->now_ms, consultation_id);
    }
    free(text);
    return status;
}
