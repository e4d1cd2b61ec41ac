#include "media/imaging/wire.h"

#include "media/rt/clock.h"
#include "proto/dicom/charset.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

enum status wire_send_ask(int socket, const struct wire_ask *ask, int file)
{
    struct wire_ask copy = *ask;
    struct iovec iov = {&copy, sizeof copy};
    union control control = {0};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(c), &file, sizeof file);
    ssize_t sent = 0;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof copy
               ? STATUS_OK
               : STATUS_CLOSED; /* small, to an empty socket: never in pieces */
}

static int control_file(struct msghdr *message)
{
    int file = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
            c->cmsg_len == CMSG_LEN(sizeof file)) {
            memcpy(&file, CMSG_DATA(c), sizeof file);
        }
    }
    return file;
}

enum status wire_take_ask(int socket, struct wire_ask *out_ask, int *out_file)
{
    struct wire_ask ask;
    struct iovec iov = {&ask, sizeof ask};
    union control control = {0};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t got = 0;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return STATUS_CLOSED;
    }
    int file = control_file(&message);
    if (got != (ssize_t)sizeof ask || ask.magic != WIRE_MAGIC || file < 0) {
        if (file >= 0) {
            (void)close(file);
        }
        return STATUS_MALFORMED;
    }
    *out_ask = ask;
    *out_file = file;
    return STATUS_OK;
}

/* STATUS_OK: ready for `events` (or broken, which the call that follows will see). */
static enum status wait_for(int socket, short events, int64_t deadline_us)
{
    if (deadline_us == 0) {
        return STATUS_OK;
    }
    for (;;) {
        int64_t left_us = deadline_us - clock_monotonic_us();
        if (left_us <= 0) {
            return STATUS_TIMEOUT;
        }
        struct pollfd p = {.fd = socket, .events = events};
        int ready = poll(&p, 1, (int)(left_us / 1000 + 1));
        if (ready > 0) {
            return STATUS_OK;
        }
        if (ready < 0 && errno != EINTR) {
            return STATUS_CLOSED;
        }
    }
}

enum status wire_write(int socket, const void *data, size_t len, int64_t deadline_us)
{
    const char *at = data;
    while (len > 0) {
        enum status status = wait_for(socket, POLLOUT, deadline_us);
        if (status != STATUS_OK) {
            return status;
        }
        ssize_t n = send(socket, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return STATUS_CLOSED;
        }
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
    return STATUS_OK;
}

enum status wire_read(int socket, void *data, size_t len, int64_t deadline_us)
{
    char *at = data;
    while (len > 0) {
        enum status status = wait_for(socket, POLLIN, deadline_us);
        if (status != STATUS_OK) {
            return status;
        }
        ssize_t n = recv(socket, at, len, 0);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
            return STATUS_CLOSED;
        }
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        }
    }
    return STATUS_OK;
}

static bool text_is_sane(const char *text, size_t room)
{
    size_t len = strnlen(text, room);
    if (len == room || !dicom_is_utf8(span_of(text, len))) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20) {
            return false;
        }
    }
    return true;
}

static bool info_is_sane(const struct imaging_info *info)
{
    return (unsigned)info->kind <= IMAGING_PDF && (unsigned)info->refusal < IMAGING_REFUSAL_COUNT &&
           text_is_sane(info->detail, sizeof info->detail) &&
           text_is_sane(info->modality, sizeof info->modality) &&
           text_is_sane(info->study_uid, sizeof info->study_uid) &&
           text_is_sane(info->series_uid, sizeof info->series_uid) &&
           text_is_sane(info->sop_instance_uid, sizeof info->sop_instance_uid) &&
           text_is_sane(info->sop_class_uid, sizeof info->sop_class_uid) &&
           text_is_sane(info->transfer_syntax_uid, sizeof info->transfer_syntax_uid) &&
           text_is_sane(info->description, sizeof info->description) &&
           text_is_sane(info->patient_name, sizeof info->patient_name) &&
           text_is_sane(info->patient_id, sizeof info->patient_id) &&
           isfinite(info->window_center) && isfinite(info->window_width);
}

bool wire_answer_is_sane(const struct wire_answer *answer, enum wire_what what)
{
    const struct imaging_reply *reply = &answer->reply;
    if (answer->magic != WIRE_MAGIC || answer->what != (uint32_t)what) {
        return false;
    }
    if (what == WIRE_PROBE) {
        return info_is_sane(&answer->info);
    }
    bool shown = reply->refusal == IMAGING_REFUSAL_NONE;
    return (unsigned)reply->refusal < IMAGING_REFUSAL_COUNT &&
           text_is_sane(reply->detail, sizeof reply->detail) && isfinite(reply->center) &&
           isfinite(reply->width_used) && reply->len <= WIRE_BYTES_MAX && shown == (reply->len > 0);
}
