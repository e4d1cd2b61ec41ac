#include "gateway/web/static.h"

#include "media/rt/log.h"
#include "proto/http/http_field.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 8 /* folders in folders */
#define PATH_MAX_LEN 512
#define INDEX "/index.html"

struct file {
    char *name;        /* as in a URL: "/assets/index-Bx3k9aQ1.js" */
    char *path;        /* on disk */
    bool brotli, gzip; /* NAME.br, NAME.gz lie beside it */
    bool hashed;
};

struct web_static {
    struct file *files; /* sorted by name */
    size_t count, room;
};

/* --- scan
 * ---------------------------------------------------------------------------------------------------------
 */

/* "name-XXXXXXXX.ext": eight or more letters, digits, - or _ as the bundler writes them, below
 * /assets/. */
static bool is_hashed(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (strncmp(name, "/assets/", 8) != 0 || dot == NULL) {
        return false;
    }
    for (const char *p = dot; p > name + 8; p--) {
        if (p[-1] == '-' && dot - p >= 8) {
            return strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") >=
                   (size_t)(dot - p);
        }
    }
    return false;
}

static enum status add(struct web_static *files, const char *name, const char *path)
{
    if (files->count == WEB_STATIC_FILES_MAX) {
        return STATUS_FULL;
    }
    if (files->count == files->room) {
        size_t room = files->room == 0 ? 64 : files->room * 2;
        struct file *larger = realloc(files->files, room * sizeof(*larger));
        if (larger == NULL) {
            return STATUS_NO_MEMORY;
        }
        files->files = larger;
        files->room = room;
    }
    struct file file = {.name = strdup(name), .path = strdup(path), .hashed = is_hashed(name)};
    if (file.name == NULL || file.path == NULL) {
        free(file.name);
        free(file.path);
        return STATUS_NO_MEMORY;
    }
    files->files[files->count++] = file;
    return STATUS_OK;
}

static enum status scan(struct web_static *files, const char *folder, const char *prefix,
                        unsigned depth);

/* Symbolic links, sockets and dot files are passed over. */
static enum status scan_entry(struct web_static *files, const char *folder, const char *prefix,
                              const char *entry, unsigned depth)
{
    char path[PATH_MAX_LEN];
    char name[PATH_MAX_LEN];
    struct stat about;
    int path_len = snprintf(path, sizeof(path), "%s/%s", folder, entry);
    int name_len = snprintf(name, sizeof(name), "%s/%s", prefix, entry);
    if (entry[0] == '.' || path_len < 0 || (size_t)path_len >= sizeof(path) || name_len < 0 ||
        (size_t)name_len >= sizeof(name) || lstat(path, &about) != 0) {
        return STATUS_OK;
    }
    if (S_ISDIR(about.st_mode)) {
        return depth < DEPTH_MAX ? scan(files, path, name, depth + 1) : STATUS_OK;
    }
    return S_ISREG(about.st_mode) ? add(files, name, path) : STATUS_OK;
}

static enum status scan(struct web_static *files, const char *folder, const char *prefix,
                        unsigned depth)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return STATUS_IO;
    }
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(dir)) != NULL;) {
        status = scan_entry(files, folder, prefix, entry->d_name, depth);
    }
    (void)closedir(dir);
    return status;
}

static int compare(const void *a, const void *b)
{
    const struct file *left = a;
    const struct file *right = b;
    return strcmp(left->name, right->name);
}

static struct file *find(struct web_static *files, const char *name)
{
    size_t low = 0;
    size_t high = files->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(files->files[middle].name, name);
        if (order == 0) {
            return &files->files[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static void find_variants(struct web_static *files)
{
    for (size_t i = 0; i < files->count; i++) {
        char name[PATH_MAX_LEN + 4];
        (void)snprintf(name, sizeof(name), "%s.br", files->files[i].name);
        files->files[i].brotli = find(files, name) != NULL;
        (void)snprintf(name, sizeof(name), "%s.gz", files->files[i].name);
        files->files[i].gzip = find(files, name) != NULL;
    }
}

enum status web_static_open(const char *folder, struct web_static **out_static)
{
    struct web_static *files = calloc(1, sizeof(*files));
    if (files == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = scan(files, folder, "", 0);
    if (status == STATUS_OK) {
        qsort(files->files, files->count, sizeof(files->files[0]), compare);
        find_variants(files);
        status = find(files, INDEX) != NULL ? STATUS_OK : STATUS_IO;
    }
    if (status != STATUS_OK) {
        log_warn("console_missing", "folder=%s reason=%s", folder, status_name(status));
        web_static_close(files);
        return status;
    }
    *out_static = files;
    return STATUS_OK;
}

void web_static_close(struct web_static *files)
{
    for (size_t i = 0; files != NULL && i < files->count; i++) {
        free(files->files[i].name);
        free(files->files[i].path);
    }
    if (files != NULL) {
        free(files->files);
    }
    free(files);
}

/* --- answers
 * ------------------------------------------------------------------------------------------------------
 */

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".mp3", "audio/mpeg"},
        {".ogg", "audio/ogg"},
        {".wav", "audio/wav"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(dot, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return "application/octet-stream";
}

static void send_file(const struct file *file, struct web_exchange *exchange)
{
    const char *accept = web_exchange_header(exchange, "Accept-Encoding");
    struct span accepted = span_text(accept == NULL ? "" : accept);
    const char *coding = NULL;
    char path[PATH_MAX_LEN + 4];
    const char *headers[5] = {NULL};
    size_t at = 0;
    if (file->brotli && accept != NULL && http_accept_encoding(accepted, "br") > 0) {
        coding = "br";
    } else if (file->gzip && accept != NULL && http_accept_encoding(accepted, "gzip") > 0) {
        coding = "gzip";
    }
    (void)snprintf(path, sizeof(path), "%s%s", file->path,
                   coding == NULL     ? ""
                   : coding[0] == 'b' ? ".br"
                                      : ".gz");
    if (file->brotli || file->gzip) {
        headers[at++] = "Vary";
        headers[at++] = "Accept-Encoding";
    }
    if (coding != NULL) {
        headers[at++] = "Content-Encoding";
        headers[at++] = coding;
    }
    struct web_reply reply = {
        .status = 200,
        .content_type = type_of(file->name),
        .headers = headers,
        .file = path,
        .cache_control = file->hashed ? "public, max-age=31536000, immutable" : "no-cache",
    };
    web_reply(exchange, &reply);
}

void web_static_request(struct web_static *files, struct web_exchange *exchange)
{
    const struct web_request *request = web_exchange_request(exchange);
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
        web_exchange_allow(exchange, "GET, HEAD");
        web_reply_problem(exchange, 405, "request.method", "此地址不支持该方法。",
                          "This address does not support that method.");
        return;
    }
    const struct file *file = files == NULL ? NULL : find(files, request->path);
    const char *last = strrchr(request->path, '/');
    if (file == NULL && files != NULL && (last == NULL || strchr(last, '.') == NULL)) {
        file = find(files, INDEX); /* an address that the console itself resolves */
    }
    if (file == NULL) {
        web_reply_problem(exchange, 404, "request.not-found", "没有找到。",
                          "There is nothing here.");
    } else {
        send_file(file, exchange);
    }
}
