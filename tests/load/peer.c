#include "tests/load/peer.h"

#include "media/ice/integrity.h"
#include "proto/demux/demux.h"
#include "proto/stun/stun.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK_NS 2500000000    /* as Chromium does on a connection that works */
#define CHECK_FAST_NS 50000000 /* until it does */

static void send_datagram(void *owner, const void *datagram, size_t len)
{
    struct peer *peer = owner;
    struct writer w = net_begin(peer->shared->net);
    writer_bytes(&w, span_of(datagram, len));
    net_commit(peer->shared->net, &w, peer->index, peer->remote);
}

static void start(struct peer *peer)
{
    static unsigned generation;
    generation++;
    (void)snprintf(peer->ufrag, sizeof(peer->ufrag), "lo%06x", generation & 0xffffff);
    (void)snprintf(peer->pwd, sizeof(peer->pwd), "loadpassword%012x", generation);
    peer->dtls = (struct dtls_client){.send = send_datagram, .owner = peer};
    dtls_client_open(&peer->dtls, peer->shared->dtls);
    for (unsigned kind = 0; kind < PEER_KINDS; kind++) {
        peer->out[kind] = (struct peer_out){
            .ssrc = ((kind + 1u) << 28) + (generation & 0xffffff),
            .base = (uint16_t)(generation * 7919),
            .timestamp = generation * 1000003u,
            .from = UINT64_MAX,
            .to = UINT64_MAX,
            .listeners = peer->slots,
        };
    }
    peer->rtx_ssrc = (3u << 28) + (generation & 0xffffff);
    peer->want_keyframe = true;
    int64_t now_ns = net_now_ns();
    peer->report_ns = now_ns + 1000000 * (int64_t)(peer->index * 37 % 1000);
    peer->feedback_ns = now_ns;
}

struct peer *peer_create(struct peer_shared *shared, unsigned index, unsigned slots)
{
    CHECK(slots >= 1 && slots <= PEER_SLOTS_MAX);
    struct peer *peer = calloc(1, sizeof(*peer));
    CHECK(peer != NULL);
    peer->shared = shared;
    peer->index = index;
    peer->slots = slots;
    start(peer);
    return peer;
}

static void stop(struct peer *peer)
{
    SSL_free(peer->dtls.ssl);
    rtpsec_destroy(peer->srtp);
}

void peer_destroy(struct peer *peer)
{
    if (peer != NULL) {
        stop(peer);
        free(peer);
    }
}

void peer_renew(struct peer *peer)
{
    struct peer fresh = {.shared = peer->shared, .index = peer->index, .slots = peer->slots};
    stop(peer);
    *peer = fresh;
    start(peer);
}

bool peer_connected(const struct peer *peer)
{
    return peer->srtp != NULL;
}

/* --- ICE --- */

static void send_check(struct peer *peer, int64_t now_ns)
{
    uint8_t transaction[12] = {'l', 'o', 'a', 'd'};
    uint32_t number = ++peer->check_number;
    memcpy(transaction + 4, &number, sizeof(number));
    memcpy(transaction + 8, &peer->index, sizeof(peer->index));
    char username[520];
    (void)snprintf(username, sizeof(username), "%s:%s", peer->remote_ufrag, peer->ufrag);
    struct writer w = net_begin(peer->shared->net);
    stun_begin(&w, STUN_REQUEST, STUN_METHOD_BINDING, transaction);
    stun_add(&w, STUN_USERNAME, span_text(username));
    stun_add_u32(&w, STUN_PRIORITY, 1845501695);
    stun_add_u64(&w, STUN_ICE_CONTROLLING, 7);
    stun_add(&w, STUN_USE_CANDIDATE, span_of(NULL, 0));
    struct integrity_key key = {peer->shared->integrity, span_text(peer->remote_pwd)};
    stun_add_integrity(&w, integrity_hmac, &key);
    stun_add_fingerprint(&w);
    net_commit(peer->shared->net, &w, peer->index, peer->remote);
    peer->check_ns = now_ns;
}

void peer_begin(struct peer *peer)
{
    peer->begun = true;
    send_check(peer, net_now_ns());
    net_flush(peer->shared->net);
}

/* A check of the server's own (full ICE, or a triggered one): answered as RFC 8445 §7.3 asks. */
static void answer_check(struct peer *peer, const struct net_datagram *datagram,
                         const struct stun_message *request)
{
    struct stun_address mapped = {.port = datagram->from.port};
    for (unsigned i = 0; i < 4; i++) {
        mapped.bytes[i] = (uint8_t)(datagram->from.ip >> (24 - 8 * i));
    }
    struct integrity_key key = {peer->shared->integrity, span_text(peer->pwd)};
    struct writer w = net_begin(peer->shared->net);
    stun_write_success(&w, request, &mapped, integrity_hmac, &key);
    net_commit(peer->shared->net, &w, peer->index, datagram->from);
}

static void stun(struct peer *peer, const struct net_datagram *datagram)
{
    struct stun_message message;
    if (stun_read(span_of(datagram->data, datagram->len), &message) != STATUS_OK) {
        peer->shared->tally->strange++;
        return;
    }
    if (message.class_ == STUN_REQUEST) {
        answer_check(peer, datagram, &message);
        return;
    }
    if (message.class_ == STUN_SUCCESS && !peer->nominated) {
        peer->nominated = true;
        dtls_client_input(&peer->dtls, span_of(NULL, 0)); /* ClientHello */
    }
}

/* --- DTLS --- */

static void dtls(struct peer *peer, struct span datagram)
{
    dtls_client_input(&peer->dtls, datagram);
    struct rtpsec_keys keys;
    if (peer->srtp == NULL && dtls_client_keys(&peer->dtls, &keys)) {
        CHECK(rtpsec_create(&keys, RTPSEC_ENGINE_AUTO, &peer->srtp) == STATUS_OK);
        rtpsec_keys_wipe(&keys);
    }
    peer->failed = peer->failed || peer->dtls.failed || peer->dtls.close_heard > 0;
}

void peer_input(struct peer *peer, const struct net_datagram *datagram)
{
    switch (demux_classify(span_of(datagram->data, datagram->len))) {
    case DEMUX_RTP:
        peer_rtp(peer, datagram);
        break;
    case DEMUX_RTCP:
        peer_rtcp(peer, datagram);
        break;
    case DEMUX_STUN:
        stun(peer, datagram);
        break;
    case DEMUX_DTLS:
        dtls(peer, span_of(datagram->data, datagram->len));
        break;
    case DEMUX_DROP:
    case DEMUX_TURN:
        peer->shared->tally->strange++;
        break;
    }
}

void peer_tick(struct peer *peer, int64_t now_ns)
{
    if (!peer->begun) {
        return;
    }
    if (now_ns - peer->check_ns >= (peer->nominated ? CHECK_NS : CHECK_FAST_NS)) {
        send_check(peer, now_ns);
    }
    if (peer->nominated) {
        dtls_client_tick(&peer->dtls);
    }
    if (peer->srtp != NULL) {
        peer_report(peer, now_ns);
    }
}
