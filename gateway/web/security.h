/* The security headers of every answer (RFC 6797; W3C CSP 3; Fetch nosniff; Permissions Policy).
 * Pure functions. */
#ifndef GATEWAY_WEB_SECURITY_H
#define GATEWAY_WEB_SECURITY_H

#include "proto/base/span.h"
#include "proto/base/writer.h"

/* Writes header fields into a response that was started. host: of the request, for connect-src of
 * pages: a page (content_type text/html) gets the console's policy, anything else one that forbids
 * everything. */
void web_security_write(struct writer *w, const char *content_type, struct span host);

#endif
