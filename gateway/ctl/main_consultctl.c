/* consultctl: what the operator does by hand on the data folder. It may run beside the gateway:
 * SQLite's write lock is waited for. Exit: 0 done, 1 refused or faults found, 2 wrong usage. */
#include "gateway/ctl/backup.h"
#include "gateway/ctl/check.h"
#include "gateway/ctl/import.h"
#include "gateway/ctl/import_codes.h"
#include "gateway/ctl/user.h"
#include "gateway/ctl/verify.h"
#include "media/rt/clock.h"
#include "media/rt/log.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define ARGUMENTS_MAX 8

static const char usage[] =
    "usage: consultctl COMMAND [--data DIR]\n"
    "  import FILE.json                                 organisations, people, partnerships; all "
    "or nothing\n"
    "  import-codes FILE.csv                            coded diagnoses: code,name_zh,name_en; "
    "replaces the table\n"
    "  user add LOGIN --practitioner CODE --roles a,b   the password is asked for, or read from "
    "standard input\n"
    "  user disable LOGIN | user enable LOGIN           disabling ends every session within "
    "seconds\n"
    "  user password LOGIN                              a new password; ends every session\n"
    "  backup DIR                                       a copy to start a gateway with; DIR must "
    "not exist\n"
    "  check [--hashes]                                 database, audit chain, signing keys, files "
    "by size (or hash)\n"
    "  verify FILE.pdf [--public-key HEX | --keys FOLDER | --data DIR]   a printed report: does it "
    "hold, where was it changed\n"
    "  verify --consultation NUMBER                     its signatures, files and audit rows in "
    "the data folder\n"
    "  export-keys FOLDER                               public keys of the institutions, for "
    "verify elsewhere\n"
    "  version | --help\n"
    "DIR is /var/lib/consult-gateway unless given here or in CG_DATA.\n";

struct arguments {
    const char *data, *practitioner, *roles, *public_key, *keys, *consultation;
    const char *words[ARGUMENTS_MAX];
    int count;
    bool hashes, help, data_given;
};

static bool read_option(const char *name, const char **out_value, int argc, char **argv, int *at)
{
    size_t len = strlen(name);
    if (strncmp(argv[*at], name, len) != 0 || (argv[*at][len] != '\0' && argv[*at][len] != '=')) {
        return false;
    }
    if (argv[*at][len] == '=') {
        *out_value = argv[*at] + len + 1;
    } else if (*at + 1 < argc) {
        *out_value = argv[++*at];
    } else {
        return false;
    }
    return true;
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    const char *from_environment = getenv("CG_DATA");
    const char *const before =
        from_environment != NULL ? from_environment : "/var/lib/consult-gateway";
    *a = (struct arguments){.data = before};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--hashes") == 0) {
            a->hashes = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            a->help = true;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            if (!read_option("--data", &a->data, argc, argv, &i) &&
                !read_option("--practitioner", &a->practitioner, argc, argv, &i) &&
                !read_option("--roles", &a->roles, argc, argv, &i) &&
                !read_option("--public-key", &a->public_key, argc, argv, &i) &&
                !read_option("--keys", &a->keys, argc, argv, &i) &&
                !read_option("--consultation", &a->consultation, argc, argv, &i)) {
                return false;
            }
        } else if (a->count < ARGUMENTS_MAX) {
            a->words[a->count++] = argv[i];
        } else {
            return false;
        }
    }
    a->data_given = a->data != before;
    return a->count > 0 || a->help;
}

static struct db *open_store(const char *data)
{
    char path[PATH_MAX];
    struct db *db = NULL;
    if (mkdir(data, 0700) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "consultctl: cannot make the data folder %s: %s\n", data,
                      strerror(errno));
        return NULL;
    }
    int n = snprintf(path, sizeof path, "%s/" DB_FILE_NAME, data);
    if (n < 0 || (size_t)n >= sizeof path || db_open(path, &db) != STATUS_OK) {
        (void)fprintf(stderr, "consultctl: cannot open the database in %s\n", data);
        return NULL;
    }
    return db;
}

/* The whole file, malloc'd; NULL with a message. */
static char *read_file(const char *path, size_t *out_len)
{
    FILE *f = fopen(path, "rb");
    char *text = f != NULL ? malloc(IMPORT_FILE_MAX + 1) : NULL;
    size_t len = text != NULL ? fread(text, 1, IMPORT_FILE_MAX + 1, f) : 0;
    if (text == NULL || ferror(f) != 0) {
        (void)fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    *out_len = len;
    return text;
}

static int command_import(const struct arguments *a)
{
    size_t len = 0;
    char *text = a->count == 2 ? read_file(a->words[1], &len) : NULL;
    struct db *db = text != NULL ? open_store(a->data) : NULL;
    if (db == NULL) {
        free(text);
        return a->count == 2 ? 1 : EXIT_USAGE;
    }
    struct import_options options = {.data_folder = a->data, .hash_passwords = true};
    struct import_result result;
    enum status status = import_json(db, &options, text, len, &result);
    db_close(db);
    free(text);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "%s:%d:%d: %s%s%s\nnothing was changed\n", a->words[1], result.line,
                      result.column, result.field, result.field[0] != '\0' ? ": " : "",
                      result.error);
        return 1;
    }
    (void)printf("imported: %u specialties, %u organisations, %u practitioners, %u accounts, %u "
                 "partnerships, %u agreements, %u shifts\n",
                 result.specialties, result.organisations, result.practitioners, result.accounts,
                 result.partnerships, result.agreements, result.shifts);
    return 0;
}

static int command_import_codes(const struct arguments *a)
{
    size_t len = 0;
    char *text = a->count == 2 ? read_file(a->words[1], &len) : NULL;
    struct db *db = text != NULL ? open_store(a->data) : NULL;
    if (db == NULL) {
        free(text);
        return a->count == 2 ? 1 : EXIT_USAGE;
    }
    struct import_codes_result result;
    enum status status = import_codes(db, text, len, &result);
    db_close(db);
    free(text);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "%s:%u: %s\nnothing was changed\n", a->words[1], result.line,
                      result.line != 0 ? result.error : status_text(status));
        return 1;
    }
    (void)printf("imported: %lld codes; %lld older ones are not offered any more\n",
                 (long long)result.codes, (long long)result.inactive);
    return 0;
}

/* From the terminal without echo, or a line of standard input. False: none. */
static bool read_password(char *buffer, size_t buffer_len)
{
    struct termios before;
    bool terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("password: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool got = fgets(buffer, (int)buffer_len, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fputc('\n', stderr);
    }
    buffer[got ? strcspn(buffer, "\n") : 0] = '\0';
    return got;
}

static enum status change_user(struct db *db, const struct arguments *a, struct user_error *error)
{
    const char *verb = a->words[1];
    const char *login = a->words[2];
    char password[1024];
    if (strcmp(verb, "disable") == 0 || strcmp(verb, "enable") == 0) {
        return user_disable(db, login, strcmp(verb, "disable") == 0, clock_wall_ms(), error);
    }
    if (!read_password(password, sizeof password)) {
        (void)snprintf(error->text, sizeof error->text, "no password was given");
        return STATUS_NONE;
    }
    enum status status = strcmp(verb, "add") == 0
                             ? user_add(db, login, a->practitioner, a->roles, password, error)
                             : user_password(db, login, password, clock_wall_ms(), error);
    sodium_memzero(password, sizeof password);
    return status;
}

static int command_user(const struct arguments *a)
{
    bool known = a->count == 3 &&
                 (strcmp(a->words[1], "disable") == 0 || strcmp(a->words[1], "enable") == 0 ||
                  strcmp(a->words[1], "password") == 0 || strcmp(a->words[1], "add") == 0);
    if (!known ||
        (strcmp(a->words[1], "add") == 0 && (a->practitioner == NULL || a->roles == NULL))) {
        return EXIT_USAGE;
    }
    struct db *db = open_store(a->data);
    if (db == NULL) {
        return 1;
    }
    struct user_error error = {.text = ""};
    enum status status = change_user(db, a, &error);
    db_close(db);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "consultctl: %s\n", error.text);
        return 1;
    }
    return 0;
}

/* A check or a backup never makes a database. NULL with a message. */
static struct db *open_present_store(const char *data)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/" DB_FILE_NAME, data);
    if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0) {
        (void)fprintf(stderr, "consultctl: there is no database in %s\n", data);
        return NULL;
    }
    return open_store(data);
}

static int command_check(const struct arguments *a)
{
    struct db *db = a->count == 1 ? open_present_store(a->data) : NULL;
    if (db == NULL) {
        return a->count == 1 ? 1 : EXIT_USAGE;
    }
    unsigned faults = check_all(db, a->data, a->hashes, stdout);
    db_close(db);
    return faults > 0;
}

static int command_backup(const struct arguments *a)
{
    char target[PATH_MAX] = "";
    size_t len = a->count == 2 ? strlen(a->words[1]) : 0;
    while (len > 1 && a->words[1][len - 1] == '/') {
        len--;
    }
    if (len == 0 || len >= sizeof target) {
        return EXIT_USAGE;
    }
    memcpy(target, a->words[1], len);
    struct db *db = open_present_store(a->data);
    if (db == NULL) {
        return 1;
    }
    struct backup_result result;
    enum status status = backup_make(db, a->data, target, &result);
    db_close(db);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "consultctl: %s\nthere is no backup\n", result.error);
        return 1;
    }
    (void)printf("backup %s: database, %u files linked, %u copied, %lld octets\n", target,
                 result.linked, result.copied, (long long)result.bytes);
    db = open_present_store(target);
    unsigned faults = db != NULL ? check_all(db, target, false, stdout) : 1;
    db_close(db);
    return faults > 0;
}

/* Of a file alone unless a data folder is named: the tool is also for those who have none. */
static int command_verify(const struct arguments *a)
{
    struct verify_options options = {.public_key = a->public_key, .keys = a->keys};
    bool whole = a->consultation != NULL && a->count == 1;
    if (!whole && a->count != 2) {
        return EXIT_USAGE;
    }
    if (whole || a->data_given) {
        options.data = a->data;
        options.db = open_present_store(a->data);
        if (options.db == NULL) {
            return 1;
        }
    }
    bool valid = whole ? verify_consultation(&options, a->consultation, stdout)
                       : verify_file(&options, a->words[1], stdout);
    db_close(options.db);
    return valid ? 0 : 1;
}

static int command_export_keys(const struct arguments *a)
{
    struct db *db = a->count == 2 ? open_present_store(a->data) : NULL;
    if (db == NULL) {
        return a->count == 2 ? 1 : EXIT_USAGE;
    }
    bool done = verify_export_keys(db, a->words[1], stdout);
    db_close(db);
    return done ? 0 : 1;
}

static int run_command(const struct arguments *a)
{
    static const struct {
        const char *name;
        int (*run)(const struct arguments *a);
    } commands[] = {{"import", command_import},
                    {"import-codes", command_import_codes},
                    {"user", command_user},
                    {"backup", command_backup},
                    {"check", command_check},
                    {"verify", command_verify},
                    {"export-keys", command_export_keys}};
    if (a->help) {
        (void)fputs(usage, stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(a->words[0], commands[i].name) == 0) {
            return commands[i].run(a);
        }
    }
    if (strcmp(a->words[0], "version") == 0) {
        (void)printf("consultctl %s\n", CG_VERSION);
        return 0;
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct arguments a;
    int result = EXIT_USAGE;
    log_set_level(LOG_LEVEL_WARN);
    if (sodium_init() < 0) {
        return 1;
    }
    if (read_arguments(argc, argv, &a)) {
        result = run_command(&a);
    }
    if (result == EXIT_USAGE) {
        (void)fputs(usage, stderr);
    }
    return result;
}
