/* Recording of a room: begun and ended on T0, written by the recorder thread, and put into the
 * record through the store; and the recordings that a killed process left behind. */
#ifndef GATEWAY_SESSION_ROOM_RECORDING_H
#define GATEWAY_SESSION_ROOM_RECORDING_H

#include "gateway/app.h"
#include "media/recording/recorder.h"

#include <stdbool.h>

/* Body of consult_session_recording_complete for a file that is whole; the caller owns it. */
json_t *room_recording_row(const char *recording_id, bool recovered,
                           const struct recorder_event *event);
/* Given `recordings` of consult_startup's reply: completes each file on the blob threads and notes
 * it in the store. T0. */
void room_recording_recover(struct app *app, const json_t *recordings);

#endif
