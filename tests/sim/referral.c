/* Two-way referral: the clinician refers up what the opinion says is beyond the institution, the
 * receiving department answers, expects, treats and writes back, and refers down for recovery. What
 * is received is worked off from the worklist; each referral only knows when its patient comes. */
#include "tests/sim/checks.h"

#include <stdio.h>
#include <string.h>

#define REFUSED 0.06
#define COMES 0.92 /* of those that were accepted */

/* Of those that are written back and can go down so many do that it is CHECKS_UP_TO_DOWN up to 1
 * down, once as many leave hospital as come; README.md. */
static double down_of_returned(const struct sim *sim)
{
    return 1 / (CHECKS_UP_TO_DOWN * (1 - REFUSED) * COMES * sim->from_wards);
}

static json_t *consent(void)
{
    return json_pack("{s:b, s:b, s:s, s:s}", "referral", 1, "sharing", 1, "relation", "self",
                     "method", "written");
}

static struct passage *passage_of(struct sim *sim, const char *id)
{
    for (int i = sim->passage_count - 1; i >= 0 && id != NULL; i--) {
        if (strcmp(sim->passages[i].id, id) == 0) {
            return &sim->passages[i];
        }
    }
    return NULL;
}

/* ---- the sender ---- */

/* The first institution that the rules name and that has a department; false: none. */
static bool find_target(struct sim *sim, int person, bool urgent, char organisation[33],
                        char department[64])
{
    const struct engine_request request = {
        .actor = &sim->people[person].actor,
        .script = SCRIPT_TARGETS,
        .query = {{"direction", "up"}, {"urgency", urgent ? "urgent" : "routine"}, {NULL, NULL}}};
    if (engine_run(&sim->engine, sim->now_ms, &request) != 200) {
        return false;
    }
    size_t i;
    json_t *target;
    json_array_foreach(json_object_get(sim->engine.call.reply, "targets"), i, target)
    {
        const json_t *departments = json_object_get(target, "departments");
        const char *id =
            json_string_value(json_object_get(json_object_get(target, "organisation"), "id"));
        size_t n = json_array_size(departments);
        if (id == NULL || n == 0) {
            continue;
        }
        const json_t *one = json_array_get(departments, random_below(&sim->random, n));
        (void)snprintf(organisation, 33, "%s", id);
        (void)snprintf(department, 64, "%s", json_string_value(json_object_get(one, "code")));
        return true;
    }
    return false;
}

/* The draft that the last script made is sent. */
static bool send_made(struct sim *sim, int person, bool down)
{
    char id[33];
    (void)snprintf(id, sizeof id, "%s", engine_text(&sim->engine, "id"));
    if (sim->passage_count == sim->passage_room ||
        sim_run(sim, person, SCRIPT_REFERRAL_ACTION, id, "send", json_object()) != 200) {
        return false;
    }
    struct passage *p = &sim->passages[sim->passage_count++];
    *p = (struct passage){.down = down,
                          .ward = sim->institutions[sim->people[person].institution].level !=
                                  RULES_VILLAGE};
    (void)snprintf(p->id, sizeof p->id, "%s", id);
    return true;
}

/* The draft: from the consultation, or, before the month, without one. */
static json_t *referral(struct sim *sim, const struct kase *k, bool urgent,
                        const char *organisation, const char *department)
{
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "direction", "up", "urgency",
                  urgent ? "urgent" : "routine", "to_organisation", organisation, "department",
                  department, "reason_code", "beyond-capability", "consent", consent());
    if (k != NULL) {
        (void)json_object_set_new(body, "consultation", json_string(k->id));
    } else {
        (void)json_object_set_new(body, "patient", sim_patient(sim));
        (void)json_object_set_new(body, "summary", json_string("发热、咳嗽一周，门诊治疗无好转"));
        (void)json_object_set_new(body, "diagnosis", json_string("肺炎"));
    }
    return body;
}

void sim_on_refer(struct sim *sim, const struct event *event)
{
    const struct kase *k = event->kase < 0 ? NULL : &sim->kases[event->kase];
    char organisation[33], department[64];
    bool urgent = k == NULL ? random_chance(&sim->random, 0.15) : k->urgency != ROUTINE;
    if ((k != NULL && k->state != CONSULT_ACKNOWLEDGED && k->state != CONSULT_FOLLOW_UP) ||
        !find_target(sim, event->person, urgent, organisation, department)) {
        return;
    }
    json_t *body = referral(sim, k, urgent, organisation, department);
    if (sim_run(sim, event->person, SCRIPT_REFER, NULL, NULL, body) == 201) {
        (void)send_made(sim, event->person, false);
    }
}

void sim_on_read_return(struct sim *sim, const struct event *event)
{
    json_t *list = sim_referrals(sim, event->person, "sent");
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *state = json_string_value(json_object_get(item, "state"));
        const char *role = json_string_value(json_object_get(item, "my_role"));
        if (strcmp(state, "returned") == 0 && role != NULL && strcmp(role, "sender") == 0) {
            (void)sim_run(sim, event->person, SCRIPT_REFERRAL_ACTION,
                          json_string_value(json_object_get(item, "id")), "acknowledge-return",
                          json_object());
        }
    }
    json_decref(list);
}

/* ---- the receiving department ---- */

static void answer(struct sim *sim, int person, struct passage *p, bool urgent)
{
    if (random_chance(&sim->random, REFUSED)) {
        (void)sim_run(sim, person, SCRIPT_REFERRAL_ACTION, p->id, "refuse",
                      sim_reason("no-capacity", "床位已满，请联系市医院"));
        return;
    }
    int64_t at = urgent
                     ? sim->now_ms + random_between(&sim->random, 20, 120) * MINUTE
                     : sim_working(sim, sim->now_ms + random_between(&sim->random, 4, 72) * HOUR);
    if (sim_run(sim, person, SCRIPT_REFERRAL_ACTION, p->id, "accept",
                json_pack("{s:I}", "at_ms", (json_int_t)at)) == 200) {
        bool comes = random_chance(&sim->random, COMES); /* else it lapses after three days */
        p->arrives_ms = comes ? at + random_delay(&sim->random, HOUR, 0.8) : 0;
    }
}

static void arrive(struct sim *sim, int person, struct passage *p)
{
    if (p->arrives_ms != 0 && p->arrives_ms <= sim->now_ms &&
        sim_run(sim, person, SCRIPT_REFERRAL_ACTION, p->id, "arrive", json_object()) == 200) {
        p->returns_ms = sim->now_ms + random_delay(&sim->random, 4 * DAY, 0.6);
    }
}

static void refer_down(struct sim *sim, int person, const struct passage *p)
{
    char id[33];
    (void)snprintf(id, sizeof id, "%s", p->id); /* passages may move no more, but are added to */
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "based_on", id, "department",
                             "rehabilitation", "reason_code", "rehabilitation", "summary",
                             "病情稳定，转回基层康复", "diagnosis", "恢复期", "consent", consent());
    if (sim_run(sim, person, SCRIPT_REFER, NULL, NULL, body) == 201) {
        (void)send_made(sim, person, true);
    }
}

static void write_back(struct sim *sim, int person, const struct passage *p)
{
    if (p->returns_ms == 0 || p->returns_ms > sim->now_ms) {
        return;
    }
    if (!p->down && p->ward && random_chance(&sim->random, down_of_returned(sim))) {
        refer_down(sim, person, p);
    }
    (void)sim_run(sim, person, SCRIPT_REFERRAL_ACTION, p->id, "return-message",
                  json_pack("{s:s, s:s, s:s}", "outcome", "improved", "diagnosis", "肺炎，恢复期",
                            "advice", "口服抗生素至满两周，一周后复查"));
}

void sim_on_receive(struct sim *sim, const struct event *event)
{
    json_t *list = sim_referrals(sim, event->person, "received");
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *state = json_string_value(json_object_get(item, "state"));
        const char *urgency = json_string_value(json_object_get(item, "urgency"));
        struct passage *p = passage_of(sim, json_string_value(json_object_get(item, "id")));
        if (p == NULL) {
            continue;
        }
        if (strcmp(state, "sent") == 0) {
            answer(sim, event->person, p, urgency != NULL && strcmp(urgency, "urgent") == 0);
        } else if (strcmp(state, "accepted") == 0) {
            arrive(sim, event->person, p);
        } else {
            write_back(sim, event->person, p);
        }
    }
    json_decref(list);
}
