/* Finds a place in a JSON text by its JSON pointer (RFC 6901), for messages to people. Any thread.
 */
#ifndef GATEWAY_CTL_IMPORT_LOCATE_H
#define GATEWAY_CTL_IMPORT_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

/* Line and column (1-based, in characters) of what the pointer names. False: it is not there; then
 * the place is the innermost value on the way to it. The text must be valid JSON for the place to
 * be right; any text is safe. */
bool import_locate(const char *text, size_t len, const char *pointer, int *out_line,
                   int *out_column);

#endif
