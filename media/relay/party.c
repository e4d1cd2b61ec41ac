#include "media/relay/party.h"

#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x70617274u /* "part" */

struct party *party_check(struct party *party)
{
    CHECK(party != NULL && party->magic == MAGIC);
    return party;
}

static uint32_t random_u32(const uint8_t *octets)
{
    uint32_t value;
    memcpy(&value, octets, sizeof(value));
    return value;
}

static void init_streams(struct party *party, const struct party_config *config)
{
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        party->slot_seat[slot] = config->slot_seat[slot];
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            const uint8_t *octets = config->random + 8 * (slot * PLAN_KINDS + kind);
            uint32_t numbers = random_u32(octets);
            tx_init(&party->down[slot][kind], (enum plan_kind)kind,
                    &config->plan->receive[slot][kind], (uint16_t)numbers,
                    (uint16_t)(numbers >> 16), random_u32(octets + 4));
        }
    }
}

enum status party_create(const struct party_config *config, int64_t now_us,
                         struct party **out_party)
{
    CHECK(config->seat < MEDIA_PLACES_MAX);
    struct party *party = calloc(1, sizeof(*party));
    if (party == NULL) {
        return STATUS_NO_MEMORY;
    }
    party->magic = MAGIC;
    party->seat = config->seat;
    party->connection = config->connection;
    party->plan = *config->plan;
    party->rtt_us = PARTY_RTT_DEFAULT_US;
    party->stats_due_us = now_us + 1000000;
    downlink_init(&party->downlink, now_us);
    init_streams(party, config);
    enum status status = transport_init(&party->transport, &config->plan->transport, config->dtls,
                                        config->counters, now_us);
    if (status == STATUS_OK && config->seat < MEDIA_SEATS_MAX) { /* an observer publishes nothing */
        status = cache_create(&party->up[PLAN_VIDEO].cache);
    }
    if (status != STATUS_OK) {
        party_destroy(party);
        return status;
    }
    *out_party = party;
    return STATUS_OK;
}

void party_destroy(struct party *party)
{
    if (party != NULL) {
        transport_fini(&party->transport);
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            cache_destroy(party->up[kind].cache);
        }
        party->magic = 0;
        free(party);
    }
}

void party_update(struct party *party, const struct plan *plan, bool ice_restart, int64_t now_us)
{
    party->plan = *plan;
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            tx_update(&party->down[slot][kind], &plan->receive[slot][kind]);
        }
    }
    if (ice_restart) {
        transport_restart(&party->transport, &plan->transport.credentials, now_us);
    }
}

void party_set_slots(struct party *party, const int8_t slot_seat[PLAN_SLOTS_MAX])
{
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        if (party->slot_seat[slot] != slot_seat[slot]) {
            party->slot_seat[slot] = slot_seat[slot];
            tx_detach(&party->down[slot][PLAN_AUDIO]);
            tx_detach(&party->down[slot][PLAN_VIDEO]);
        }
    }
}

struct tx *party_down_of_ssrc(struct party *party, uint32_t ssrc, unsigned *out_slot)
{
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX && ssrc != 0; slot++) {
        for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
            struct tx *tx = &party->down[slot][kind];
            if (tx->active && (tx->ssrc == ssrc || tx->rtx_ssrc == ssrc)) {
                if (out_slot != NULL) {
                    *out_slot = slot;
                }
                return tx;
            }
        }
    }
    return NULL;
}

bool party_bucket_take(struct party_bucket *bucket, int64_t now_us, size_t octets, int64_t bps,
                       int64_t burst)
{
    int64_t passed_us = now_us - bucket->at_us;
    if (bucket->at_us == 0 || passed_us > 10000000) {
        bucket->tokens = burst;
    } else {
        bucket->tokens += passed_us * bps / 8000000;
        bucket->tokens = bucket->tokens > burst ? burst : bucket->tokens;
    }
    bucket->at_us = now_us;
    if (bucket->tokens < (int64_t)octets) {
        return false;
    }
    bucket->tokens -= (int64_t)octets;
    return true;
}

bool party_may_send(struct party *party, int64_t now_us, bool rtcp, size_t len)
{
    enum { SCALE = 1000 }; /* thousandths of a packet: a bucket fills by whole units */
    return party_bucket_take(&party->packet_bucket, now_us, SCALE,
                             (int64_t)8 * SCALE * PARTY_UP_PPS_MAX,
                             (int64_t)SCALE * PARTY_UP_PPS_BURST) &&
           (!rtcp || party_bucket_take(&party->rtcp_bucket, now_us, len, PARTY_RTCP_BPS_MAX,
                                       PARTY_RTCP_BURST));
}

static uint32_t rate_bps(uint64_t bytes, int64_t span_us)
{
    uint64_t bps = span_us <= 0 ? 0 : bytes * 8 * 1000000 / (uint64_t)span_us;
    return bps > UINT32_MAX ? UINT32_MAX : (uint32_t)bps;
}

static uint32_t permille(uint64_t lost, uint64_t expected)
{
    return expected == 0 ? 0 : lost >= expected ? 1000 : (uint32_t)(lost * 1000 / expected);
}

static void stats_up(struct party *party, unsigned kind, int64_t span_us,
                     struct media_stream_stats *out)
{
    struct party_up *up = &party->up[kind];
    struct party_second *last = &party->second_up[kind];
    uint64_t lost = rx_lost(&up->rx);
    uint64_t expected = up->rx.packets + lost;
    *out = (struct media_stream_stats){
        .packets = up->rx.packets,
        .bytes = up->rx.bytes,
        .lost = lost,
        .repaired = up->rx.repaired,
        .nack_sent = up->nack_sent,
        .pli_sent = up->pli_sent,
        .jitter_us = rx_jitter_us(&up->rx),
        .rtt_us = party->rtt_us == PARTY_RTT_DEFAULT_US ? 0 : party->rtt_us,
        .bitrate_bps = rate_bps(up->rx.bytes - last->bytes, span_us),
        .loss_permille = lost > last->lost && expected > last->expected
                             ? permille(lost - last->lost, expected - last->expected)
                             : 0,
    };
    *last = (struct party_second){up->rx.bytes, expected, lost};
}

static void stats_down(struct party *party, unsigned kind, int64_t span_us,
                       struct media_stream_stats *out)
{
    *out = (struct media_stream_stats){0};
    uint8_t worst = 0;
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        const struct tx *tx = &party->down[slot][kind];
        out->packets += tx->packets;
        out->bytes += tx->octets;
        out->lost += tx->lost > 0 ? (uint64_t)tx->lost : 0;
        out->repaired += tx->rtx_packets;
        out->nack_received += tx->nack_received;
        out->pli_received += tx->pli_received;
        out->jitter_us = tx->jitter_us > out->jitter_us ? tx->jitter_us : out->jitter_us;
        out->rtt_us = tx->rtt_us > out->rtt_us ? tx->rtt_us : out->rtt_us;
        worst = tx->fraction_lost > worst ? tx->fraction_lost : worst;
    }
    out->bitrate_bps = rate_bps(out->bytes - party->second_down[kind].bytes, span_us);
    out->loss_permille = (uint32_t)worst * 1000 / 256;
    party->second_down[kind].bytes = out->bytes;
}

void party_stats(struct party *party, int64_t span_us, struct media_event *out_event)
{
    for (unsigned kind = 0; kind < PLAN_KINDS; kind++) {
        stats_up(party, kind, span_us, &out_event->up[kind]);
        stats_down(party, kind, span_us, &out_event->down[kind]);
    }
    out_event->transport = "udp";
    out_event->srtp_profile =
        party->transport.srtp != NULL ? rtpsec_profile_name(party->transport.profile) : "none";
}
