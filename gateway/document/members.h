/* The members of a JSON text one by one, each under its pointer (RFC 6901): their hashes, and where
 * two texts differ. Pure; any thread. */
#ifndef GATEWAY_DOCUMENT_MEMBERS_H
#define GATEWAY_DOCUMENT_MEMBERS_H

#include <jansson.h>
#include <stdbool.h>

/* {pointer: SHA-256 of the value in canonical JSON}, for every value that holds no others. New
 * reference; NULL when something is not canonical. */
json_t *members_hash(const json_t *value);
/* Pointers that are in one only or differ, in the order of the pointers, at most `most`: new
 * reference to an array of texts. Works for values as for the objects of members_hash. */
json_t *members_differ(const json_t *hashes, const json_t *others, size_t most);

#endif
