/* The addresses of this machine, for ICE candidates. Blocking system call; at start only. */
#ifndef MEDIA_NET_HOSTS_H
#define MEDIA_NET_HOSTS_H

#include "media/net/addr.h"

/* Fills up to `max` addresses of interfaces that are up: IPv4 first, then IPv6, loopback last of
 * each; IPv6 link-local ones are left out (a browser cannot name their interface). Ports are 0.
 * Returns how many. */
size_t hosts_list(struct addr *out, size_t max, bool with_ipv6);

#endif
