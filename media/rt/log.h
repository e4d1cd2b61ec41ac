/* The log: one line, event name first, then key=value; to stderr. No patient data, no names of
 * people, no SDP, no keys. log_info("consult_accepted", "consultation=%s partnership=%s", id,
 * partnership); Values are the caller's; a value that may hold blanks or quotes goes through
 * log_quote(). Any thread: a line is written by one write(2). Never on the packet path. */
#ifndef MEDIA_RT_LOG_H
#define MEDIA_RT_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above the level are dropped. Set at start; info by default. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
/* "error", "warn", "info", "debug" -> level; -1 when it is none of them. */
int log_level_of(const char *name);

void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_line(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

/* Writes text in double quotes with control characters, quotes and backslashes escaped, cut to fit.
 * Returns buffer. */
const char *log_quote(const char *text, char *buffer, size_t buffer_len);

#endif
