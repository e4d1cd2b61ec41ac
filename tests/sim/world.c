#include "tests/sim/world.h"

#include "gateway/auth/auth.h"
#include "gateway/ctl/import.h"
#include "proto/base/check.h"
#include "tests/sim/world_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- partnerships ---- */

/* What each agreement asks for (gateway/partnership/terms.h). */
static const struct {
    const char *code, *terms;
} terms_of[] = {
    {"U1", "{\"second_reader\":[\"read\"],\"review_percent\":3}"},
    {"U2", "{\"approval\":true}"},
    {"G1", "{}"},
    {"G2", "{\"triage\":true}"},
    {"G3", "{\"approval\":true}"},
    {"G4", "{\"approval\":true,\"triage\":true,\"second_reader\":[\"read\"]}"},
    {"R1", "{\"timers\":{\"offer-deadline\":{\"routine\":43200}}}"},
    {"R2", "{\"triage\":true,\"session_minutes\":40}"},
    {"A1", "{\"approval\":true,\"triage\":true}"},
    {"A2", "{\"escalation\":false,\"second_reader\":[\"read\"]}"},
};

static json_t *terms(const char *code)
{
    size_t i = 0;
    while (strcmp(terms_of[i].code, code) != 0) {
        i++;
    }
    json_t *object = json_loads(terms_of[i].terms, 0, NULL);
    CHECK(object != NULL);
    return object;
}

static json_t *partnership(const char *code, const char *mode, const char *type)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s %s %s", code, mode, type);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[], s:[{s:i, s:s, s:s, s:s, s:[sss], s:o}]}",
                     "code", code, "name_zh", name, "name_en", name, "mode", mode, "type", type,
                     "members", "agreements", "version", 1, "signed_on", "2026-01-01", "valid_from",
                     "2026-01-01", "valid_until", "2028-12-31", "services", "live", "read", "mdt",
                     "terms", terms(code));
}

static void add_member(json_t *p, const char *organisation, const char *role)
{
    json_array_append_new(json_object_get(p, "members"),
                          json_pack("{s:s, s:s, s:s}", "organisation", organisation, "role", role,
                                    "since", "2026-01-01"));
}

static void add_members(json_t *p, char letter, int first, int count, const char *role)
{
    for (int i = 0; i < count; i++) {
        char code[24];
        (void)snprintf(code, sizeof code, "%c%03d", letter, first + i);
        add_member(p, code, role);
    }
}

/* County c (0..): its township health centres, village clinics and second hospitals. */
static void add_county(json_t *p, int c, const char *role)
{
    add_members(p, 'T', 100 * (c + 1), WORLD_TOWNSHIPS, role);
    add_members(p, 'V', 100 * (c + 1), WORLD_VILLAGES, role);
    for (int i = c; i < WORLD_SECOND; i += WORLD_COUNTIES) {
        add_members(p, 'K', 11 + i, 1, role);
    }
}

static json_t *urban(const char *code, const char *type, int lead)
{
    json_t *p = partnership(code, "urban-group", type);
    add_members(p, 'C', lead, 1, "lead");
    add_members(p, 'C', lead + 2, 1, "member");
    add_members(p, 'S', 100 * lead, WORLD_COMMUNITIES, "member");
    return p;
}

static json_t *county(const char *code, const char *type, int c)
{
    json_t *p = partnership(code, "county-community", type);
    add_members(p, 'K', c + 1, 1, "lead");
    add_county(p, c, "member");
    return p;
}

static json_t *network(const char *code, const char *type, int lead)
{
    json_t *p = partnership(code, "remote-network", type);
    int first = 2 * (lead - 1);
    add_members(p, 'C', lead, 1, "lead");
    add_members(p, 'C', lead + 4, 1, "hub");
    for (int c = first; c < first + 2; c++) {
        add_members(p, 'K', c + 1, 1, "spoke");
        add_county(p, c, "spoke");
    }
    return p;
}

static json_t *alliance(const char *code, const char *type, const char *lead, json_t *specialties)
{
    json_t *p = partnership(code, "specialty-alliance", type);
    add_member(p, lead, "lead");
    add_members(p, 'C', 1, 4, "member");
    add_members(p, 'K', 1, WORLD_COUNTIES, "member");
    json_object_set_new(p, "specialties", specialties);
    return p;
}

static json_t *partnerships(void)
{
    json_t *list = json_array();
    json_array_append_new(list, urban("U1", "close", 1));
    json_array_append_new(list, urban("U2", "loose", 2));
    json_array_append_new(list, county("G1", "close", 0));
    json_array_append_new(list, county("G2", "close", 1));
    json_array_append_new(list, county("G3", "loose", 2));
    json_array_append_new(list, county("G4", "loose", 3));
    json_array_append_new(list, network("R1", "loose", 1));
    json_array_append_new(list, network("R2", "close", 2));
    json_array_append_new(list,
                          alliance("A1", "loose", "P001",
                                   json_pack("[sss]", "neurology", "cardiology", "pathology")));
    json_array_append_new(
        list, alliance("A2", "close", "C007", json_pack("[ss]", "radiology", "ultrasound")));
    return list;
}

json_t *world_json(struct random_source *random)
{
    return json_pack("{s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o}", "format",
                     "consult-gateway-import-1", "demonstration", 1, "note",
                     "simulation; everything is invented", "specialties", world_specialties(),
                     "organisations", world_organisations(), "practitioners",
                     world_practitioners(random), "partnerships", partnerships(), "departments",
                     world_departments());
}

/* ---- into the store, and back ---- */

static void import(struct sim *sim)
{
    json_t *root = world_json(&sim->random);
    char *text = json_dumps(root, JSON_COMPACT);
    CHECK(text != NULL);
    struct import_options options = {.data_folder = sim->engine.folder, .hash_passwords = false};
    struct import_result result;
    enum status status = import_json(sim->engine.db, &options, text, strlen(text), &result);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "consult-sim: import: %s: %s\n", result.field, result.error);
        exit(2);
    }
    free(text);
    json_decref(root);
}

static void read_institutions(struct sim *sim)
{
    struct db_query q;
    int64_t count = 0;
    engine_must(db_one_int(sim->engine.db, &count, "SELECT COUNT(*) FROM organisation", ""),
                "count");
    sim->institutions = calloc((size_t)count, sizeof *sim->institutions);
    CHECK(sim->institutions != NULL);
    db_begin_query(&q, sim->engine.db, "SELECT id, code, level FROM organisation ORDER BY code");
    while (db_next(&q)) {
        struct institution *o = &sim->institutions[sim->institution_count++];
        (void)snprintf(o->id, sizeof o->id, "%s", db_text(&q, 0));
        (void)snprintf(o->code, sizeof o->code, "%s", db_text(&q, 1));
        o->level = (enum rules_level)rules_level_of(db_text(&q, 2));
    }
    engine_must(db_end(&q), "institutions");
}

static int institution_of(const struct sim *sim, const char *id)
{
    int i = 0;
    while (strcmp(sim->institutions[i].id, id) != 0) {
        i++;
        CHECK(i < sim->institution_count);
    }
    return i;
}

static int specialty_of(const char *code)
{
    int i = 0;
    while (strcmp(sim_specialties[i], code) != 0) {
        i++;
        CHECK(i < SPECIALTIES);
    }
    return i;
}

/* One row for each role and specialty of a person. */
static void read_person(struct sim *sim, struct db_query *q)
{
    const char *login = db_text(q, 1);
    struct person *p = sim->person_count == 0 ? NULL : &sim->people[sim->person_count - 1];
    if (p == NULL || strcmp(p->login, login) != 0) {
        p = &sim->people[sim->person_count++];
        (void)snprintf(p->login, sizeof p->login, "%s", login);
        (void)snprintf(p->actor.account_id, 33, "%s", db_text(q, 0));
        (void)snprintf(p->actor.practitioner_id, 33, "%s", db_text(q, 2));
        (void)snprintf(p->actor.organisation_id, 33, "%s", db_text(q, 3));
        (void)snprintf(p->actor.language, sizeof p->actor.language, "zh-CN");
        p->institution = institution_of(sim, p->actor.organisation_id);
        p->senior =
            strcmp(db_text(q, 4), "chief") == 0 || strcmp(db_text(q, 4), "associate-chief") == 0;
    }
    p->actor.roles |= auth_role_of(db_text(q, 5));
    if (!db_is_null(q, 6)) {
        p->specialties |= 1u << specialty_of(db_text(q, 6));
    }
}

static void read_people(struct sim *sim)
{
    struct db_query q;
    int64_t count = 0;
    engine_must(db_one_int(sim->engine.db, &count, "SELECT COUNT(*) FROM account", ""), "count");
    sim->people = calloc((size_t)count, sizeof *sim->people);
    CHECK(sim->people != NULL);
    db_begin_query(&q, sim->engine.db,
                   "SELECT a.id, a.login, p.id, p.organisation_id, p.title, r.role, s.specialty "
                   "FROM account a JOIN practitioner p ON p.id = a.practitioner_id JOIN "
                   "account_role r ON r.account_id = a.id LEFT JOIN practitioner_specialty s ON "
                   "s.practitioner_id = p.id ORDER BY a.login, r.role, s.specialty");
    while (db_next(&q)) {
        read_person(sim, &q);
    }
    engine_must(db_end(&q), "people");
}

static int *empty_slots(size_t count)
{
    int *slots = malloc(count * sizeof *slots);
    CHECK(slots != NULL);
    for (size_t i = 0; i < count; i++) {
        slots[i] = -1;
    }
    return slots;
}

void world_make(struct sim *sim)
{
    import(sim);
    read_institutions(sim);
    read_people(sim);
    sim->account_slot_count = (size_t)sim->person_count * 3 + 7;
    sim->account_slots = empty_slots(sim->account_slot_count);
    for (int i = 0; i < sim->person_count; i++) {
        char head[17];
        (void)snprintf(head, sizeof head, "%.16s", sim->people[i].actor.account_id);
        size_t at = (size_t)(strtoull(head, NULL, 16) % sim->account_slot_count);
        while (sim->account_slots[at] >= 0) {
            at = (at + 1) % sim->account_slot_count;
        }
        sim->account_slots[at] = i;
    }
    sim->slot_count = (size_t)sim->options.cases * 3 + 7;
    sim->kase_slots = empty_slots(sim->slot_count);
}

void world_clear(struct sim *sim)
{
    free(sim->institutions);
    free(sim->people);
    free(sim->kases);
    free(sim->passages);
    free(sim->kase_slots);
    free(sim->account_slots);
}
