/* The clinician in the township or village: begins requests, supplies what is missing, decides,
 * closes, and goes through the worklist twice a day. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

static const char *const complaints[] = {"胸痛 2 小时，伴出汗，既往高血压病史 10 年，未规律服药",
                                         "咳嗽、发热 5 天，体温最高 39.1 ℃，右下肺可闻及湿啰音",
                                         "头晕伴左侧肢体无力 3 小时，血压 178/102 mmHg",
                                         "右上腹痛 1 天，进食油腻食物后加重，无黄疸",
                                         "腰痛放射至右下肢 2 周，行走后加重",
                                         "多饮、多尿 1 月，空腹血糖 13.2 mmol/L"};
static const char *const questions[] = {"请协助阅片，判断是否需要转上级医院进一步检查。",
                                        "请给出诊断意见及下一步处理建议。",
                                        "目前用药是否需要调整？是否需要住院？"};

json_t *sim_patient(struct sim *sim)
{
    char number[19], birth[16];
    int year = (int)random_between(&sim->random, 1936, 2022);
    int month = (int)random_between(&sim->random, 1, 12);
    int day = (int)random_between(&sim->random, 1, 28);
    (void)snprintf(birth, sizeof birth, "%04d-%02d-%02d", year, month, day);
    (void)snprintf(number, sizeof number, "990121%04d%02d%02d%04d", year, month, day,
                   (int)random_between(&sim->random, 0, 9999));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", "模拟患者", "sex",
                     random_chance(&sim->random, 0.5) ? "female" : "male", "birth_date", birth,
                     "id_type", "resident-id", "id_number", number, "phone", "00000000000");
}

static json_t *request(struct sim *sim, const struct kase *k)
{
    size_t c = random_below(&sim->random, sizeof complaints / sizeof complaints[0]);
    size_t q = random_below(&sim->random, sizeof questions / sizeof questions[0]);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:{s:f, s:i, s:i, s:i}}", "complaint", complaints[c],
                  "question", questions[q], "present_history", complaints[c], "initial_diagnosis",
                  "待查", "vital_signs", "temperature", 36.0 + random_unit(&sim->random) * 3,
                  "pulse", (int)random_between(&sim->random, 58, 120), "systolic",
                  (int)random_between(&sim->random, 98, 190), "diastolic",
                  (int)random_between(&sim->random, 55, 110));
    if (k->kind == RULES_READ) {
        json_object_set_new(object, "modality", json_string(k->modality));
    }
    return object;
}

static const char *kind_word(const struct kase *k)
{
    return rules_kind_word(k->kind);
}

/* Its id has become known. */
static void begun(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    (void)snprintf(k->id, sizeof k->id, "%s", engine_text(&sim->engine, "id"));
    k->begun = true;
    sim_kase_index(sim, kase);
    if (!consult_state_of(engine_text(&sim->engine, "state"), &k->state)) {
        k->state = CONSULT_DRAFT;
    }
    k->submitted_ms = k->state == CONSULT_DRAFT ? 0 : sim->now_ms;
}

/* One click: what is not known yet is filled in while the specialist is on the way. */
static void begin_stat(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    json_t *body =
        json_pack("{s:s, s:{s:s, s:s}, s:{s:s}}", "specialty", sim_specialties[k->specialty],
                  "patient", "sex", "unknown", "age", "60", "request", "complaint", complaints[0]);
    if (sim_run(sim, k->requester, SCRIPT_STAT, NULL, NULL, body) != 201) {
        return;
    }
    begun(sim, kase);
    sim_react(sim, kase);
    /* effects of the creating call came before the id was known: the ring is heard now */
    for (const struct api_effect *e = sim->engine.call.effects; e != NULL; e = e->next) {
        if (e->kind == EFFECT_PUSH) {
            sim->engine.effect(sim, e);
        }
    }
    sim_event(sim, sim->now_ms + random_delay(&sim->random, 4 * MINUTE, 0.5), EVENT_submit,
              k->requester, kase);
}

void sim_on_create(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->urgency == STAT && k->kind == RULES_LIVE) {
        begin_stat(sim, event->kase);
        return;
    }
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:o, s:o}", "specialty", sim_specialties[k->specialty],
                  "urgency", sim_urgencies[k->urgency], "kind", kind_word(k), "patient",
                  sim_patient(sim), "request", request(sim, k));
    if (sim_run(sim, k->requester, SCRIPT_CREATE, NULL, NULL, body) != 201) {
        return;
    }
    begun(sim, event->kase);
    if (random_chance(&sim->random, 0.03)) {
        return; /* laid aside: found in the worklist again */
    }
    int64_t median = k->urgency == STAT     ? 90 * SECOND
                     : k->urgency == URGENT ? 4 * MINUTE
                                            : 8 * MINUTE;
    sim_plan(sim, sim->now_ms + random_delay(&sim->random, median, 0.5), EVENT_submit, k->requester,
             event->kase);
}

/* ---- submit ---- */

static void consent(struct sim *sim, int kase, const char *scope)
{
    const struct kase *k = &sim->kases[kase];
    (void)sim_run(sim, k->requester, SCRIPT_CONSENT, k->id, scope,
                  json_pack("{s:s, s:b, s:s, s:s, s:s}", "party", "patient", "given", 1, "method",
                            "written", "text_version", "1", "relation", "self"));
}

static void attach(struct sim *sim, int kase)
{
    const struct kase *k = &sim->kases[kase];
    (void)sim_run(sim, k->requester, SCRIPT_ATTACH, k->id, NULL,
                  json_pack("{s:s}", "modality",
                            strcmp(k->modality, "ecg") == 0          ? "ECG"
                            : strcmp(k->modality, "ultrasound") == 0 ? "US"
                            : strcmp(k->modality, "pathology") == 0  ? "SM"
                                                                     : "DX"));
}

static void discard(struct sim *sim, int kase)
{
    if (sim_act(sim, sim->kases[kase].requester, kase, "discard", NULL) == 200) {
        sim->tallies.discarded++;
    }
}

/* A stat request that was sent with one click is completed. */
static void complete_stat(struct sim *sim, int kase)
{
    const struct kase *k = &sim->kases[kase];
    enum consult_phase phase = consult_state_phase(k->state);
    if (phase == CONSULT_PHASE_OVER || k->state == CONSULT_SIGNED) {
        return;
    }
    consent(sim, kase, "consultation");
    if (consult_state_phase(k->state) != CONSULT_PHASE_OVER && k->state != CONSULT_OPINION_DRAFT) {
        (void)sim_run(sim, k->requester, SCRIPT_PATCH, k->id, NULL,
                      json_pack("{s:o}", "patient", sim_patient(sim)));
    }
}

void sim_on_submit(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->state != CONSULT_DRAFT) {
        if (k->urgency == STAT && k->kind == RULES_LIVE) {
            complete_stat(sim, event->kase);
        }
        return;
    }
    if (random_chance(&sim->random, 0.02)) {
        discard(sim, event->kase);
        return;
    }
    if (k->kind == RULES_READ || random_chance(&sim->random, 0.5)) {
        attach(sim, event->kase);
    }
    consent(sim, event->kase, "consultation");
    consent(sim, event->kase, "imaging");
    if (sim_act(sim, k->requester, event->kase, "submit", json_object()) != 200) {
        discard(sim, event->kase); /* the rules refuse it: the telephone is left */
        return;
    }
    if (random_chance(&sim->random, 0.015)) {
        sim_event(sim, sim->now_ms + random_delay(&sim->random, HOUR, 1.0), EVENT_withdraw,
                  k->requester, event->kase);
    }
}

void sim_on_withdraw(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    enum consult_phase phase = consult_state_phase(k->state);
    if (phase == CONSULT_PHASE_WAITING || phase == CONSULT_PHASE_RUNNING) {
        (void)sim_act(sim, k->requester, event->kase, "withdraw",
                      sim_reason("not-needed", "患者已转院"));
    }
}

void sim_on_resubmit(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->state != CONSULT_RETURNED || random_chance(&sim->random, 0.05)) {
        return; /* some are forgotten: found in the worklist, or closed after three days */
    }
    (void)sim_run(
        sim, k->requester, SCRIPT_PATCH, k->id, NULL,
        json_pack("{s:{s:s}}", "request", "tests", "补充：血常规、肝肾功能未见明显异常。"));
    (void)sim_act(sim, k->requester, event->kase, "submit",
                  k->urgency == STAT ? sim_reason("deferred", "患者情况危急") : json_object());
}

void sim_on_renew(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->state == CONSULT_EXPIRED) {
        k->renewals++;
        (void)sim_act(sim, k->requester, event->kase, "renew", json_object());
    }
}

/* ---- the opinion is there ---- */

void sim_on_know(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->critical && (k->state == CONSULT_SIGNED || k->state == CONSULT_OPINION_DRAFT)) {
        k->critical = false;
        (void)sim_act(sim, k->requester, event->kase, "acknowledge-critical", json_object());
    }
}

void sim_on_decide(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    if (k->state != CONSULT_SIGNED) {
        return;
    }
    if (random_chance(&sim->random, 0.02)) {
        k->planned_ms = 0; /* forgotten, until the reminder or the worklist */
        return;
    }
    (void)sim_run(sim, k->requester, SCRIPT_GET, k->id, NULL, NULL);
    double dice = random_unit(&sim->random);
    const char *adopted = dice < 0.85 ? "yes" : dice < 0.95 ? "partly" : "no";
    (void)sim_act(sim, k->requester, event->kase, "acknowledge",
                  json_pack("{s:s, s:s, s:b}", "adopted", adopted, "text",
                            "按意见处理，已告知患者。", "told_patient", 1));
}

void sim_on_finish(struct sim *sim, const struct event *event)
{
    struct kase *k = &sim->kases[event->kase];
    bool due = k->state == CONSULT_FOLLOW_UP;
    if (k->state != CONSULT_ACKNOWLEDGED && !due) {
        return;
    }
    if (!due && !k->follow_up && random_chance(&sim->random, 0.1)) {
        k->follow_up = true;
        int64_t day = sim->now_ms + random_between(&sim->random, 3, 14) * DAY;
        (void)sim_act(
            sim, k->requester, event->kase, "follow-up",
            json_pack("{s:s, s:I}", "text", "复查血压、心电图", "due_ms", (json_int_t)day));
        sim_plan(sim, sim_working(sim, day + random_delay(&sim->random, 3 * HOUR, 0.7)),
                 EVENT_finish, k->requester, event->kase);
        return;
    }
    if (random_chance(&sim->random, 0.001)) {
        (void)sim_act(sim, k->requester, event->kase, "mark-error",
                      sim_reason("wrong-patient", "录入时选错患者"));
        return;
    }
    (void)sim_act(sim, k->requester, event->kase, "close", json_object());
}

/* ---- the worklist ---- */

static void found(struct sim *sim, int kase)
{
    struct kase *k = &sim->kases[kase];
    if (k->planned_ms > sim->now_ms) {
        return;
    }
    if (k->state == CONSULT_DRAFT) {
        sim_plan(sim, sim->now_ms + random_delay(&sim->random, 5 * MINUTE, 0.5), EVENT_submit,
                 k->requester, kase);
    } else if (k->state == CONSULT_RETURNED || k->state == CONSULT_SIGNED ||
               k->state == CONSULT_ACKNOWLEDGED) {
        sim_react(sim, kase);
    } else if (k->state == CONSULT_FOLLOW_UP) {
        sim_plan(sim, sim->now_ms + DAY, EVENT_finish, k->requester, kase);
    }
}

void sim_on_sweep(struct sim *sim, const struct event *event)
{
    char before[24] = "";
    for (bool more = true; more;) {
        json_t *list = json_incref(
            sim_list(sim, event->person, "mine", "100", before[0] == '\0' ? NULL : before));
        size_t i;
        json_t *item;
        more = list != NULL && json_is_true(json_object_get(sim->engine.call.reply, "more"));
        json_array_foreach(list, i, item)
        {
            int kase = sim_item(sim, item);
            if (kase >= 0) {
                found(sim, kase);
            }
            (void)snprintf(before, sizeof before, "%lld",
                           (long long)json_integer_value(json_object_get(item, "created_ms")));
        }
        json_decref(list);
    }
    sim_event(sim, sim_working(sim, sim->now_ms + 6 * HOUR + random_between(&sim->random, 0, HOUR)),
              EVENT_sweep, event->person, -1);
}
