/* CHECK: an invariant that this code promises; always compiled in, never for what a peer sent.
 * A failed CHECK calls the handler (the process installs one that dumps the flight recorder) and
 * aborts. */
#ifndef PROTO_BASE_CHECK_H
#define PROTO_BASE_CHECK_H

#define CHECK(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

typedef void (*check_handler)(const char *condition, const char *file, int line);

/* Called once at start, before threads exist; NULL puts back the default (nothing but abort). */
void check_set_handler(check_handler handler);
_Noreturn void check_failed(const char *condition, const char *file, int line);

#endif
