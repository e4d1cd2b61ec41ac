/* Which formats, header extensions and sources of an offered m-section are agreed on: fills the
 * answer's section and the plan's. Pure functions, T0. Used by negotiate.c. */
#ifndef MEDIA_NEGOTIATE_FORMATS_H
#define MEDIA_NEGOTIATE_FORMATS_H

#include "media/negotiate/plan.h"
#include "proto/sdp/sdp.h"

/* False: no codec in common. Appends formats and extension maps to `answer`. */
bool formats_agree(const struct sdp_media *offer, enum plan_kind kind, struct sdp_media *answer,
                   struct plan_formats *out_formats);
/* SSRCs that the browser announces, with their RTX partners (a=ssrc-group:FID, RFC 5576 §4.2). */
void formats_sources(const struct sdp_media *offer, struct plan_ssrc out_ssrcs[PLAN_SSRCS_MAX]);

#endif
