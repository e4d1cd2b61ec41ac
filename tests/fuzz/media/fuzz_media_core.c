/* An authenticated and hostile browser in a recorded call of two, through the worker's core in
 * virtual time: whatever it puts into its RTP and RTCP is protected with the right keys before it
 * goes in, so that everything behind the tag is reached: header extensions, padding, RTX,
 * descriptors, compounds, feedback, NACK. Between its packets come checks, strangers' datagrams,
 * commands and time. The DTLS handshake is left out: keys are put into the connection.
 *
 * Input: steps of an octet that says what (enum step), a length of two octets, and so many octets.
 * In RTCP a word ff ff ff 0N stands for a SSRC of the call: 0-1 the peer's own audio and video, 2
 * its RTX, 3-5 what it receives: audio, video, RTX. */
#include "certs/identity.h"
#include "media/dtls/dtls.h"
#include "media/recording/session.h"
#include "media/relay/room.h"
#include "media/worker/core.h"
#include "proto/base/check.h"
#include "proto/base/reader.h"

#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKET_MAX 1500
#define STEPS_MAX 200
#define PARTIES 2

enum step {
    STEP_TIME = 0, /* octet: x 5 ms */
    STEP_RTP,      /* a whole packet; its version is put right */
    STEP_MEDIA,    /* payload of the next packet in order: flags, then the payload */
    STEP_RTCP,     /* a whole compound */
    STEP_CHECK,    /* octet: from which address; a check with the right password */
    STEP_STRANGER, /* octet: from which address; the rest as it is */
    STEP_COMMAND,  /* octet: which */
    STEP_BAD_TAG,  /* as STEP_RTP, then a bit of the tag is turned */
    STEP_COUNT
};

static struct {
    struct identity *identity;
    struct dtls_context *dtls;
    struct integrity *integrity;
    struct tap_ring *tap;
    char folder[64];
    uint32_t random;
} fixed;

struct world {
    int64_t now_us;
    struct core *core;
    struct outbox box;
    struct media_room room;
    struct addr addresses[8];
    struct rtpsec *peer; /* the hostile one's side, seat 0 */
    struct plan plans[PARTIES];
    uint16_t sequence[3];
    uint32_t timestamp, connection[PARTIES], connections;
    bool recording;
    struct session *session;
};

static bool octets(void *context, uint8_t *out, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        fixed.random = fixed.random * 1103515245u + 12345u; /* C17 7.22.2 */
        out[i] = (uint8_t)(fixed.random >> 16);
    }
    return true;
}

static void sent(void *context, struct outbox *box)
{
    (void)context;
    box->count = 0;
}

static bool reported(void *context, const struct worker_report *report)
{
    (void)context;
    CHECK(report->event.seat < MEDIA_SEATS_MAX);
    return true;
}

static void leave(void)
{
    char path[128];
    for (unsigned i = 0; i < 17; i++) {
        char suffix[8] = "";
        if (i > 0) {
            (void)snprintf(suffix, sizeof(suffix), ".%u", i);
        }
        (void)snprintf(path, sizeof(path), "%s/x.part%s", fixed.folder, suffix);
        (void)unlink(path);
    }
}

static void leave_for_good(void)
{
    leave();
    (void)rmdir(fixed.folder);
}

static void read_offer(char *out, size_t room, size_t *len)
{
    FILE *file = fopen(CG_SOURCE_DIR "/tests/vectors/sdp/chromium156-two.sdp", "rbe");
    CHECK(file != NULL);
    *len = fread(out, 1, room, file);
    CHECK(fclose(file) == 0 && *len > 0 && *len < room);
}

static void begin(void)
{
    if (fixed.identity != NULL) {
        return;
    }
    av_log_set_level(AV_LOG_QUIET);
    CHECK(identity_generate(&fixed.identity) == STATUS_OK);
    CHECK(dtls_context_create(fixed.identity, &fixed.dtls) == STATUS_OK);
    CHECK(integrity_create(&fixed.integrity) == STATUS_OK);
    fixed.tap = tap_ring_create(1u << 20);
    CHECK(fixed.tap != NULL);
    (void)snprintf(fixed.folder, sizeof(fixed.folder), "%s/fuzz-core-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(fixed.folder) != NULL && atexit(leave_for_good) == 0);
}

static enum negotiate_kind negotiate(struct world *w, unsigned seat)
{
    static struct negotiate_scratch scratch;
    static char offer[16384];
    static char text[65536];
    size_t len = 0;
    read_offer(offer, sizeof(offer), &len);
    struct writer out = writer_of(text, sizeof(text));
    struct negotiate_input input = {.offer = span_of(offer, len),
                                    .former =
                                        w->plans[seat].session_id == 0 ? NULL : &w->plans[seat],
                                    .fingerprint = identity_fingerprint(fixed.identity),
                                    .candidates = &w->addresses[7],
                                    .candidate_count = 1,
                                    .random = octets};
    struct plan plan;
    enum negotiate_kind kind;
    const char *error = NULL;
    CHECK(negotiate_answer(&scratch, &input, &plan, &kind, &out, &error) == STATUS_OK);
    w->plans[seat] = plan;
    return kind;
}

static void check_from(struct world *w, unsigned seat, unsigned address, bool nominate)
{
    uint8_t buffer[600];
    struct writer out = writer_of(buffer, sizeof(buffer));
    static const uint8_t transaction[12] = {1};
    const struct icelite_credentials *ice = &w->plans[seat].transport.credentials;
    char username[300];
    (void)snprintf(username, sizeof(username), "%s:%s", ice->ufrag, ice->remote_ufrag);
    stun_begin(&out, STUN_REQUEST, STUN_METHOD_BINDING, transaction);
    stun_add(&out, STUN_USERNAME, span_text(username));
    stun_add_u32(&out, STUN_PRIORITY, 1);
    stun_add_u64(&out, STUN_ICE_CONTROLLING, 7);
    if (nominate) {
        stun_add(&out, STUN_USE_CANDIDATE, span_of(NULL, 0));
    }
    struct integrity_key key = {fixed.integrity, span_text(ice->pwd)};
    stun_add_integrity(&out, integrity_hmac, &key);
    stun_add_fingerprint(&out);
    CHECK(writer_ok(&out));
    core_datagram(w->core, w->now_us, &w->addresses[address % 8], buffer, out.at);
}

/* What the handshake would have brought. */
static void install_keys(struct world *w, unsigned seat)
{
    struct rtpsec_keys keys = {.profile = RTPSEC_AEAD_AES_128_GCM};
    memset(keys.local.key, 0x11, sizeof(keys.local.key));
    memset(keys.remote.key, 0x22, sizeof(keys.remote.key));
    struct party *party = core_party(w->core, w->room, (uint8_t)seat);
    CHECK(party != NULL && party->transport.srtp == NULL);
    party->transport.profile = keys.profile;
    CHECK(rtpsec_create(&keys, RTPSEC_ENGINE_AUTO, &party->transport.srtp) == STATUS_OK);
    party->transport.state = TRANSPORT_CONNECTED;
    if (seat == 0) {
        struct rtpsec_keys peer = {keys.profile, keys.remote, keys.local};
        rtpsec_destroy(w->peer);
        w->peer = NULL;
        CHECK(rtpsec_create(&peer, RTPSEC_ENGINE_AUTO, &w->peer) == STATUS_OK);
    }
}

static void connect_seat(struct world *w, unsigned seat)
{
    struct worker_command command = {.type = WORKER_CONNECT,
                                     .room = w->room,
                                     .seat = (uint8_t)seat,
                                     .kind = negotiate(w, seat),
                                     .slots = {seat == 0 ? 1 : 0, -1, -1, -1, -1, -1}};
    if (core_party(w->core, w->room, (uint8_t)seat) == NULL) {
        command.kind = NEGOTIATE_FRESH;
    }
    if (command.kind == NEGOTIATE_FRESH) {
        w->connection[seat] = ++w->connections;
    }
    command.connection = w->connection[seat];
    command.plan = w->plans[seat];
    core_command(w->core, w->now_us, &command);
    if (command.kind == NEGOTIATE_FRESH) {
        check_from(w, seat, seat, true);
        install_keys(w, seat);
    }
}

static void open_world(struct world *w)
{
    fixed.random = 7;
    *w = (struct world){.now_us = 1000000000, .room = {1, 1}};
    for (unsigned i = 0; i < 8; i++) {
        w->addresses[i] =
            (struct addr){.ip = {10, 0, 0, (uint8_t)(i + 1)}, .port = 40000, .family = 4};
    }
    outbox_init(&w->box, sent, NULL);
    struct core_config config = {
        .rooms_max = 2, .dtls = fixed.dtls, .tap = fixed.tap, .random = octets, .report = reported};
    CHECK(core_create(&config, &w->box, &w->core) == STATUS_OK);
    struct worker_command open = {.type = WORKER_ROOM_OPEN, .room = w->room};
    core_command(w->core, w->now_us, &open);
    connect_seat(w, 0);
    connect_seat(w, 1);
    struct worker_command record = {.type = WORKER_RECORD, .room = w->room, .recording = 1};
    core_command(w->core, w->now_us, &record);
    w->session = session_create(fixed.folder, "x");
    CHECK(w->session != NULL);
}

/* The recorder's part: what the worker copied. */
static void record(struct world *w)
{
    struct tap_record head;
    static uint8_t payload[TAP_PAYLOAD_MAX];
    while (tap_ring_take(fixed.tap, &head, payload)) {
        CHECK(head.recording == 1 && head.party < MEDIA_SEATS_MAX && head.len <= TAP_PAYLOAD_MAX);
        session_take(w->session, &head, payload, 1795000000000);
        w->recording = true;
    }
    if (w->recording) {
        enum status status = session_tick(w->session, w->now_us);
        CHECK(status == STATUS_OK || status == STATUS_TOO_LARGE || status == STATUS_IO);
    }
}

static void pass_time(struct world *w, int64_t span_us)
{
    int64_t end_us = w->now_us + span_us;
    while (w->now_us < end_us) {
        w->now_us += 5000;
        core_tick(w->core, w->now_us);
    }
    outbox_flush(&w->box);
    record(w);
}

static void close_world(struct world *w)
{
    pass_time(w, 100000);
    struct worker_command close = {.type = WORKER_ROOM_CLOSE, .room = w->room};
    core_command(w->core, w->now_us, &close);
    CHECK(core_party(w->core, w->room, 0) == NULL);
    record(w);
    if (w->recording) {
        enum status status = session_end(w->session, w->now_us);
        (void)status; /* whatever it says, the parts are deleted */
    }
    session_destroy(w->session);
    rtpsec_destroy(w->peer);
    core_destroy(w->core);
    leave();
}

static void protected_rtp(struct world *w, uint8_t *packet, size_t len, bool bad_tag)
{
    if (w->peer == NULL ||
        rtpsec_protect_rtp(w->peer, packet, &len, PACKET_MAX + 64) != STATUS_OK) {
        return; /* a number twice, or no RTP header */
    }
    if (bad_tag) {
        packet[len - 1] ^= 1;
    }
    core_datagram(w->core, w->now_us, &w->addresses[0], packet, len);
}

static void raw_rtp(struct world *w, struct span data, bool bad_tag)
{
    uint8_t packet[PACKET_MAX + 64];
    size_t len = data.len < PACKET_MAX ? data.len : PACKET_MAX;
    if (len >= 12) {
        memcpy(packet, data.data, len);
        packet[0] = (uint8_t)(0x80 | (packet[0] & 0x3f));
        protected_rtp(w, packet, len, bad_tag);
    }
}

/* flags: bits 0-1 audio, VP8, VP9, H264; 2 as RTX; 3 marker; 4 a hole before it; 5 an older number;
 * 6 new picture (timestamp); 7 padding as its last octet says. */
static void media(struct world *w, struct span data)
{
    static const uint8_t types[] = {111, 96, 98, 102};
    static const uint8_t repairs[] = {111, 97, 99, 103};
    uint8_t packet[PACKET_MAX + 64];
    if (data.len < 1) {
        return;
    }
    uint8_t flags = data.data[0];
    unsigned codec = flags & 3;
    bool rtx = (flags & 4) != 0 && codec > 0;
    unsigned row = rtx ? 2 : codec > 0 ? 1 : 0;
    const struct plan_ssrc *own =
        &w->plans[0].publish[codec > 0 ? PLAN_VIDEO : PLAN_AUDIO].ssrcs[0];
    uint16_t sequence = (uint16_t)(w->sequence[row] + ((flags & 0x10) != 0 ? 3 : 1));
    w->sequence[row] = sequence;
    sequence = (flags & 0x20) != 0 ? (uint16_t)(sequence - 2) : sequence;
    w->timestamp += (flags & 0x40) != 0 ? 3000 : 0;
    struct writer out = writer_of(packet, PACKET_MAX);
    writer_u8(&out, (uint8_t)(0x80 | ((flags & 0x80) != 0 ? 0x20 : 0)));
    writer_u8(&out, (uint8_t)(((flags & 8) != 0 ? 0x80 : 0) | (rtx ? repairs : types)[codec]));
    writer_u16(&out, sequence);
    writer_u32(&out, w->timestamp);
    writer_u32(&out, rtx ? own->rtx_ssrc : own->ssrc);
    size_t len = data.len - 1 < PACKET_MAX - 12 ? data.len - 1 : PACKET_MAX - 12;
    writer_bytes(&out, span_of(data.data + 1, len));
    protected_rtp(w, packet, out.at, false);
}

static uint32_t ssrc_of(const struct world *w, unsigned which)
{
    const struct plan *plan = &w->plans[0];
    const uint32_t all[] = {plan->publish[0].ssrcs[0].ssrc,     plan->publish[1].ssrcs[0].ssrc,
                            plan->publish[1].ssrcs[0].rtx_ssrc, plan->receive[0][0].ssrc,
                            plan->receive[0][1].ssrc,           plan->receive[0][1].rtx_ssrc};
    return all[which % (sizeof(all) / sizeof(all[0]))];
}

static void rtcp(struct world *w, struct span data)
{
    uint8_t packet[PACKET_MAX + 64];
    size_t len = data.len < PACKET_MAX ? data.len : PACKET_MAX;
    if (len < 8) {
        return;
    }
    memcpy(packet, data.data, len);
    for (size_t i = 4; i + 4 <= len; i += 4) {
        if (packet[i] == 0xff && packet[i + 1] == 0xff && packet[i + 2] == 0xff) {
            uint32_t ssrc = ssrc_of(w, packet[i + 3]);
            packet[i] = (uint8_t)(ssrc >> 24);
            packet[i + 1] = (uint8_t)(ssrc >> 16);
            packet[i + 2] = (uint8_t)(ssrc >> 8);
            packet[i + 3] = (uint8_t)ssrc;
        }
    }
    packet[0] = (uint8_t)(0x80 | (packet[0] & 0x3f));
    if (w->peer != NULL &&
        rtpsec_protect_rtcp(w->peer, packet, &len, sizeof(packet)) == STATUS_OK) {
        core_datagram(w->core, w->now_us, &w->addresses[0], packet, len);
    }
}

static void command(struct world *w, uint8_t which)
{
    struct worker_command command = {.type = WORKER_SLOTS,
                                     .room = w->room,
                                     .seat = which & 1,
                                     .slots = {-1, -1, -1, -1, -1, -1}};
    switch (which >> 1 & 7) {
    case 0:
        connect_seat(w, which & 1); /* the same offer: an update */
        return;
    case 1: /* a page that came back: a fresh connection in the seat */
        w->plans[which & 1] = (struct plan){0};
        connect_seat(w, which & 1);
        return;
    case 2:
        command.type = WORKER_LEAVE;
        break;
    case 3:
        command.type = WORKER_RECORD;
        command.recording = which & 1;
        break;
    case 4: /* sees itself: never asked for, must not hurt */
        command.slots[0] = (int8_t)(which & 1);
        break;
    default:
        command.slots[which >> 4 & 3] = (int8_t)(1 - (which & 1));
        break;
    }
    core_command(w->core, w->now_us, &command);
}

static void stranger(struct world *w, struct span data)
{
    uint8_t packet[PACKET_MAX];
    if (data.len < 1) {
        return;
    }
    size_t len = data.len - 1 < PACKET_MAX ? data.len - 1 : PACKET_MAX;
    memcpy(packet, data.data + 1, len);
    core_datagram(w->core, w->now_us, &w->addresses[data.data[0] % 8], packet, len);
}

static void take_step(struct world *w, uint8_t what, struct span data)
{
    uint8_t first = data.len > 0 ? data.data[0] : 0;
    switch ((enum step)(what % STEP_COUNT)) {
    case STEP_TIME:
        pass_time(w, (int64_t)first * 5000 + 5000);
        break;
    case STEP_RTP:
        raw_rtp(w, data, false);
        break;
    case STEP_MEDIA:
        media(w, data);
        break;
    case STEP_RTCP:
        rtcp(w, data);
        break;
    case STEP_CHECK:
        if (core_party(w->core, w->room, 0) != NULL) {
            check_from(w, 0, first, (first & 8) != 0);
        }
        break;
    case STEP_STRANGER:
        stranger(w, data);
        break;
    case STEP_COMMAND:
        command(w, first);
        break;
    case STEP_BAD_TAG:
        raw_rtp(w, data, true);
        break;
    case STEP_COUNT:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    begin();
    open_world(&w);
    struct reader r = reader_of(span_of(data, size));
    for (unsigned i = 0; i < STEPS_MAX && reader_left(&r) >= 3; i++) {
        uint8_t what = reader_u8(&r);
        size_t len = reader_u16(&r);
        take_step(&w, what, reader_span(&r, len < reader_left(&r) ? len : reader_left(&r)));
        w.now_us += 1000;
        record(&w);
    }
    close_world(&w);
    return 0;
}
