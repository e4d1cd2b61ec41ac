#include "tests/load/rest.h"

#include "proto/base/check.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BASE_MAX = 128, /* https://[address]:port */
    PATH_MAX_LEN = 512,
    TOKEN_MAX = 256,
    COOKIE_MAX = 512
};
#define ANSWER_MAX (4u * 1024u * 1024u) /* a list of consultations has some 100 KiB */
#define TIMEOUT_MS 30000L

struct rest {
    CURL *curl;
    char base[BASE_MAX];
    char csrf[TOKEN_MAX]; /* "" = none */
    char cookie[COOKIE_MAX];
    long timeout_ms;
    char *answer; /* kept between requests; its owner is this struct */
    size_t answer_len, answer_size;
};

/* libcurl's CURLOPT_WRITEFUNCTION: anything but count ends the transfer. */
static size_t take_octets(char *data, size_t size, size_t count, void *context)
{
    struct rest *rest = context;
    (void)size; /* always 1 */
    if (count > ANSWER_MAX - rest->answer_len) {
        return 0;
    }
    if (count > rest->answer_size - rest->answer_len) {
        size_t wanted = rest->answer_len + count;
        char *grown = realloc(rest->answer, wanted * 2);
        if (grown == NULL) {
            return 0;
        }
        rest->answer = grown;
        rest->answer_size = wanted * 2;
    }
    memcpy(rest->answer + rest->answer_len, data, count);
    rest->answer_len += count;
    return count;
}

/* What stays the same for every request. */
static bool prepare(struct rest *rest)
{
    CURL *curl = rest->curl;
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"); /* whatever the environment says */
    bad |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |=
        curl_easy_setopt(curl, CURLOPT_COOKIEFILE, ""); /* starts the cookie engine, reads none */
    bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    bad |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    /* Otherwise each of some hundred clients would keep the system's certificates. */
    bad |= curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    bad |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_octets);
    bad |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, rest);
    return bad == CURLE_OK;
}

struct rest *rest_create(const char *base)
{
    CHECK(base != NULL);
    struct rest *rest = calloc(1, sizeof *rest);
    if (rest == NULL) {
        return NULL;
    }
    rest->timeout_ms = TIMEOUT_MS;
    int len = snprintf(rest->base, sizeof rest->base, "%s", base);
    rest->curl = curl_easy_init();
    if (len < 0 || (size_t)len >= sizeof rest->base || rest->curl == NULL || !prepare(rest)) {
        rest_destroy(rest);
        return NULL;
    }
    return rest;
}

void rest_destroy(struct rest *rest)
{
    if (rest == NULL) {
        return;
    }
    curl_easy_cleanup(rest->curl); /* NULL is fine */
    free(rest->answer);
    free(rest);
}

void rest_set_csrf(struct rest *rest, const char *token)
{
    int len = snprintf(rest->csrf, sizeof rest->csrf, "%s", token == NULL ? "" : token);
    CHECK(len >= 0 && (size_t)len < sizeof rest->csrf);
}

void rest_set_timeout_ms(struct rest *rest, long timeout_ms)
{
    CHECK(timeout_ms > 0);
    rest->timeout_ms = timeout_ms;
}

/* One line of Netscape's cookie file has seven fields, tabs between them; the name is the sixth and
 * the value the last. */
static bool cookie_value(const char *line, const char *name, char *out, size_t size)
{
    const char *at = line;
    for (unsigned field = 0; field < 5; field++) {
        at = strchr(at, '\t');
        if (at == NULL) {
            return false;
        }
        at++;
    }
    size_t name_len = strlen(name);
    if (strncmp(at, name, name_len) != 0 || at[name_len] != '\t') {
        return false;
    }
    int len = snprintf(out, size, "%s", at + name_len + 1);
    return len >= 0 && (size_t)len < size;
}

const char *rest_cookie(struct rest *rest, const char *name)
{
    struct curl_slist *all = NULL;
    bool found = false;
    if (curl_easy_getinfo(rest->curl, CURLINFO_COOKIELIST, &all) == CURLE_OK) {
        for (const struct curl_slist *one = all; one != NULL && !found; one = one->next) {
            found = cookie_value(one->data, name, rest->cookie, sizeof rest->cookie);
        }
    }
    curl_slist_free_all(all);
    return found ? rest->cookie : NULL;
}

/* NULL: no memory. */
static struct curl_slist *with(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    if (longer == NULL) {
        curl_slist_free_all(list);
    }
    return longer;
}

static struct curl_slist *header_lines(const struct rest *rest, bool is_get, bool has_body)
{
    /* Without it libcurl waits a second for "100 Continue" before a large body. */
    struct curl_slist *list = with(NULL, "Expect:");
    if (list != NULL && has_body) {
        list = with(list, "Content-Type: application/json");
    }
    if (list != NULL && !is_get && rest->csrf[0] != '\0') {
        char line[TOKEN_MAX + 16];
        (void)snprintf(line, sizeof line, "X-CSRF-Token: %s", rest->csrf); /* fits */
        list = with(list, line);
    }
    return list;
}

static bool set_request(struct rest *rest, const char *method, const char *path, const char *text)
{
    char url[BASE_MAX + PATH_MAX_LEN];
    int len = snprintf(url, sizeof url, "%s%s", rest->base, path);
    if (len < 0 || (size_t)len >= sizeof url) {
        return false;
    }
    CURL *curl = rest->curl;
    CURLcode bad = curl_easy_setopt(curl, CURLOPT_URL, url);
    bad |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, rest->timeout_ms);
    if (text == NULL && strcmp(method, "GET") == 0) {
        bad |= curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        bad |= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, NULL);
        return bad == CURLE_OK;
    }
    const char *fields = text == NULL ? "" : text;
    bad |= curl_easy_setopt(curl, CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(fields));
    bad |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS, fields);
    bad |= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    return bad == CURLE_OK;
}

long rest_call(struct rest *rest, const char *method, const char *path, const json_t *body,
               json_t **out_answer)
{
    long status = 0;
    struct curl_slist *lines = NULL;
    char *text = NULL;
    if (out_answer != NULL) {
        *out_answer = NULL;
    }
    if (body != NULL && (text = json_dumps(body, JSON_COMPACT)) == NULL) {
        goto out;
    }
    lines = header_lines(rest, strcmp(method, "GET") == 0, body != NULL);
    if (lines == NULL || !set_request(rest, method, path, text) ||
        curl_easy_setopt(rest->curl, CURLOPT_HTTPHEADER, lines) != CURLE_OK) {
        goto out;
    }
    rest->answer_len = 0;
    if (curl_easy_perform(rest->curl) != CURLE_OK ||
        curl_easy_getinfo(rest->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK) {
        status = 0;
        goto out;
    }
    if (out_answer != NULL && rest->answer_len > 0) {
        *out_answer = json_loadb(rest->answer, rest->answer_len, JSON_DECODE_ANY, NULL);
    }
out:
    (void)curl_easy_setopt(rest->curl, CURLOPT_HTTPHEADER, NULL); /* the list ends here */
    curl_slist_free_all(lines);
    free(text);
    return status;
}
