#include "media/ice/icelite.h"

#include "proto/base/check.h"

#include <string.h>

void icelite_init(struct icelite *ice, const struct icelite_credentials *credentials,
                  int64_t now_us)
{
    *ice = (struct icelite){.present = *credentials, .selected = -1, .checked_us = now_us};
}

void icelite_restart(struct icelite *ice, const struct icelite_credentials *credentials,
                     int64_t now_us)
{
    ice->former = ice->present;
    ice->former_until_us = now_us + ICELITE_FORMER_US;
    ice->present = *credentials;
    ice->checked_us = now_us;
}

static int find_pair(const struct icelite *ice, const struct addr *from)
{
    for (int i = 0; i < ICELITE_PAIRS_MAX; i++) {
        if (ice->pairs[i].remote.family != 0 && addr_equal(&ice->pairs[i].remote, from)) {
            return i;
        }
    }
    return -1;
}

/* A free place, or that of the pair whose last check is oldest; never the selected one. */
static int place_for_pair(const struct icelite *ice)
{
    int oldest = -1;
    for (int i = 0; i < ICELITE_PAIRS_MAX; i++) {
        if (ice->pairs[i].remote.family == 0) {
            return i;
        }
        if (i != ice->selected &&
            (oldest < 0 || ice->pairs[i].checked_us < ice->pairs[oldest].checked_us)) {
            oldest = i;
        }
    }
    CHECK(oldest >= 0);
    return oldest;
}

/* RFC 8445 §7.3.1.3-5: learn the (peer reflexive) address, and take it for media when the
 * controlling side says so. */
static void learn(struct icelite *ice, int64_t now_us, const struct stun_message *request,
                  const struct addr *from, struct icelite_result *result)
{
    int at = find_pair(ice, from);
    if (at < 0) {
        at = place_for_pair(ice);
        result->removed = ice->pairs[at].remote;
        result->added = *from;
        ice->pairs[at] = (struct icelite_pair){.remote = *from};
    }
    ice->pairs[at].checked_us = now_us;
    ice->checked_us = now_us;
    if (request->use_candidate) {
        ice->pairs[at].nominated = true;
        ice->selected = at;
    }
}

/* The credentials that the USERNAME names, NULL when it names none of ours or not the peer's ufrag.
 */
static const struct icelite_credentials *credentials_for(const struct icelite *ice, int64_t now_us,
                                                         struct span username)
{
    struct span local;
    struct span remote;
    if (!stun_username_split(username, &local, &remote)) {
        return NULL;
    }
    if (span_is(local, ice->present.ufrag) && span_is(remote, ice->present.remote_ufrag)) {
        return &ice->present;
    }
    if (ice->former.ufrag[0] != '\0' && now_us < ice->former_until_us &&
        span_is(local, ice->former.ufrag) && span_is(remote, ice->former.remote_ufrag)) {
        return &ice->former;
    }
    return NULL;
}

static struct stun_address stun_address_of(const struct addr *from)
{
    struct stun_address mapped = {.v6 = from->family == 6, .port = from->port};
    memcpy(mapped.bytes, from->ip, sizeof(mapped.bytes));
    return mapped;
}

static void refuse(const struct icelite *ice, const struct stun_message *request,
                   const struct addr *from, uint16_t code, struct counters *counters,
                   struct writer *w)
{
    if (find_pair(ice, from) >= 0) {
        stun_write_error(w, request, code, NULL, NULL);
        counters_add(counters, code == 400 ? COUNTER_STUN_400 : COUNTER_STUN_401, 1);
    }
}

void icelite_request(struct icelite *ice, int64_t now_us, const struct stun_message *request,
                     const struct addr *from, struct integrity *integrity,
                     struct counters *counters, struct writer *w, struct icelite_result *out_result)
{
    CHECK(request->class_ == STUN_REQUEST);
    *out_result = (struct icelite_result){0};
    if (request->integrity_at == 0) { /* RFC 8489 §9.1.3 */
        counters_add(counters, COUNTER_DROP_STUN_INTEGRITY, 1);
        refuse(ice, request, from, 400, counters, w);
        return;
    }
    const struct icelite_credentials *with = credentials_for(ice, now_us, request->username);
    if (with == NULL) {
        counters_add(counters, COUNTER_DROP_STUN_USERNAME, 1);
        refuse(ice, request, from, 401, counters, w);
        return;
    }
    struct integrity_key key = {integrity, span_text(with->pwd)};
    if (stun_integrity_check(request, integrity_hmac, &key) != STATUS_OK) {
        counters_add(counters, COUNTER_DROP_STUN_INTEGRITY, 1);
        refuse(ice, request, from, 401, counters, w);
        return;
    }
    if (request->unknown_count > 0) { /* RFC 8489 §6.3.1 */
        stun_write_error(w, request, 420, integrity_hmac, &key);
        counters_add(counters, COUNTER_STUN_420, 1);
        return;
    }
    if (request->has_controlled) { /* RFC 8445 §7.3.1.1: a lite agent is always controlled and never
                                      switches */
        stun_write_error(w, request, 487, integrity_hmac, &key);
        counters_add(counters, COUNTER_STUN_487, 1);
        return;
    }
    learn(ice, now_us, request, from, out_result);
    out_result->authentic = true;
    struct stun_address mapped = stun_address_of(from);
    stun_write_success(w, request, &mapped, integrity_hmac, &key);
    counters_add(counters, COUNTER_STUN_SUCCESS, 1);
}

bool icelite_known(const struct icelite *ice, const struct addr *from)
{
    return find_pair(ice, from) >= 0;
}

const struct addr *icelite_selected(const struct icelite *ice)
{
    return ice->selected < 0 ? NULL : &ice->pairs[ice->selected].remote;
}

bool icelite_consent_expired(const struct icelite *ice, int64_t now_us)
{
    return now_us - ice->checked_us > ICELITE_CONSENT_US;
}

bool icelite_expire_former(struct icelite *ice, int64_t now_us,
                           char out_ufrag[ICELITE_UFRAG_LEN + 1])
{
    if (ice->former.ufrag[0] == '\0' || now_us < ice->former_until_us) {
        return false;
    }
    memcpy(out_ufrag, ice->former.ufrag, sizeof(ice->former.ufrag));
    ice->former = (struct icelite_credentials){0};
    return true;
}
