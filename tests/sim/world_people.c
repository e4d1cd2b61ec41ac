#include "tests/sim/world_people.h"

#include "gateway/partnership/rules.h"
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

/* ---- institutions ---- */

static void add_organisation(json_t *list, const char *code, const char *zh, const char *en,
                             enum rules_level level, const char *region)
{
    char name_zh[96], name_en[96];
    (void)snprintf(name_zh, sizeof name_zh, "%s%s（模拟）", zh, code);
    (void)snprintf(name_en, sizeof name_en, "Simulated %s %s", en, code);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", code, "name_zh",
                                          name_zh, "name_en", name_en, "level",
                                          rules_level_word(level), "region", region));
}

static void add_series(json_t *list, char letter, int first, int count, const char *zh,
                       const char *en, enum rules_level level, const char *region)
{
    for (int i = 0; i < count; i++) {
        char code[24];
        (void)snprintf(code, sizeof code, "%c%03d", letter, first + i);
        add_organisation(list, code, zh, en, level, region);
    }
}

/* Regions begin with 99, which GB/T 2260 has given to nobody. */
json_t *world_organisations(void)
{
    json_t *list = json_array();
    add_organisation(list, "P001", "省人民医院", "provincial hospital", RULES_PROVINCE, "990102");
    for (int i = 0; i < WORLD_CITY; i++) {
        add_series(list, 'C', i + 1, 1, "市医院", "city hospital", RULES_CITY,
                   i % 2 == 0 ? "990102" : "990103");
    }
    add_series(list, 'S', 100, WORLD_COMMUNITIES, "社区卫生服务中心", "community health centre",
               RULES_TOWNSHIP, "990102");
    add_series(list, 'S', 200, WORLD_COMMUNITIES, "社区卫生服务中心", "community health centre",
               RULES_TOWNSHIP, "990103");
    for (int c = 0; c < WORLD_COUNTIES; c++) {
        char region[8];
        (void)snprintf(region, sizeof region, "99012%d", c + 1);
        add_series(list, 'K', c + 1, 1, "县医院", "county hospital", RULES_COUNTY, region);
        add_series(list, 'T', 100 * (c + 1), WORLD_TOWNSHIPS, "乡镇卫生院",
                   "township health centre", RULES_TOWNSHIP, region);
        add_series(list, 'V', 100 * (c + 1), WORLD_VILLAGES, "村卫生室", "village clinic",
                   RULES_VILLAGE, region);
    }
    for (int i = 0; i < WORLD_SECOND; i++) {
        char region[8];
        (void)snprintf(region, sizeof region, "99012%d", i % WORLD_COUNTIES + 1);
        add_series(list, 'K', 11 + i, 1, "县第二医院", "second county hospital", RULES_COUNTY,
                   region);
    }
    return list;
}

json_t *world_specialties(void)
{
    json_t *list = json_array();
    for (int i = 0; i < SPECIALTIES; i++) {
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "code", sim_specialties[i], "name_zh",
                                        sim_specialties[i], "name_en", sim_specialties[i]));
    }
    return list;
}

json_t *world_departments(void)
{
    static const char *const codes[] = {"emergency", "internal", "surgery", "paediatrics",
                                        "rehabilitation"};
    json_t *organisations = world_organisations(), *list = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(organisations, i, one)
    {
        const char *organisation = json_string_value(json_object_get(one, "code"));
        bool hospital = strchr("PCK", organisation[0]) != NULL;
        for (size_t d = hospital ? 0 : 4; d < 5 && organisation[0] != 'V'; d++) {
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "organisation",
                                                  organisation, "code", codes[d], "name_zh",
                                                  codes[d], "name_en", codes[d]));
        }
    }
    json_decref(organisations);
    return list;
}

/* ---- people ---- */

struct hiring {
    json_t *list;
    struct random_source *random;
    const char *organisation;
    int count; /* at this organisation */
};

static void hire(struct hiring *h, const char *title, json_t *roles, const char *specialty)
{
    char code[48], login[48], name_zh[64], name_en[64], since[16];
    h->count++;
    (void)snprintf(code, sizeof code, "%s-%03d", h->organisation, h->count);
    (void)snprintf(login, sizeof login, "%s.%03d", h->organisation, h->count);
    login[0] = (char)(login[0] + ('a' - 'A'));
    (void)snprintf(name_zh, sizeof name_zh, "模拟人员%s", code);
    (void)snprintf(name_en, sizeof name_en, "Simulated %s", code);
    (void)snprintf(since, sizeof since, "%d-07-01", (int)random_between(h->random, 2001, 2020));
    json_t *person = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:o}}", "code", code,
                               "organisation", h->organisation, "name_zh", name_zh, "name_en",
                               name_en, "title", title, "licence_no", code, "licensed_since", since,
                               "account", "login", login, "roles", roles);
    if (specialty != NULL) {
        json_object_set_new(person, "specialties", json_pack("[s]", specialty));
    }
    json_array_append_new(h->list, person);
}

static void hire_clinicians(struct hiring *h, int count, const char *title)
{
    for (int i = 0; i < count; i++) {
        hire(h, title, json_pack("[s]", "clinician"), NULL);
    }
}

/* The first of each specialty are senior: a second reader is there wherever there are two. */
static void hire_specialists(struct hiring *h, const int counts[SPECIALTIES])
{
    for (int s = 0; s < SPECIALTIES; s++) {
        for (int i = 0; i < counts[s]; i++) {
            const char *title = i == 0                 ? "chief"
                                : i == 1 || i % 4 == 0 ? "associate-chief"
                                                       : "attending";
            hire(h, title, json_pack("[s]", "specialist"), sim_specialties[s]);
        }
    }
}

static void hire_office(struct hiring *h, int coordinators, int approvers)
{
    for (int i = 0; i < coordinators; i++) {
        hire(h, "staff", json_pack("[s]", "coordinator"), NULL);
    }
    for (int i = 0; i < approvers; i++) {
        hire(h, "staff", json_pack("[s]", "approver"), NULL);
    }
    hire(h, "attending", json_pack("[s]", "reviewer"), NULL);
    hire(h, "staff", json_pack("[s]", "referrals"), NULL);
    hire(h, "staff", json_pack("[s]", "manager"), NULL);
}

/* In the order of sim_specialties. */
static const int staff_province[SPECIALTIES] = {10, 7, 4, 6, 7, 4, 4, 5, 4, 4, 4, 1};
static const int staff_lead_city[SPECIALTIES] = {16, 11, 7, 5, 6, 4, 4, 4, 4, 4, 3, 2};
static const int staff_city[SPECIALTIES] = {7, 5, 3, 2, 2, 1, 1, 1, 1, 1, 0, 1};
static const int staff_imaging_city[SPECIALTIES] = {11, 0, 6, 3, 0, 0, 0, 0, 0, 0, 0, 0};
static const int staff_county[SPECIALTIES] = {9, 6, 4, 2, 2, 1, 2, 2, 2, 2, 1, 2};
static const int staff_second[SPECIALTIES] = {4, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const int staff_township[SPECIALTIES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

static void hire_all(struct hiring *h)
{
    switch (h->organisation[0]) {
    case 'P':
        hire_specialists(h, staff_province);
        hire_office(h, 3, 2);
        break;
    case 'C':
        hire_specialists(h, h->organisation[3] <= '2'   ? staff_lead_city
                            : h->organisation[3] == '7' ? staff_imaging_city
                                                        : staff_city);
        hire_office(h, 3, 2);
        hire_clinicians(h, 4, "attending");
        break;
    case 'K':
        hire_specialists(h, h->organisation[2] == '0' ? staff_county : staff_second);
        hire_office(h, 2, 1);
        hire_clinicians(h, 6, "attending");
        break;
    case 'V':
        hire_clinicians(h, 2, "village-doctor");
        break;
    default: /* township and community health centres */
        hire_specialists(h, staff_township);
        hire_clinicians(h, 5, "attending");
        hire(h, "staff", json_pack("[s, s, s]", "approver", "coordinator", "referrals"), NULL);
        break;
    }
}

json_t *world_practitioners(struct random_source *random)
{
    json_t *organisations = world_organisations();
    struct hiring h = {.list = json_array(), .random = random};
    size_t i;
    json_t *one;
    json_array_foreach(organisations, i, one)
    {
        h.organisation = json_string_value(json_object_get(one, "code"));
        h.count = 0;
        hire_all(&h);
    }
    json_decref(organisations);
    return h.list;
}
