/* The generator loads nothing but this machine: an address must be loopback, or we must be inside a
 * network namespace that the bench made (/run/netns/consult-load-*), which leads nowhere else. */
#ifndef TESTS_LOAD_GUARD_H
#define TESTS_LOAD_GUARD_H

#include <stdbool.h>

/* base: a URL with a numeric IPv4 address, or the address. False: refused, said on stderr. */
bool guard_allows(const char *base);

#endif
