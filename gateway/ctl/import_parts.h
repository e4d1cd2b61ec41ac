/* The parts of an import, in the order in which they refer to each other. Each works through one
 * array of the file; a fault is in im->failed. */
#ifndef GATEWAY_CTL_IMPORT_PARTS_H
#define GATEWAY_CTL_IMPORT_PARTS_H

#include "gateway/ctl/import_read.h"

/* import_people.c */
void import_specialties(struct import *im, json_t *root);
void import_organisations(struct import *im, json_t *root);
void import_practitioners(struct import *im, json_t *root);
/* import_partnerships.c */
void import_partnerships(struct import *im, json_t *root);
/* import_shifts.c */
void import_shifts(struct import *im, json_t *root);
/* import_agreements.c; `partnership` is its object in the file. */
void import_agreements(struct import *im, const json_t *partnership, const char *partnership_id);

/* Id of the organisation that a member of `object` names by its code; "" and a refusal when there
 * is none. */
void import_organisation_id(struct import *im, const json_t *object, const char *name,
                            char out_id[33]);
/* Replaces the rows of a set of specialties: `clear` takes the owner's id, `add` the id and the
 * code. */
void import_specialty_set(struct import *im, const json_t *list, const char *owner_id,
                          const char *clear_literal, const char *add_literal);

#endif
