/* gateway/ops/metrics: counting, fixed label sets, quantiles, and the text as promtool reads it. */
#include "gateway/ops/metrics.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <stdlib.h>

static struct metrics *metrics;

static void source(void *context, struct metrics_sink *sink)
{
    (void)context;
    metrics_sink_counter(sink, "media_test_total", "reason=\"a\"", "test", 1);
    metrics_sink_counter(sink, "media_test_total", "reason=\"b\"", "", 2);
    metrics_sink_counter(sink, "media_other_total", "", "other", 3);
}

static char *render(void)
{
    char *text = NULL;
    size_t len = 0;
    EXPECT_INT(metrics_render(metrics, "version=\"0\"", source, NULL, &text, &len), STATUS_OK);
    EXPECT_INT(strlen(text), len);
    return text;
}

static void test_labels(void)
{
    EXPECT_INT(metrics_label(METRICS_LABELS_URGENCY, "stat"), 0);
    EXPECT_INT(metrics_label(METRICS_LABELS_URGENCY, "routine"), 2);
    unsigned other = metrics_label(METRICS_LABELS_URGENCY, "other");
    EXPECT_INT(metrics_label(METRICS_LABELS_URGENCY, "sta"), other);
    EXPECT_INT(metrics_label(METRICS_LABELS_URGENCY, "stat|urgent"), other);
    EXPECT_INT(metrics_label(METRICS_LABELS_URGENCY, NULL), other);
}

static void test_counting(void)
{
    metrics_add(metrics, METRIC_HTTP_REQUESTS, 1, 2, 0, 3);
    metrics_add(metrics, METRIC_HTTP_REQUESTS, 1, 2, 0, 4);
    EXPECT_INT(metrics_value(metrics, METRIC_HTTP_REQUESTS, 1, 2, 0), 7);
    EXPECT_INT(metrics_value(metrics, METRIC_HTTP_REQUESTS, 2, 1, 0), 0);
    metrics_add(metrics, METRIC_LOGINS, 9999, 0, 0, 1); /* beyond the set: "other" */
    EXPECT_INT(metrics_value(metrics, METRIC_LOGINS,
                             metrics_label(METRICS_LABELS_LOGIN_RESULT, "other"), 0, 0),
               1);
    metrics_raise(metrics, METRIC_CONNECTIONS_ACCEPTED, 0, 0, 0, 10);
    metrics_raise(metrics, METRIC_CONNECTIONS_ACCEPTED, 0, 0, 0, 8);
    EXPECT_INT(metrics_value(metrics, METRIC_CONNECTIONS_ACCEPTED, 0, 0, 0), 10);
    metrics_set(metrics, METRIC_CONSULTATIONS, 3, 1, 2, 5);
    metrics_clear(metrics, METRIC_CONSULTATIONS);
    EXPECT_INT(metrics_value(metrics, METRIC_CONSULTATIONS, 3, 1, 2), 0);
    EXPECT(metrics_add_named(metrics, "consult_uploads_total", "hash", 2));
    EXPECT_INT(metrics_value(metrics, METRIC_UPLOADS,
                             metrics_label(METRICS_LABELS_UPLOAD_RESULT, "hash"), 0, 0),
               2);
    EXPECT(metrics_add_named(metrics, "consult_http_requests_total", "console,2xx", 1));
    EXPECT(!metrics_add_named(metrics, "consult_nothing_total", "", 1));
    EXPECT(!metrics_add_named(metrics, "consult_connections", "tls", 1)); /* a gauge */
    metrics_add(NULL, METRIC_LOGINS, 0, 0, 0, 1);                         /* nothing happens */
}

static void test_histogram(void)
{
    for (int i = 0; i < 98; i++) {
        metrics_observe(metrics, METRIC_STORE_SECONDS, 0, 0, 0, 900);
    }
    metrics_observe(metrics, METRIC_STORE_SECONDS, 0, 0, 0, 20000);
    metrics_observe(metrics, METRIC_STORE_SECONDS, 0, 0, 0, 99000000);
    EXPECT_INT(metrics_value(metrics, METRIC_STORE_SECONDS, 0, 0, 0), 100);
    EXPECT(metrics_quantile(metrics, METRIC_STORE_SECONDS, 0, 0, 0, 0.5) < 0.0011);
    EXPECT(metrics_quantile(metrics, METRIC_STORE_SECONDS, 0, 0, 0, 0.99) > 0.024);
    char *text = render();
    EXPECT(strstr(text, "consult_store_commit_seconds_bucket{le=\"0.001\"} 98\n") != NULL);
    EXPECT(strstr(text, "consult_store_commit_seconds_bucket{le=\"0.025\"} 99\n") != NULL);
    EXPECT(strstr(text, "consult_store_commit_seconds_bucket{le=\"+Inf\"} 100\n") != NULL);
    EXPECT(strstr(text, "consult_store_commit_seconds_count 100\n") != NULL);
    EXPECT(strstr(text, "# TYPE consult_store_commit_seconds histogram\n") != NULL);
    EXPECT(strstr(text, "# TYPE media_test_total counter\nmedia_test_total{reason=\"a\"} "
                        "1\nmedia_test_total{reason=\"b\"} 2\n") != NULL);
    EXPECT(strstr(text, "consult_build_info{version=\"0\"} 1\n") != NULL);
    free(text);
}

static void *count_many(void *argument)
{
    (void)argument;
    for (int i = 0; i < 100000; i++) {
        metrics_add(metrics, METRIC_ERRORS, 0, 0, 0, 1);
        metrics_observe(metrics, METRIC_LEG_RTT, 0, 0, 0, 1234);
    }
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        EXPECT(pthread_create(&threads[i], NULL, count_many, NULL) == 0);
    }
    free(render());
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    EXPECT_INT(metrics_value(metrics, METRIC_ERRORS, 0, 0, 0), 300000);
    EXPECT_INT(metrics_value(metrics, METRIC_LEG_RTT, 0, 0, 0), 300000);
}

static void test_promtool(void)
{
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        printf("  promtool is not installed: text not checked by it\n");
        return;
    }
    char *text = render();
    FILE *f = popen("promtool check metrics >&2", "w");
    EXPECT(f != NULL && fputs(text, f) >= 0 && pclose(f) == 0);
    free(text);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"labels", test_labels},   {"counting", test_counting}, {"histogram", test_histogram},
        {"threads", test_threads}, {"promtool", test_promtool},
    };
    if (metrics_create(&metrics) != STATUS_OK) {
        return 1;
    }
    int result = TEST_MAIN(cases);
    metrics_destroy(metrics);
    return result;
}
