#include "gateway/document/members.h"

#include "gateway/records/canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTER_MAX 512
#define DEPTH_MAX 32

struct walk {
    json_t *hashes;
    char pointer[POINTER_MAX];
    bool failed;
};

/* RFC 6901 §3: ~ is ~0, / is ~1. */
static size_t step(struct walk *walk, size_t at, const char *name)
{
    size_t n = at;
    walk->pointer[n++] = '/';
    for (; *name != '\0' && n + 3 < POINTER_MAX; name++) {
        if (*name == '~' || *name == '/') {
            walk->pointer[n++] = '~';
            walk->pointer[n++] = *name == '~' ? '0' : '1';
        } else {
            walk->pointer[n++] = *name;
        }
    }
    walk->failed = walk->failed || *name != '\0';
    walk->pointer[n] = '\0';
    return n;
}

static void note(struct walk *walk, const json_t *value)
{
    char hash[65];
    if (canonical_hash(value, hash) != STATUS_OK) {
        walk->failed = true;
        return;
    }
    if (json_object_set_new(walk->hashes, walk->pointer, json_string(hash)) != 0) {
        walk->failed = true;
    }
}

static void visit(struct walk *walk, json_t *value, size_t at, unsigned depth)
{
    const char *name;
    json_t *member;
    if (walk->failed || depth > DEPTH_MAX || at + 8 > POINTER_MAX) {
        walk->failed = true;
        return;
    }
    if (json_is_object(value) && json_object_size(value) > 0) {
        json_object_foreach(value, name, member)
        {
            visit(walk, member, step(walk, at, name), depth + 1);
            walk->pointer[at] = '\0';
        }
    } else if (json_is_array(value) && json_array_size(value) > 0) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            char index[24];
            (void)snprintf(index, sizeof index, "%zu", i);
            visit(walk, json_array_get(value, i), step(walk, at, index), depth + 1);
            walk->pointer[at] = '\0';
        }
    } else {
        note(walk, value);
    }
}

json_t *members_hash(const json_t *value)
{
    struct walk walk = {.hashes = json_object()};
    json_t *readable = json_deep_copy(value);
    visit(&walk, readable, 0, 0);
    json_decref(readable);
    if (walk.failed) {
        json_decref(walk.hashes);
        return NULL;
    }
    return walk.hashes;
}

static int text_order(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

json_t *members_differ(const json_t *hashes, const json_t *others, size_t most)
{
    json_t *both = json_deep_copy(hashes), *list = json_array();
    json_t *more = json_deep_copy(others);
    const char *name;
    json_t *value;
    (void)json_object_update_missing(both, more);
    size_t count = 0, room = json_object_size(both);
    const char **names = calloc(room + 1, sizeof *names);
    json_object_foreach(both, name, value)
    {
        const json_t *a = json_object_get(hashes, name), *b = json_object_get(others, name);
        if (names != NULL && count < room && !(a != NULL && b != NULL && json_equal(a, b))) {
            names[count++] = name;
        }
    }
    if (count > 1) {
        qsort(names, count, sizeof *names, text_order);
    }
    for (size_t i = 0; i < count && i < most; i++) {
        json_array_append_new(list, json_string(names[i]));
    }
    free(names);
    json_decref(both);
    json_decref(more);
    return list;
}
