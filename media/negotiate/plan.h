/* What an offer and its answer agreed on, as the worker needs it: a plain value without pointers
 * that travels through a mailbox. Made by negotiate.h on T0, carried out by the worker. */
#ifndef MEDIA_NEGOTIATE_PLAN_H
#define MEDIA_NEGOTIATE_PLAN_H

#include "media/transport/transport.h"

#include <stdbool.h>
#include <stdint.h>

#define PLAN_SLOTS_MAX 6  /* receive slots: an observer sees every seat of a room */
#define PLAN_CODECS_MAX 3 /* of one kind: VP8, VP9, H264 */
#define PLAN_SSRCS_MAX                                                                             \
    4 /* announced by the browser in one m-section: media and RTX, before and after a change */
#define PLAN_NO_RTX 0xff
#define PLAN_CNAME_LEN 16

enum plan_kind { PLAN_AUDIO = 0, PLAN_VIDEO, PLAN_KINDS };

struct plan_codec {
    uint8_t codec; /* enum payload_codec; 0: unused entry */
    uint8_t payload_type;
    uint8_t rtx_payload_type; /* PLAN_NO_RTX: none */
};

/* RTP header extension ids of one m-section, as both sides agreed; 0: not used. */
struct plan_extensions {
    uint8_t mid, transport_cc, audio_level, orientation;
};

struct plan_ssrc {
    uint32_t ssrc, rtx_ssrc; /* rtx 0: not announced */
};

/* One m-section's agreed formats. */
struct plan_formats {
    struct plan_codec codecs[PLAN_CODECS_MAX];
    struct plan_extensions extensions;
};

struct plan_publish { /* browser -> us */
    bool active;      /* the browser may send this kind */
    struct plan_formats formats;
    struct plan_ssrc ssrcs[PLAN_SSRCS_MAX];
};

struct plan_receive { /* us -> browser, one slot */
    bool active;
    struct plan_formats formats;
    uint32_t ssrc, rtx_ssrc; /* ours; rtx 0: none */
};

struct plan {
    struct transport_config transport;
    struct plan_publish publish[PLAN_KINDS];
    struct plan_receive receive[PLAN_SLOTS_MAX][PLAN_KINDS];
    uint8_t slot_count;                   /* slots that have at least one m-section */
    char cname[PLAN_CNAME_LEN + 1];       /* random (RFC 7022), one a connection */
    uint64_t session_id, session_version; /* o= of our answers */
};

#endif
