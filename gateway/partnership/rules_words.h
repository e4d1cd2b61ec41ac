/* The words of the rule engine: levels, modes, types, kinds, member roles and refusals as the store
 * and the interface write them, and dates. All are declared in rules.h; pure, any thread. */
#ifndef GATEWAY_PARTNERSHIP_RULES_WORDS_H
#define GATEWAY_PARTNERSHIP_RULES_WORDS_H

#include "gateway/partnership/rules.h"

#endif
