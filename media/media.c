#include "media/media.h"

#include "certs/identity.h"
#include "media/dtls/dtls.h"
#include "media/negotiate/negotiate.h"
#include "media/net/hosts.h"
#include "media/recording/recorder.h"
#include "media/rt/counters.h"
#include "media/rt/log.h"
#include "media/rt/slots.h"
#include "media/worker/worker.h"
#include "proto/base/check.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* T0's view of the media plane: which connection each seat has, and what was agreed with it. The
 * workers hold the rest. */

#define WORKERS_MAX 64
#define CANDIDATES_MAX 12 /* an answer's m-section takes 16 */
#define POST_RESERVE                                                                               \
    64 /* commands kept free for leaving, closing and recording, which nobody may refuse */
#define POSTS_PER_OFFER 32 /* the connection, and slots of the others */

struct seat {
    uint32_t connection; /* 0: none */
    struct plan plan;    /* valid with a connection */
    int8_t slots[PLAN_SLOTS_MAX];
};

struct media_room_state {
    unsigned worker;
    struct seat *seats[MEDIA_PLACES_MAX]; /* NULL: never had a connection */
};

struct pending { /* a command that the worker's box did not take */
    unsigned worker;
    struct worker_command command;
    struct pending *next;
};

struct media {
    struct media_config config;
    struct identity *identity;
    struct dtls_context *dtls;
    struct media_worker *workers[WORKERS_MAX];
    unsigned load[WORKERS_MAX];      /* open rooms of each worker */
    unsigned observers[WORKERS_MAX]; /* connections of observers at each worker */
    struct addr addresses[CANDIDATES_MAX];
    size_t address_count;
    struct slots slots;
    struct media_room_state *rooms; /* by index */
    uint32_t connections;           /* counts them */
    unsigned poll_worker;
    struct pending *pending_first, *pending_last;
    struct negotiate_scratch *scratch;
    struct worker_command command; /* scratch, too large for the stack */
};

/* --- set-up --- */

static bool random_octets(void *context, uint8_t *out, size_t len)
{
    (void)context;
    return RAND_bytes(out, (int)len) == 1;
}

static enum status choose_addresses(struct media *media)
{
    bool ipv6 = media_worker_is_ipv6(media->workers[0]);
    for (size_t i = 0; i < MEDIA_ADDRESSES_MAX && media->config.candidates[i] != NULL; i++) {
        struct addr *a = &media->addresses[media->address_count];
        if (addr_of_text(media->config.candidates[i], 0, a) != STATUS_OK) {
            log_error("media_candidate_invalid", "index=%zu", i);
            return STATUS_MALFORMED;
        }
        media->address_count++;
    }
    struct addr bound;
    if (media->address_count == 0 &&
        addr_of_text(media->config.bind_address, 0, &bound) == STATUS_OK) {
        static const struct addr any4 = {.family = 4};
        static const struct addr any6 = {.family = 6};
        if (addr_equal(&bound, &any4) || addr_equal(&bound, &any6)) {
            media->address_count = hosts_list(media->addresses, CANDIDATES_MAX, ipv6);
        } else {
            media->addresses[media->address_count++] = bound;
        }
    }
    return media->address_count == 0 ? STATUS_IO : STATUS_OK;
}

static enum status start_workers(struct media *media)
{
    for (unsigned i = 0; i < media->config.workers; i++) {
        struct media_worker_config config = {
            .index = i,
            .rooms_max = media->config.rooms_max,
            .bind_address = media->config.bind_address,
            .port = media->config.udp_port_first == 0
                        ? 0
                        : (uint16_t)(media->config.udp_port_first + i),
            .dtls = media->dtls,
            .tap = media->config.recorder == NULL ? NULL : recorder_ring(media->config.recorder, i),
            .wake = media->config.wake,
            .context = media->config.context,
        };
        enum status status = media_worker_create(&config, &media->workers[i]);
        if (status != STATUS_OK) {
            log_error("media_worker_failed", "worker=%u port=%u status=%s", i, config.port,
                      status_name(status));
            return status;
        }
    }
    return STATUS_OK;
}

static enum status set_up(struct media *media)
{
    media->scratch = calloc(1, sizeof(*media->scratch));
    media->rooms = calloc(media->config.rooms_max, sizeof(*media->rooms));
    if (media->scratch == NULL || media->rooms == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = slots_init(&media->slots, media->config.rooms_max);
    if (status == STATUS_OK) {
        status = identity_generate(&media->identity);
    }
    if (status == STATUS_OK) {
        status = dtls_context_create(media->identity, &media->dtls);
    }
    if (status == STATUS_OK) {
        status = start_workers(media);
    }
    return status == STATUS_OK ? choose_addresses(media) : status;
}

enum status media_create(const struct media_config *config, struct media **out_media)
{
    CHECK(config->workers >= 1 && config->workers <= WORKERS_MAX);
    CHECK(config->bind_address != NULL && config->rooms_max > 0);
    struct media *media = calloc(1, sizeof(*media));
    if (media == NULL) {
        return STATUS_NO_MEMORY;
    }
    media->config = *config;
    enum status status = set_up(media);
    if (status != STATUS_OK) {
        media_destroy(media);
        return status;
    }
    *out_media = media;
    return STATUS_OK;
}

static void free_seats(struct media_room_state *room)
{
    for (unsigned seat = 0; seat < MEDIA_PLACES_MAX; seat++) {
        free(room->seats[seat]);
        room->seats[seat] = NULL;
    }
}

void media_destroy(struct media *media)
{
    if (media == NULL) {
        return;
    }
    for (unsigned i = 0; i < media->config.workers; i++) {
        media_worker_destroy(media->workers[i]);
    }
    for (uint32_t i = 0; media->rooms != NULL && i < media->config.rooms_max; i++) {
        free_seats(&media->rooms[i]);
    }
    while (media->pending_first != NULL) {
        struct pending *next = media->pending_first->next;
        free(media->pending_first);
        media->pending_first = next;
    }
    dtls_context_destroy(media->dtls);
    identity_destroy(media->identity);
    slots_fini(&media->slots);
    free(media->rooms);
    free(media->scratch);
    free(media);
}

/* --- commands that nobody may refuse --- */

/* Order per worker is kept: while something waits, everything waits behind it. */
static void flush_pending(struct media *media)
{
    while (media->pending_first != NULL) {
        struct pending *first = media->pending_first;
        if (media_worker_post(media->workers[first->worker], &first->command) != STATUS_OK) {
            return;
        }
        media->pending_first = first->next;
        free(first);
    }
    media->pending_last = NULL;
}

static void post(struct media *media, unsigned worker, const struct worker_command *command)
{
    flush_pending(media);
    if (media->pending_first == NULL &&
        media_worker_post(media->workers[worker], command) == STATUS_OK) {
        return;
    }
    struct pending *pending = malloc(sizeof(*pending));
    CHECK(pending !=
          NULL); /* a worker that stands still and no memory: nothing true can be done any more */
    *pending = (struct pending){worker, *command, NULL};
    if (media->pending_last == NULL) {
        media->pending_first = pending;
    } else {
        media->pending_last->next = pending;
    }
    media->pending_last = pending;
}

static struct media_room_state *room_of(struct media *media, struct media_room room)
{
    return slots_valid(&media->slots, room.index, room.generation) ? &media->rooms[room.index]
                                                                   : NULL;
}

/* --- rooms --- */

enum status media_room_open(struct media *media, struct media_room *out_room)
{
    struct media_room room;
    enum status status = slots_take(&media->slots, &room.index, &room.generation);
    if (status != STATUS_OK) {
        return status;
    }
    unsigned worker = 0;
    for (unsigned i = 1; i < media->config.workers; i++) {
        worker = media->load[i] < media->load[worker] ? i : worker;
    }
    media->load[worker]++;
    media->rooms[room.index] = (struct media_room_state){.worker = worker};
    struct worker_command command = {.type = WORKER_ROOM_OPEN, .room = room};
    post(media, worker, &command);
    *out_room = room;
    return STATUS_OK;
}

static bool seated(const struct media_room_state *room, unsigned seat)
{
    return room->seats[seat] != NULL && room->seats[seat]->connection != 0;
}

static bool is_observer(unsigned seat)
{
    return seat >= MEDIA_SEATS_MAX;
}

/* 0: none any more. */
static void set_connection(struct media *media, const struct media_room_state *room, unsigned seat,
                           uint32_t connection)
{
    if (is_observer(seat)) {
        media->observers[room->worker] -= seated(room, seat) ? 1u : 0u;
        media->observers[room->worker] += connection != 0 ? 1u : 0u;
    }
    room->seats[seat]->connection = connection;
}

void media_room_close(struct media *media, struct media_room room)
{
    struct media_room_state *state = room_of(media, room);
    if (state == NULL) {
        return;
    }
    struct worker_command command = {.type = WORKER_ROOM_CLOSE, .room = room};
    post(media, state->worker, &command);
    media->load[state->worker]--;
    for (unsigned seat = MEDIA_SEATS_MAX; seat < MEDIA_PLACES_MAX; seat++) {
        if (seated(state, seat)) {
            set_connection(media, state, seat, 0);
        }
    }
    free_seats(state);
    slots_free(&media->slots, room.index);
}

/* The other seats that are taken, in rising order, then empty places. */
static void assign_slots(const struct media_room_state *room, unsigned own, unsigned slot_count,
                         int8_t slots[PLAN_SLOTS_MAX])
{
    unsigned count = 0;
    for (unsigned seat = 0; seat < MEDIA_SEATS_MAX && count < slot_count; seat++) {
        if (seat != own && seated(room, seat)) {
            slots[count++] = (int8_t)seat;
        }
    }
    while (count < PLAN_SLOTS_MAX) {
        slots[count++] = -1;
    }
}

/* A seat that came without a place among another's slots: into an empty one, or one whose seat is
 * no longer taken. */
static bool show_newcomer(const struct media_room_state *room, struct seat *viewer, int8_t newcomer)
{
    int place = -1;
    for (int i = 0; i < viewer->plan.slot_count; i++) {
        int8_t seat = viewer->slots[i];
        if (seat == newcomer) {
            return false;
        }
        if (place < 0 && (seat < 0 || !seated(room, (unsigned)seat))) {
            place = i;
        }
    }
    if (place < 0) {
        return false; /* shown after the viewer's next offer */
    }
    viewer->slots[place] = newcomer;
    return true;
}

static void show_to_others(struct media *media, struct media_room room,
                           struct media_room_state *state, uint8_t newcomer)
{
    for (uint8_t seat = 0; seat < MEDIA_PLACES_MAX; seat++) {
        if (seat == newcomer || !seated(state, seat) ||
            !show_newcomer(state, state->seats[seat], (int8_t)newcomer)) {
            continue;
        }
        struct worker_command command = {.type = WORKER_SLOTS, .room = room, .seat = seat};
        memcpy(command.slots, state->seats[seat]->slots, sizeof(command.slots));
        post(media, state->worker, &command);
    }
}

static enum status answer(struct media *media, const struct media_room_state *state, unsigned seat,
                          struct span sdp_offer, struct writer *out_answer, const char **out_error)
{
    struct addr candidates[CANDIDATES_MAX];
    for (size_t i = 0; i < media->address_count; i++) {
        candidates[i] = media->addresses[i];
        candidates[i].port = media_worker_port(media->workers[state->worker]);
    }
    struct negotiate_input input = {
        .offer = sdp_offer,
        .former = seated(state, seat) ? &state->seats[seat]->plan : NULL,
        .receive_only = is_observer(seat),
        .fingerprint = identity_fingerprint(media->identity),
        .candidates = candidates,
        .candidate_count = media->address_count,
        .random = random_octets,
    };
    return negotiate_answer(media->scratch, &input, &media->command.plan, &media->command.kind,
                            out_answer, out_error);
}

static enum status refuse(enum status status, const char *error, const char **out_error)
{
    *out_error = error;
    return status;
}

enum status media_offer(struct media *media, struct media_room room, uint8_t seat,
                        struct span sdp_offer, struct writer *out_answer,
                        struct media_slot out_slots[MEDIA_SEATS_MAX], const char **out_error)
{
    struct media_room_state *state = room_of(media, room);
    if (state == NULL) {
        return refuse(STATUS_UNKNOWN, "the room is closed", out_error);
    }
    if (seat >= MEDIA_PLACES_MAX) {
        return refuse(STATUS_UNKNOWN, "a room has six seats and 24 observers", out_error);
    }
    if (is_observer(seat) && !seated(state, seat) &&
        media->observers[state->worker] >= MEDIA_OBSERVERS_WORKER_MAX) {
        return refuse(STATUS_FULL, "too many observe at present: try again later", out_error);
    }
    flush_pending(media);
    if (media->pending_first != NULL ||
        media_worker_post_room(media->workers[state->worker]) < POST_RESERVE + POSTS_PER_OFFER) {
        return refuse(STATUS_FULL, "the media plane is busy: try again in a moment", out_error);
    }
    struct seat *place =
        state->seats[seat] != NULL ? state->seats[seat] : calloc(1, sizeof(*place));
    if (place == NULL) {
        return refuse(STATUS_NO_MEMORY, "out of memory", out_error);
    }
    struct worker_command *command = &media->command;
    enum status status = answer(media, state, seat, sdp_offer, out_answer, out_error);
    if (status != STATUS_OK) {
        if (place != state->seats[seat]) {
            free(place);
        }
        return status;
    }
    state->seats[seat] = place;
    if (command->kind == NEGOTIATE_FRESH) {
        media->connections += media->connections == UINT32_MAX ? 2 : 1; /* 0 stands for none */
        set_connection(media, state, seat, media->connections);
    }
    place->plan = command->plan;
    assign_slots(state, seat, place->plan.slot_count, place->slots);
    command->type = WORKER_CONNECT;
    command->room = room;
    command->seat = seat;
    command->connection = place->connection;
    memcpy(command->slots, place->slots, sizeof(command->slots));
    post(media, state->worker, command);
    if (!is_observer(seat)) {
        show_to_others(media, room, state, seat);
    }
    for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
        out_slots[i].seat = place->slots[i];
    }
    return STATUS_OK;
}

unsigned media_slots(const struct media *media, struct media_room room, uint8_t seat,
                     struct media_slot out_slots[MEDIA_SEATS_MAX])
{
    for (unsigned i = 0; i < MEDIA_SEATS_MAX; i++) {
        out_slots[i].seat = -1;
    }
    if (seat >= MEDIA_PLACES_MAX || !slots_valid(&media->slots, room.index, room.generation)) {
        return 0;
    }
    const struct media_room_state *state = &media->rooms[room.index];
    if (!seated(state, seat)) {
        return 0;
    }
    const struct seat *place = state->seats[seat];
    for (unsigned i = 0; i < (unsigned)place->plan.slot_count; i++) {
        int8_t shown = place->slots[i];
        out_slots[i].seat = shown >= 0 && seated(state, (unsigned)shown) ? shown : (int8_t)-1;
    }
    return (unsigned)place->plan.slot_count;
}

void media_leave(struct media *media, struct media_room room, uint8_t seat)
{
    struct media_room_state *state = room_of(media, room);
    if (state == NULL || seat >= MEDIA_PLACES_MAX || !seated(state, seat)) {
        return;
    }
    set_connection(media, state, seat, 0);
    struct worker_command command = {.type = WORKER_LEAVE, .room = room, .seat = seat};
    post(media, state->worker, &command);
}

void media_record(struct media *media, struct media_room room, uint32_t recording)
{
    struct media_room_state *state = room_of(media, room);
    if (state != NULL) {
        struct worker_command command = {
            .type = WORKER_RECORD, .room = room, .recording = recording};
        post(media, state->worker, &command);
    }
}

/* --- events and counters --- */

/* Reports of a closed room or of a connection that was replaced say nothing true any more. */
static bool still_true(struct media *media, const struct worker_report *report)
{
    struct media_room_state *state = room_of(media, report->event.room);
    if (state == NULL || !seated(state, report->event.seat)) {
        return false;
    }
    return state->seats[report->event.seat]->connection == report->connection;
}

bool media_poll(struct media *media, struct media_event *out_event)
{
    flush_pending(media);
    struct worker_report report;
    for (unsigned tried = 0; tried < media->config.workers; tried++) {
        struct media_worker *worker = media->workers[media->poll_worker];
        while (media_worker_take(worker, &report)) {
            if (!still_true(media, &report)) {
                continue;
            }
            if (report.event.type == MEDIA_SEAT_GONE) {
                struct media_room_state *state = room_of(media, report.event.room);
                CHECK(state != NULL); /* still_true() has seen it */
                set_connection(media, state, report.event.seat, 0);
            }
            *out_event = report.event;
            return true;
        }
        media->poll_worker = (media->poll_worker + 1) % media->config.workers;
    }
    return false;
}

void media_counters(struct media *media, media_counter_fn emit, void *context)
{
    for (unsigned which = 0; which < COUNTER_COUNT; which++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < media->config.workers; i++) {
            sum += counters_get(media_worker_counters(media->workers[i]), (enum counter)which);
        }
        const struct counters_row *row = counters_row((enum counter)which);
        emit(context, row->metric, row->labels, row->help, sum);
    }
}

uint16_t media_port(struct media *media, unsigned index)
{
    CHECK(index < media->config.workers);
    return media_worker_port(media->workers[index]);
}
