/* Fetches into the processor's cache what the datagrams of a batch will need, before any of them is
 * worked on: with hundreds of connections each packet else waits for some fifteen loads, one after
 * the other (decisions/005-batches.md). Changes nothing. One worker thread. */
#ifndef MEDIA_WORKER_WARM_H
#define MEDIA_WORKER_WARM_H

#include "media/net/addr.h"

#define WARM_MAX 64 /* datagrams of a batch; further ones are left cold */

struct directory; /* values: struct party */

struct warm_datagram {
    const struct addr *from;
    size_t len; /* octets */
};

void warm_datagrams(const struct directory *directory, const struct warm_datagram *datagrams,
                    size_t count);

#endif
