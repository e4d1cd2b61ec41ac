/* The same figures for programs. */
#include "tests/sim/checks.h"
#include "tests/sim/report.h"

#include <jansson.h>

static json_t *outcomes_json(struct result *r)
{
    json_t *object = json_object();
    for (int u = 0; u < URGENCIES; u++) {
        struct outcome *o = &r->outcomes.by[u];
        json_object_set_new(
            object, sim_urgencies[u],
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                      "submitted", (json_int_t)o->submitted, "accepted", (json_int_t)o->accepted,
                      "accept_p50_ms", (json_int_t)samples_share(&o->accept_ms, 0.5),
                      "accept_p90_ms", (json_int_t)samples_share(&o->accept_ms, 0.9),
                      "signed_p50_ms", (json_int_t)samples_share(&o->sign_ms, 0.5), "signed_p90_ms",
                      (json_int_t)samples_share(&o->sign_ms, 0.9), "in_time",
                      (json_int_t)o->in_time, "escalated", (json_int_t)o->escalated, "expired",
                      (json_int_t)o->expired, "withdrawn", (json_int_t)o->withdrawn, "rejected",
                      (json_int_t)o->rejected, "closed", (json_int_t)o->closed, "open",
                      (json_int_t)o->open));
    }
    return object;
}

static json_t *scripts_json(struct engine *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->time_count; i++) {
        struct engine_times *t = &e->times[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "script", t->name,
                                              "calls", (json_int_t)t->us.count, "refused",
                                              (json_int_t)t->refused, "p50_us",
                                              (json_int_t)samples_share(&t->us, 0.5), "p99_us",
                                              (json_int_t)samples_share(&t->us, 0.99), "sum_us",
                                              (json_int_t)t->us.sum));
    }
    return list;
}

static json_t *lists_json(struct measures *lists)
{
    json_t *list = json_array();
    for (size_t i = 0; i < lists->count; i++) {
        struct measure *m = &lists->by[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                                              "list", m->list, "role", m->role, "accounts",
                                              (json_int_t)m->us.count, "rows_max",
                                              (json_int_t)m->rows_max, "p50_us",
                                              (json_int_t)samples_share(&m->us, 0.5), "p99_us",
                                              (json_int_t)samples_share(&m->us, 0.99), "max_us",
                                              (json_int_t)samples_share(&m->us, 1)));
    }
    return list;
}

static json_t *checks_json(const struct sim *sim)
{
    json_t *list = json_array();
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check *c = &sim->checks->by[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s}", "check",
                                              check_words((enum check_id)i), "looked",
                                              (json_int_t)c->looked, "failed",
                                              (json_int_t)c->failed, "first", c->first));
    }
    return list;
}

bool report_write(struct result *r, const char *path)
{
    struct sim *sim = r->sim;
    json_t *root = json_pack(
        "{s:I, s:I, s:I, s:i, s:i, s:f, s:f, s:I, s:I, s:I, s:f, s:I, s:o, s:o, s:o, s:o, s:I, "
        "s:I}",
        "cases", (json_int_t)sim->options.cases, "days", (json_int_t)sim->options.days, "seed",
        (json_int_t)sim->options.seed, "institutions", sim->institution_count, "people",
        sim->person_count, "seconds", (double)r->wall_us / 1e6, "processor_seconds",
        (double)r->cpu_us / 1e6, "scripts", (json_int_t)sim->engine.scripts, "commits",
        (json_int_t)sim->engine.commit_us.count, "scripts_of_a_commit",
        (json_int_t)samples_share(&sim->engine.commit_jobs, 0.5), "scripts_a_second",
        r->wall_us == 0 ? 0 : (double)sim->engine.scripts * 1e6 / (double)r->wall_us, "file_bytes",
        (json_int_t)r->file_bytes, "outcomes", outcomes_json(r), "scripts_by_name",
        scripts_json(&sim->engine), "worklists", lists_json(&r->lists), "checks", checks_json(sim),
        "referrals_up", (json_int_t)r->outcomes.up, "referrals_down", (json_int_t)r->outcomes.down);
    bool written = root != NULL && json_dump_file(root, path, JSON_INDENT(1)) == 0;
    json_decref(root);
    return written;
}
