/* consult-imaging: the decoder process. Started by the gateway with its socket as descriptor 3; not
 * for use by hand. */
#include "media/imaging/helper.h"
#include "media/imaging/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int type = 0;
    socklen_t len = sizeof type;
    unsigned long memory_mib = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (memory_mib < 64 || memory_mib > 65536 ||
        getsockopt(WIRE_HELPER_FD, SOL_SOCKET, SO_TYPE, &type, &len) != 0) {
        (void)fprintf(
            stderr,
            "consult-imaging is started by consult-gateway, which gives it work and limits\n");
        return 2;
    }
    _exit(helper_run(
        WIRE_HELPER_FD,
        (unsigned)memory_mib)); /* behind the walls there is nothing to flush or to report to */
}
