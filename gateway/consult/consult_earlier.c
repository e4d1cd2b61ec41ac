#include "gateway/consult/consult_earlier.h"

#include "gateway/access.h"
#include "gateway/consult/consult_continuity.h"
#include "gateway/consult/consult_load.h"
#include "gateway/consult/consult_parts.h"
#include "gateway/directory/directory.h"
#include "gateway/partnership/partnership_view.h"
#include "gateway/partnership/rules_load.h"
#include "gateway/records/audit_read.h"

#include <stdio.h>
#include <string.h>

#define LOOKED_AT_MAX 200 /* consultations of one patient, the newest ones */

struct ids {
    char ids[LOOKED_AT_MAX][33];
    size_t count;
};

struct search {
    struct api_call *call;
    const struct consult_row *present;
    struct rules_world *world; /* owned */
    json_t *found;             /* owned until it is in the reply */
    bool more;
};

/* Signed ones with that number; of which patient they are and whether they open is asked of each.
 */
static enum status with_number(struct db *db, const struct consult_row *present, struct ids *out)
{
    struct db_query q;
    out->count = 0;
    db_begin_query(&q, db,
                   "SELECT id FROM consultation WHERE patient_number = $1 AND "
                   "signed_ms IS NOT NULL AND id <> $2 ORDER BY signed_ms DESC, id LIMIT 200");
    db_bind_text(&q, json_string_value(json_object_get(present->patient, "id_number")));
    db_bind_text(&q, present->id);
    while (db_next(&q)) {
        (void)snprintf(out->ids[out->count++], 33, "%s", db_text(&q, 0));
    }
    return db_end(&q);
}

/* The newest signed version, and its diagnosis. */
static enum status add_opinion(struct db *db, const struct consult_row *row, json_t *object)
{
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT version, body, signed_ms FROM opinion WHERE consultation_id = $1 AND "
                   "status = 'signed' ORDER BY version DESC LIMIT 1");
    db_bind_text(&q, row->id);
    if (db_next(&q)) {
        json_t *body = json_loads(db_text(&q, 1), 0, NULL);
        json_t *diagnosis = json_object_get(body, "diagnosis");
        (void)json_object_set_new(object, "opinion_version", json_integer(db_int(&q, 0)));
        (void)json_object_set_new(object, "signed_ms", json_integer(db_int(&q, 2)));
        (void)json_object_set_new(object, "diagnosis",
                                  diagnosis != NULL ? json_incref(diagnosis) : json_null());
        json_decref(body);
    }
    return db_end(&q);
}

static json_t *text_or_null(const json_t *object, const char *name)
{
    json_t *text = json_object_get(object, name);
    return text != NULL ? json_incref(text) : json_null();
}

static enum status show(struct search *s, const struct consult_row *row,
                        const struct consult_earlier *earlier, unsigned relation)
{
    struct db *db = s->call->db;
    json_t *files = NULL;
    bool own = access_relates(ACCESS_ID_consultation_get, relation);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o?, s:o?, s:o, s:b, s:s}", "id", row->id, "number",
                  row->number, "state", consult_state_name(row->state), "kind", row->kind,
                  "specialty", row->specialty, "requester",
                  directory_organisation_json(db, row->requester_organisation_id), "consultant",
                  directory_organisation_json(db, row->consultant_organisation_id), "question",
                  text_or_null(row->request, "question"), "whole", (int)own, "by",
                  earlier->opening == CONSULT_OPEN_INSTITUTION ? "institution" : "continuous");
    enum status status = object == NULL ? STATUS_NO_MEMORY : add_opinion(db, row, object);
    if (status == STATUS_OK && earlier->files) {
        status = consult_part_attachments(db, row->id, &files);
    }
    (void)json_object_set_new(object, "files_shared", json_boolean(earlier->files));
    (void)json_object_set_new(object, "attachments", files != NULL ? files : json_array());
    (void)json_array_append_new(s->found, object);
    return status;
}

/* Answered when false. */
static bool consider(struct search *s, const struct consult_row *row)
{
    struct consult_earlier earlier;
    unsigned relation = 0;
    enum status status = consult_continuity_opens(s->call, s->world, s->present, row, &earlier);
    if (status == STATUS_OK && earlier.opening != CONSULT_CLOSED_TO) {
        if (json_array_size(s->found) == CONSULT_EARLIER_MAX) {
            s->more = true;
            return true;
        }
        status = consult_relation(s->call, row, &relation);
        status = status == STATUS_OK ? show(s, row, &earlier, relation) : status;
        return status == STATUS_OK ? audit_reading(s->call, row->id, "earlier.read", "present",
                                                   s->present->id, NULL)
                                   : api_store_failed(s->call, status);
    }
    return status == STATUS_OK || api_store_failed(s->call, status);
}

static bool find(struct search *s)
{
    struct ids ids;
    struct consult_row row;
    bool done = true;
    if (json_object_get(s->present->patient, "id_number") == NULL) {
        return true;
    }
    enum status status = with_number(s->call->db, s->present, &ids);
    for (size_t i = 0; status == STATUS_OK && done && i < ids.count; i++) {
        status = consult_row_load(s->call->db, ids.ids[i], &row);
        if (status == STATUS_OK) {
            done = consider(s, &row);
            consult_row_clear(&row);
        }
    }
    return done && (status == STATUS_OK || api_store_failed(s->call, status));
}

/* What the partnership of the present consultation says about seeing each other's record, today. */
static json_t *basis(struct search *s)
{
    char today[11];
    struct rules_answer answer;
    struct rules_sentence sentence;
    struct rules_world one = *s->world;
    rules_today(s->call->now_ms, today);
    one.partnership_count = 0;
    for (size_t i = 0; i < s->world->partnership_count; i++) {
        if (strcmp(s->world->partnerships[i].id, s->present->partnership_id) == 0) {
            one.partnerships = &s->world->partnerships[i];
            one.partnership_count = 1;
        }
    }
    bool shown = rules_ask(&one,
                           &(struct rules_question){.requester = s->call->actor->organisation_id,
                                                    .act = RULES_SEE,
                                                    .date = today},
                           &answer);
    rules_say_answer(&answer, &sentence);
    return json_pack(
        "{s:b, s:s, s:s, s:s, s:o}", "continuous", (int)shown, "code", rules_code(answer.refusal),
        "zh", sentence.zh, "en", sentence.en, "partnership",
        one.partnership_count == 1 ? partnership_name_json(one.partnerships) : json_null());
}

static void answer_list(struct api_call *call, const struct consult_row *row)
{
    struct search s = {.call = call, .present = row, .found = json_array()};
    enum status status = rules_load(call->db, call->actor->organisation_id, &s.world);
    if (status != STATUS_OK) {
        (void)api_store_failed(call, status);
    } else if (find(&s)) {
        call->reply = json_pack(
            "{s:O, s:b, s:b, s:o}", "earlier", s.found, "more", (int)s.more, "identified",
            (int)(json_object_get(row->patient, "id_number") != NULL), "basis", basis(&s));
    }
    json_decref(s.found);
    rules_world_free(s.world);
}

void consult_earlier(struct api_call *call)
{
    struct consult_row row;
    unsigned relation;
    if (!consult_load_for(call, call->params[0], ACCESS_ID_consultation_earlier, &row, &relation)) {
        return;
    }
    bool over = consult_state_phase(row.state) == CONSULT_PHASE_OVER;
    enum consult_refusal refusal = over ? CONSULT_OVER : CONSULT_NOT_YET;
    if (consult_is_present(&row)) {
        answer_list(call, &row);
    } else {
        (void)api_problem(call, 409, consult_refusal_code(refusal), consult_refusal_zh(refusal),
                          consult_refusal_en(refusal), NULL);
    }
    consult_row_clear(&row);
}
