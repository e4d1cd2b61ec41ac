/* The messages between T0 and a media worker: plain values, moved through mailboxes. T0 -> worker:
 * struct worker_command; when the box is full the caller says so to its user (offers) or keeps the
 * command (everything else: media.c). worker -> T0: struct worker_report; states are repeated until
 * the box took them, statistics are dropped and counted. */
#ifndef MEDIA_WORKER_WORKER_MSG_H
#define MEDIA_WORKER_WORKER_MSG_H

#include "media/media.h"
#include "media/negotiate/negotiate.h"

#define WORKER_COMMANDS 512 /* x 2.5 kB; a room needs 30 at most when a party joins */
#define WORKER_REPORTS 2048 /* x 450 B; 6 s of statistics of 300 connections */

enum worker_command_type {
    WORKER_ROOM_OPEN = 1, /* room */
    WORKER_ROOM_CLOSE,    /* room */
    WORKER_CONNECT,       /* room, seat, connection, kind, plan, slots */
    WORKER_SLOTS,         /* room, seat, slots */
    WORKER_LEAVE,         /* room, seat */
    WORKER_RECORD         /* room, recording */
};

struct worker_command {
    enum worker_command_type type;
    struct media_room room;
    uint8_t seat;
    uint32_t connection;
    enum negotiate_kind kind;
    int8_t slots[PLAN_SLOTS_MAX];
    uint32_t recording;
    struct plan plan;
};

struct worker_report {
    struct media_event event;
    uint32_t connection; /* T0 drops reports of a connection that was replaced meanwhile */
};

#endif
