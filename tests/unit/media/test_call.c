/* Whole calls through a worker core in virtual time: ICE, DTLS (OpenSSL client), SRTP (libsrtp
 * client), relay, repair, feedback. */
#include "tests/unit/media/sim.h"

static const int8_t sees_1[PLAN_SLOTS_MAX] = {1, -1, -1, -1, -1, -1};
static const int8_t sees_0[PLAN_SLOTS_MAX] = {0, -1, -1, -1, -1, -1};
static const int8_t sees_none[PLAN_SLOTS_MAX] = {-1, -1, -1, -1, -1, -1};
static const struct client_check plain = {0};
#define GCM128 "SRTP_AEAD_AES_128_GCM"
#define ALL_PROFILES "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"

static struct sim *pair(const char *profiles)
{
    struct sim *sim = sim_create();
    sim_connect(sim, 0, sees_1, client_create("a", profiles, 1));
    sim_connect(sim, 1, sees_0, client_create("b", profiles, 2));
    sim_run(sim, 400000, false);
    return sim;
}

static void call_of_profile(const char *profiles, const char *name)
{
    struct sim *sim = pair(profiles);
    EXPECT(sim->clients[0]->srtp != NULL && sim->clients[1]->srtp != NULL);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 1);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_LIVE, 0), 0);
    sim_run(sim, 3000000, true);
    for (unsigned seat = 0; seat < 2; seat++) {
        EXPECT_INT(sim_count(sim, MEDIA_SEAT_LIVE, seat), 1);
        EXPECT(sim->clients[seat]->rx[0].packets > 140);
        EXPECT(sim->clients[seat]->rx[1].packets > 250);
        EXPECT_INT(sim->clients[seat]->rx[1].ssrc, sim->clients[seat]->receive_ssrc[1]);
        EXPECT(sim->clients[seat]->twcc_heard > 20);
        EXPECT_INT(sim->clients[seat]->twcc_foreign, 0); /* Chromium ignores those */
        EXPECT(sim->clients[seat]->remb_count >= 2);
        EXPECT(sim->clients[seat]->reports_heard >= 10);
    }
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_SRTP_AUTH), 0);
    for (unsigned i = 0; i < sim->report_count; i++) {
        if (sim->reports[i].event.type == MEDIA_SEAT_CONNECTED) {
            EXPECT_TEXT(sim->reports[i].event.srtp_profile, name);
        }
    }
    sim_destroy(sim);
}

static void profiles(void)
{
    call_of_profile(ALL_PROFILES, "AEAD_AES_128_GCM");
    call_of_profile("SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80", "AEAD_AES_256_GCM");
    call_of_profile("SRTP_AES128_CM_SHA1_80", "SRTP_AES128_CM_HMAC_SHA1_80");
}

static unsigned holes(const struct client_rx *rx)
{
    unsigned count = 0;
    for (uint16_t s = rx->first; s != (uint16_t)(rx->highest - 60);
         s++) { /* the newest may still be on the way */
        count += rx->seen[s] == 0 ? 1 : 0;
    }
    return count;
}

static void loss_is_repaired(void)
{
    struct sim *sim = pair(GCM128);
    sim->loss_percent = 10;
    sim->delay_us = 30000;
    sim_run(sim, 10000000, true);
    for (unsigned seat = 0; seat < 2; seat++) {
        struct client *c = sim->clients[seat];
        unsigned sent = (uint16_t)(c->rx[1].highest - c->rx[1].first) + 1u;
        EXPECT(sent > 800);
        EXPECT(c->rx[1].rtx > 50);
        EXPECT(holes(&c->rx[1]) * 100 < sent); /* 19 % without repair */
        EXPECT(c->nacks_heard > 50);
        EXPECT(c->rx[1].jumps == 0);
    }
    const struct media_stream_stats *up = &sim->reports[sim->report_count - 1].event.up[1];
    EXPECT(up->repaired > 50);
    EXPECT(up->lost < up->packets / 50);
    EXPECT(up->nack_sent >= up->repaired);
    EXPECT(sim->reports[sim->report_count - 1].event.type == MEDIA_STATS);
    EXPECT(sim_counter(sim, COUNTER_RTX_SENT) > 100);
    sim_destroy(sim);
}

static void wrong_fingerprint(void)
{
    struct sim *sim = sim_create();
    struct client *honest = client_create("a", GCM128, 1);
    struct client *thief = client_create("thief", GCM128, 3);
    sim_connect(sim, 0, sees_1, honest);
    memcpy(thief->remote_ufrag, honest->remote_ufrag, sizeof(thief->remote_ufrag));
    memcpy(thief->remote_pwd, honest->remote_pwd, sizeof(thief->remote_pwd));
    memcpy(thief->ufrag, honest->ufrag, sizeof(thief->ufrag));
    sim->clients[0] = thief; /* knows every password, has another certificate */
    sim_run(sim, 500000, true);
    EXPECT(thief->srtp == NULL);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 0);
    EXPECT_TEXT(sim_gone_reason(sim, 0), "fingerprint_mismatch");
    EXPECT_INT(sim_counter(sim, COUNTER_DTLS_FINGERPRINT), 1);
    client_destroy(honest);
    sim_destroy(sim);
}

static void no_srtp_profile(void)
{
    struct sim *sim = sim_create();
    sim_connect(sim, 0, sees_1, client_create("a", "", 1));
    sim_run(sim, 500000, true);
    EXPECT_TEXT(sim_gone_reason(sim, 0), "no_srtp_profile");
    sim_destroy(sim);
}

static void deliver_check(struct sim *sim, unsigned seat, const struct client_check *how)
{
    client_stun(sim->clients[seat], how);
    for (int i = 0; i < 30; i++) {
        sim_step(sim);
    }
}

static void checks_of_strangers(void)
{
    static const struct client_check bad[] = {
        {.no_username = true},     {.no_integrity = true},   {.wrong_pwd = true},
        {.ufrag = "nobodyknows1"}, {.no_fingerprint = true},
    };
    struct sim *sim = sim_create();
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 1));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        deliver_check(sim, 0, &bad[i]);
        EXPECT_INT(sim->to_client[0], 0); /* not one octet for an unauthenticated source */
        EXPECT(!sim->clients[0]->nominated);
    }
    deliver_check(sim, 0, &plain);
    EXPECT(sim->clients[0]->nominated);
    unsigned errors = 0;
    for (size_t i = 1; i < 3; i++) { /* now it is known: it is told */
        deliver_check(sim, 0, &bad[i]);
        EXPECT_INT(sim->clients[0]->stun_errors, ++errors);
    }
    const struct client_check controlled = {.controlled = true};
    const struct client_check unknown = {.unknown_attribute = true};
    deliver_check(sim, 0, &controlled);
    EXPECT_INT(sim_counter(sim, COUNTER_STUN_487), 1);
    deliver_check(sim, 0, &unknown);
    EXPECT_INT(sim_counter(sim, COUNTER_STUN_420), 1);
    EXPECT_INT(sim_counter(sim, COUNTER_STUN_400), 1);
    EXPECT_INT(sim_counter(sim, COUNTER_STUN_401), 1);
    sim_destroy(sim);
}

static void garbage(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 500000, true);
    unsigned before = sim->clients[1]->rx[1].packets;
    for (unsigned from = 0; from < 3; from++) { /* 0 and 1 are known addresses, 2 is not */
        for (unsigned first = 0; first < 256; first++) {
            for (size_t len = 0; len < 1500; len += len < 40 ? 1 : 97) {
                uint8_t data[2048];
                for (size_t i = 0; i < len; i++) {
                    data[i] = (uint8_t)sim_random(sim);
                }
                data[0] = (uint8_t)first;
                core_datagram(sim->core, sim->now_us, &sim->addresses[from], data, len);
            }
        }
    }
    outbox_flush(&sim->box);
    EXPECT_INT(sim->to_client[2], 0);
    sim_run(sim, 1000000, true);
    EXPECT(sim->clients[1]->rx[1].packets > before + 80);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_GONE, 0) + sim_count(sim, MEDIA_SEAT_GONE, 1), 0);
    EXPECT_INT(sim_counter(sim, COUNTER_RTX_MERGED), 0);
    sim_destroy(sim);
}

/* A datagram of client 0 that was seen on the line: sent again later, from the same and another
 * address. */
static void replay_and_forgery(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 500000, true);
    client_send_frame(sim->clients[0], 1);
    struct client_datagram seen = sim->clients[0]->out[sim->clients[0]->out_head];
    sim_run(sim, 100000, true);
    uint64_t relayed = sim_counter(sim, COUNTER_RELAYED);
    for (unsigned i = 0; i < 1000; i++) {
        struct client_datagram copy = seen;
        core_datagram(sim->core, sim->now_us, &sim->addresses[i % 2 == 0 ? 0 : 3], copy.data,
                      copy.len);
    }
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_SRTP_REPLAY), 500);
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_ADDRESS_UNKNOWN), 500);
    for (unsigned i = 0; i < 10000; i++) { /* CVE-2021-41105: bad tags must not end the call */
        struct client_datagram copy = seen;
        copy.data[2] = (uint8_t)(copy.data[2] + 1 + i % 100);
        copy.data[copy.len - 1 - i % 16] ^= (uint8_t)(1 + i % 255);
        core_datagram(sim->core, sim->now_us, &sim->addresses[0], copy.data, copy.len);
    }
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_SRTP_AUTH) +
                   sim_counter(sim, COUNTER_DROP_SRTP_REPLAY),
               10500);
    EXPECT_INT(sim_counter(sim, COUNTER_RELAYED), relayed);
    unsigned before = sim->clients[1]->rx[1].packets;
    sim_run(sim, 1000000, true);
    EXPECT(sim->clients[1]->rx[1].packets > before + 80);
    sim_destroy(sim);
}

static void fresh_connection_keeps_ssrc(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 2000000, true);
    struct client *other = sim->clients[1];
    unsigned before = other->rx[1].packets;
    struct client *old = sim->clients[0];
    sim->addresses[0].port++;
    sim_connect(sim, 0, sees_1, client_create("a2", GCM128, 7));
    sim_run(sim, 2000000, true);
    EXPECT(other->rx[1].packets > before + 120);
    EXPECT_INT(other->rx[1].ssrc_changes, 0);
    EXPECT_INT(other->rx[0].ssrc_changes, 0);
    EXPECT_INT(other->rx[1].jumps, 0);
    EXPECT_INT(holes(&other->rx[1]), 0); /* sequence numbers go on without a hole */
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 2);
    client_destroy(old);
    sim_destroy(sim);
}

static void ice_restart_keeps_dtls(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 1000000, true);
    struct client *c = sim->clients[0];
    char former[33];
    memcpy(former, c->remote_ufrag, sizeof(former));
    (void)snprintf(c->ufrag, sizeof(c->ufrag), "newufrag");
    sim->addresses[0].port += 100; /* the network changed */
    sim_connect(sim, 0, sees_1, c);
    EXPECT(strcmp(former, c->remote_ufrag) != 0);
    c->nominated = true;
    unsigned before = sim->clients[1]->rx[1].packets;
    deliver_check(sim, 0, &plain);
    sim_run(sim, 5000000, true);
    EXPECT(sim->clients[1]->rx[1].packets > before + 300);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 1); /* no second handshake */
    const struct client_check old = {.ufrag = former};
    uint64_t unknown = sim_counter(sim, COUNTER_DROP_STUN_USERNAME);
    deliver_check(sim, 0, &old);
    EXPECT(sim_counter(sim, COUNTER_DROP_STUN_USERNAME) >
           unknown); /* after 3 s the former name is nobody's */
    sim_destroy(sim);
}

static void silence_and_consent(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 1000000, true);
    sim->loss_percent = 100;
    sim_run(sim, 1200000, true);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_SILENT, 0), 1);
    sim->loss_percent = 0;
    sim_run(sim, 500000, true);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_LIVE, 0), 2);
    sim->loss_percent = 100;
    sim_run(sim, 31000000, true);
    EXPECT_TEXT(sim_gone_reason(sim, 0), "consent_expired");
    EXPECT_TEXT(sim_gone_reason(sim, 1), "consent_expired");
    unsigned sent = sim->to_client[0];
    sim->loss_percent = 0;
    sim_run(sim, 2000000, true);
    EXPECT_INT(sim->to_client[0], sent); /* not one octet more */
    EXPECT_INT(core_deadline(sim->core) == INT64_MAX, 1);
    sim_destroy(sim);
}

static void keyframes_are_throttled(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 2000000, true);
    unsigned before = sim->clients[0]->keyframes_asked;
    for (int i = 0; i < 100; i++) {
        client_send_pli(sim->clients[1]);
        sim_run(sim, 20000, true);
    }
    EXPECT(sim->clients[0]->keyframes_asked - before <= 3);
    EXPECT(sim->clients[0]->keyframes_asked - before >= 1);
    struct worker_command record = {.type = WORKER_RECORD, .room = sim->room, .recording = 5};
    sim_run(sim, 1500000, true);
    before = sim->clients[0]->keyframes_asked;
    core_command(sim->core, sim->now_us, &record);
    sim_run(sim, 100000, true);
    EXPECT_INT(sim->clients[0]->keyframes_asked - before, 1);
    sim_destroy(sim);
}

static void three_parties_and_slots(void)
{
    static const int8_t sees_02[PLAN_SLOTS_MAX] = {0, -1, -1, -1, -1, -1};
    struct sim *sim = pair(GCM128);
    sim_connect(sim, 2, sees_02, client_create("c", GCM128, 9));
    sim_run(sim, 1500000, true);
    EXPECT(sim->clients[2]->rx[1].packets > 50);
    EXPECT_INT(sim->clients[2]->rx[1].ssrc, sim->clients[2]->receive_ssrc[1]);
    struct worker_command slots = {.type = WORKER_SLOTS, .room = sim->room, .seat = 2};
    memcpy(slots.slots, sees_1, sizeof(slots.slots));
    core_command(sim->core, sim->now_us, &slots);
    unsigned before = sim->clients[2]->rx[1].packets;
    sim_run(sim, 2000000, true);
    EXPECT(sim->clients[2]->rx[1].packets >
           before + 80); /* the other publisher, on the same stream */
    EXPECT_INT(sim->clients[2]->rx[1].ssrc_changes, 0);
    EXPECT_INT(holes(&sim->clients[2]->rx[1]), 0);
    memcpy(slots.slots, sees_none, sizeof(slots.slots));
    core_command(sim->core, sim->now_us, &slots);
    sim_run(sim, 100000, true);
    before = sim->clients[2]->rx[1].packets;
    sim_run(sim, 500000, true);
    EXPECT_INT(sim->clients[2]->rx[1].packets, before);
    sim_destroy(sim);
}

static void leaving(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 500000, true);
    struct worker_command leave = {.type = WORKER_LEAVE, .room = sim->room, .seat = 0};
    core_command(sim->core, sim->now_us, &leave);
    sim_run(sim, 200000, true);
    EXPECT(sim->clients[0]->dtls.close_heard > 0);
    unsigned before = sim->clients[1]->rx[1].packets;
    sim_run(sim, 500000, true);
    EXPECT_INT(sim->clients[1]->rx[1].packets, before);
    struct worker_command close = {.type = WORKER_ROOM_CLOSE, .room = sim->room};
    core_command(sim->core, sim->now_us, &close);
    core_command(sim->core, sim->now_us, &leave); /* of a room that is gone: nothing */
    sim_run(sim, 200000, true);
    EXPECT(core_deadline(sim->core) == INT64_MAX);
    sim_destroy(sim);
}

static void reports_survive_a_full_box(void)
{
    struct sim *sim = sim_create();
    sim->box_full = 20;
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 1));
    sim_run(sim, 1000000, true);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 1);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_LIVE, 0), 1);
    sim_destroy(sim);
}

/* An authenticated peer that sends more than its budget, and one that makes up sources. */
static void hostile_peer(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 500000, true);
    for (int i = 0; i < 1500; i++) {
        client_send_frame(sim->clients[0], 3);
        sim_step(sim);
    }
    EXPECT(sim_counter(sim, COUNTER_DROP_RTP_RATE) > 1000);
    uint32_t own = sim->clients[0]->ssrc[1];
    for (uint32_t i = 0; i < 100; i++) {
        sim->clients[0]->ssrc[1] = 0x77000000 + i;
        if (i < 29) { /* libsrtp's own bound in the client */
            client_send_frame(sim->clients[0], 1);
        }
        sim_step(sim);
    }
    EXPECT(sim_counter(sim, COUNTER_DROP_RTP_SSRC) > 20);
    sim->clients[0]->ssrc[1] = own;
    unsigned before = sim->clients[1]->rx[1].packets;
    sim_run(sim, 1000000, true);
    EXPECT(sim->clients[1]->rx[1].packets > before + 80);
    sim_destroy(sim);
}

/* An authenticated peer in another room forges the address of a party of this call and checks from
 * it with its own password: the party's packets still reach its own connection. */
static void address_of_another_is_not_taken(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 500000, true);
    struct client *b = sim->clients[1];
    unsigned before = b->rx[1].packets;
    for (int i = 0; i < 20; i++) {
        b->out_count = 0;
        client_stun(b, &plain);
        struct client_datagram forged = b->out[b->out_head];
        b->out_count = 0;
        core_datagram(sim->core, sim->now_us, &sim->addresses[0], forged.data, forged.len);
        sim_run(sim, 50000, true);
    }
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_STUN_ADDRESS), 20);
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_SRTP_AUTH), 0);
    EXPECT(b->rx[1].packets > before + 60);
    /* An address whose owner is silent for good may be used by somebody else. */
    client_destroy(sim->clients[0]);
    sim->clients[0] = NULL;
    sim_run(sim, 8000000, true);
    b->out_count = 0;
    client_stun(b, &plain);
    struct client_datagram moved = b->out[b->out_head];
    b->out_count = 0;
    core_datagram(sim->core, sim->now_us, &sim->addresses[0], moved.data, moved.len);
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_STUN_ADDRESS), 20);
    sim_destroy(sim);
}

/* Packets that are short cost as much as long ones, and reports go to the recorder: both are
 * counted before anything is done with them. The other party and the peer's own media after it go
 * on. */
static void short_packets_and_reports_are_limited(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 500000, true);
    for (int ms = 0; ms < 500; ms++) {
        for (int i = 0; i < 20; i++) { /* 20,000 a second */
            client_send_rtp(sim->clients[0], 0, false, "x", 1);
        }
        sim_step(sim);
    }
    EXPECT(sim_counter(sim, COUNTER_DROP_RTP_RATE) > 6000);
    sim_run(sim, 1000000, false);
    EXPECT_INT(sim_counter(sim, COUNTER_DROP_RTCP_RATE), 0);
    for (int ms = 0; ms < 1000; ms++) {
        uint8_t buffer[1400];
        struct writer w = writer_of(buffer, sizeof(buffer));
        for (int i = 0; i < 40; i++) {
            struct rtcp_sender_info info = {.ntp = rtcp_ntp_of_us(1700000000000000 + sim->now_us)};
            rtcp_write_sr(&w, sim->clients[0]->ssrc[1], &info, NULL, 0);
        }
        client_send_rtcp(sim->clients[0], &w);
        sim_step(sim);
    }
    EXPECT(sim_counter(sim, COUNTER_DROP_RTCP_RATE) > 700);
    unsigned before = sim->clients[1]->rx[1].packets;
    sim_run(sim, 2000000, true);
    EXPECT(sim->clients[1]->rx[1].packets > before + 150);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_GONE, 0), 0);
    sim_destroy(sim);
}

/* DTLS from the validated address after the handshake: a second ClientHello, plain alerts, future
 * epochs, short records. */
static void forged_dtls(void)
{
    struct sim *sim = pair(GCM128);
    sim_run(sim, 500000, true);
    struct client *forger = client_create("forger", GCM128, 11);
    client_dtls(forger, span_of(NULL, 0));
    struct client_datagram hello = forger->out[0];
    for (int i = 0; i < 20; i++) {
        struct client_datagram copy = hello;
        core_datagram(sim->core, sim->now_us, &sim->addresses[0], copy.data, copy.len);
    }
    for (unsigned type = 20; type < 64; type++) {
        for (uint8_t epoch = 0; epoch < 3; epoch++) {
            for (uint8_t len = 0; len < 40; len += 3) {
                uint8_t record[64] = {(uint8_t)type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0,
                                      len,           0,    len,  2, 0};
                core_datagram(sim->core, sim->now_us, &sim->addresses[0], record, 13u + len);
            }
        }
    }
    unsigned before = sim->clients[1]->rx[1].packets;
    sim_run(sim, 1000000, true);
    EXPECT(sim->clients[1]->rx[1].packets > before + 80);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_GONE, 0), 0);
    SSL_shutdown(sim->clients[0]->dtls.ssl); /* an authentic goodbye still counts */
    sim_run(sim, 100000, false);
    EXPECT_TEXT(sim_gone_reason(sim, 0), "dtls_closed");
    client_destroy(forger);
    sim_destroy(sim);
}

/* A ClientHello race from strangers (CVE-2023-49786): no answer, no effect. */
static void hello_race(void)
{
    struct sim *sim = sim_create();
    struct client *forger = client_create("forger", GCM128, 11);
    client_dtls(forger, span_of(NULL, 0));
    sim_connect(sim, 0, sees_1, client_create("a", GCM128, 1));
    for (int i = 0; i < 300; i++) {
        struct client_datagram copy = forger->out[0];
        core_datagram(sim->core, sim->now_us, &sim->addresses[3], copy.data, copy.len);
        copy = forger->out[0]; /* and with the victim's address, before its check */
        core_datagram(sim->core, sim->now_us, &sim->addresses[0], copy.data, copy.len);
    }
    outbox_flush(&sim->box);
    EXPECT_INT(sim->to_client[3] + sim->to_client[0], 0);
    sim_run(sim, 300000, true);
    EXPECT_INT(sim_count(sim, MEDIA_SEAT_CONNECTED, 0), 1);
    client_destroy(forger);
    sim_destroy(sim);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"a call of each SRTP profile", profiles},
        {"10 % loss each way is repaired by RTX", loss_is_repaired},
        {"wrong fingerprint", wrong_fingerprint},
        {"no SRTP profile", no_srtp_profile},
        {"checks without the password are not answered", checks_of_strangers},
        {"garbage at every first byte", garbage},
        {"replay and forged tags", replay_and_forgery},
        {"a fresh connection keeps the others' SSRCs", fresh_connection_keeps_ssrc},
        {"ICE restart keeps DTLS, three seconds of both names", ice_restart_keeps_dtls},
        {"silence after 1 s, consent after 30 s", silence_and_consent},
        {"key frame requests are joined", keyframes_are_throttled},
        {"three parties, slots that change", three_parties_and_slots},
        {"leaving and closing", leaving},
        {"reports survive a full box", reports_survive_a_full_box},
        {"an authenticated peer that is hostile", hostile_peer},
        {"the address of another is not taken", address_of_another_is_not_taken},
        {"short packets and reports are limited", short_packets_and_reports_are_limited},
        {"forged DTLS after the handshake", forged_dtls},
        {"ClientHello race", hello_race},
    };
    return TEST_MAIN(cases);
}
