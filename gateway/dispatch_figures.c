#include "gateway/dispatch_figures.h"

#include "gateway/dispatch.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"

#include <stdio.h>
#include <string.h>

void dispatch_commit_observed(void *metrics, int64_t duration_us, unsigned jobs, enum status status)
{
    (void)jobs;
    metrics_observe(metrics, METRIC_STORE_SECONDS, 0, 0, 0, duration_us);
    if (status != STATUS_OK) {
        metrics_add(metrics, METRIC_ERRORS, metrics_label(METRICS_LABELS_ERROR, "store"), 0, 0, 1);
    }
}

static unsigned route_label(const char *pattern)
{
    static const struct {
        const char *segment, *label;
    } names[] = {{"session", "session"},
                 {"duty", "session"},
                 {"specialties", "directory"},
                 {"partnerships", "directory"},
                 {"reach", "directory"},
                 {"consultations", "consultations"},
                 {"attachments", "attachments"},
                 {"uploads", "uploads"},
                 {"recordings", "recordings"},
                 {"ops", "ops"},
                 {"presence", "directory"},
                 {"referrals", "referrals"},
                 {"referral-targets", "referrals"},
                 {"departments", "referrals"},
                 {"places", "referrals"}};
    const char *segment = pattern + strlen(DISPATCH_PREFIX);
    size_t len = strcspn(segment, "/");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i].segment) == len && memcmp(names[i].segment, segment, len) == 0) {
            return metrics_label(METRICS_LABELS_ROUTE, names[i].label);
        }
    }
    return metrics_label(METRICS_LABELS_ROUTE, "other");
}

void dispatch_figures_request(struct metrics *metrics, const struct api_route *route, int status,
                              int64_t started_us)
{
    char class[16];
    (void)snprintf(class, sizeof class, "%dxx", status / 100);
    unsigned label =
        route != NULL ? route_label(route->pattern) : metrics_label(METRICS_LABELS_ROUTE, "other");
    metrics_add(metrics, METRIC_HTTP_REQUESTS, label,
                metrics_label(METRICS_LABELS_STATUS_CLASS, class), 0, 1);
    metrics_observe(metrics, METRIC_HTTP_SECONDS, label, 0, 0, clock_monotonic_us() - started_us);
}

static void count_job(struct metrics *metrics, const char *result)
{
    metrics_add(metrics, METRIC_STORE_JOBS, metrics_label(METRICS_LABELS_STORE_RESULT, result), 0,
                0, 1);
}

void dispatch_figures_job(struct metrics *metrics, const struct dispatch_call *dispatch,
                          int64_t posted_us)
{
    if (dispatch->item.status != STATUS_OK) {
        count_job(metrics, "failed");
    } else if (dispatch->call.status == 409) {
        count_job(metrics, "conflict");
    } else {
        count_job(metrics, dispatch->call.status >= 400 ? "refused" : "ok");
    }
    metrics_observe(metrics, METRIC_STORE_WAIT, 0, 0, 0, clock_monotonic_us() - posted_us);
}

void dispatch_figures_full(struct metrics *metrics)
{
    count_job(metrics, "full");
}

void dispatch_figures_named(struct metrics *metrics, const struct api_effect *effects)
{
    for (; metrics != NULL && effects != NULL; effects = effects->next) {
        const char *name = json_string_value(json_object_get(effects->message, "metric"));
        const char *labels = json_string_value(json_object_get(effects->message, "labels"));
        if (effects->kind == EFFECT_COUNT_METRIC && name != NULL &&
            !metrics_add_named(metrics, name, labels != NULL ? labels : "", 1)) {
            log_warn("metric_unknown", "metric=%s", name);
        }
    }
}

void dispatch_log(const struct dispatch_call *dispatch, int64_t started_us)
{
    const struct api_call *call = &dispatch->call;
    if (strcmp(dispatch->route->method, "GET") == 0) {
        return;
    }
    const char *code =
        json_string_value(json_object_get(call->status >= 400 ? call->reply : NULL, "code"));
    log_info("api_call", "method=%s route=%s status=%d code=%s account=%s ms=%lld",
             dispatch->route->method, dispatch->route->pattern, call->status,
             code != NULL ? code : "-", call->actor != NULL ? dispatch->actor.account_id : "-",
             (long long)((clock_monotonic_us() - started_us) / 1000));
}
