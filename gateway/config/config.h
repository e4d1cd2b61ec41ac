/* Settings: one table (config.def) serves the file (--config FILE: `name = value` lines, # begins a
 * comment), the environment (CG_NAME) and the command line (--name value, --name=value; a switch
 * also as --name and --no-name), later ones winning. An unknown or out-of-range setting ends the
 * start with one line that names its source and line. The config owns every text. Built at start by
 * one thread, read-only afterwards: any thread. */
#ifndef GATEWAY_CONFIG_CONFIG_H
#define GATEWAY_CONFIG_CONFIG_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What scripts and modules read: plain members, one for each row of config.def. */
struct api_config {
#define CONFIG_NUMBER(name, unit, min, max, default_, help) int64_t name;
#define CONFIG_TEXT(name, default_, help) const char *name;
#define CONFIG_LIST(name, default_, help) const char *const *name;
#define CONFIG_SWITCH(name, default_, help) bool name;
#define CONFIG_CHOICE(name, choices, default_, help) const char *name;
#include "gateway/config/config.def"
#undef CONFIG_NUMBER
#undef CONFIG_TEXT
#undef CONFIG_LIST
#undef CONFIG_SWITCH
#undef CONFIG_CHOICE
};

struct config;

enum config_request {
    CONFIG_REQUEST_RUN,
    CONFIG_REQUEST_HELP,    /* --help */
    CONFIG_REQUEST_VERSION, /* --version */
    CONFIG_REQUEST_PRINT    /* --print-config */
};

/* Defaults only (tests, consultctl). STATUS_NO_MEMORY. */
MUST_USE enum status config_create(struct config **out_config);
void config_destroy(struct config *config); /* NULL is fine */
const struct api_config *config_values(const struct config *config);

/* The next four change the config: before it is shared. On anything but STATUS_OK `error` holds one
 * line, "FILE:LINE: port: 99999 is not within 0..65535", and the setting keeps its former value.
 * STATUS_UNKNOWN, STATUS_MALFORMED, STATUS_TOO_LARGE (file over 64 KiB), STATUS_IO,
 * STATUS_NO_MEMORY. */
struct config_error {
    char text[256];
};
MUST_USE enum status config_set(struct config *config, const char *source, const char *name,
                                const char *value, struct config_error *error);
MUST_USE enum status config_read_file(struct config *config, const char *path,
                                      struct config_error *error);
/* Every variable CG_NAME; one that names no setting is an error. */
MUST_USE enum status config_read_environment(struct config *config, char *const *environment,
                                             struct config_error *error);
/* argv as main got it. All three sources in their order: file (--config, or CG_CONFIG),
 * environment, command line. */
MUST_USE enum status config_read_all(struct config *config, int argc, char *const *argv,
                                     char *const *environment, enum config_request *out_request,
                                     struct config_error *error);

void config_print_help(FILE *out);
/* As a file that reads back to the same settings. */
void config_print(const struct config *config, FILE *out);

#endif
