/* The media plane as the gateway sees it: rooms, seats, SDP in and out, recording, figures. Knows
 * no patient, no doctor, no consultation: only handles. All functions are called on T0 unless said
 * otherwise; they never block: work is moved to the workers by mailboxes, and results come back as
 * events (media_poll) after config.wake was called.
 *
 * A room is pinned to one worker when it opens. A seat (0..5) is a party's place; it outlives
 * connections: a party that comes back (reload, lost link, restart of the browser) negotiates a
 * fresh PeerConnection into the same seat, and the others keep receiving it on the same SSRCs. Up
 * to MEDIA_SEATS_MAX publish; refuse beyond it, in words.
 *
 * The places after the seats (6..29) are observers': each receives what the seats send, and nothing
 * of what it sends is taken, recorded or counted for what the seats may send. Functions that take a
 * `seat` take such a place too. */
#ifndef MEDIA_MEDIA_H
#define MEDIA_MEDIA_H

#include "proto/base/span.h"
#include "proto/base/status.h"
#include "proto/base/writer.h"

#include <stdbool.h>
#include <stdint.h>

#define MEDIA_SEATS_MAX 6
#define MEDIA_OBSERVERS_MAX 24 /* of one room */
#define MEDIA_PLACES_MAX (MEDIA_SEATS_MAX + MEDIA_OBSERVERS_MAX)
#define MEDIA_OBSERVERS_WORKER_MAX                                                                 \
    480 /* of one worker, 20 full rooms: each of two pictures is 340 packets a second, so they are \
           more than a processor sends (decisions/006); parties always have their own places */
#define MEDIA_ADDRESSES_MAX 8

struct media;
struct recorder;

struct media_room {
    uint32_t index, generation; /* generation 0 is never valid */
};

struct media_config {
    unsigned workers;         /* 1..64 */
    uint16_t udp_port_first;  /* worker i listens on udp_port_first + i; 0 = any free port each */
    const char *bind_address; /* "0.0.0.0", "::", or one address */
    const char *candidates[MEDIA_ADDRESSES_MAX]; /* addresses named in ICE candidates; NULL ends;
                                                    none = all of this machine incl. loopback */
    struct recorder *recorder;                   /* NULL: no recording */
    uint32_t rooms_max;
    void (*wake)(void *context); /* any worker thread, after events were queued; must not block */
    void *context;
};

enum media_event_type {
    MEDIA_SEAT_CONNECTED = 1, /* DTLS done, media may flow */
    MEDIA_SEAT_LIVE,          /* first authenticated media packet of this connection */
    MEDIA_SEAT_SILENT,        /* no authenticated packet for 1 s although it was live */
    MEDIA_SEAT_GONE, /* consent (RFC 7675) expired, DTLS closed or failed; reason says which */
    MEDIA_STATS      /* once a second per seat that has a connection */
};

/* Cumulative since the connection began, and seen from the gateway. */
struct media_stream_stats {
    uint64_t packets, bytes, lost, repaired, nack_sent, nack_received, pli_sent, pli_received;
    uint32_t jitter_us, rtt_us; /* last; rtt 0 = unknown yet */
    uint32_t bitrate_bps;       /* over the last second */
    uint32_t loss_permille;     /* over the last second, after repair */
};

struct media_event {
    enum media_event_type type;
    struct media_room room;
    uint8_t seat;
    const char *reason; /* static text, snake_case; NULL unless SEAT_GONE */
    /* MEDIA_STATS: what the seat sends to us (up) and what we send to it (down); [0] audio, [1]
     * video */
    struct media_stream_stats up[2], down[2];
    const char *transport;    /* "udp" */
    const char *srtp_profile; /* "AEAD_AES_128_GCM" ... */
};

MUST_USE enum status media_create(const struct media_config *config, struct media **out_media);
void media_destroy(struct media *media);

MUST_USE enum status media_room_open(struct media *media,
                                     struct media_room *out_room);  /* STATUS_FULL */
void media_room_close(struct media *media, struct media_room room); /* frees its seats */

struct media_slot { /* which seat appears in which receive slot of the answer (see media_offer) */
    int8_t seat;    /* -1: empty */
};

/* An SDP offer from the browser in that seat (RFC 8829, JSEP): audio and video m-sections; the
 * first audio and video carry the seat's own media and receive slot 0; every further recvonly pair
 * is slot 1, 2 ... Slots show the other seats of the room in rising order. A new ufrag with a new
 * fingerprint, or the first offer, is a fresh connection that replaces the seat's former one; a new
 * ufrag with the same fingerprint is an ICE restart; the same ufrag is a renegotiation. out_answer:
 * complete SDP (ICE-lite, end-of-candidates); an observer's sections are sendonly. STATUS_MALFORMED
 * / UNSUPPORTED (no DTLS-SRTP, no common codec) / TOO_LARGE / UNKNOWN (no such room) / FULL; on
 * these nothing has changed. *out_error: static English phrase. */
MUST_USE enum status media_offer(struct media *media, struct media_room room, uint8_t seat,
                                 struct span sdp_offer, struct writer *out_answer,
                                 struct media_slot out_slots[MEDIA_SEATS_MAX],
                                 const char **out_error);
/* What that seat's browser receives now, slot by slot: filled with the seat shown, -1 where there
 * is none or where it has left. Returns how many slots the browser opened; 0: it has no connection.
 */
unsigned media_slots(const struct media *media, struct media_room room, uint8_t seat,
                     struct media_slot out_slots[MEDIA_SEATS_MAX]);
/* The seat hangs up or is removed; others stop receiving it. Its place stays free for it. */
void media_leave(struct media *media, struct media_room room, uint8_t seat);
/* recording: handle of recorder_begin(), or 0 to stop at once. Asks every publisher for a key frame
 * when it starts. */
void media_record(struct media *media, struct media_room room, uint32_t recording);

/* Next event, false when there is none. */
bool media_poll(struct media *media, struct media_event *out_event);

/* Process-wide counters since start, summed over workers; any thread. One table
 * (media/rt/counters.def): name, help, value. */
typedef void (*media_counter_fn)(void *context, const char *name, const char *labels,
                                 const char *help, uint64_t value);
void media_counters(struct media *media, media_counter_fn emit, void *context);
/* The UDP port of worker `index`, after media_create. */
uint16_t media_port(struct media *media, unsigned index);

#endif
