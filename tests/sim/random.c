#include "tests/sim/random.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

void random_seed(struct random_source *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) { /* splitmix64, as its authors seed xoshiro */
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

uint64_t random_next(struct random_source *r)
{
    uint64_t result = rotate(r->s[1] * 5, 7) * 9;
    uint64_t t = r->s[1] << 17;
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotate(r->s[3], 45);
    return result;
}

double random_unit(struct random_source *r)
{
    return (double)(random_next(r) >> 11) * 0x1.0p-53;
}

bool random_chance(struct random_source *r, double probability)
{
    return random_unit(r) < probability;
}

int64_t random_between(struct random_source *r, int64_t low, int64_t high)
{
    return low + (int64_t)(random_unit(r) * (double)(high - low + 1));
}

size_t random_below(struct random_source *r, size_t n)
{
    return (size_t)(random_unit(r) * (double)n);
}

int64_t random_delay(struct random_source *r, int64_t median, double sigma)
{
    double u = random_unit(r);
    double v = random_unit(r);
    double normal = sqrt(-2.0 * log(1.0 - u)) * cos(6.283185307179586 * v);
    return (int64_t)((double)median * exp(sigma * normal));
}

/* ---- libsodium ---- */

static struct random_source installed;

static const char *implementation_name(void)
{
    return "simulator";
}

static uint32_t one(void)
{
    return (uint32_t)(random_next(&installed) >> 32);
}

static void fill(void *const buffer, const size_t len)
{
    unsigned char *out = buffer;
    for (size_t i = 0; i < len; i += 8) {
        uint64_t value = random_next(&installed);
        memcpy(out + i, &value, len - i < 8 ? len - i : 8);
    }
}

static randombytes_implementation implementation = {
    .implementation_name = implementation_name, .random = one, .buf = fill};

void random_install(uint64_t seed)
{
    random_seed(&installed, seed);
    (void)randombytes_set_implementation(&implementation);
}
