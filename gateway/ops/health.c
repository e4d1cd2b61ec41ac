#include "gateway/ops/health.h"

#include "media/rt/log.h"
#include "proto/base/check.h"
#include "proto/base/writer.h"

#include <stdio.h>
#include <string.h>

void health_init(struct health *health)
{
    static const struct health_row rows[HEALTH_COUNT] = {
#define HEALTH(id, name_, needed_)                                                                 \
    [HEALTH_##id] = {.name = name_, .needed = needed_, .detail = "not looked at yet"},
        HEALTH_TABLE
#undef HEALTH
    };
    memcpy(health->rows, rows, sizeof(rows));
}

void health_set(struct health *health, enum health_part part, bool ok, const char *detail)
{
    CHECK(part < HEALTH_COUNT);
    struct health_row *row = &health->rows[part];
    if (row->known && row->ok != ok) {
        log_warn("health_changed", "part=%s ok=%d", row->name, ok);
    }
    row->known = true;
    row->ok = ok;
    (void)snprintf(row->detail, sizeof(row->detail), "%s",
                   detail != NULL && detail[0] != '\0' ? detail
                   : ok                                ? "ok"
                                                       : "failed");
}

bool health_ready(const struct health *health)
{
    for (unsigned i = 0; i < HEALTH_COUNT; i++) {
        if (health->rows[i].needed && !(health->rows[i].known && health->rows[i].ok)) {
            return false;
        }
    }
    return true;
}

void health_reply_alive(struct web_exchange *exchange)
{
    static const char body[] = "{\"alive\":true}\n";
    struct web_reply reply = {.status = 200,
                              .content_type = "application/json",
                              .body = body,
                              .body_len = sizeof(body) - 1};
    web_reply(exchange, &reply);
}

/* Details are ours: plain ASCII phrases without quotes; anything else becomes a blank. */
static void write_detail(struct writer *w, const char *detail)
{
    for (const char *p = detail; *p != '\0'; p++) {
        writer_u8(w, *p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7f ? ' ' : (uint8_t)*p);
    }
}

void health_reply_ready(const struct health *health, struct web_exchange *exchange)
{
    char body[HEALTH_COUNT * (HEALTH_DETAIL_SIZE + 80) + 64];
    static const char *const retry[] = {"Retry-After", "5", NULL};
    struct writer w = writer_of(body, sizeof(body));
    bool ready = health_ready(health);
    writer_format(&w, "{\"ready\":%s,\"checks\":[", ready ? "true" : "false");
    for (unsigned i = 0; i < HEALTH_COUNT; i++) {
        const struct health_row *row = &health->rows[i];
        writer_format(&w, "%s{\"name\":\"%s\",\"ok\":%s,\"needed\":%s,\"detail\":\"",
                      i > 0 ? "," : "", row->name, row->known && row->ok ? "true" : "false",
                      row->needed ? "true" : "false");
        write_detail(&w, row->detail);
        writer_text(&w, "\"}");
    }
    writer_text(&w, "]}\n");
    CHECK(writer_ok(&w));
    struct web_reply reply = {
        .status = ready ? 200 : 503,
        .content_type = "application/json",
        .headers = ready ? NULL : retry,
        .body = body,
        .body_len = w.at,
    };
    web_reply(exchange, &reply);
}
