/* consultctl verify: does a printed report hold, and if not, where was it changed? By the file
 * alone and a public key that is known from elsewhere (no network, no gateway), or against a data
 * folder; and a consultation of a data folder against itself. One line a finding: "ok LAYER: ..."
 * or "FAILED LAYER: ...", with octets of the file or the member of the record. consultctl and
 * tests. */
#ifndef GATEWAY_CTL_VERIFY_H
#define GATEWAY_CTL_VERIFY_H

#include "gateway/store/db.h"

#include <stdbool.h>
#include <stdio.h>

struct verify_options {
    const char *public_key; /* hex; NULL */
    const char *keys; /* folder of ORGANISATION_ID.pub (hex) or the gateway's own keys; NULL */
    struct db *db;    /* NULL: none */
    const char *data; /* its folder; NULL */
};

/* True: everything holds, and by whom it was made is known. */
bool verify_file(const struct verify_options *options, const char *path, FILE *out);
/* Needs options->db. */
bool verify_consultation(const struct verify_options *options, const char *number, FILE *out);
/* The public keys of all institutions as ORGANISATION_ID.pub into a folder, for verify_file
 * elsewhere. */
bool verify_export_keys(struct db *db, const char *folder, FILE *out);

#endif
