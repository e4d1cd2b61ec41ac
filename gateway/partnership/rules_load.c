#include "gateway/partnership/rules_load.h"

#include "gateway/partnership/clauses.h"
#include "proto/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CST_HOURS 8 /* China Standard Time, all year */

/* Members of every partnership of $1, and itself: a set that is made once and looked up by key. */
#define IN_REACH                                                                                   \
    " IN (SELECT $1 UNION SELECT m2.organisation_id FROM partnership_member m1"                    \
    " JOIN partnership_member m2 ON m2.partnership_id = m1.partnership_id WHERE "                  \
    "m1.organisation_id = $1)"

struct block {
    struct block *next;
    max_align_t data[];
};

/* The world with the memory it points into; the world comes first, so that its address is the
 * owner's. */
struct owner {
    struct rules_world world;
    struct rules_organisation *organisations; /* world.organisations, while it is being filled */
    struct block *blocks;
    bool failed; /* out of memory */
};

struct list {
    void *data;
    size_t count, room, size;
};

static void *take(struct owner *owner, size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL) {
        owner->failed = true;
        return NULL;
    }
    block->next = owner->blocks;
    owner->blocks = block;
    return block->data;
}

static const char *copy(struct owner *owner, const char *text)
{
    size_t len = strlen(text) + 1;
    char *to = take(owner, len);
    return to != NULL ? memcpy(to, text, len) : "";
}

/* Room for one more; NULL when out of memory. */
static void *add(struct owner *owner, struct list *list)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : list->room * 2;
        void *data = realloc(list->data, room * list->size);
        if (data == NULL) {
            owner->failed = true;
            return NULL;
        }
        list->data = data;
        list->room = room;
    }
    void *item = (char *)list->data + list->count++ * list->size;
    memset(item, 0, list->size);
    return item;
}

/* Moves what was gathered into the owner's memory and empties the list. */
static void *settle(struct owner *owner, struct list *list)
{
    void *to = list->count > 0 ? take(owner, list->count * list->size) : NULL;
    if (to != NULL) {
        memcpy(to, list->data, list->count * list->size);
    }
    free(list->data);
    list->data = NULL;
    list->room = 0;
    return to;
}

void rules_world_free(struct rules_world *world)
{
    if (world == NULL) {
        return;
    }
    struct owner *owner = (struct owner *)(void *)world;
    while (owner->blocks != NULL) {
        struct block *next = owner->blocks->next;
        free(owner->blocks);
        owner->blocks = next;
    }
    free(owner);
}

#define ORGANISATIONS "SELECT id, code, name_zh, name_en, level, region, active FROM organisation"

static enum status load_organisations(struct db *db, struct owner *owner, const char *id)
{
    struct list list = {.size = sizeof(struct rules_organisation)};
    struct db_query q;
    if (id != NULL) {
        db_begin_query(&q, db, ORGANISATIONS " WHERE id" IN_REACH " ORDER BY id");
        db_bind_text(&q, id);
    } else {
        db_begin_query(&q, db, ORGANISATIONS " ORDER BY id");
    }
    while (db_next(&q)) {
        struct rules_organisation *o = add(owner, &list);
        int level = rules_level_of(db_text(&q, 4));
        if (o == NULL) {
            break;
        }
        CHECK(level >= 0); /* the table's own constraint */
        *o = (struct rules_organisation){.id = copy(owner, db_text(&q, 0)),
                                         .code = copy(owner, db_text(&q, 1)),
                                         .name_zh = copy(owner, db_text(&q, 2)),
                                         .name_en = copy(owner, db_text(&q, 3)),
                                         .level = (enum rules_level)level,
                                         .region = copy(owner, db_text(&q, 5)),
                                         .active = db_int(&q, 6) != 0};
    }
    enum status status = db_end(&q);
    owner->world.organisation_count = list.count;
    owner->organisations = settle(owner, &list);
    owner->world.organisations = owner->organisations;
    return status;
}

static size_t index_of(const struct owner *owner, const char *id)
{
    size_t low = 0;
    size_t high = owner->world.organisation_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(owner->world.organisations[middle].id, id);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SIZE_MAX;
}

/* Rows come by organisation; what belongs to one of them is settled when the next begins. */
static void settle_offers(struct owner *owner, struct list *list, size_t organisation)
{
    if (organisation != SIZE_MAX && list->count > 0) {
        owner->organisations[organisation].offer_count = list->count;
        owner->organisations[organisation].offers = settle(owner, list);
    }
    free(list->data);
    *list = (struct list){.size = sizeof(struct rules_offer)};
}

#define OFFERS                                                                                     \
    "SELECT p.organisation_id, s.specialty, MIN(p.licensed_since) FROM practitioner p"             \
    " JOIN practitioner_specialty s ON s.practitioner_id = p.id"                                   \
    " JOIN account a ON a.practitioner_id = p.id AND a.disabled = 0"                               \
    " JOIN account_role r ON r.account_id = a.id AND r.role = 'specialist'"                        \
    " WHERE p.active = 1 AND p.licensed_since IS NOT NULL"
#define OFFERS_REACH " AND p.organisation_id" IN_REACH
#define OFFERS_ORDER                                                                               \
    " GROUP BY p.organisation_id, s.specialty ORDER BY p.organisation_id, s.specialty"

static enum status load_offers(struct db *db, struct owner *owner, const char *id,
                               const char *specialty)
{
    struct list list = {.size = sizeof(struct rules_offer)};
    size_t current = SIZE_MAX;
    struct db_query q;
    if (id == NULL) {
        db_begin_query(&q, db, OFFERS OFFERS_ORDER);
    } else if (specialty == NULL) {
        db_begin_query(&q, db, OFFERS OFFERS_REACH OFFERS_ORDER);
        db_bind_text(&q, id);
    } else {
        db_begin_query(&q, db, OFFERS OFFERS_REACH " AND s.specialty = $2" OFFERS_ORDER);
        db_bind_text(&q, id);
        db_bind_text(&q, specialty);
    }
    while (db_next(&q) && !owner->failed) {
        size_t organisation = index_of(owner, db_text(&q, 0));
        if (organisation != current) {
            settle_offers(owner, &list, current);
            current = organisation;
        }
        struct rules_offer *offer = add(owner, &list);
        if (offer != NULL) {
            offer->specialty = copy(owner, db_text(&q, 1));
            offer->licensed_since = copy(owner, db_text(&q, 2));
        }
    }
    settle_offers(owner, &list, owner->failed ? SIZE_MAX : current);
    return db_end(&q);
}

static enum status load_members(struct db *db, struct owner *owner, struct rules_partnership *p)
{
    struct list list = {.size = sizeof(struct rules_member)};
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT organisation_id, role, since, until FROM partnership_member WHERE "
                   "partnership_id=$1 ORDER BY organisation_id");
    db_bind_text(&q, p->id);
    while (db_next(&q)) {
        size_t organisation = index_of(owner, db_text(&q, 0));
        int role = rules_member_role_of(db_text(&q, 1));
        struct rules_member *m = organisation != SIZE_MAX ? add(owner, &list) : NULL;
        if (m != NULL) {
            CHECK(role >= 0);
            *m = (struct rules_member){organisation, (enum rules_member_role)role,
                                       copy(owner, db_text(&q, 2)), copy(owner, db_text(&q, 3))};
        }
    }
    enum status status = db_end(&q);
    p->member_count = list.count;
    p->members = settle(owner, &list);
    return status;
}

static enum status load_texts(struct db *db, struct owner *owner, const char *sql_literal,
                              const char *id, const char *const **out_texts, size_t *out_count)
{
    struct list list = {.size = sizeof(const char *)};
    struct db_query q;
    db_begin_query(&q, db, sql_literal);
    db_bind_text(&q, id);
    while (db_next(&q)) {
        const char **text = add(owner, &list);
        if (text != NULL) {
            *text = copy(owner, db_text(&q, 0));
        }
    }
    enum status status = db_end(&q);
    *out_count = list.count;
    *out_texts = settle(owner, &list);
    return status;
}

static enum status load_services(struct db *db, const char *agreement_id, unsigned *out_services)
{
    struct db_query q;
    db_begin_query(&q, db, "SELECT kind FROM agreement_service WHERE agreement_id=$1");
    db_bind_text(&q, agreement_id);
    while (db_next(&q)) {
        int kind = rules_kind_of(db_text(&q, 0));
        *out_services |= kind >= 0 ? 1u << kind : 0;
    }
    return db_end(&q);
}

/* Only those about an act: the others decide nothing. */
static enum status load_clauses(struct owner *owner, const char *text, struct rules_agreement *a)
{
    if (strcmp(text, "[]") == 0) {
        return STATUS_OK;
    }
    struct list list = {.size = sizeof(struct rules_clause)};
    json_t *stored = clauses_stored(text);
    for (size_t i = 0; i < json_array_size(stored); i++) {
        struct rules_clause read;
        struct rules_clause *clause =
            clauses_rule(json_array_get(stored, i), &read) ? add(owner, &list) : NULL;
        if (clause != NULL) {
            *clause = read;
            clause->number = copy(owner, read.number);
            clause->member = copy(owner, read.member);
            clause->text_zh = copy(owner, read.text_zh);
            clause->text_en = copy(owner, read.text_en);
        }
    }
    a->clause_count = list.count;
    a->clauses = settle(owner, &list);
    enum status status = stored != NULL ? STATUS_OK : STATUS_MALFORMED;
    json_decref(stored);
    return status;
}

static enum status load_agreements(struct db *db, struct owner *owner, struct rules_partnership *p)
{
    struct list list = {.size = sizeof(struct rules_agreement)};
    struct db_query q;
    db_begin_query(&q, db,
                   "SELECT id, version, signed_on, valid_from, valid_until, clauses FROM agreement "
                   "WHERE "
                   "partnership_id=$1 ORDER BY version");
    db_bind_text(&q, p->id);
    enum status parts = STATUS_OK;
    while (db_next(&q) && parts == STATUS_OK) {
        struct rules_agreement *a = add(owner, &list);
        if (a == NULL) {
            break;
        }
        *a = (struct rules_agreement){.id = copy(owner, db_text(&q, 0)),
                                      .version = (long)db_int(&q, 1),
                                      .signed_on = copy(owner, db_text(&q, 2)),
                                      .valid_from = copy(owner, db_text(&q, 3)),
                                      .valid_until = copy(owner, db_text(&q, 4))};
        parts = load_clauses(owner, db_text(&q, 5), a);
        if (parts == STATUS_OK) {
            parts = load_services(db, a->id, &a->services);
        }
    }
    enum status status = db_end(&q);
    p->agreement_count = list.count;
    p->agreements = settle(owner, &list);
    return status != STATUS_OK ? status : parts;
}

static enum status load_parts(struct db *db, struct owner *owner, struct rules_partnership *p)
{
    enum status status = load_members(db, owner, p);
    if (status == STATUS_OK) {
        status = load_texts(db, owner,
                            "SELECT specialty FROM partnership_specialty WHERE partnership_id=$1 "
                            "ORDER BY specialty",
                            p->id, &p->specialties, &p->specialty_count);
    }
    if (status == STATUS_OK) {
        status = load_texts(
            db, owner,
            "SELECT region FROM partnership_region WHERE partnership_id=$1 ORDER BY region", p->id,
            &p->regions, &p->region_count);
    }
    return status == STATUS_OK ? load_agreements(db, owner, p) : status;
}

static bool switched(struct db_query *q, int column, const char *word, enum rules_type type)
{
    return rules_switched(db_is_null(q, column) ? NULL : db_text(q, column), word, type);
}

static void read_partnership(struct owner *owner, struct db_query *q, struct rules_partnership *p)
{
    int mode = rules_mode_of(db_text(q, 4));
    int type = rules_type_of(db_text(q, 5));
    CHECK(mode >= 0);
    CHECK(type >= 0);
    p->id = copy(owner, db_text(q, 0));
    p->code = copy(owner, db_text(q, 1));
    p->name_zh = copy(owner, db_text(q, 2));
    p->name_en = copy(owner, db_text(q, 3));
    p->mode = (enum rules_mode)mode;
    p->type = (enum rules_type)type;
    p->active = db_int(q, 6) != 0;
    p->continuous = switched(q, 7, "continuous", p->type);
    p->pooled = switched(q, 8, "pooled", p->type);
    p->lead_disposes = switched(q, 9, "lead", p->type);
}

#define PARTNERSHIPS                                                                               \
    "SELECT id, code, name_zh, name_en, mode, type, active, record_scope, money, governance FROM " \
    "partnership"

static enum status load_partnerships(struct db *db, struct owner *owner, const char *id)
{
    struct list list = {.size = sizeof(struct rules_partnership)};
    struct db_query q;
    if (id != NULL) {
        db_begin_query(&q, db,
                       PARTNERSHIPS " WHERE id IN (SELECT partnership_id FROM partnership_member "
                                    "WHERE organisation_id = $1) ORDER BY id");
        db_bind_text(&q, id);
    } else {
        db_begin_query(&q, db, PARTNERSHIPS " ORDER BY id");
    }
    enum status parts = STATUS_OK;
    while (db_next(&q) && parts == STATUS_OK) {
        struct rules_partnership *p = add(owner, &list);
        if (p == NULL) {
            break;
        }
        read_partnership(owner, &q, p);
        parts = load_parts(db, owner, p);
    }
    enum status status = db_end(&q);
    owner->world.partnership_count = list.count;
    owner->world.partnerships = settle(owner, &list);
    return status != STATUS_OK ? status : parts;
}

enum status rules_load_for(struct db *db, const char *organisation_id, const char *specialty,
                           struct rules_world **out_world)
{
    struct owner *owner = calloc(1, sizeof *owner);
    if (owner == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = load_organisations(db, owner, organisation_id);
    if (status == STATUS_OK) {
        status = load_offers(db, owner, organisation_id, specialty);
    }
    if (status == STATUS_OK) {
        status = load_partnerships(db, owner, organisation_id);
    }
    if (status == STATUS_OK && owner->failed) {
        status = STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        rules_world_free(&owner->world);
        return status;
    }
    *out_world = &owner->world;
    return STATUS_OK;
}

static void copy_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text);
}

static void copy_route(const struct rules_route *route, struct rules_verdict *out_verdict)
{
    const struct rules_partnership *p = route->partnership;
    copy_text(out_verdict->partnership_id, sizeof out_verdict->partnership_id, p->id);
    copy_text(out_verdict->partnership_mode, sizeof out_verdict->partnership_mode,
              rules_mode_word(p->mode));
    copy_text(out_verdict->agreement_id, sizeof out_verdict->agreement_id, route->agreement->id);
    copy_text(out_verdict->organisation_id, sizeof out_verdict->organisation_id,
              route->organisation->id);
    out_verdict->organisation_level = route->organisation->level;
    out_verdict->agreement_version = route->agreement->version;
}

enum status rules_load(struct db *db, const char *organisation_id, struct rules_world **out_world)
{
    return rules_load_for(db, organisation_id, NULL, out_world);
}

enum status rules_decide(struct db *db, const struct rules_question *question,
                         enum rules_act otherwise, struct rules_verdict *out_verdict)
{
    struct rules_world *world = NULL;
    enum status status = rules_load_for(db, question->requester, question->specialty, &world);
    if (status != STATUS_OK) {
        return status;
    }
    struct rules_answer answer;
    struct rules_sentence sentence;
    bool allowed = rules_ask(world, question, &answer);
    if (!allowed && otherwise != question->act) {
        struct rules_question second = *question;
        struct rules_answer other;
        second.act = otherwise;
        allowed = rules_ask(world, &second, &other);
        answer = allowed ? other : answer;
    }
    const struct rules_route *route = allowed ? &answer.routes[0] : &answer.refused;
    rules_say_answer(&answer, &sentence);
    *out_verdict = (struct rules_verdict){.refusal = answer.refusal};
    copy_text(out_verdict->zh, sizeof out_verdict->zh, sentence.zh);
    copy_text(out_verdict->en, sizeof out_verdict->en, sentence.en);
    if (route->clause != NULL) {
        copy_text(out_verdict->clause, sizeof out_verdict->clause, route->clause->number);
    }
    if (allowed) {
        copy_route(route, out_verdict);
    }
    rules_world_free(world);
    return STATUS_OK;
}

enum status rules_partners(struct db *db, const char *one, const char *other, const char *date,
                           bool *out_partners)
{
    int64_t shared = 0;
    enum status status = db_one_int(
        db, &shared,
        "SELECT COUNT(*) FROM partnership_member x JOIN partnership_member y ON y.partnership_id = "
        "x.partnership_id JOIN partnership p ON p.id = x.partnership_id AND p.active = 1"
        " WHERE x.organisation_id = $1 AND y.organisation_id = $2"
        " AND x.since <= $3 AND (x.until IS NULL OR x.until >= $3)"
        " AND y.since <= $3 AND (y.until IS NULL OR y.until >= $3)"
        " AND EXISTS (SELECT 1 FROM agreement a WHERE a.partnership_id = p.id AND a.signed_on <= $3"
        " AND a.valid_from <= $3 AND a.valid_until >= $3)",
        "sss", one, other, date);
    *out_partners = status == STATUS_OK && shared > 0;
    return status;
}

void rules_today(int64_t now_ms, char out_date[11])
{
    time_t seconds = (time_t)(now_ms / 1000 + INT64_C(3600) * CST_HOURS);
    struct tm day = {0};
    if (gmtime_r(&seconds, &day) == NULL || strftime(out_date, 11, "%Y-%m-%d", &day) != 10) {
        memcpy(out_date, "1900-01-01",
               11); /* a clock that is thousands of years off: nothing is in force */
    }
}

int64_t rules_days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2; /* the year begins in March: the leap day is its last */
    int64_t era = year / 400, in_era = year - era * 400;
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

int64_t rules_day_ms(const char *date)
{
    int year = 0, month = 0, day = 0;
    CHECK(rules_date_valid(date) && sscanf(date, "%4d-%2d-%2d", &year, &month, &day) == 3);
    return (rules_days_of(year, month, day) * 24 - CST_HOURS) * INT64_C(3600000);
}
