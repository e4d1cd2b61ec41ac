/* gateway/config: the three sources, their order, and what each refusal says. */
#include "gateway/config/config.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <unistd.h>

static struct config *config;
static struct config_error error;

static enum status set(const char *name, const char *value)
{
    return config_set(config, "test", name, value, &error);
}

static void test_defaults(void)
{
    const struct api_config *v = config_values(config);
    EXPECT_INT(v->port, 8443);
    EXPECT_TEXT(v->listen, "0.0.0.0");
    EXPECT_TEXT(v->metrics_allow[0], "127.0.0.1");
    EXPECT_TEXT(v->metrics_allow[1], "::1");
    EXPECT(v->metrics_allow[2] == NULL && v->origins[0] == NULL);
    EXPECT(v->recording && !v->core_dumps);
    EXPECT_TEXT(v->log_level, "info");
    EXPECT_INT(v->session_idle_s, 1800);
    EXPECT_INT(v->session_absolute_s, 43200);
}

static void test_values(void)
{
    static const struct {
        const char *name, *value;
        enum status status;
        const char *says;
    } rows[] = {
        {"port", "0", STATUS_OK, NULL},
        {"port", "65535", STATUS_OK, NULL},
        {"port", "65536", STATUS_MALFORMED, "test: port: 65536 is not within 0..65535"},
        {"port", "-1", STATUS_MALFORMED, "is not a whole number"},
        {"port", "", STATUS_MALFORMED, "is not a whole number"},
        {"port", "0x10", STATUS_MALFORMED, "is not a whole number"},
        {"port", " 80", STATUS_MALFORMED, "is not a whole number"},
        {"port", "18446744073709551616", STATUS_MALFORMED, "is not a whole number"},
        {"port", "9223372036854775808", STATUS_MALFORMED, "is not within"},
        {"session_idle_s", "59", STATUS_MALFORMED, "is not within 60..86400 s"},
        {"session-idle-s", "60", STATUS_OK, NULL},
        {"recording", "off", STATUS_OK, NULL},
        {"recording", "maybe", STATUS_MALFORMED, "neither on nor off"},
        {"log_level", "debug", STATUS_OK, NULL},
        {"log_level", "deb", STATUS_MALFORMED, "is none of error|warn|info|debug"},
        {"log_level", "", STATUS_MALFORMED, "is none of"},
        {"candidates", "192.0.2.1 , 2001:db8::1", STATUS_OK, NULL},
        {"candidates", "192.0.2.1,,", STATUS_MALFORMED, "an item is empty"},
        {"candidates", "", STATUS_OK, NULL},
        {"colour", "red", STATUS_UNKNOWN, "test: there is no setting \"colour\""},
        {"", "x", STATUS_UNKNOWN, "there is no setting"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[80];
        snprintf(name, sizeof(name), "%s=%s", rows[i].name, rows[i].value);
        test_row(name);
        error.text[0] = '\0';
        EXPECT_INT(set(rows[i].name, rows[i].value), rows[i].status);
        EXPECT(rows[i].says == NULL || strstr(error.text, rows[i].says) != NULL);
        test_row_end();
    }
    EXPECT_INT(config_values(config)->port, 65535); /* a refused value changes nothing */
    EXPECT_INT(config_values(config)->session_idle_s, 60);
    EXPECT(!config_values(config)->recording);
    EXPECT(config_values(config)->candidates[0] == NULL);
    EXPECT_INT(set("candidates", "192.0.2.1 , 2001:db8::1"), STATUS_OK);
    EXPECT_TEXT(config_values(config)->candidates[0], "192.0.2.1");
    EXPECT_TEXT(config_values(config)->candidates[1], "2001:db8::1");
}

static char path[] = "/tmp/test-config-XXXXXX";

static void write_file(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    fwrite(text, 1, len, f);
    fclose(f);
}

static void test_file(void)
{
    static const char good[] =
        "# a comment\n\nport = 1234\r\n  listen=::  \ndata = /srv/with = sign # kept\n";
    write_file(good, sizeof(good) - 1);
    EXPECT_INT(config_read_file(config, path, &error), STATUS_OK);
    EXPECT_INT(config_values(config)->port, 1234);
    EXPECT_TEXT(config_values(config)->listen, "::");
    EXPECT_TEXT(config_values(config)->data, "/srv/with = sign # kept");
    static const char bad[] = "port = 1\n\nporte = 2\n";
    char expected[128];
    write_file(bad, sizeof(bad) - 1);
    EXPECT_INT(config_read_file(config, path, &error), STATUS_UNKNOWN);
    snprintf(expected, sizeof(expected), "%s:3: there is no setting \"porte\"", path);
    EXPECT_TEXT(error.text, expected);
    write_file("port\n", 5);
    EXPECT_INT(config_read_file(config, path, &error), STATUS_MALFORMED);
    EXPECT(strstr(error.text, ":1: \"port\" is not name = value") != NULL);
    write_file("port = 1\0x", 10);
    EXPECT_INT(config_read_file(config, path, &error), STATUS_MALFORMED);
    char *large = malloc(70000);
    memset(large, '#', 70000);
    write_file(large, 70000);
    free(large);
    EXPECT_INT(config_read_file(config, path, &error), STATUS_TOO_LARGE);
    EXPECT_INT(config_read_file(config, "/nonexistent/file", &error), STATUS_IO);
    EXPECT_INT(config_read_file(config, "/tmp", &error), STATUS_IO);
}

static void test_order(void)
{
    static char e1[] = "CG_PORT=2000", e2[] = "CG_DRAIN_S=5", e3[] = "HOME=/",
                e4[] = "CG_LISTEN=::1";
    static char a0[] = "x", a1[] = "--port=3000", a2[] = "--data", a3[] = "/srv",
                a4[] = "--no-recording", a5[] = "--config", a6[64];
    char *environment[] = {e1, e2, e3, e4, NULL};
    char *arguments[] = {a0, a1, a2, a3, a4, a5, a6, NULL};
    enum config_request request = CONFIG_REQUEST_HELP;
    static const char file[] = "port = 1000\nlisten = 127.0.0.1\nidle_timeout_s = 99\n";
    write_file(file, sizeof(file) - 1);
    snprintf(a6, sizeof(a6), "%s", path);
    EXPECT_INT(set("recording", "on"), STATUS_OK);
    EXPECT_INT(config_read_all(config, 7, arguments, environment, &request, &error), STATUS_OK);
    EXPECT_INT(request, CONFIG_REQUEST_RUN);
    EXPECT_INT(config_values(config)->port, 3000);         /* command line */
    EXPECT_TEXT(config_values(config)->listen, "::1");     /* environment */
    EXPECT_INT(config_values(config)->idle_timeout_s, 99); /* file */
    EXPECT_TEXT(config_values(config)->data, "/srv");
    EXPECT(!config_values(config)->recording);
}

static void test_command_line(void)
{
    static const struct {
        const char *name, *argument, *second;
        enum status status;
        const char *says;
    } rows[] = {
        {"help", "--help", NULL, STATUS_OK, NULL},
        {"no dashes", "port", NULL, STATUS_UNKNOWN, "is not an option"},
        {"one dash", "-p", NULL, STATUS_UNKNOWN, "is not an option"},
        {"unknown", "--colour", "red", STATUS_UNKNOWN, "there is no setting \"colour\""},
        {"no value", "--port", NULL, STATUS_MALFORMED, "--port needs a value"},
        {"bad value", "--port", "x", STATUS_MALFORMED, "command line: port"},
        {"switch", "--recording", NULL, STATUS_OK, NULL},
        {"switch with value", "--recording=off", NULL, STATUS_OK, NULL},
        {"no- for a number", "--no-port", NULL, STATUS_UNKNOWN, "there is no setting"},
    };
    static char zero[] = "x";
    char *environment[] = {NULL};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char first[64] = "";
        char second[64] = "";
        test_row(rows[i].name);
        snprintf(first, sizeof(first), "%s", rows[i].argument);
        snprintf(second, sizeof(second), "%s", rows[i].second == NULL ? "" : rows[i].second);
        char *arguments[] = {zero, first, rows[i].second == NULL ? NULL : second, NULL};
        enum config_request request = CONFIG_REQUEST_RUN;
        error.text[0] = '\0';
        EXPECT_INT(config_read_all(config, rows[i].second == NULL ? 2 : 3, arguments, environment,
                                   &request, &error),
                   rows[i].status);
        EXPECT(rows[i].says == NULL || strstr(error.text, rows[i].says) != NULL);
        EXPECT(i != 0 || request == CONFIG_REQUEST_HELP);
        test_row_end();
    }
    static char wrong[] = "CG_COLOUR=red";
    char *bad_environment[] = {wrong, NULL};
    char *none[] = {zero, NULL};
    enum config_request request = CONFIG_REQUEST_RUN;
    EXPECT_INT(config_read_all(config, 1, none, bad_environment, &request, &error), STATUS_UNKNOWN);
    EXPECT(strstr(error.text, "environment CG_COLOUR") != NULL);
}

/* What --print-config writes reads back to the same settings; --help names every one of them. */
static void test_print(void)
{
    char *first = NULL;
    char *second = NULL;
    char *help = NULL;
    size_t len = 0;
    struct config *copy = NULL;
    FILE *f = open_memstream(&first, &len);
    config_print(config, f);
    fclose(f);
    write_file(first, len);
    EXPECT_INT(config_create(&copy), STATUS_OK);
    EXPECT_INT(config_read_file(copy, path, &error), STATUS_OK);
    f = open_memstream(&second, &len);
    config_print(copy, f);
    fclose(f);
    EXPECT_TEXT(second, first);
    f = open_memstream(&help, &len);
    config_print_help(f);
    fclose(f);
    for (char *line = strtok(first, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char option[80];
        snprintf(option, sizeof(option), "--%.*s", (int)strcspn(line, " "), line);
        EXPECT(strstr(help, option) != NULL);
    }
    config_destroy(copy);
    free(first);
    free(second);
    free(help);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"defaults", test_defaults},
        {"values", test_values},
        {"file", test_file},
        {"order", test_order},
        {"command line", test_command_line},
        {"print", test_print},
    };
    int fd = mkstemp(path);
    if (fd < 0 || config_create(&config) != STATUS_OK) {
        return 1;
    }
    close(fd);
    int result = TEST_MAIN(cases);
    config_destroy(config);
    unlink(path);
    return result;
}
