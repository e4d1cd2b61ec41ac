/* One party of a call, as a browser would be: SDP, ICE controlling agent (RFC 8445), DTLS client,
 * SRTP, sound and pictures with their number in the payload, reports, transport-wide feedback, NACK
 * and RTX. All peers share one UDP socket (net.h) and differ by their source address.
 *
 * Its files: peer.c connects, peer_sdp.c describes, peer_send.c and peer_receive.c carry media.
 * CLOCK_REALTIME in nanoseconds throughout. One thread. */
#ifndef TESTS_LOAD_PEER_H
#define TESTS_LOAD_PEER_H

#include "media/cc/twcc_in.h"
#include "media/stream/nack.h"
#include "proto/base/span.h"
#include "tests/load/net.h"
#include "tests/load/tally.h"
#include "tests/tools/dtls_client.h"

#define PEER_SDP_MAX 16384
#define PEER_SLOTS_MAX 5
#define PEER_SENT 4096         /* packets whose time of sending is remembered: 30 s of video */
#define PEER_INS_MAX 12        /* streams received: five others' sound and pictures, and a change */
#define PEER_VIDEO_OCTETS 1150 /* RTP payload; shared by the reference figures */
#define PEER_AUDIO_OCTETS 100

enum peer_kind { PEER_AUDIO = 0, PEER_VIDEO, PEER_KINDS };
enum { PEER_AUDIO_PT = 111, PEER_VIDEO_PT = 96, PEER_RTX_PT = 97, PEER_TWCC_ID = 3 };

struct peer_out { /* a stream that it sends */
    uint32_t ssrc, timestamp;
    uint16_t base;      /* sequence number of packet 0 */
    uint64_t next;      /* number of the next packet */
    uint64_t from, to;  /* those of the measured time; to: UINT64_MAX while it goes on */
    unsigned listeners; /* receivers that should get each of them */
    int64_t sent_ns[PEER_SENT];
};

struct peer;

struct peer_in {   /* a stream that it receives */
    uint32_t ssrc; /* 0: free */
    const struct peer *source;
    enum peer_kind kind;
    uint16_t offset;  /* sequence number - number of the packet */
    uint64_t highest; /* number */
    uint64_t seen[PEER_SENT / 64];
    uint64_t packets;
    struct nack nack; /* video */
};

struct peer_shared { /* of all peers */
    struct net *net;
    struct tally *tally;
    const struct identity *identity;
    SSL_CTX *dtls;
    struct integrity *integrity;
    struct peer **peers;
    unsigned count;
    bool measuring;
};

struct peer {
    struct peer_shared *shared; /* borrowed */
    unsigned index, slots;
    char ufrag[9], pwd[25], remote_ufrag[257], remote_pwd[257];
    struct net_addr remote;
    bool begun, nominated, failed;
    int64_t check_ns; /* last check sent */
    uint32_t check_number;
    struct dtls_client dtls;
    struct rtpsec *srtp;
    struct peer_out out[PEER_KINDS];
    uint32_t rtx_ssrc;
    uint16_t rtx_sequence, transport_sequence, picture;
    bool want_keyframe;
    unsigned frame_at; /* packets of the present frame that are sent */
    struct peer_in in[PEER_INS_MAX];
    uint64_t received; /* packets of any stream */
    unsigned sampled;
    struct twcc_in twcc;
    int64_t report_ns, feedback_ns; /* when they are due */
    uint32_t report_middle[PEER_KINDS];
    int64_t report_heard_ns[PEER_KINDS];
};

struct peer *peer_create(struct peer_shared *shared, unsigned index, unsigned slots);
void peer_destroy(struct peer *peer); /* NULL is fine */
/* A fresh connection, as after a reload: new credentials, DTLS, keys; streams begin anew. */
void peer_renew(struct peer *peer);

/* Both return the SDP's length; 0: the description was not understood. out: PEER_SDP_MAX octets.
 * The offer has one sendrecv audio and one sendrecv video (VP8 with RTX), setup:actpass. */
size_t peer_offer(struct peer *peer, char *out);
/* The answer (setup:active) to an offer of the server's; takes its credentials and candidate. */
size_t peer_answer(struct peer *peer, struct span offer, char *out);
/* Takes the credentials and the first UDP candidate of the server's answer. False: not understood.
 */
bool peer_take_answer(struct peer *peer, struct span answer);
/* Starts the checks; DTLS and media follow by themselves. */
void peer_begin(struct peer *peer);
bool peer_connected(const struct peer *peer); /* has SRTP keys */

/* A datagram for it. */
void peer_input(struct peer *peer, const struct net_datagram *datagram);
/* Each 50 ms or so: checks, DTLS timer, reports, feedback, requests. */
void peer_tick(struct peer *peer, int64_t now_ns);
void peer_send_audio(struct peer *peer, int64_t now_ns);
/* One packet of the present frame of `packets`; a frame begins by itself. */
void peer_send_video(struct peer *peer, int64_t now_ns, unsigned packets);

/* peer_receive.c, peer_send.c: for each other */
void peer_rtp(struct peer *peer, const struct net_datagram *datagram);
void peer_rtcp(struct peer *peer, const struct net_datagram *datagram);
void peer_resend(struct peer *peer, uint16_t sequence);
void peer_report(struct peer *peer, int64_t now_ns);
/* Protects what the writer of net_begin() holds and queues it. */
void peer_send_rtp(struct peer *peer, struct writer *w);
void peer_send_rtcp(struct peer *peer, struct writer *w);

#endif
