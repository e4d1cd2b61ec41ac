/* One ICE-lite agent (RFC 8445 §2.5, §7.3): it answers authenticated checks and never starts one.
 * Sans-I/O: the caller has parsed the datagram and found the agent by the local ufrag. Nothing is
 * learned from a check before its MESSAGE-INTEGRITY is right. Plain storage of the caller, no
 * allocation, one thread. */
#ifndef MEDIA_ICE_ICELITE_H
#define MEDIA_ICE_ICELITE_H

#include "media/ice/integrity.h"
#include "media/net/addr.h"
#include "media/rt/counters.h"
#include "proto/base/writer.h"
#include "proto/stun/stun.h"

#define ICELITE_PAIRS_MAX                                                                          \
    8 /* remote addresses: two interfaces, v4 and v6, old and new network; as mediasoup has */
#define ICELITE_UFRAG_LEN 12         /* characters of 6 bits; RFC 8445 §5.3 asks for 24 bits */
#define ICELITE_PWD_LEN 24           /* characters of 6 bits; RFC 8445 §5.3 asks for 128 bits */
#define ICELITE_REMOTE_UFRAG_MAX 256 /* RFC 8839 §5.4 */
#define ICELITE_CONSENT_US 30000000  /* RFC 7675 §5.1 */
#define ICELITE_FORMER_US                                                                          \
    3000000 /* how long the credentials before an ICE restart still count: make before break */

struct icelite_credentials {
    char ufrag[ICELITE_UFRAG_LEN + 1], pwd[ICELITE_PWD_LEN + 1];
    char remote_ufrag[ICELITE_REMOTE_UFRAG_MAX + 1];
};

struct icelite_pair {
    struct addr remote; /* family 0: free */
    int64_t checked_us; /* last authenticated check */
    bool nominated;
};

struct icelite {  /* what each packet needs comes first */
    int selected; /* pair that media goes to; -1: none is nominated */
    struct icelite_pair pairs[ICELITE_PAIRS_MAX];
    int64_t checked_us;                         /* last authenticated check on any pair */
    struct icelite_credentials present, former; /* former.ufrag is empty when there is none */
    int64_t former_until_us;
};

void icelite_init(struct icelite *ice, const struct icelite_credentials *credentials,
                  int64_t now_us);
/* ICE restart (RFC 8445 §9): the former credentials stay good for ICELITE_FORMER_US, the pairs
 * stay. */
void icelite_restart(struct icelite *ice, const struct icelite_credentials *credentials,
                     int64_t now_us);

struct icelite_result {
    bool authentic;             /* the check passed */
    struct addr added, removed; /* pair that came, pair that had to go; family 0: none */
};
/* A Binding request whose USERNAME begins with one of our ufrags. The answer, if any, is appended
 * to w and goes back to `from`. An error that a stranger could provoke (400, 401) is answered only
 * to an address that passed a check before. */
void icelite_request(struct icelite *ice, int64_t now_us, const struct stun_message *request,
                     const struct addr *from, struct integrity *integrity,
                     struct counters *counters, struct writer *w,
                     struct icelite_result *out_result);

bool icelite_known(const struct icelite *ice, const struct addr *from);
/* Address that media goes to; NULL before nomination. */
const struct addr *icelite_selected(const struct icelite *ice);
/* No authenticated check for 30 s: nothing may be sent any more (RFC 7675 §5.1). */
bool icelite_consent_expired(const struct icelite *ice, int64_t now_us);
/* Former credentials whose time is over are forgotten; true when that happened now (their ufrag is
 * no longer ours). */
bool icelite_expire_former(struct icelite *ice, int64_t now_us,
                           char out_ufrag[ICELITE_UFRAG_LEN + 1]);

#endif
