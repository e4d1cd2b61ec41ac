/* departments[] of an import file: those that receive referred patients, with the places that they
 * keep for them. A place that is in use keeps its state. */
#ifndef GATEWAY_CTL_IMPORT_DEPARTMENTS_H
#define GATEWAY_CTL_IMPORT_DEPARTMENTS_H

#include "gateway/ctl/import_read.h"

void import_departments(struct import *im, json_t *root);

#endif
