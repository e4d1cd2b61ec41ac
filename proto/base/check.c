#include "proto/base/check.h"

#include <stddef.h>
#include <stdlib.h>

static check_handler installed;

void check_set_handler(check_handler handler)
{
    installed = handler;
}

void check_failed(const char *condition, const char *file, int line)
{
    if (installed != NULL) {
        installed(condition, file, line);
    }
    abort();
}
