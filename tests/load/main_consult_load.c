/* consult-load: loads a gateway, or Janus, as many consultations would, and says what it measured
 * as JSON on standard output. README.md beside this file says what the figures mean. */
#include "tests/load/calls.h"
#include "tests/load/gateway.h"
#include "tests/load/guard.h"
#include "tests/load/idle.h"
#include "tests/load/janus.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: consult-load gateway|janus --base URL --server-pid PID [option...]\n"
    "       consult-load idle --address IP --port N --server PID --sockets N [option...]\n"
    "\n"
    "  --base URL         https://IP:PORT of the gateway, http://IP:PORT of Janus\n"
    "  --server-pid PID   whose processor time and memory count\n"
    "  --accounts FILE    gateway: people, as consultctl imports them\n"
    "  --calls N          consultations at once (default 1)\n"
    "  --parties 2..6     on stage in each; Janus: 2 (default 2)\n"
    "  --settle S         seconds of media before the measured time (default 2)\n"
    "  --seconds S        measured time (default 8)\n"
    "  --pattern even|frame  packets evenly spaced, or the four of a picture back to back\n"
    "  --record           gateway: every consultation is recorded\n"
    "  --churn N          then N further set-ups and tear-downs\n"
    "  --source IP        source address of the first peer (default 127.78.0.1 for a server on\n"
    "                     loopback, else 10.78.0.1); the others follow it\n"
    "\n"
    "  idle: --sockets_a_session N  --opens_s N  --login_format FORMAT  --password TEXT  --limit_s "
    "S\n"
    "\n"
    "Every party sends 120 packets of video (1150 octets) and 50 of sound (100 octets) a second.\n"
    "Refused is every address but loopback and those inside a network namespace named\n"
    "consult-load-* that the bench made.\n";

struct options {
    const char *target, *base, *accounts, *source, *address;
    struct calls_config calls;
    struct idle_config idle;
    bool record;
};

static const struct option names[] = {
    {"base", 1, NULL, 'b'},     {"server-pid", 1, NULL, 'p'},
    {"accounts", 1, NULL, 'a'}, {"calls", 1, NULL, 'c'},
    {"parties", 1, NULL, 'n'},  {"settle", 1, NULL, 't'},
    {"seconds", 1, NULL, 's'},  {"pattern", 1, NULL, 'P'},
    {"record", 0, NULL, 'r'},   {"churn", 1, NULL, 'C'},
    {"source", 1, NULL, 'S'},   {"address", 1, NULL, 'A'},
    {"port", 1, NULL, 'o'},     {"server", 1, NULL, 'p'},
    {"sockets", 1, NULL, 'k'},  {"sockets_a_session", 1, NULL, 'K'},
    {"opens_s", 1, NULL, 'O'},  {"login_format", 1, NULL, 'l'},
    {"password", 1, NULL, 'w'}, {"limit_s", 1, NULL, 'L'},
    {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0},
};

static void refuse(const char *what)
{
    (void)fprintf(stderr, "consult-load: %s\n%s", what, usage);
    exit(2);
}

/* A whole number of at most `most`. */
static unsigned number(const char *text, unsigned long most)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > most) {
        refuse(text);
    }
    return (unsigned)value;
}

static void take_idle_option(struct options *o, int which)
{
    switch (which) {
    case 'A':
        o->idle.address = optarg;
        break;
    case 'o':
        o->idle.port = number(optarg, 65535);
        break;
    case 'k':
        o->idle.sockets = number(optarg, 60000);
        break;
    case 'K':
        o->idle.sockets_a_session = number(optarg, 60000);
        break;
    case 'O':
        o->idle.opens_s = number(optarg, 100000);
        break;
    case 'l':
        o->idle.login_format = optarg;
        break;
    case 'w':
        o->idle.password = optarg;
        break;
    case 'L':
        o->idle.limit_s = number(optarg, 3600);
        break;
    case 'h':
        (void)fputs(usage, stdout);
        exit(0);
    default:
        refuse("unknown option");
    }
}

static void take_option(struct options *o, int which)
{
    switch (which) {
    case 'b':
        o->base = optarg;
        break;
    case 'p':
        o->calls.server = (pid_t)number(optarg, 1u << 30);
        break;
    case 'a':
        o->accounts = optarg;
        break;
    case 'c':
        o->calls.calls = number(optarg, 2000);
        break;
    case 'n':
        o->calls.parties = number(optarg, 6);
        break;
    case 't':
        o->calls.settle_s = number(optarg, 600);
        break;
    case 's':
        o->calls.seconds = number(optarg, 3600);
        break;
    case 'P':
        o->calls.pattern = strcmp(optarg, "frame") == 0 ? TRAFFIC_FRAME : TRAFFIC_EVEN;
        if (o->calls.pattern == TRAFFIC_EVEN && strcmp(optarg, "even") != 0) {
            refuse(optarg);
        }
        break;
    case 'r':
        o->record = true;
        break;
    case 'C':
        o->calls.churn = number(optarg, 100000);
        break;
    case 'S':
        o->source = optarg;
        break;
    default:
        take_idle_option(o, which);
    }
}

static struct options read_options(int argc, char **argv)
{
    struct options o = {
        .calls = {.calls = 1, .parties = 2, .settle_s = 2, .seconds = 8},
        .idle = {
            .sockets_a_session = 1, .opens_s = 300, .limit_s = 120, .login_format = "load.%u"}};
    int which;
    while ((which = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        take_option(&o, which);
    }
    if (optind + 1 != argc || o.calls.server <= 0) {
        refuse("one target and --server-pid are needed");
    }
    o.target = argv[optind];
    return o;
}

static bool make_target(struct options *o)
{
    if (strcmp(o->target, "janus") == 0) {
        if (o->calls.parties != 2 || o->record) {
            refuse("Janus's calls have two parties and are not recorded");
        }
        return janus_target(o->base, o->calls.calls, &o->calls.target);
    }
    if (o->accounts == NULL) {
        refuse("--accounts is needed");
    }
    struct gateway_options options = {.base = o->base,
                                      .accounts = o->accounts,
                                      .calls = o->calls.calls,
                                      .parties = o->calls.parties,
                                      .record = o->record};
    return gateway_target(&options, &o->calls.target);
}

static int run_calls(struct options *o)
{
    if (o->base == NULL || o->calls.calls == 0 || o->calls.parties < 2 || o->calls.seconds <= 0) {
        refuse("--base, and calls, parties and seconds of at least 1, 2 and 1");
    }
    if (!guard_allows(o->base)) {
        return 2;
    }
    const char *source = o->source != NULL                    ? o->source
                         : strstr(o->base, "://127.") != NULL ? "127.78.0.1"
                                                              : "10.78.0.1";
    struct in_addr ip;
    if (inet_pton(AF_INET, source, &ip) != 1) {
        refuse(source);
    }
    o->calls.first_ip = ntohl(ip.s_addr);
    if (!make_target(o)) {
        return 1;
    }
    json_t *result = calls_run(&o->calls);
    o->calls.target.destroy(o->calls.target.context);
    if (result != NULL) {
        (void)json_dumpf(result, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        (void)putchar('\n');
    }
    int code = result == NULL ? 1 : 0;
    json_decref(result);
    return code;
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    (void)signal(SIGPIPE, SIG_IGN);
    if (strcmp(o.target, "idle") == 0) {
        o.idle.server = o.calls.server;
        if (o.idle.address == NULL || o.idle.port == 0 || o.idle.sockets == 0) {
            refuse("idle needs --address, --port and --sockets");
        }
        return guard_allows(o.idle.address) ? idle_run(&o.idle) : 2;
    }
    if (strcmp(o.target, "gateway") != 0 && strcmp(o.target, "janus") != 0) {
        refuse("target is gateway, janus or idle");
    }
    return run_calls(&o);
}
