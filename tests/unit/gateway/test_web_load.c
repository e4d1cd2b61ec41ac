/* gateway/web under clients that mean harm or are merely many: the two ways in which the socket
 * library spins, half-open handshakes, limits for each address, memory of an idle WebSocket.
 * Processor time is that of the loop's thread. */
#include "tests/unit/gateway/web_client.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define HALF_OPEN 500
#define IDLE_SOCKETS 400
#define LATE_US_MAX 50000  /* of a request while others misbehave */
#define STUCK_CPU_MAX 0.15 /* s in 2 s of watching; a spin takes 1.9 */

static struct server server;
static struct client client;

static double cpu_while_waiting(long ms)
{
    double before = server_cpu_s(&server);
    nap_ms(ms);
    return server_cpu_s(&server) - before;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* --- how long a request takes, without the time in which a busy machine made it wait
 * ---------------------------------- */

static int server_sched = -1, client_sched = -1; /* schedstat of the loop's thread and of ours */

static void open_server_sched(struct server *of)
{
    (void)of;
    server_sched = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* Microseconds in which both threads could have run and had no processor; 0 where the kernel does
 * not tell. */
static int64_t starved_us(void)
{
    int64_t total = 0;
    const int fds[] = {server_sched, client_sched};
    for (size_t i = 0; i < 2; i++) {
        char text[96] = "";
        long long waited_ns = 0;
        if (pread(fds[i], text, sizeof text - 1, 0) > 0 &&
            sscanf(text, "%*s %lld", &waited_ns) == 1) {
            total += waited_ns / 1000;
        }
    }
    return total;
}

/* The largest of `count` times, less the largest twentieth: microseconds of one request on this
 * open connection. count: at most 40. */
static int64_t p95_on_us(struct client *open, size_t count)
{
    int64_t times[40] = {0};
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t starved_before_us = starved_us(), start_us = clock_monotonic_us();
        EXPECT(client_say(open, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        EXPECT_INT(client_answer(open, false, &len), 200);
        client_drop(open, len);
        times[i] = clock_monotonic_us() - start_us - (starved_us() - starved_before_us);
    }
    qsort(times, count, sizeof(times[0]), compare);
    return times[count - 1 - count / 20];
}

static struct client other;

static int64_t p95_us(void)
{
    EXPECT(client_open(&other, server.port));
    int64_t us = p95_on_us(&other, 40);
    client_close(&other);
    return us;
}

/* The control: a loop that sleeps in each of its turns, and one that computes. */
#define HELD_UP_MS 80

struct held_up {
    struct loop_task task;
    bool computes;
    _Atomic unsigned ending, ended;
};
static struct held_up held_up;

static void hold_up(struct loop_task *task)
{
    double until_s = server_cpu_s(&server) + HELD_UP_MS / 1000.0;
    if (held_up.ending != 0) {
        held_up.ended = 1;
        return;
    }
    if (!held_up.computes) {
        nap_ms(HELD_UP_MS);
    }
    while (held_up.computes && server_cpu_s(&server) < until_s) {
    }
    loop_post(web_loop(server.web), task);
}

static void test_late_answers_are_seen(void)
{
    server_call(&server, open_server_sched);
    client_sched = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    for (int computes = 0; computes < 2; computes++) {
        held_up = (struct held_up){.task = {.run = hold_up}, .computes = computes == 1};
        EXPECT(client_open(&other, server.port)); /* before: its time for that is limited */
        loop_post(web_loop(server.web), &held_up.task);
        int64_t late_us = p95_on_us(&other, 3);
        held_up.ending = 1;
        EXPECT(wait_for(&held_up.ended, 1));
        client_close(&other);
        printf("  a loop that %s: %lld us\n", computes == 1 ? "computes" : "sleeps",
               (long long)late_us);
        EXPECT(late_us >= LATE_US_MAX);
    }
    printf("  a quiet one: %lld us\n", (long long)p95_us());
}

/* Spin one: the library holds output and the peer has more for us to read. */
static void test_stuck_ws(void)
{
    EXPECT(client_upgrade(&client, server.port));
    EXPECT(client_frame(&client, WS_OPCODE_TEXT, "send 30 30000",
                        13)); /* below the limit for slow ones */
    for (int i = 0; i < 30; i++) {
        EXPECT(
            client_frame(&client, WS_OPCODE_TEXT, "unread", 6)); /* waits in the server's socket */
    }
    nap_ms(200);
    double cpu = cpu_while_waiting(2000);
    printf("  stuck websocket: %.3f s of processor in 2 s\n", cpu);
    EXPECT(cpu < STUCK_CPU_MAX);
    EXPECT(p95_us() < LATE_US_MAX);
    client_close(&client);
}

/* Spin two: closed by us while it sends and never reads. */
static void test_flood_without_reading(void)
{
    static const char message[] = "0123456789012345678901234567890123456789";
    struct timeval limit = {.tv_usec = 100000};
    unsigned closed = server.ws_closed;
    EXPECT(client_upgrade(&client, server.port));
    setsockopt(client.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    for (int i = 0; i < 10000; i++) {
        if (!client_frame(&client, WS_OPCODE_TEXT, message, sizeof(message) - 1)) {
            break;
        }
    }
    double cpu = cpu_while_waiting(2000);
    printf("  flood without reading: %.3f s of processor in the 2 s after it\n", cpu);
    EXPECT(cpu < STUCK_CPU_MAX * 2);
    EXPECT(wait_at_least(&server.ws_closed, closed + 1));
    EXPECT(p95_us() < LATE_US_MAX);
    client_close(&client);
}

static void test_http_never_reads(void)
{
    EXPECT(client_open(&client, server.port));
    for (int i = 0; i < 200; i++) {
        EXPECT(client_say(&client, "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    nap_ms(200);
    double cpu = cpu_while_waiting(2000);
    printf("  http client that never reads: %.3f s of processor in 2 s\n", cpu);
    EXPECT(cpu < STUCK_CPU_MAX);
    EXPECT(p95_us() < LATE_US_MAX);
    client_close(&client);
}

static void test_half_open(void)
{
    static int fds[HALF_OPEN];
    /* A record header that promises more than comes; a third of them send one octet, a third
     * nothing. */
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    struct web_stats before = server_stats(&server);
    int64_t quiet_us = p95_us();
    for (int i = 0; i < HALF_OPEN; i++) {
        fds[i] = tcp_open(server.port);
        EXPECT(fds[i] >= 0);
        size_t len = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : sizeof(hello) - 1;
        EXPECT(write(fds[i], hello, len) == (ssize_t)len);
    }
    int64_t loaded_us = p95_us();
    double cpu = cpu_while_waiting(500);
    printf(
        "  %d half-open handshakes: p95 %lld us (without: %lld us), %.3f s of processor in 0.5 s\n",
        HALF_OPEN, (long long)loaded_us, (long long)quiet_us, cpu);
    EXPECT(loaded_us < LATE_US_MAX);
    for (int i = 0; i < 300 && server_stats(&server).connections > 0; i++) {
        nap_ms(10);
    }
    struct web_stats after = server_stats(&server);
    EXPECT_INT(after.connections, 0); /* header_timeout_ms: all were cut after a second */
    EXPECT_INT(after.header_timeout - before.header_timeout, HALF_OPEN);
    for (int i = 0; i < HALF_OPEN; i++) {
        close(fds[i]);
    }
}

static void test_idle_costs_nothing(void)
{
    double cpu = cpu_while_waiting(2000);
    printf("  idle: %.3f s of processor in 2 s\n", cpu);
    EXPECT(cpu < 0.02);
}

/* --- memory: the clients are another process, so that only the server's half counts
 * ---------------------------------- */

static long rss_kib(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1) {
        pages = 0;
    }
    if (f != NULL) {
        fclose(f);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The child's whole life: opens the sockets, says so, holds them until the pipe closes. */
static void hold_sockets(int ready, int wait)
{
    static struct client one;
    char octet = 0;
    unsigned open = 0;
    client_ctx = NULL;
    for (; open < IDLE_SOCKETS && client_upgrade(&one, server.port);
         open++) { /* the former one stays open */
        size_t len = 0;
        char word[16];
        client_frame(&one, WS_OPCODE_TEXT, "hello", 5);
        client_read_frame(&one, word, sizeof(word), &len);
    }
    octet = open == IDLE_SOCKETS;
    if (write(ready, &octet, 1) != 1 || read(wait, &octet, 1) < 0) {
        _exit(2);
    }
    _exit(0);
}

static void test_memory(void)
{
    int ready[2];
    int hold[2];
    char octet = 0;
    if (SANITIZED) {
        printf("  memory of idle sockets is not measured under a sanitizer\n");
        return;
    }
    EXPECT(pipe(ready) == 0 && pipe(hold) == 0);
    long before = rss_kib();
    pid_t child = fork();
    if (child == 0) {
        close(hold[1]);
        hold_sockets(ready[1], hold[0]);
    }
    close(hold[0]);
    EXPECT(read(ready[0], &octet, 1) == 1 && octet == 1);
    EXPECT_INT(server_stats(&server).websockets, IDLE_SOCKETS);
    nap_ms(100);
    long each = (rss_kib() - before) * 1024 / IDLE_SOCKETS;
    double cpu = cpu_while_waiting(1000);
    printf("  %d idle websockets: %ld octets of memory each, TLS included; %.3f s of processor in "
           "1 s\n",
           IDLE_SOCKETS, each, cpu);
    EXPECT(each < 36 * 1024); /* 20 KiB of ours and what OpenSSL needs */
    close(hold[1]);
    EXPECT(waitpid(child, NULL, 0) == child);
    EXPECT(wait_for(&server.ws_closed, server.ws_open));
    close(ready[0]);
    close(ready[1]);
}

static void test_address_limit(void)
{
    static struct server limited;
    struct web_config config = SERVER_CONFIG;
    char octet = 0;
    int fds[8];
    config.connections_per_address = 5;
    EXPECT(server_start(&limited, config));
    for (int i = 0; i < 8; i++) {
        fds[i] = tcp_open(limited.port);
    }
    EXPECT(read(fds[7], &octet, 1) <= 0);
    EXPECT_INT(server_stats(&limited).refused_address_limit, 3);
    for (int i = 0; i < 8; i++) {
        close(fds[i]);
    }
    for (int i = 0; i < 200 && server_stats(&limited).connections > 0; i++) {
        nap_ms(10);
    }
    EXPECT_INT(client_ask(&client, limited.port, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"),
               200);
    server_end(&limited);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"late answers are seen", test_late_answers_are_seen},
        {"idle costs nothing", test_idle_costs_nothing},
        {"memory", test_memory},
        {"stuck websocket", test_stuck_ws},
        {"flood without reading", test_flood_without_reading},
        {"http client that never reads", test_http_never_reads},
        {"half-open handshakes", test_half_open},
        {"address limit", test_address_limit},
    };
    signal(SIGPIPE, SIG_IGN);
    if (!server_start(&server, SERVER_CONFIG)) {
        printf("0 passed, 1 failed\n");
        return 1;
    }
    int result = TEST_MAIN(cases);
    server_end(&server);
    SSL_CTX_free(client_ctx);
    return result;
}
