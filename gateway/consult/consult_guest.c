#include "gateway/consult/consult_guest.h"

#include "gateway/consult/consult_effects.h"
#include "gateway/consult/consult_observer.h"

const struct consult_places consult_guests = {
    .role = "guest", .first = CONSULT_GUEST_SEAT_FIRST, .count = CONSULT_GUESTS_MAX};

static json_t *detail_of(const char *account, int64_t seat)
{
    return json_pack("{s:s, s:I}", "account", account, "seat", (json_int_t)seat);
}

bool consult_guest_invite(struct api_call *call, const struct consult_row *row, json_t **out_detail)
{
    const char *account = consult_place_named(call);
    int64_t seat = 0;
    if (!consult_observer_leave(call, row, account, "invited")) {
        return false;
    }
    enum status status = consult_place_give(call->db, &consult_guests, row->id, account, &seat);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    *out_detail = detail_of(account, seat);
    consult_effect_guest_ring(call, row, account);
    return true;
}

bool consult_guest_uninvite(struct api_call *call, const struct consult_row *row,
                            json_t **out_detail)
{
    const char *account = consult_place_named(call);
    int64_t seat = 0;
    enum status status =
        consult_place_end(call->db, &consult_guests, row->id, account, call->now_ms, &seat);
    if (status != STATUS_OK) {
        return api_store_failed(call, status);
    }
    *out_detail = detail_of(account, seat);
    consult_effect_guest_gone(call, row, account, "uninvited");
    return true;
}

enum status consult_guest_end(struct api_call *call, const struct consult_row *row,
                              const char *reason)
{
    struct consult_place guests[CONSULT_PLACES_MAX];
    size_t count = 0;
    enum status status = consult_place_standing(call->db, &consult_guests, row->id, guests, &count);
    for (size_t i = 0; i < count; i++) {
        consult_effect_guest_gone(call, row, guests[i].account, reason);
    }
    return status;
}
