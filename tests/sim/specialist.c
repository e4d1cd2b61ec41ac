/* The specialist: shifts, the ring, the queue, accepting or not, the report, the second reading. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

/* ---- what was accepted ---- */

static int64_t report_time(struct sim *sim, const struct kase *k)
{
    int64_t median = strcmp(k->modality, "ecg") == 0          ? 3 * MINUTE
                     : strcmp(k->modality, "pathology") == 0  ? 12 * MINUTE
                     : strcmp(k->modality, "ultrasound") == 0 ? 6 * MINUTE
                                                              : 7 * MINUTE;
    int64_t time = random_delay(&sim->random, median, 0.45);
    return time < MINUTE ? MINUTE : time;
}

/* Stat interrupts what is being written; everything else waits its turn. */
static void begin_report(struct sim *sim, int person, int kase)
{
    struct person *p = &sim->people[person];
    const struct kase *k = &sim->kases[kase];
    int64_t takes = report_time(sim, k);
    int64_t begins =
        k->urgency == STAT || p->busy_until_ms < sim->now_ms ? sim->now_ms : p->busy_until_ms;
    p->busy_until_ms = (p->busy_until_ms < sim->now_ms ? sim->now_ms : p->busy_until_ms) + takes;
    sim_plan(sim, begins + takes, EVENT_report, person, kase);
}

/* True: taken. */
static bool accept(struct sim *sim, int person, int kase)
{
    struct kase *k = &sim->kases[kase];
    int before = k->consultant;
    if (random_chance(&sim->random, 0.7)) {
        (void)sim_run(sim, person, SCRIPT_GET, k->id, NULL, NULL);
    }
    k->consultant = person;
    if (sim_act(sim, person, kase, "accept", json_object()) != 200) {
        k->consultant = before;
        sim->tallies.races++;
        return false;
    }
    if (k->kind == RULES_READ) {
        begin_report(sim, person, kase);
    } else {
        sim_plan(sim, sim->now_ms + random_delay(&sim->random, MINUTE, 0.5), EVENT_arrange, person,
                 kase);
    }
    return true;
}

/* Accept, decline, send back or leave: what a specialist does with a case on the screen. True:
 * accepted. */
static bool consider(struct sim *sim, int person, int kase)
{
    const struct kase *k = &sim->kases[kase];
    double dice = random_unit(&sim->random);
    if (k->urgency == STAT || dice < 0.93) {
        return accept(sim, person, kase);
    }
    if (dice < 0.95) {
        (void)sim_act(sim, person, kase, "decline",
                      sim_reason("not-my-field", "建议由亚专科医师会诊"));
    } else if (dice < 0.965) {
        (void)sim_act(sim, person, kase, "return", sim_reason("material", "图像不清，请重新上传"));
    } else {
        sim->tallies.skipped++;
    }
    return false;
}

static bool reachable(const struct sim *sim, int person)
{
    const struct person *p = &sim->people[person];
    return p->on_duty || (p->on_call_from_ms <= sim->now_ms && sim->now_ms < p->on_call_until_ms);
}

void sim_on_ring(struct sim *sim, const struct event *event)
{
    const struct kase *k = &sim->kases[event->kase];
    if (k->state != CONSULT_OFFERED || !reachable(sim, event->person)) {
        return; /* somebody was quicker, and the ring has ended */
    }
    sim->tallies.answered++;
    (void)consider(sim, event->person, event->kase);
}

/* ---- the queue ---- */

static void scan_at(struct sim *sim, int person, int64_t at_ms)
{
    struct person *p = &sim->people[person];
    if (p->scan_ms <= sim->now_ms || at_ms < p->scan_ms) {
        p->scan_ms = at_ms;
        sim_event(sim, at_ms, EVENT_scan, person, -1);
    }
}

static int first_of_queue(struct sim *sim, int person, json_t *seen)
{
    json_t *list = sim_list(sim, person, "queue", "5", NULL);
    size_t i;
    json_t *item;
    int kase = -1;
    json_array_foreach(list, i, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));
        if (kase < 0 && json_object_get(seen, id) == NULL) {
            kase = sim_item(sim, item);
            json_object_set_new(seen, id, json_true());
        }
    }
    return kase;
}

void sim_on_scan(struct sim *sim, const struct event *event)
{
    struct person *p = &sim->people[event->person];
    if (!p->on_duty || p->scan_ms != event->at_ms) {
        return;
    }
    if (p->busy_until_ms > sim->now_ms) {
        scan_at(sim, event->person, p->busy_until_ms);
        return;
    }
    json_t *seen = json_object();
    bool taken = false;
    int kase = 0;
    for (int i = 0; i < 3 && !taken && kase >= 0; i++) {
        kase = first_of_queue(sim, event->person, seen);
        taken = kase >= 0 && consider(sim, event->person, kase);
    }
    json_decref(seen);
    bool busy = taken && p->busy_until_ms > sim->now_ms;
    scan_at(sim, event->person,
            busy ? p->busy_until_ms + random_delay(&sim->random, 30 * SECOND, 0.5)
                 : sim->now_ms + random_between(&sim->random, 15, 40) * MINUTE);
}

/* ---- shifts ---- */

/* What was accepted earlier and lies about. */
static void look_at_assigned(struct sim *sim, int person)
{
    json_t *list = json_incref(sim_list(sim, person, "assigned", "100", NULL));
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        int kase = sim_item(sim, item);
        struct kase *k = kase < 0 ? NULL : &sim->kases[kase];
        if (k == NULL || k->planned_ms > sim->now_ms || k->consultant != person) {
            continue;
        }
        if (k->state == CONSULT_REPORTING) {
            begin_report(sim, person, kase);
        } else if (k->state == CONSULT_AWAITING_OPINION || k->state == CONSULT_ACCEPTED) {
            sim_react(sim, kase);
        }
    }
    json_decref(list);
}

static bool duty(struct sim *sim, int person, bool on)
{
    return sim_run(sim, person, SCRIPT_DUTY, NULL, NULL, json_pack("{s:b}", "on_duty", on)) == 200;
}

void sim_on_duty_on(struct sim *sim, const struct event *event)
{
    struct person *p = &sim->people[event->person];
    if (p->on_duty) {
        return;
    }
    p->on_duty = true; /* the first ring comes with the answer */
    p->on_duty = duty(sim, event->person, true);
    p->busy_until_ms = p->busy_until_ms < sim->now_ms ? 0 : p->busy_until_ms;
    p->scan_ms = 0;
    look_at_assigned(sim, event->person);
    scan_at(sim, event->person, sim->now_ms + random_between(&sim->random, MINUTE, 6 * MINUTE));
    if (p->senior) {
        sim_event(sim, sim->now_ms + random_between(&sim->random, 5, 30) * MINUTE, EVENT_verify,
                  event->person, -1);
    }
}

void sim_on_duty_off(struct sim *sim, const struct event *event)
{
    struct person *p = &sim->people[event->person];
    if (p->on_duty && duty(sim, event->person, false)) {
        p->on_duty = false;
    }
}

void sim_on_lunch(struct sim *sim, const struct event *event)
{
    struct person *p = &sim->people[event->person];
    int minutes = (int)random_between(&sim->random, 25, 45);
    if (p->on_duty &&
        sim_run(sim, event->person, SCRIPT_DUTY, NULL, NULL,
                json_pack("{s:s, s:i}", "pause", "break", "pause_minutes", minutes)) == 200) {
        int64_t until = sim->now_ms + minutes * MINUTE;
        p->pause_until_ms = until;
        p->busy_until_ms = p->busy_until_ms < until ? until : p->busy_until_ms;
    }
}

/* ---- the opinion ---- */

static json_t *opinion(struct sim *sim, struct kase *k)
{
    json_t *body = json_pack("{s:s, s:s, s:s, s:s}", "findings",
                             "双肺纹理增多，右下肺见片状密度增高影，边缘模糊；心影不大。",
                             "diagnosis", "右下肺炎症可能，建议结合临床复查。", "treatment",
                             "抗感染、对症处理，三日后复查；如加重及时转诊。", "referral_advice",
                             "暂不需要转诊");
    if (!k->critical && random_chance(&sim->random, 0.02)) {
        k->critical = true;
        json_object_set_new(body, "critical",
                            json_pack("{s:s}", "finding", "张力性气胸可能，须立即处理"));
    }
    if (k->kind == RULES_MDT) {
        json_object_set_new(body, "disagreement",
                            json_string("呼吸科建议先行胸部 CT，余意见一致。"));
    }
    return json_pack("{s:o}", "body", body);
}

/* A store that knows no critical values in opinions refuses the member: it is left out then. */
static bool save(struct sim *sim, int person, int kase)
{
    struct kase *k = &sim->kases[kase];
    json_t *body = opinion(sim, k);
    json_t *whole = json_deep_copy(body);
    bool saved = sim_run(sim, person, SCRIPT_OPINION, k->id, NULL, body) == 200;
    if (!saved && json_object_get(json_object_get(whole, "body"), "critical") != NULL) {
        k->critical = false;
        (void)json_object_del(json_object_get(whole, "body"), "critical");
        saved = sim_run(sim, person, SCRIPT_OPINION, k->id, NULL, json_incref(whole)) == 200;
    }
    json_decref(whole);
    return saved;
}

/* Who was asked and has not written is excused; somebody else is asked when nobody has. The members
 * stand in the answer to what was saved. */
static void settle_members(struct sim *sim, int person, int kase)
{
    struct kase *k = &sim->kases[kase];
    json_t *members = json_incref(json_object_get(sim->engine.call.reply, "members"));
    bool given = false;
    size_t i;
    json_t *one;
    json_array_foreach(members, i, one)
    {
        const char *state = json_string_value(json_object_get(one, "state"));
        given = given || (state != NULL && strcmp(state, "given") == 0);
        if (state == NULL || strcmp(state, "asked") != 0) {
            continue;
        }
        json_t *body = sim_reason("absent", "手术中，未能参加");
        json_object_set(body, "account", json_object_get(one, "account"));
        (void)sim_act(sim, person, kase, "excuse", body);
    }
    json_decref(members);
    if (!given) {
        k->members[0] = k->members[1] = -1;
        sim_enlist(sim, person, kase);
        sim_react(sim, kase);
    }
}

static void sign(struct sim *sim, int person, int kase)
{
    if (sim_act(sim, person, kase, "sign", json_object()) == 200) {
        sim->tallies.reported++;
        return;
    }
    char code[64];
    (void)snprintf(code, sizeof code, "%s", engine_text(&sim->engine, "code"));
    if (strcmp(code, "opinion.second-reader") == 0) {
        (void)sim_act(sim, person, kase, "preliminary", json_object());
    }
}

/* A session is needed after all; false: the rules do not allow one with this hospital. */
static bool convert(struct sim *sim, int person, int kase)
{
    struct kase *k = &sim->kases[kase];
    k->kind = RULES_LIVE; /* what sim_react does with "accepted" depends on it */
    if (sim_act(sim, person, kase, "convert", json_object()) != 200) {
        k->kind = RULES_READ;
    }
    return k->kind == RULES_LIVE;
}

static void write_opinion(struct sim *sim, int person, int kase)
{
    const struct kase *k = &sim->kases[kase];
    if (!save(sim, person, kase)) {
        return;
    }
    if (k->kind == RULES_MDT) {
        settle_members(sim, person, kase);
    }
    if (k->planned_ms == 0) { /* else another member was asked */
        sign(sim, person, kase);
    }
}

void sim_on_report(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    bool reading = k->state == CONSULT_REPORTING;
    if ((!reading && k->state != CONSULT_AWAITING_OPINION) || k->consultant != event->person) {
        return;
    }
    k->planned_ms = 0;
    double dice = reading ? random_unit(&sim->random) : 1;
    if (dice < 0.015) {
        (void)sim_act(sim, event->person, event->kase, "return",
                      sim_reason("material", "缺少侧位片"));
    } else if (dice < 0.025) {
        sim->tallies.hand_overs++;
        (void)sim_act(sim, event->person, event->kase, "hand-over",
                      sim_reason("shift-end", "下班移交"));
    } else if (dice >= 0.035 || !convert(sim, event->person, event->kase)) {
        write_opinion(sim, event->person, event->kase);
    }
}

/* It is another's now: what is to be done is planned anew, a given preliminary opinion taken back
 * to be made the own. */
void sim_on_put_in_charge(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (event->person != k->consultant && event->person != k->requester) {
        return; /* of somebody else again meanwhile */
    }
    k->planned_ms = 0;
    if (event->person == k->requester) {
        sim_react(sim, event->kase);
    } else if (k->state == CONSULT_REPORTING) {
        begin_report(sim, event->person, event->kase);
    } else if (k->state == CONSULT_OPINION_DRAFT) {
        (void)sim_act(sim, event->person, event->kase, "revise",
                      sim_reason("taken-over", "接手后复阅"));
    } else {
        sim_react(sim, event->kase);
    }
}

void sim_on_verify(struct sim *sim, const struct event *event)
{
    struct person *p = &sim->people[event->person];
    if (!p->on_duty || sim->institutions[p->institution].drafts == 0) {
        return;
    }
    json_t *list = json_incref(sim_list(sim, event->person, "verify", "50", NULL));
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        int kase = sim_item(sim, item);
        const char *role = json_string_value(json_object_get(item, "my_role"));
        if (kase < 0 || role == NULL || strcmp(role, "verifier") != 0 ||
            sim->kases[kase].state != CONSULT_OPINION_DRAFT) {
            continue;
        }
        sim->tallies.second_reads++;
        (void)sim_run(sim, event->person, SCRIPT_GET, sim->kases[kase].id, NULL, NULL);
        if (random_chance(&sim->random, 0.95)) {
            (void)sim_act(sim, event->person, kase, "sign", json_object());
        } else {
            (void)sim_act(sim, event->person, kase, "revise",
                          sim_reason("wording", "请补充测量值"));
        }
        p->busy_until_ms =
            (p->busy_until_ms < sim->now_ms ? sim->now_ms : p->busy_until_ms) + 2 * MINUTE;
    }
    json_decref(list);
}

void sim_on_amend(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->consultant != event->person ||
        (k->state != CONSULT_CLOSED && k->state != CONSULT_ARCHIVED)) {
        return;
    }
    k->amended = true;
    (void)sim_act(sim, event->person, event->kase, "amend",
                  sim_reason("addendum", "补充与旧片对比的意见"));
}
