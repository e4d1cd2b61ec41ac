/* sdp_write() of sdp.h: a description as text. Nothing else is declared here; callers include
 * sdp.h. Any thread. */
#ifndef PROTO_SDP_WRITE_H
#define PROTO_SDP_WRITE_H

#include "proto/sdp/sdp.h"

#endif
