/* imaging_recover and imaging_expire (imaging_api.h): what a crash or an abandoned upload left on
 * the disk. Store thread, or main before it runs. */
#ifndef GATEWAY_IMAGING_RECOVER_H
#define GATEWAY_IMAGING_RECOVER_H

#include "gateway/imaging/imaging_api.h"

#endif
