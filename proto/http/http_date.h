/* HTTP-date (RFC 9110 §5.6.7): written as IMF-fixdate, read in its three forms. Proleptic
 * Gregorian, years 1 to 9999, no leap seconds. Pure functions, any thread. */
#ifndef PROTO_HTTP_HTTP_DATE_H
#define PROTO_HTTP_HTTP_DATE_H

#include "proto/base/span.h"

#define HTTP_DATE_LEN 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* unix_s: seconds since 1970-01-01 UTC; CHECKed to lie in the years 1 to 9999. Writes a NUL behind.
 */
void http_date_write(int64_t unix_s, char out_text[HTTP_DATE_LEN + 1]);
/* now_s (CHECKed like unix_s) decides the century of the RFC 850 form (never more than 50 years
 * ahead). False: not a date; a wrong day of the week is one too. */
bool http_date_read(struct span text, int64_t now_s, int64_t *out_unix_s);

#endif
