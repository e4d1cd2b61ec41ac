#include "gateway/config/config.h"

#include "proto/base/check.h"
#include "proto/base/span.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_LEN 65536 /* a full configuration has some 3 kB */
#define NAME_MAX_LEN 64
#define LIST_MAX 64 /* items of a list */
#define ENVIRONMENT_PREFIX "CG_"

enum kind { KIND_NUMBER, KIND_TEXT, KIND_LIST, KIND_SWITCH, KIND_CHOICE };

struct setting {
    const char *name;
    enum kind kind;
    size_t offset; /* in struct api_config */
    const char *unit, *fallback, *help, *choices;
    int64_t min, max;
};

#define AT(name) offsetof(struct api_config, name)
static const struct setting settings[] = {
#define CONFIG_NUMBER(n, u, lo, hi, d, h)                                                          \
    {.name = #n,                                                                                   \
     .kind = KIND_NUMBER,                                                                          \
     .offset = AT(n),                                                                              \
     .unit = u,                                                                                    \
     .min = lo,                                                                                    \
     .max = hi,                                                                                    \
     .fallback = #d,                                                                               \
     .help = h},
#define CONFIG_TEXT(n, d, h)                                                                       \
    {.name = #n, .kind = KIND_TEXT, .offset = AT(n), .unit = "", .fallback = d, .help = h},
#define CONFIG_LIST(n, d, h)                                                                       \
    {.name = #n, .kind = KIND_LIST, .offset = AT(n), .unit = "", .fallback = d, .help = h},
#define CONFIG_SWITCH(n, d, h)                                                                     \
    {.name = #n, .kind = KIND_SWITCH, .offset = AT(n), .unit = "", .fallback = #d, .help = h},
#define CONFIG_CHOICE(n, c, d, h)                                                                  \
    {.name = #n,                                                                                   \
     .kind = KIND_CHOICE,                                                                          \
     .offset = AT(n),                                                                              \
     .unit = "",                                                                                   \
     .fallback = d,                                                                                \
     .help = h,                                                                                    \
     .choices = c},
#include "gateway/config/config.def"
#undef CONFIG_NUMBER
#undef CONFIG_TEXT
#undef CONFIG_LIST
#undef CONFIG_SWITCH
#undef CONFIG_CHOICE
};
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

struct config {
    struct api_config values;
    char *texts[SETTING_COUNT];      /* the value as it was given; lists point into it */
    char *list_texts[SETTING_COUNT]; /* a copy, cut into items */
    const char **lists[SETTING_COUNT];
};

__attribute__((format(printf, 3, 4))) static enum status
fail(struct config_error *error, enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return status;
}

/* Names are written with underscores; dashes mean the same. */
static const struct setting *find(const char *name)
{
    char plain[NAME_MAX_LEN];
    size_t len = strlen(name);
    if (len >= sizeof(plain)) {
        return NULL;
    }
    for (size_t i = 0; i <= len; i++) {
        plain[i] = name[i] == '-' ? '_' : name[i];
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].name, plain) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

/* --- values
 * -------------------------------------------------------------------------------------------------------
 */

static void *member(struct config *config, const struct setting *setting)
{
    return (char *)&config->values + setting->offset;
}

static enum status set_number(struct config *config, const struct setting *setting,
                              const char *source, const char *value, struct config_error *error)
{
    uint64_t number = 0;
    if (!span_decimal(span_text(value), &number)) {
        return fail(error, STATUS_MALFORMED, "%s: %s: \"%.60s\" is not a whole number", source,
                    setting->name, value);
    }
    if (number > INT64_MAX || (int64_t)number < setting->min || (int64_t)number > setting->max) {
        return fail(error, STATUS_MALFORMED, "%s: %s: %.30s is not within %lld..%lld%s%s", source,
                    setting->name, value, (long long)setting->min, (long long)setting->max,
                    setting->unit[0] != '\0' ? " " : "", setting->unit);
    }
    *(int64_t *)member(config, setting) = (int64_t)number;
    return STATUS_OK;
}

static enum status set_switch(struct config *config, const struct setting *setting,
                              const char *source, const char *value, struct config_error *error)
{
    bool on = strcmp(value, "on") == 0 || strcmp(value, "true") == 0 || strcmp(value, "yes") == 0 ||
              strcmp(value, "1") == 0;
    bool off = strcmp(value, "off") == 0 || strcmp(value, "false") == 0 ||
               strcmp(value, "no") == 0 || strcmp(value, "0") == 0;
    if (!on && !off) {
        return fail(error, STATUS_MALFORMED, "%s: %s: \"%.60s\" is neither on nor off", source,
                    setting->name, value);
    }
    *(bool *)member(config, setting) = on;
    return STATUS_OK;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *at = choices; len > 0; at++) {
        if (strncmp(at, value, len) == 0 && (at[len] == '|' || at[len] == '\0')) {
            return true;
        }
        at = strchr(at, '|');
        if (at == NULL) {
            return false;
        }
    }
    return false;
}

static enum status set_list(struct config *config, const struct setting *setting,
                            const char *source, const char *value, struct config_error *error)
{
    size_t index = (size_t)(setting - settings);
    char *copy = strdup(value);
    const char **items = calloc(LIST_MAX + 1, sizeof(*items));
    size_t count = 0;
    if (copy == NULL || items == NULL) {
        free(copy);
        free(items);
        return fail(error, STATUS_NO_MEMORY, "%s: %s: out of memory", source, setting->name);
    }
    for (char *at = copy; at != NULL && *at != '\0';) {
        char *comma = strchr(at, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
        at += strspn(at, " \t");
        at[strcspn(at, " \t")] = '\0';
        if (*at == '\0' || count == LIST_MAX) {
            free(copy);
            free(items);
            return fail(error, STATUS_MALFORMED, "%s: %s: %s", source, setting->name,
                        count == LIST_MAX ? "too many items" : "an item is empty");
        }
        items[count++] = at;
        at = comma == NULL ? NULL : comma + 1;
    }
    free(config->list_texts[index]);
    free(config->lists[index]);
    config->list_texts[index] = copy;
    config->lists[index] = items;
    *(const char *const **)member(config, setting) = items;
    return STATUS_OK;
}

static enum status set_value(struct config *config, const struct setting *setting,
                             const char *source, const char *value, struct config_error *error)
{
    switch (setting->kind) {
    case KIND_NUMBER:
        return set_number(config, setting, source, value, error);
    case KIND_SWITCH:
        return set_switch(config, setting, source, value, error);
    case KIND_LIST:
        return set_list(config, setting, source, value, error);
    case KIND_CHOICE:
        if (!is_choice(setting->choices, value)) {
            return fail(error, STATUS_MALFORMED, "%s: %s: \"%.60s\" is none of %s", source,
                        setting->name, value, setting->choices);
        }
        return STATUS_OK;
    case KIND_TEXT:
        return STATUS_OK;
    }
    return STATUS_OK;
}

static enum status set(struct config *config, const struct setting *setting, const char *source,
                       const char *value, struct config_error *error)
{
    size_t index = (size_t)(setting - settings);
    char *copy = strdup(value);
    if (copy == NULL) {
        return fail(error, STATUS_NO_MEMORY, "%s: %s: out of memory", source, setting->name);
    }
    enum status status = set_value(config, setting, source, value, error);
    if (status != STATUS_OK) {
        free(copy);
        return status;
    }
    free(config->texts[index]);
    config->texts[index] = copy;
    if (setting->kind == KIND_TEXT || setting->kind == KIND_CHOICE) {
        *(const char **)member(config, setting) = copy;
    }
    return STATUS_OK;
}

enum status config_set(struct config *config, const char *source, const char *name,
                       const char *value, struct config_error *error)
{
    CHECK(config != NULL && source != NULL && name != NULL && value != NULL && error != NULL);
    const struct setting *setting = find(name);
    if (setting == NULL) {
        return fail(error, STATUS_UNKNOWN, "%s: there is no setting \"%.60s\"", source, name);
    }
    return set(config, setting, source, value, error);
}

enum status config_create(struct config **out_config)
{
    struct config *config = calloc(1, sizeof(*config));
    struct config_error error;
    if (config == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        enum status status = set(config, &settings[i], "default", settings[i].fallback, &error);
        CHECK(status == STATUS_OK ||
              status == STATUS_NO_MEMORY); /* the table's own defaults are within range */
        if (status != STATUS_OK) {
            config_destroy(config);
            return status;
        }
    }
    *out_config = config;
    return STATUS_OK;
}

void config_destroy(struct config *config)
{
    for (size_t i = 0; config != NULL && i < SETTING_COUNT; i++) {
        free(config->texts[i]);
        free(config->list_texts[i]);
        free(config->lists[i]);
    }
    free(config);
}

const struct api_config *config_values(const struct config *config)
{
    return &config->values;
}

/* --- file
 * ---------------------------------------------------------------------------------------------------------
 */

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r')) {
        text[--len] = '\0';
    }
    return text;
}

/* `name = value`, an empty line, or `# comment`. A # inside a value belongs to it. */
static enum status read_line(struct config *config, const char *source, char *line,
                             struct config_error *error)
{
    char *name = trim(line);
    if (*name == '\0' || *name == '#') {
        return STATUS_OK;
    }
    char *equals = strchr(name, '=');
    if (equals == NULL) {
        return fail(error, STATUS_MALFORMED, "%s: \"%.60s\" is not name = value", source, name);
    }
    *equals = '\0';
    return config_set(config, source, trim(name), trim(equals + 1), error);
}

static enum status read_lines(struct config *config, const char *path, char *text,
                              struct config_error *error)
{
    unsigned line_number = 1;
    for (char *line = text; line != NULL; line_number++) {
        char source[160];
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        (void)snprintf(source, sizeof(source), "%.140s:%u", path, line_number);
        enum status status = read_line(config, source, line, error);
        if (status != STATUS_OK) {
            return status;
        }
        line = end == NULL ? NULL : end + 1;
    }
    return STATUS_OK;
}

enum status config_read_file(struct config *config, const char *path, struct config_error *error)
{
    enum status status = STATUS_OK;
    FILE *file = fopen(path, "re");
    char *text = calloc(1, FILE_MAX_LEN + 2);
    size_t len = 0;
    if (file == NULL || text == NULL) {
        status = fail(error, file == NULL ? STATUS_IO : STATUS_NO_MEMORY, "%.140s: %s", path,
                      strerror(errno));
        goto out;
    }
    len = fread(text, 1, FILE_MAX_LEN + 1, file);
    if (ferror(file)) {
        status = fail(error, STATUS_IO, "%.140s: cannot be read", path);
    } else if (len > FILE_MAX_LEN) {
        status = fail(error, STATUS_TOO_LARGE, "%.140s: is over %d octets", path, FILE_MAX_LEN);
    } else if (memchr(text, '\0', len) != NULL) {
        status = fail(error, STATUS_MALFORMED, "%.140s: is not a text file", path);
    } else {
        status = read_lines(config, path, text, error);
    }
out:
    free(text);
    if (file != NULL) {
        (void)fclose(file);
    }
    return status;
}

/* --- environment
 * ----------------------------------------------------------------------------------------------------
 */

enum status config_read_environment(struct config *config, char *const *environment,
                                    struct config_error *error)
{
    size_t prefix_len = strlen(ENVIRONMENT_PREFIX);
    for (char *const *variable = environment; *variable != NULL; variable++) {
        const char *equals = strchr(*variable, '=');
        if (strncmp(*variable, ENVIRONMENT_PREFIX, prefix_len) != 0 || equals == NULL) {
            continue;
        }
        char name[NAME_MAX_LEN];
        char source[NAME_MAX_LEN + 16];
        size_t len = (size_t)(equals - *variable) - prefix_len;
        if (len >= sizeof(name)) {
            return fail(error, STATUS_UNKNOWN, "environment: there is no setting \"%.60s\"",
                        *variable);
        }
        for (size_t i = 0; i < len; i++) {
            name[i] = (char)tolower((unsigned char)(*variable)[prefix_len + i]);
        }
        name[len] = '\0';
        if (strcmp(name, "config") == 0) {
            continue; /* the file, read before */
        }
        (void)snprintf(source, sizeof(source), "environment %s%.*s", ENVIRONMENT_PREFIX, (int)len,
                       *variable + prefix_len);
        enum status status = config_set(config, source, name, equals + 1, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* --- command line
 * ---------------------------------------------------------------------------------------------------
 */

struct option {
    char name[NAME_MAX_LEN];
    const char *value; /* NULL: none */
    int used;          /* arguments */
};

static bool is_request(const char *name, enum config_request *out_request)
{
    static const struct {
        const char *name;
        enum config_request request;
    } requests[] = {{"help", CONFIG_REQUEST_HELP},
                    {"version", CONFIG_REQUEST_VERSION},
                    {"print-config", CONFIG_REQUEST_PRINT}};
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(name, requests[i].name) == 0) {
            *out_request = requests[i].request;
            return true;
        }
    }
    return false;
}

/* --name value, --name=value; a switch alone: --name, --no-name. */
static enum status read_option(int argc, char *const *argv, int at, struct option *out,
                               struct config_error *error)
{
    const char *text = argv[at];
    if (strncmp(text, "--", 2) != 0 || text[2] == '\0') {
        return fail(error, STATUS_UNKNOWN, "command line: \"%.60s\" is not an option (see --help)",
                    text);
    }
    text += 2;
    size_t len = strcspn(text, "=");
    if (len >= sizeof(out->name)) {
        return fail(error, STATUS_UNKNOWN, "command line: there is no setting \"%.60s\"", text);
    }
    memcpy(out->name, text, len);
    out->name[len] = '\0';
    out->used = 1;
    out->value = text[len] == '=' ? text + len + 1 : NULL;
    const struct setting *setting = find(out->name);
    enum config_request request;
    bool negative = setting == NULL && strncmp(out->name, "no-", 3) == 0 &&
                    find(out->name + 3) != NULL && find(out->name + 3)->kind == KIND_SWITCH &&
                    out->value == NULL;
    if (negative) {
        memmove(out->name, out->name + 3, strlen(out->name + 3) + 1);
        out->value = "off";
    } else if (setting == NULL && strcmp(out->name, "config") != 0 &&
               !is_request(out->name, &request)) {
        return fail(error, STATUS_UNKNOWN, "command line: there is no setting \"%.60s\"",
                    out->name);
    } else if (setting != NULL && setting->kind == KIND_SWITCH && out->value == NULL) {
        out->value = "on";
    } else if (out->value == NULL && (setting != NULL || strcmp(out->name, "config") == 0)) {
        if (at + 1 >= argc) {
            return fail(error, STATUS_MALFORMED, "command line: --%s needs a value", out->name);
        }
        out->value = argv[at + 1];
        out->used = 2;
    }
    return STATUS_OK;
}

/* config NULL: only looks for --config and the requests; otherwise sets everything else. */
static enum status read_arguments(struct config *config, int argc, char *const *argv,
                                  const char **out_file, enum config_request *out_request,
                                  struct config_error *error)
{
    for (int i = 1; i < argc;) {
        struct option option;
        enum status status = read_option(argc, argv, i, &option, error);
        if (status != STATUS_OK) {
            return status;
        }
        i += option.used;
        if (is_request(option.name, out_request)) {
            continue;
        }
        if (strcmp(option.name, "config") == 0) {
            *out_file = option.value;
        } else if (config != NULL) {
            status = config_set(config, "command line", option.name,
                                option.value == NULL ? "" : option.value, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

enum status config_read_all(struct config *config, int argc, char *const *argv,
                            char *const *environment, enum config_request *out_request,
                            struct config_error *error)
{
    enum config_request request = CONFIG_REQUEST_RUN;
    const char *file = NULL;
    for (char *const *variable = environment; *variable != NULL; variable++) {
        if (strncmp(*variable, ENVIRONMENT_PREFIX "CONFIG=", 10) == 0) {
            file = *variable + 10;
        }
    }
    enum status status = read_arguments(NULL, argc, argv, &file, &request, error);
    if (status == STATUS_OK && file != NULL) {
        status = config_read_file(config, file, error);
    }
    if (status == STATUS_OK) {
        status = config_read_environment(config, environment, error);
    }
    if (status == STATUS_OK) {
        status = read_arguments(config, argc, argv, &file, &request, error);
    }
    if (status == STATUS_OK) {
        *out_request = request;
    }
    return status;
}

/* --- printing
 * -------------------------------------------------------------------------------------------------------
 */

void config_print_help(FILE *out)
{
    (void)fprintf(
        out,
        "consult-gateway: tele-medicine gateway\n\n"
        "  --config FILE      name = value lines (also CG_CONFIG)\n"
        "  --print-config     print the settings in force and end\n"
        "  --version, --help\n\n"
        "Settings, each also as CG_NAME in the environment and `name = value` in the file:\n\n");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &settings[i];
        (void)fprintf(out, "  --%s", s->name);
        if (s->kind == KIND_NUMBER) {
            (void)fprintf(out, " %lld..%lld%s%s", (long long)s->min, (long long)s->max,
                          s->unit[0] != '\0' ? " " : "", s->unit);
        } else if (s->kind == KIND_SWITCH) {
            (void)fprintf(out, " on|off");
        } else if (s->kind == KIND_CHOICE) {
            (void)fprintf(out, " %s", s->choices);
        } else {
            (void)fprintf(out, " %s", s->kind == KIND_LIST ? "A,B,..." : "TEXT");
        }
        (void)fprintf(out, "\n        %s%s%s\n", s->help,
                      s->fallback[0] != '\0' ? "; default " : "", s->fallback);
    }
}

void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        (void)fprintf(out, "%s = %s\n", settings[i].name, config->texts[i]);
    }
}
