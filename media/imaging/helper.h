/* The decoder process: takes asks from its socket until that closes, one at a time. Single thread.
 */
#ifndef MEDIA_IMAGING_HELPER_H
#define MEDIA_IMAGING_HELPER_H

/* Closes the sandbox around itself, then serves. Returns the exit code. memory_mib: see sandbox.h.
 */
int helper_run(int socket, unsigned memory_mib);

#endif
