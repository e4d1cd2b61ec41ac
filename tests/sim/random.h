/* Randomness of the simulator: one source with a seed (xoshiro256**), and the same for libsodium,
 * so that ids, keys and with them the order of rows repeat with the seed. One thread. */
#ifndef TESTS_SIM_RANDOM_H
#define TESTS_SIM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_source {
    uint64_t s[4];
};

void random_seed(struct random_source *r, uint64_t seed);
uint64_t random_next(struct random_source *r);
double random_unit(struct random_source *r); /* 0 <= x < 1 */
bool random_chance(struct random_source *r, double probability);
int64_t random_between(struct random_source *r, int64_t low, int64_t high); /* both included */
size_t random_below(struct random_source *r, size_t n);                     /* n > 0 */
/* Log-normal with this median; sigma 0.6: p90 is 2.2 times, p99 four times the median. */
int64_t random_delay(struct random_source *r, int64_t median, double sigma);

/* From now on randombytes_buf() of this process draws from a source of its own with that seed. Call
 * before sodium_init(). Never in a program that guards anything. */
void random_install(uint64_t seed);

#endif
