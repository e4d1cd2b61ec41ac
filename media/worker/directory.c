#include "media/worker/directory.h"

#include "media/ice/icelite.h"
#include "media/rt/prefetch.h"
#include "proto/base/check.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 24 /* octets: struct addr, or a ufrag padded with zeros */

struct entry {
    uint8_t key[KEY_MAX];
    void *value; /* NULL: free */
};

struct table {
    struct entry *entries;
    uint32_t mask, count,
        limit; /* limit: entries at most, so that a free one always ends the search */
};

struct directory {
    struct table addrs, ufrags;
    uint32_t seed;
};

_Static_assert(sizeof(struct addr) <= KEY_MAX, "an address is a key");
_Static_assert(ICELITE_UFRAG_LEN <= KEY_MAX, "a ufrag is a key");

static uint32_t hash(const uint8_t key[KEY_MAX], uint32_t seed)
{
    uint64_t h = seed * 0x9e3779b97f4a7c15U + 1; /* constants of splitmix64 */
    for (size_t i = 0; i < KEY_MAX; i += 8) {
        uint64_t word;
        memcpy(&word, key + i, sizeof(word));
        h = (h ^ word) * 0xbf58476d1ce4e5b9U;
        h ^= h >> 29;
    }
    return (uint32_t)(h ^ h >> 32);
}

static bool table_init(struct table *table, uint32_t entries)
{
    uint32_t size = 16;
    while (size < 2 * (uint64_t)entries && size < 1u << 30) {
        size *= 2;
    }
    *table = (struct table){calloc(size, sizeof(struct entry)), size - 1, 0, size / 4 * 3};
    return table->entries != NULL;
}

static uint32_t place(const struct table *table, const uint8_t key[KEY_MAX], uint32_t seed)
{
    uint32_t at = hash(key, seed) & table->mask;
    while (table->entries[at].value != NULL && memcmp(table->entries[at].key, key, KEY_MAX) != 0) {
        at = (at + 1) & table->mask;
    }
    return at;
}

static enum status table_add(struct table *table, const uint8_t key[KEY_MAX], uint32_t seed,
                             void *value)
{
    CHECK(value != NULL);
    uint32_t at = place(table, key, seed);
    if (table->entries[at].value == NULL) {
        if (table->count == table->limit) {
            return STATUS_FULL;
        }
        table->count++;
        memcpy(table->entries[at].key, key, KEY_MAX);
    }
    table->entries[at].value = value;
    return STATUS_OK;
}

/* Closes the gap by moving back what the gap separates from its place (Knuth, TAOCP 6.4 algorithm
 * R). */
static void close_gap(struct table *table, uint32_t gap, uint32_t seed)
{
    uint32_t at = gap;
    for (;;) {
        at = (at + 1) & table->mask;
        if (table->entries[at].value == NULL) {
            break;
        }
        uint32_t home = hash(table->entries[at].key, seed) & table->mask;
        if (((at - home) & table->mask) >= ((at - gap) & table->mask)) {
            table->entries[gap] = table->entries[at];
            gap = at;
        }
    }
    table->entries[gap] = (struct entry){0};
}

static void table_remove(struct table *table, const uint8_t key[KEY_MAX], uint32_t seed,
                         const void *value)
{
    uint32_t at = place(table, key, seed);
    if (table->entries[at].value != NULL && table->entries[at].value == value) {
        table->count--;
        close_gap(table, at, seed);
    }
}

static void addr_key(const struct addr *addr, uint8_t key[KEY_MAX])
{
    memset(key, 0, KEY_MAX);
    memcpy(key, addr->ip, sizeof(addr->ip));
    memcpy(key + 16, &addr->port, sizeof(addr->port));
    key[18] = addr->family;
    memcpy(key + 20, &addr->scope, sizeof(addr->scope));
}

static bool ufrag_key(struct span ufrag, uint8_t key[KEY_MAX])
{
    if (ufrag.len == 0 || ufrag.len > KEY_MAX) {
        return false;
    }
    memset(key, 0, KEY_MAX);
    memcpy(key, ufrag.data, ufrag.len);
    return true;
}

enum status directory_create(uint32_t parties, uint32_t seed, struct directory **out_directory)
{
    CHECK(parties > 0 && parties < 1u << 24);
    struct directory *directory = calloc(1, sizeof(*directory));
    if (directory == NULL) {
        return STATUS_NO_MEMORY;
    }
    directory->seed = seed;
    if (!table_init(&directory->addrs, parties * ICELITE_PAIRS_MAX) ||
        !table_init(&directory->ufrags, parties * 2)) {
        directory_destroy(directory);
        return STATUS_NO_MEMORY;
    }
    *out_directory = directory;
    return STATUS_OK;
}

void directory_destroy(struct directory *directory)
{
    if (directory != NULL) {
        free(directory->addrs.entries);
        free(directory->ufrags.entries);
        free(directory);
    }
}

enum status directory_add_addr(struct directory *directory, const struct addr *addr, void *value)
{
    uint8_t key[KEY_MAX];
    addr_key(addr, key);
    return table_add(&directory->addrs, key, directory->seed, value);
}

enum status directory_add_ufrag(struct directory *directory, const char *ufrag, void *value)
{
    uint8_t key[KEY_MAX];
    CHECK(ufrag_key(span_text(ufrag), key));
    return table_add(&directory->ufrags, key, directory->seed, value);
}

void directory_remove_addr(struct directory *directory, const struct addr *addr, const void *value)
{
    uint8_t key[KEY_MAX];
    addr_key(addr, key);
    table_remove(&directory->addrs, key, directory->seed, value);
}

void directory_remove_ufrag(struct directory *directory, const char *ufrag, const void *value)
{
    uint8_t key[KEY_MAX];
    if (ufrag_key(span_text(ufrag), key)) {
        table_remove(&directory->ufrags, key, directory->seed, value);
    }
}

void directory_prefetch_addr(const struct directory *directory, const struct addr *addr)
{
    uint8_t key[KEY_MAX];
    addr_key(addr, key);
    const struct table *table = &directory->addrs;
    prefetch(&table->entries[hash(key, directory->seed) & table->mask]);
}

void *directory_find_addr(const struct directory *directory, const struct addr *addr)
{
    uint8_t key[KEY_MAX];
    addr_key(addr, key);
    return directory->addrs.entries[place(&directory->addrs, key, directory->seed)].value;
}

void *directory_find_ufrag(const struct directory *directory, struct span ufrag)
{
    uint8_t key[KEY_MAX];
    if (!ufrag_key(ufrag, key)) {
        return NULL;
    }
    return directory->ufrags.entries[place(&directory->ufrags, key, directory->seed)].value;
}
