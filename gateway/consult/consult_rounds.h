/* What the clock does: fires the timers that are due, each in the state it was set for. Run by the
 * rounds of gateway/ops. Store thread. */
#ifndef GATEWAY_CONSULT_CONSULT_ROUNDS_H
#define GATEWAY_CONSULT_CONSULT_ROUNDS_H

#include "gateway/api.h"

/* Due timers, at most 64 in one call; also anchors the audit head in the log. reply
 * {"ran":n,"next_due_ms":UTC or 0}. Call again at once when ran is 64. A timer that cannot fire
 * rolls all back, and the problem names it ("consultation", "kind"): called again with these two as
 * body it is put off by a minute, so that the others go on. */
void consult_timers_run(struct api_call *call);

#endif
