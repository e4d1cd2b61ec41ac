#include "gateway/web/security.h"

#include "proto/base/check.h"
#include "proto/http/http_field.h"
#include "proto/http/http_response.h"

#include <stdio.h>

#define HOST_MAX 255 /* RFC 1035 §2.3.4 */

struct pair_of_text {
    const char *name, *value;
};

static const struct pair_of_text everywhere[] = {
    {"Strict-Transport-Security", "max-age=63072000"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

static const char page_permissions[] =
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), autoplay=(self), "
    "geolocation=(), payment=(), usb=(), midi=(), serial=()";

/* Nothing inline, nothing from elsewhere. blob: and data: pictures are local previews; workers are
 * the image viewer's. */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; font-src 'self'; frame-src 'self'; worker-src 'self' blob:; "
    "manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'";

/* Answers that are no pages: shown by the console in frames at most (a PDF), never run. */
static const char data_policy[] = "default-src 'none'; object-src 'self'; frame-ancestors 'self'";

static bool plain_host(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
        if (!plain) {
            return false;
        }
    }
    return host.len > 0 && host.len <= HOST_MAX;
}

static void field(struct writer *w, const char *name, const char *value)
{
    enum status status = http_response_field(w, name, span_text(value));
    CHECK(status == STATUS_OK ||
          status == STATUS_FULL); /* our own text; overrun is seen by the caller in w */
}

void web_security_write(struct writer *w, const char *content_type, struct span host)
{
    for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++) {
        field(w, everywhere[i].name, everywhere[i].value);
    }
    if (content_type == NULL || !http_media_type_is(span_text(content_type), "text/html")) {
        field(w, "Content-Security-Policy", data_policy);
        return;
    }
    field(w, "Permissions-Policy", page_permissions);
    /* 'self' does not cover wss: in older browsers, so the WebSocket is named. */
    char policy[sizeof(page_policy) + HOST_MAX + 16];
    bool named = plain_host(host);
    int len = snprintf(policy, sizeof(policy), "%s%s%.*s", page_policy, named ? " wss://" : "",
                       named ? (int)host.len : 0, named ? (const char *)host.data : "");
    if (len > 0 && (size_t)len < sizeof(policy)) {
        field(w, "Content-Security-Policy", policy);
    }
}
