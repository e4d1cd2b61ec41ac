#include "gateway/partnership/partnership_view.h"

#include "gateway/partnership/clauses.h"
#include "gateway/partnership/rules_load.h"

#include <string.h>

json_t *partnership_organisation_json(const struct rules_organisation *o)
{
    return json_pack("{ss, ss, ss, ss, ss}", "id", o->id, "name_zh", o->name_zh, "name_en",
                     o->name_en, "level", rules_level_word(o->level), "region", o->region);
}

json_t *partnership_name_json(const struct rules_partnership *p)
{
    return json_pack("{ss, ss, ss, ss, ss}", "id", p->id, "name_zh", p->name_zh, "name_en",
                     p->name_en, "mode", rules_mode_word(p->mode), "type",
                     rules_type_word(p->type));
}

/* ---- the short form ---- */

static json_t *members_json(const struct rules_world *world, const struct rules_partnership *p,
                            json_t **out_lead)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->member_count; i++) {
        const struct rules_member *m = &p->members[i];
        json_t *member = partnership_organisation_json(&world->organisations[m->organisation]);
        if (m->role == RULES_LEAD && *out_lead == NULL) {
            *out_lead = json_deep_copy(member);
        }
        (void)json_object_set_new(member, "role", json_string(rules_member_role_word(m->role)));
        (void)json_object_set_new(member, "since", json_string(m->since));
        (void)json_object_set_new(member, "until",
                                  m->until[0] != '\0' ? json_string(m->until) : json_null());
        (void)json_array_append_new(list, member);
    }
    return list;
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_string(texts[i]));
    }
    return list;
}

static bool dates_in_force(const char *signed_on, const char *from, const char *until,
                           const char *today)
{
    return strcmp(signed_on, today) <= 0 && strcmp(from, today) <= 0 && strcmp(today, until) <= 0;
}

/* The agreement that counts today, else the newest one, so that an expired one can be seen for what
 * it is. */
static json_t *agreement_json(const struct rules_partnership *p, const char *today)
{
    const struct rules_agreement *best = NULL;
    bool best_in_force = false;
    for (size_t i = 0; i < p->agreement_count; i++) {
        const struct rules_agreement *a = &p->agreements[i];
        bool in_force = dates_in_force(a->signed_on, a->valid_from, a->valid_until, today);
        if (best == NULL || (in_force && !best_in_force) ||
            (in_force == best_in_force && a->version > best->version)) {
            best = a;
            best_in_force = in_force;
        }
    }
    if (best == NULL) {
        return json_null();
    }
    json_t *services = json_array();
    for (int kind = 0; kind < RULES_KIND_COUNT; kind++) {
        if ((best->services & (1u << kind)) != 0) {
            (void)json_array_append_new(services,
                                        json_string(rules_kind_word((enum rules_kind)kind)));
        }
    }
    return json_pack("{ss, sI, ss, ss, so, sb}", "id", best->id, "version",
                     (json_int_t)best->version, "valid_from", best->valid_from, "valid_until",
                     best->valid_until, "services", services, "in_force", (int)best_in_force);
}

json_t *partnership_short(const struct rules_world *world, const struct rules_partnership *p,
                          const char *today)
{
    json_t *lead = NULL;
    json_t *members = members_json(world, p, &lead);
    return json_pack("{ss, ss, ss, ss, ss, ss, sb, so, so, so, so, so}", "id", p->id, "code",
                     p->code, "name_zh", p->name_zh, "name_en", p->name_en, "mode",
                     rules_mode_word(p->mode), "type", rules_type_word(p->type), "active",
                     (int)p->active, "lead", lead != NULL ? lead : json_null(), "members", members,
                     "specialties", texts_json(p->specialties, p->specialty_count), "regions",
                     texts_json(p->regions, p->region_count), "agreement",
                     agreement_json(p, today));
}

/* ---- the whole ---- */

/* A switch: what is in force, and whether the partnership says so itself. */
static void add_switch(struct db_query *q, int column, enum rules_type type, json_t *whole,
                       const char *const words[3])
{
    const char *stored = db_is_null(q, column) ? NULL : db_text(q, column);
    bool close = rules_switched(stored, words[1], type);
    (void)json_object_set_new(whole, words[0], json_string(words[close ? 1 : 2]));
    if (stored != NULL) {
        (void)json_array_append_new(json_object_get(whole, "overridden"), json_string(words[0]));
    }
}

static enum status head(struct db *db, const char *id, json_t **out_whole)
{
    static const char *const record_scope[] = {"record_scope", "continuous", "released"};
    static const char *const money[] = {"money", "pooled", "per-service"};
    static const char *const governance[] = {"governance", "lead", "each-hop"};
    struct db_query q;
    json_t *whole = NULL;
    db_begin_query(&q, db,
                   "SELECT id, version, code, name_zh, name_en, mode, type, active, record_scope, "
                   "money, governance FROM partnership WHERE id=$1");
    db_bind_text(&q, id);
    if (db_next(&q)) {
        enum rules_type type = strcmp(db_text(&q, 6), "close") == 0 ? RULES_CLOSE : RULES_LOOSE;
        whole = json_pack("{ss, sI, ss, ss, ss, ss, ss, sb, s[]}", "id", db_text(&q, 0), "version",
                          (json_int_t)db_int(&q, 1), "code", db_text(&q, 2), "name_zh",
                          db_text(&q, 3), "name_en", db_text(&q, 4), "mode", db_text(&q, 5), "type",
                          db_text(&q, 6), "active", (int)(db_int(&q, 7) != 0), "overridden");
        add_switch(&q, 8, type, whole, record_scope);
        add_switch(&q, 9, type, whole, money);
        add_switch(&q, 10, type, whole, governance);
    }
    enum status status = db_end(&q);
    *out_whole = whole;
    return status == STATUS_OK && whole == NULL ? STATUS_NONE : status;
}

/* The lead first, then by level from the top, as they are read out. */
static enum status add_members(struct db *db, const char *id, const char *today, json_t *whole)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT o.id, o.code, o.name_zh, o.name_en, o.level, o.region, m.role, m.since, "
                   "m.until, o.active FROM partnership_member m JOIN organisation o ON o.id = "
                   "m.organisation_id WHERE m.partnership_id=$1 ORDER BY CASE m.role WHEN 'lead' "
                   "THEN 0 WHEN 'hub' THEN 1 ELSE 2 END, CASE o.level WHEN 'province' THEN 0 WHEN "
                   "'city' THEN 1 WHEN 'county' THEN 2 WHEN 'township' THEN 3 ELSE 4 END, o.code");
    db_bind_text(&q, id);
    while (db_next(&q)) {
        bool ends = !db_is_null(&q, 8);
        bool current = db_int(&q, 9) != 0 && strcmp(db_text(&q, 7), today) <= 0 &&
                       (!ends || strcmp(today, db_text(&q, 8)) <= 0);
        (void)json_array_append_new(
            list,
            json_pack("{ss, ss, ss, ss, ss, ss, ss, ss, so, sb}", "id", db_text(&q, 0), "code",
                      db_text(&q, 1), "name_zh", db_text(&q, 2), "name_en", db_text(&q, 3), "level",
                      db_text(&q, 4), "region", db_text(&q, 5), "role", db_text(&q, 6), "since",
                      db_text(&q, 7), "until", ends ? json_string(db_text(&q, 8)) : json_null(),
                      "current", (int)current));
    }
    (void)json_object_set_new(whole, "members", list);
    return db_end(&q);
}

static enum status add_texts(struct db *db, const char *sql_literal, const char *id,
                             const char *name, json_t *object)
{
    json_t *list = json_array();
    struct db_query q;
    db_begin_query(&q, db, sql_literal);
    db_bind_text(&q, id);
    while (db_next(&q)) {
        (void)json_array_append_new(list, json_string(db_text(&q, 0)));
    }
    (void)json_object_set_new(object, name, list);
    return db_end(&q);
}

static json_t *agreement_whole(struct db_query *q, const char *today)
{
    json_t *clauses = clauses_stored(db_text(q, 6));
    json_t *terms = json_loads(db_text(q, 7), 0, NULL);
    return json_pack("{ss, sI, ss, ss, ss, so, so, so, sb}", "id", db_text(q, 0), "version",
                     (json_int_t)db_int(q, 1), "signed_on", db_text(q, 2), "valid_from",
                     db_text(q, 3), "valid_until", db_text(q, 4), "document_sha256",
                     db_is_null(q, 5) ? json_null() : json_string(db_text(q, 5)), "clauses",
                     clauses != NULL ? clauses : json_array(), "terms",
                     terms != NULL ? terms : json_object(), "in_force",
                     (int)dates_in_force(db_text(q, 2), db_text(q, 3), db_text(q, 4), today));
}

/* Newest first. in_force: of the one that counts today, which is the newest of those whose dates
 * include the day. */
static enum status add_agreements(struct db *db, const char *id, const char *today, json_t *whole)
{
    json_t *list = json_array();
    struct db_query q;
    size_t i = 0;
    json_t *agreement = NULL;
    db_begin_query(&q, db,
                   "SELECT id, version, signed_on, valid_from, valid_until, document_sha256, "
                   "clauses, terms FROM agreement WHERE partnership_id=$1 ORDER BY version DESC");
    db_bind_text(&q, id);
    while (db_next(&q)) {
        (void)json_array_append_new(list, agreement_whole(&q, today));
    }
    (void)json_object_set_new(whole, "agreements", list);
    enum status status = db_end(&q);
    bool found = false;
    json_array_foreach(list, i, agreement)
    {
        bool counts = !found && json_is_true(json_object_get(agreement, "in_force"));
        (void)json_object_set_new(agreement, "in_force", json_boolean(counts));
        found = found || counts;
        if (status == STATUS_OK) {
            status = add_texts(
                db, "SELECT kind FROM agreement_service WHERE agreement_id=$1 ORDER BY kind",
                json_string_value(json_object_get(agreement, "id")), "services", agreement);
        }
    }
    return status;
}

enum status partnership_whole(struct db *db, const char *id, int64_t now_ms, json_t **out_whole)
{
    char today[11];
    json_t *whole = NULL;
    rules_today(now_ms, today);
    enum status status = head(db, id, &whole);
    if (status == STATUS_OK) {
        status = add_members(db, id, today, whole);
    }
    if (status == STATUS_OK) {
        status = add_texts(db,
                           "SELECT specialty FROM partnership_specialty WHERE partnership_id=$1 "
                           "ORDER BY specialty",
                           id, "specialties", whole);
    }
    if (status == STATUS_OK) {
        status = add_texts(
            db, "SELECT region FROM partnership_region WHERE partnership_id=$1 ORDER BY region", id,
            "regions", whole);
    }
    if (status == STATUS_OK) {
        status = add_agreements(db, id, today, whole);
    }
    if (status != STATUS_OK) {
        json_decref(whole);
        return status;
    }
    *out_whole = whole;
    return STATUS_OK;
}
