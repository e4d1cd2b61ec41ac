#include "media/worker/core.h"

#include "media/relay/relay.h"
#include "media/relay/rtcp_in.h"
#include "media/relay/rtcp_out.h"
#include "media/relay/send.h"
#include "media/worker/directory.h"
#include "proto/base/check.h"
#include "proto/demux/demux.h"

#include <stdlib.h>
#include <string.h>

#define STATS_US 1000000
#define HOLD_ADDRESS_US                                                                            \
    7000000 /* RFC 7675 §5.1: checks come each 5 s, at most 1.2 times as late                     \
             */

struct core {
    struct core_config config;
    struct outbox *box;
    struct integrity *integrity;
    struct directory *directory; /* values: struct party */
    struct counters counters;
    struct room **rooms;    /* by index; NULL: not open */
    struct party **parties; /* party_count of them, unordered: a tick walks what there is */
    uint32_t party_count, party_max;
    struct hurry hurry;
    int64_t strained_until_us;
    int64_t tick_us; /* next tick */
    uint32_t turn;   /* 0..CORE_ROUND-1: whose turn it was */
};

/* --- making and unmaking --- */

enum status core_create(const struct core_config *config, struct outbox *box,
                        struct core **out_core)
{
    CHECK(config->rooms_max > 0 && config->dtls != NULL && config->random != NULL &&
          config->report != NULL);
    struct core *core = calloc(1, sizeof(*core));
    if (core == NULL) {
        return STATUS_NO_MEMORY;
    }
    core->config = *config;
    core->box = box;
    core->party_max = config->rooms_max * MEDIA_SEATS_MAX + MEDIA_OBSERVERS_WORKER_MAX;
    core->tick_us = INT64_MAX;
    core->rooms = calloc(config->rooms_max, sizeof(struct room *));
    core->parties = calloc(core->party_max, sizeof(struct party *));
    core->hurry.parties = calloc(core->party_max, sizeof(struct party *));
    uint32_t seed = 0;
    bool random = config->random(config->random_context, (uint8_t *)&seed, sizeof(seed));
    if (core->rooms == NULL || core->parties == NULL || core->hurry.parties == NULL || !random ||
        integrity_create(&core->integrity) != STATUS_OK ||
        directory_create(core->party_max, seed, &core->directory) != STATUS_OK) {
        core_destroy(core);
        return STATUS_NO_MEMORY;
    }
    *out_core = core;
    return STATUS_OK;
}

void core_destroy(struct core *core)
{
    if (core == NULL) {
        return;
    }
    for (uint32_t i = 0; i < core->party_count; i++) {
        party_destroy(core->parties[i]);
    }
    for (uint32_t i = 0; core->rooms != NULL && i < core->config.rooms_max; i++) {
        free(core->rooms[i]);
    }
    directory_destroy(core->directory);
    integrity_destroy(core->integrity);
    free(core->rooms);
    free(core->parties);
    free(core->hurry.parties);
    free(core);
}

struct counters *core_counters(struct core *core)
{
    return &core->counters;
}

static void forget_addresses(struct core *core, struct party *party)
{
    const struct icelite *ice = &party->transport.ice;
    for (unsigned i = 0; i < ICELITE_PAIRS_MAX; i++) {
        if (ice->pairs[i].remote.family != 0) {
            directory_remove_addr(core->directory, &ice->pairs[i].remote, party);
        }
    }
    directory_remove_ufrag(core->directory, ice->present.ufrag, party);
    directory_remove_ufrag(core->directory, ice->former.ufrag, party);
}

static void unhurry(struct core *core, uint32_t at)
{
    struct hurry *hurry = &core->hurry;
    CHECK(at < hurry->count && hurry->parties[at]->hurried);
    hurry->parties[at]->hurried = false;
    hurry->parties[at] = hurry->parties[--hurry->count];
}

static void unhurry_party(struct core *core, const struct party *party)
{
    for (uint32_t i = 0; party->hurried && i < core->hurry.count; i++) {
        if (core->hurry.parties[i] == party) {
            unhurry(core, i);
        }
    }
}

/* Takes the connection out of its room and out of everything that leads to it, and frees it. */
static void remove_party(struct core *core, struct party *party, int64_t now_us)
{
    uint32_t index = party->core_index;
    CHECK(index < core->party_count && core->parties[index] == party);
    relay_detach(party->room, party->seat, now_us);
    room_leave_place(party);
    forget_addresses(core, party);
    unhurry_party(core, party);
    counters_add(&core->counters, COUNTER_CACHE_GIVEN, cache_octets(party->up[PLAN_VIDEO].cache));
    party_destroy(party);
    core->party_count--;
    if (index < core->party_count) {
        core->parties[index] = core->parties[core->party_count];
        core->parties[index]->core_index = index;
    } else if (core->party_count == 0) {
        core->tick_us = INT64_MAX;
    }
}

static struct room *room_of(const struct core *core, struct media_room handle)
{
    if (handle.index >= core->config.rooms_max) {
        return NULL;
    }
    struct room *room = core->rooms[handle.index];
    return room != NULL && room->handle.generation == handle.generation ? room : NULL;
}

struct party *core_party(struct core *core, struct media_room handle, uint8_t seat)
{
    const struct room *room = room_of(core, handle);
    CHECK(seat < MEDIA_PLACES_MAX);
    return room == NULL ? NULL : room->parties[seat];
}

/* --- reports --- */

static bool report_state(struct core *core, struct party *party, enum media_event_type type,
                         const char *reason)
{
    struct worker_report report = {
        .event = {.type = type,
                  .room = party->room->handle,
                  .seat = party->seat,
                  .reason = reason,
                  .transport = "udp",
                  .srtp_profile = party->transport.srtp != NULL
                                      ? rtpsec_profile_name(party->transport.profile)
                                      : "none"},
        .connection = party->connection,
    };
    return core->config.report(core->config.report_context, &report);
}

/* What T0 does not know yet; what the box does not take now is tried again at the next tick. */
static void report_changes(struct core *core, struct party *party)
{
    if (!party->connected_told && party->transport.state == TRANSPORT_CONNECTED) {
        party->connected_told = report_state(core, party, MEDIA_SEAT_CONNECTED, NULL);
    }
    if (party->state_changed && party->connected_told) {
        party->state_changed =
            !report_state(core, party, party->live ? MEDIA_SEAT_LIVE : MEDIA_SEAT_SILENT, NULL);
    }
    if (!party->gone_told && party->transport.state == TRANSPORT_GONE) {
        party->gone_told = report_state(core, party, MEDIA_SEAT_GONE, party->transport.reason);
    }
}

static void report_stats(struct core *core, struct party *party, int64_t now_us)
{
    if (now_us < party->stats_due_us) {
        return;
    }
    int64_t span_us = now_us - (party->stats_due_us - STATS_US);
    party->stats_due_us = now_us + STATS_US;
    struct worker_report report = {
        .event = {.type = MEDIA_STATS, .room = party->room->handle, .seat = party->seat},
        .connection = party->connection,
    };
    party_stats(party, span_us, &report.event);
    if (!core->config.report(core->config.report_context, &report)) {
        counters_add(&core->counters, COUNTER_EVENTS_DROPPED, 1);
    }
}

static void set_live(struct party *party, bool live)
{
    if (party->live != live) {
        party->live = live;
        party->state_changed = true;
        room_hurry(party->room, party);
    }
}

/* --- commands --- */

static void open_room(struct core *core, const struct worker_command *command)
{
    CHECK(command->room.index < core->config.rooms_max);
    CHECK(core->rooms[command->room.index] == NULL);
    struct room *room = calloc(1, sizeof(*room));
    if (room == NULL) {
        return; /* its seats find no room; T0 hears no_memory from them */
    }
    room->handle = command->room;
    room->place_end = MEDIA_SEATS_MAX;
    room->box = core->box;
    room->counters = &core->counters;
    room->tap = core->config.tap;
    room->hurry = &core->hurry;
    room->strained_until_us = &core->strained_until_us;
    room->wall_us = core->config.wall_us;
    core->rooms[command->room.index] = room;
}

static void close_party(struct core *core, struct party *party, int64_t now_us, const char *reason)
{
    transport_close(&party->transport, reason, core->box);
    remove_party(core, party, now_us);
}

static void close_room(struct core *core, struct room *room, int64_t now_us)
{
    for (unsigned place = 0; place < MEDIA_PLACES_MAX; place++) {
        if (room->parties[place] != NULL) {
            close_party(core, room->parties[place], now_us, "closed");
        }
    }
    core->rooms[room->handle.index] = NULL;
    free(room);
}

static void report_no_memory(struct core *core, const struct worker_command *command)
{
    struct worker_report report = {
        .event = {.type = MEDIA_SEAT_GONE,
                  .room = command->room,
                  .seat = command->seat,
                  .reason = "no_memory"},
        .connection = command->connection,
    };
    (void)core->config.report(core->config.report_context,
                              &report); /* full box: the browser's own time-out remains */
}

static void need_keyframe(const struct room *room, struct party *publisher)
{
    keyframe_need(&publisher->up[PLAN_VIDEO].keyframe);
    room_hurry(room, publisher);
}

static void ask_publishers(struct room *room, const struct party *receiver)
{
    for (unsigned slot = 0; slot < PLAN_SLOTS_MAX; slot++) {
        int8_t seat = receiver->slot_seat[slot];
        if (seat >= 0 && room->parties[seat] != NULL && receiver->down[slot][PLAN_VIDEO].active) {
            need_keyframe(room, room->parties[seat]);
        }
    }
}

static void connect_fresh(struct core *core, struct room *room, int64_t now_us,
                          const struct worker_command *command)
{
    if (room->parties[command->seat] != NULL) {
        close_party(core, room->parties[command->seat], now_us, "replaced");
    }
    struct party_config config = {
        .seat = command->seat,
        .connection = command->connection,
        .plan = &command->plan,
        .slot_seat = command->slots,
        .dtls = core->config.dtls,
        .counters = &core->counters,
    };
    struct party *party = NULL;
    if (core->party_count == core->party_max ||
        !core->config.random(core->config.random_context, config.random, sizeof(config.random)) ||
        party_create(&config, now_us, &party) != STATUS_OK) {
        report_no_memory(core, command);
        return;
    }
    if (directory_add_ufrag(core->directory, command->plan.transport.credentials.ufrag, party) !=
        STATUS_OK) {
        party_destroy(party);
        report_no_memory(core, command);
        return;
    }
    counters_add(&core->counters, COUNTER_CACHE_TAKEN, cache_octets(party->up[PLAN_VIDEO].cache));
    room_take_place(room, party);
    party->core_index = core->party_count;
    core->parties[core->party_count++] = party;
    room_hurry(room, party); /* its handshake has timers */
    if (core->tick_us == INT64_MAX) {
        core->tick_us = now_us + CORE_TICK_US;
    }
}

static void connect_seat(struct core *core, struct room *room, int64_t now_us,
                         const struct worker_command *command)
{
    struct party *party = room->parties[command->seat];
    if (command->kind == NEGOTIATE_FRESH || party == NULL ||
        party->connection != command->connection) {
        connect_fresh(core, room, now_us, command);
        return;
    }
    bool restart = command->kind == NEGOTIATE_RESTART;
    directory_remove_ufrag(core->directory, restart ? party->transport.ice.former.ufrag : "",
                           party);
    party_update(party, &command->plan, restart, now_us);
    send_pace_all(room, party, now_us);
    party_set_slots(party, command->slots);
    ask_publishers(room, party);
    if (directory_add_ufrag(core->directory, command->plan.transport.credentials.ufrag, party) !=
        STATUS_OK) {
        transport_close(&party->transport, "no_memory", core->box);
    }
}

void core_command(struct core *core, int64_t now_us, const struct worker_command *command)
{
    counters_add(&core->counters, COUNTER_COMMANDS, 1);
    if (command->type == WORKER_ROOM_OPEN) {
        open_room(core, command);
        return;
    }
    struct room *room = room_of(core, command->room);
    CHECK(command->seat < MEDIA_PLACES_MAX);
    if (room == NULL) {
        if (command->type == WORKER_CONNECT) {
            report_no_memory(core, command);
        }
        return;
    }
    struct party *party = room->parties[command->seat];
    switch (command->type) {
    case WORKER_ROOM_OPEN:
        break;
    case WORKER_ROOM_CLOSE:
        close_room(core, room, now_us);
        break;
    case WORKER_CONNECT:
        connect_seat(core, room, now_us, command);
        break;
    case WORKER_SLOTS:
        if (party != NULL) {
            send_pace_all(room, party, now_us);
            party_set_slots(party, command->slots);
            ask_publishers(room, party);
        }
        break;
    case WORKER_LEAVE:
        if (party != NULL) {
            close_party(core, party, now_us, "left");
        }
        break;
    case WORKER_RECORD:
        room->recording = command->recording;
        for (unsigned seat = 0; command->recording != 0 && seat < MEDIA_SEATS_MAX; seat++) {
            if (room->parties[seat] != NULL) {
                need_keyframe(room, room->parties[seat]);
            }
        }
        break;
    }
}

/* --- datagrams --- */

/* A check moves its sender's address to the connection whose password it knows. One that is in use
 * by another connection stays there: else whoever is in any room could cut a call off by a check
 * with its own password and the forged address of a party of it. */
static bool holds_address(const struct party *owner, int64_t now_us, const struct addr *from)
{
    const struct icelite *ice = &owner->transport.ice;
    for (unsigned i = 0; i < ICELITE_PAIRS_MAX; i++) {
        if (addr_equal(&ice->pairs[i].remote, from)) {
            return owner->transport.state == TRANSPORT_CONNECTED &&
                   now_us - ice->pairs[i].checked_us < HOLD_ADDRESS_US;
        }
    }
    return false;
}

static void stun(struct core *core, int64_t now_us, const struct addr *from, struct span datagram)
{
    struct stun_message message;
    enum status status = stun_read(datagram, &message);
    if (status != STATUS_OK) {
        counters_add(&core->counters, COUNTER_DROP_STUN_MALFORMED, 1);
        return;
    }
    if (message.class_ != STUN_REQUEST || message.method != STUN_METHOD_BINDING) {
        counters_add(&core->counters, COUNTER_DROP_STUN_NOT_REQUEST, 1);
        return;
    }
    if (!message.has_fingerprint) { /* RFC 8445 §7.1.2: checks carry FINGERPRINT */
        counters_add(&core->counters, COUNTER_DROP_STUN_FINGERPRINT, 1);
        return;
    }
    struct span local;
    struct span remote;
    struct party *party = stun_username_split(message.username, &local, &remote)
                              ? directory_find_ufrag(core->directory, local)
                              : NULL;
    if (party == NULL) {
        counters_add(&core->counters, COUNTER_DROP_STUN_USERNAME, 1);
        return;
    }
    party_check(party);
    const struct party *owner = directory_find_addr(core->directory, from);
    if (owner != NULL && owner != party && holds_address(owner, now_us, from)) {
        counters_add(&core->counters, COUNTER_DROP_STUN_ADDRESS, 1);
        return;
    }
    struct icelite_result result;
    transport_stun(&party->transport, now_us, &message, from, core->integrity, core->box, &result);
    if (result.removed.family != 0) {
        directory_remove_addr(core->directory, &result.removed, party);
    }
    if (result.authentic && directory_find_addr(core->directory, from) != party) {
        /* A full table is not possible: it has a place for every pair of every party. */
        CHECK(directory_add_addr(core->directory, from, party) == STATUS_OK);
    }
}

static void became_alive(struct party *party, int64_t now_us, bool media)
{
    party->media_us = now_us;
    if (media || party->was_live || party->seat >= MEDIA_SEATS_MAX) { /* an observer only reports */
        party->was_live = true;
        set_live(party, true);
    }
}

static void rtp_or_rtcp(int64_t now_us, struct party *party, enum demux_kind kind, uint8_t *data,
                        size_t len)
{
    enum status status = kind == DEMUX_RTP
                             ? transport_unprotect_rtp(&party->transport, data, &len)
                             : transport_unprotect_rtcp(&party->transport, data, &len);
    if (status != STATUS_OK) {
        return; /* counted by the transport */
    }
    if (!party_may_send(party, now_us, kind == DEMUX_RTCP, len)) {
        counters_add(party->transport.counters,
                     kind == DEMUX_RTP ? COUNTER_DROP_RTP_RATE : COUNTER_DROP_RTCP_RATE, 1);
        return;
    }
    became_alive(party, now_us, kind == DEMUX_RTP);
    struct room *room = party->room;
    if (kind == DEMUX_RTP) {
        relay_rtp(room, party, now_us, data, len);
    } else {
        rtcp_in(room, party, now_us, span_of(data, len));
    }
}

void core_warm(const struct core *core, const struct warm_datagram *datagrams, size_t count)
{
    warm_datagrams(core->directory, datagrams, count);
}

void core_datagram(struct core *core, int64_t now_us, const struct addr *from, uint8_t *data,
                   size_t len)
{
    enum demux_kind kind = demux_classify(span_of(data, len));
    if (kind == DEMUX_DROP || kind == DEMUX_TURN) {
        counters_add(&core->counters, len == 0 ? COUNTER_DROP_EMPTY : COUNTER_DROP_FIRST_BYTE, 1);
        return;
    }
    if (kind == DEMUX_STUN) {
        stun(core, now_us, from, span_of(data, len));
        return;
    }
    struct party *party = directory_find_addr(core->directory, from);
    if (party == NULL) {
        counters_add(&core->counters, COUNTER_DROP_ADDRESS_UNKNOWN, 1);
        return;
    }
    party_check(party);
    if (kind == DEMUX_DTLS) {
        bool connected = party->transport.srtp != NULL;
        transport_dtls(&party->transport, now_us, span_of(data, len), from, core->box);
        if (!connected && party->transport.srtp != NULL) {
            party->keys_us = now_us;
        }
        report_changes(core, party);
    } else {
        rtp_or_rtcp(now_us, party, kind, data, len);
    }
}

/* --- time --- */

static void tick_party(struct core *core, struct party *party, int64_t now_us)
{
    transport_tick(&party->transport, now_us, core->box);
    char ufrag[ICELITE_UFRAG_LEN + 1];
    if (icelite_expire_former(&party->transport.ice, now_us, ufrag)) {
        directory_remove_ufrag(core->directory, ufrag, party);
    }
    if (party->live && now_us - party->media_us > PARTY_SILENT_US) {
        set_live(party, false);
    }
    if (party->transport.state != TRANSPORT_GONE) {
        send_pace(party->room, party, now_us);
        rtcp_out(party->room, party, now_us);
        report_stats(core, party, now_us);
    }
    report_changes(core, party);
}

void core_strained(struct core *core, int64_t now_us)
{
    core->strained_until_us = now_us + CORE_STRAINED_US;
    counters_add(&core->counters, COUNTER_STRAINED, 1);
}

/* Whether it needs each tick: what room_hurry() says, and a handshake. */
static bool hurries(const struct party *party)
{
    const struct party_up *video = &party->up[PLAN_VIDEO];
    return party->transport.state == TRANSPORT_NEW || party->transport.state == TRANSPORT_CHECKED ||
           !party->connected_told || party->state_changed || party->pacer.count > 0 ||
           party->nack.count > 0 || video->rx.keyframe_needed ||
           (video->rx.begun && video->keyframe.wanted);
}

static void tick_hurried(struct core *core, int64_t now_us)
{
    uint32_t i = 0;
    while (i < core->hurry.count) {
        struct party *party = core->hurry.parties[i];
        tick_party(core, party, now_us);
        if (party->gone_told) {
            remove_party(core, party, now_us); /* another one takes its place in the row */
        } else if (hurries(party)) {
            i++;
        } else {
            unhurry(core, i);
        }
    }
}

static void tick_turn(struct core *core, int64_t now_us)
{
    uint32_t i = core->turn;
    while (i < core->party_count) {
        struct party *party = core->parties[i];
        tick_party(core, party, now_us);
        if (party->gone_told) {
            remove_party(core, party, now_us); /* another one takes its place in the array */
        } else {
            i += CORE_ROUND;
        }
    }
}

void core_tick(struct core *core, int64_t now_us)
{
    if (now_us < core->tick_us) {
        return;
    }
    core->tick_us = now_us + CORE_TICK_US;
    core->turn = (core->turn + 1) % CORE_ROUND;
    tick_hurried(core, now_us);
    tick_turn(core, now_us);
}

int64_t core_deadline(const struct core *core)
{
    return core->tick_us;
}
