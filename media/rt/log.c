#include "media/rt/log.h"

#include "media/rt/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024 /* one line of a log reader's screen times ten; longer lines are cut */

static _Atomic int present_level = LOG_LEVEL_INFO;
static const char *const names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
    atomic_store(&present_level, (int)level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load(&present_level);
}

int log_level_of(const char *name)
{
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static size_t write_stamp(char *line, size_t room, enum log_level level, const char *event)
{
    int64_t now_us = clock_wall_us();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm utc;
    char date[32];
    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
        date[0] = '\0';
    }
    int n = snprintf(line, room, "%s.%03dZ level=%s event=%s ", date, (int)(now_us / 1000 % 1000),
                     names[level], event);
    return n < 0 ? 0 : (size_t)n;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level > atomic_load(&present_level)) {
        return;
    }
    char line[LINE_MAX_LEN];
    size_t at = write_stamp(line, sizeof(line) - 1, level, event);
    if (at >= sizeof(line) - 1) {
        at = sizeof(line) - 2;
    }
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line + at, sizeof(line) - 1 - at, format, arguments);
    va_end(arguments);
    size_t len = at + (n < 0 ? 0 : (size_t)n);
    if (len > sizeof(line) - 2) {
        len = sizeof(line) - 2;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?'; /* one event is one line, whatever a value held */
        }
    }
    line[len] = '\n';
    ssize_t written = write(STDERR_FILENO, line, len + 1);
    (void)written; /* nowhere left to say that the log is gone */
}

const char *log_quote(const char *text, char *buffer, size_t buffer_len)
{
    size_t at = 0;
    if (buffer_len < 3) {
        return "";
    }
    buffer[at++] = '"';
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && at + 3 < buffer_len;
         p++) {
        if (*p == '"' || *p == '\\') {
            buffer[at++] = '\\';
        }
        buffer[at++] = *p < 0x20 || *p == 0x7f ? '?' : (char)*p;
    }
    buffer[at++] = '"';
    buffer[at] = '\0';
    return buffer;
}
