/* RFC 8489 (with the vectors of RFC 5769), ICE attributes of RFC 8445, candidates of RFC 8839 and
 * 6544. */
#include "proto/ice/candidate.h"
#include "proto/stun/stun.h"
#include "tests/unit/proto/hex.h"
#include "tests/unit/test.h"

/* RFC 5769 §2.1: software "STUN test client", priority, controlled, username "evtj:h6vY", password
 * VOkJxbRl1RmTxUk/WvJxBt */
static const char sample_request[] = "00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae "
                                     "80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74"
                                     "00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36 "
                                     "00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20"
                                     "00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 "
                                     "c1 b5 71 a2 80 28 00 04 e5 7a 3b cf";
/* §2.2: IPv4 response, 192.0.2.1:32853 */
static const char sample_v4[] = "01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 "
                                "00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
                                "00 20 00 08 00 01 a1 47 e1 12 a6 43 00 08 00 14 2b 91 f5 99 fd 9e "
                                "90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7"
                                "80 28 00 04 c0 7d 4c 96";
/* §2.3: IPv6 response, 2001:db8:1234:5678:11:2233:4455:6677 port 32853 */
static const char sample_v6[] = "01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae 80 22 "
                                "00 0b 74 65 73 74 20 76 65 63 74 6f 72 20"
                                "00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 "
                                "b9 d9 00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9"
                                "7c 82 92 c2 75 bf e3 ed 41 80 28 00 04 c8 fb 0b 4c";

/* SHA-1 and HMAC (RFC 3174, RFC 2104), so that the published vectors are checked with nothing but a
 * compiler. */
struct sha1 {
    uint32_t h[5];
    uint8_t block[64];
    uint64_t len;
};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void sha1_block(struct sha1 *s)
{
    uint32_t w[80];
    for (size_t i = 0; i < 16; i++) {
        w[i] = (uint32_t)s->block[4 * i] << 24 | (uint32_t)s->block[4 * i + 1] << 16 |
               (uint32_t)s->block[4 * i + 2] << 8 | s->block[4 * i + 3];
    }
    for (size_t i = 16; i < 80; i++) {
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];
    for (size_t i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999u
                     : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1u
                     : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu
                              : (b ^ c ^ d) + 0xCA62C1D6u;
        uint32_t t = rotate(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = t;
    }
    s->h[0] += a;
    s->h[1] += b;
    s->h[2] += c;
    s->h[3] += d;
    s->h[4] += e;
}

static void sha1_add(struct sha1 *s, struct span in)
{
    for (size_t i = 0; i < in.len; i++) {
        s->block[s->len++ % 64] = in.data[i];
        if (s->len % 64 == 0) {
            sha1_block(s);
        }
    }
}

static void sha1_end(struct sha1 *s, uint8_t out[20])
{
    static const uint8_t mark = 0x80, zero = 0;
    uint64_t bits = s->len * 8;
    sha1_add(s, span_of(&mark, 1));
    while (s->len % 64 != 56) {
        sha1_add(s, span_of(&zero, 1));
    }
    uint8_t length[8];
    for (size_t i = 0; i < 8; i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    sha1_add(s, span_of(length, 8));
    for (size_t i = 0; i < 20; i++) {
        out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
    }
}

static struct sha1 sha1_begin(const char *key, uint8_t pad)
{
    struct sha1 s = {.h = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u}};
    uint8_t block[64];
    memset(block, pad, sizeof(block));
    for (size_t i = 0; key[i] != '\0'; i++) {
        block[i] ^= (uint8_t)key[i];
    }
    sha1_add(&s, span_of(block, sizeof(block)));
    return s;
}

static void hmac(void *context, struct span head, struct span body, uint8_t out[STUN_HMAC_SHA1_LEN])
{
    uint8_t inner[20];
    struct sha1 s = sha1_begin(context, 0x36);
    sha1_add(&s, head);
    sha1_add(&s, body);
    sha1_end(&s, inner);
    s = sha1_begin(context, 0x5C);
    sha1_add(&s, span_of(inner, sizeof(inner)));
    sha1_end(&s, out);
}

static char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

static void rfc5769_request(void)
{
    uint8_t d[256];
    struct stun_message m;
    size_t len = hex_read(sample_request, d, sizeof(d));
    EXPECT_INT(len, 108);
    EXPECT_INT(stun_read(span_of(d, len), &m), STATUS_OK);
    EXPECT_INT(m.class_, STUN_REQUEST);
    EXPECT_INT(m.method, STUN_METHOD_BINDING);
    EXPECT(span_is(m.username, "evtj:h6vY"));
    EXPECT(m.has_priority && m.priority == 0x6e0001ffu);
    EXPECT(m.has_controlled && !m.has_controlling && m.tie_breaker == 0x932ff9b151263b36u);
    EXPECT(m.has_fingerprint && !m.use_candidate && m.unknown_count == 0);
    EXPECT_INT(stun_integrity_check(&m, hmac, password), STATUS_OK);
    char wrong[] = "VOkJxbRl1RmTxUk/WvJxBu";
    EXPECT_INT(stun_integrity_check(&m, hmac, wrong), STATUS_UNAUTHENTIC);
    struct span local, remote;
    EXPECT(stun_username_split(m.username, &local, &remote) && span_is(local, "evtj") &&
           span_is(remote, "h6vY"));
    EXPECT(!stun_username_split(SPAN_LITERAL("evtj"), &local, &remote));
    EXPECT(!stun_username_split(SPAN_LITERAL(":a"), &local, &remote));
    EXPECT(!stun_username_split(SPAN_LITERAL("a:"), &local, &remote));
}

static void rfc5769_responses(void)
{
    uint8_t d[256];
    struct stun_message m;
    size_t len = hex_read(sample_v4, d, sizeof(d));
    EXPECT_INT(stun_read(span_of(d, len), &m), STATUS_OK);
    static const uint8_t v4[4] = {192, 0, 2, 1};
    EXPECT(m.class_ == STUN_SUCCESS && m.has_mapped && !m.mapped.v6 && m.mapped.port == 32853);
    EXPECT(memcmp(m.mapped.bytes, v4, 4) == 0);
    EXPECT_INT(stun_integrity_check(&m, hmac, password), STATUS_OK);
    len = hex_read(sample_v6, d, sizeof(d));
    EXPECT_INT(stun_read(span_of(d, len), &m), STATUS_OK);
    static const uint8_t v6[16] = {0x20, 1,    0xd,  0xb8, 0x12, 0x34, 0x56, 0x78,
                                   0,    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
    EXPECT(m.has_mapped && m.mapped.v6 && m.mapped.port == 32853 &&
           memcmp(m.mapped.bytes, v6, 16) == 0);
    EXPECT_INT(stun_integrity_check(&m, hmac, password), STATUS_OK);
}

static void every_cut_and_every_bit(void)
{
    uint8_t d[256];
    struct stun_message m;
    size_t len = hex_read(sample_request, d, sizeof(d));
    for (size_t cut = 0; cut < len; cut++) {
        EXPECT_INT(stun_read(span_of(d, cut), &m), STATUS_TRUNCATED);
    }
    for (size_t i = 0; i < len * 8;
         i++) { /* FINGERPRINT or the header check finds each single flipped bit */
        d[i / 8] = (uint8_t)(d[i / 8] ^ 1u << i % 8);
        EXPECT(stun_read(span_of(d, len), &m) != STATUS_OK || !m.has_fingerprint ||
               m.integrity_at == 0);
        d[i / 8] = (uint8_t)(d[i / 8] ^ 1u << i % 8);
    }
    EXPECT_INT(stun_read(span_of(d, len + 4), &m), STATUS_MALFORMED); /* octets behind it */
}

#define HEAD(type, length) type length "2112a442 000102030405060708090a0b"
static const struct {
    const char *name, *hex;
    enum status status;
} specimens[] = {
    {"§5 header alone", HEAD("0001", "0000"), STATUS_OK},
    {"§5 indication", HEAD("0011", "0000"), STATUS_OK},
    {"§5 wrong cookie", "0001 0000 2112a443 000102030405060708090a0b", STATUS_MALFORMED},
    {"§5 first bits set", HEAD("4001", "0000"), STATUS_MALFORMED},
    {"§5 length not of 4", HEAD("0001", "0002") "0000", STATUS_MALFORMED},
    {"§5 length too long", HEAD("0001", "0004"), STATUS_TRUNCATED},
    {"§5 length too short", HEAD("0001", "0000") "00000000", STATUS_MALFORMED},
    {"§14 attribute longer than the message", HEAD("0001", "0004") "0006 0004", STATUS_MALFORMED},
    {"§14 attribute head cut", HEAD("0001", "0008") "8022 0005 61626364", STATUS_MALFORMED},
    {"§14.3 empty username", HEAD("0001", "0004") "0006 0000", STATUS_MALFORMED},
    {"§14.5 integrity of 16", HEAD("0001", "0014") "0008 0010 00000000000000000000000000000000",
     STATUS_MALFORMED},
    {"8445 §7.1.1 priority of 3", HEAD("0001", "0008") "0024 0003 00000000", STATUS_MALFORMED},
    {"8445 §7.1.2 use-candidate with a value", HEAD("0001", "0008") "0025 0004 00000000",
     STATUS_MALFORMED},
    {"8445 §7.1.3 controlling of 4", HEAD("0001", "0008") "802a 0004 00000000", STATUS_MALFORMED},
    {"§14.2 unknown family", HEAD("0101", "000c") "0020 0008 0003 0000 00000000", STATUS_MALFORMED},
    {"§14.2 v6 in four octets", HEAD("0101", "000c") "0020 0008 0002 0000 00000000",
     STATUS_MALFORMED},
    {"§14.7 wrong fingerprint", HEAD("0001", "0008") "8028 0004 00000000", STATUS_MALFORMED},
    {"§14.8 error class 2", HEAD("0111", "0008") "0009 0004 00000200", STATUS_MALFORMED},
    {"§14.8 error number 100", HEAD("0111", "0008") "0009 0004 00000464", STATUS_MALFORMED},
    {"§14.8 error 487", HEAD("0111", "0008") "0009 0004 00000457", STATUS_OK},
    {"§6.3.1 unknown required", HEAD("0001", "0008") "7fff 0004 00000000", STATUS_OK},
    {"§14 unknown optional", HEAD("0001", "0008") "c057 0004 00000000", STATUS_OK},
};

static void table(void)
{
    for (size_t i = 0; i < sizeof(specimens) / sizeof(specimens[0]); i++) {
        uint8_t d[256];
        struct stun_message m;
        size_t len = hex_read(specimens[i].hex, d, sizeof(d));
        test_row(specimens[i].name);
        EXPECT_INT(stun_read(span_of(d, len), &m), specimens[i].status);
        test_row_end();
    }
}

static void unknown_and_repeated(void)
{
    uint8_t d[512];
    struct stun_message m;
    struct writer w = writer_of(d, sizeof(d));
    static const uint8_t id[12] = {1};
    stun_begin(&w, STUN_REQUEST, STUN_METHOD_BINDING, id);
    stun_add_u32(&w, STUN_PRIORITY, 1);
    stun_add_u32(&w, STUN_PRIORITY, 2); /* §14: only the first counts */
    for (uint16_t i = 0; i < 12; i++) {
        stun_add_u32(&w, (uint16_t)(0x7000 + i), 0);
    }
    stun_add_integrity(&w, hmac, password);
    stun_add(&w, STUN_USE_CANDIDATE,
             span_of(NULL, 0)); /* §14.5: behind MESSAGE-INTEGRITY: ignored */
    stun_add_u32(&w, 0x7FFF, 0);
    EXPECT_INT(stun_read(writer_span(&w), &m), STATUS_OK);
    EXPECT(m.priority == 1 && m.unknown_count == STUN_UNKNOWN_MAX && m.unknown[0] == 0x7000 &&
           !m.use_candidate);
    EXPECT_INT(stun_integrity_check(&m, hmac, password), STATUS_OK);
    uint8_t answer[128];
    struct writer a = writer_of(answer, sizeof(answer));
    struct stun_message back;
    stun_write_error(&a, &m, 420, hmac, password);
    EXPECT_INT(stun_read(writer_span(&a), &back), STATUS_OK);
    EXPECT(back.class_ == STUN_ERROR && back.error_code == 420 && back.has_fingerprint);
    EXPECT_INT(stun_integrity_check(&back, hmac, password), STATUS_OK);
    for (unsigned i = 0; i < STUN_ATTRIBUTES_MAX; i++) {
        stun_add(&w, 0x8022, span_of(NULL, 0));
    }
    EXPECT_INT(stun_read(writer_span(&w), &m), STATUS_TOO_LARGE);
}

static void answers(void)
{
    uint8_t d[256];
    struct stun_message request;
    size_t len = hex_read(sample_request, d, sizeof(d));
    EXPECT_INT(stun_read(span_of(d, len), &request), STATUS_OK);
    struct stun_address addresses[2] = {
        {.v6 = false, .port = 5000, .bytes = {10, 1, 2, 3}},
        {.v6 = true, .port = 65535, .bytes = {0xfd, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5}}};
    for (unsigned i = 0; i < 2; i++) {
        uint8_t out[128];
        struct stun_message m;
        struct writer w = writer_of(out, sizeof(out));
        stun_write_success(&w, &request, &addresses[i], hmac, password);
        EXPECT_INT(stun_read(writer_span(&w), &m), STATUS_OK);
        EXPECT(m.class_ == STUN_SUCCESS && memcmp(m.transaction, request.transaction, 12) == 0);
        EXPECT(m.has_mapped && m.mapped.v6 == addresses[i].v6 &&
               m.mapped.port == addresses[i].port);
        EXPECT(memcmp(m.mapped.bytes, addresses[i].bytes, addresses[i].v6 ? 16 : 4) == 0);
        EXPECT(m.has_fingerprint && stun_integrity_check(&m, hmac, password) == STATUS_OK);
        size_t whole = w.at;
        for (size_t room = 0; room < whole; room++) {
            struct writer small = writer_of(out, room);
            stun_write_success(&small, &request, &addresses[i], hmac, password);
            EXPECT(!writer_ok(&small));
        }
    }
    static const uint16_t codes[] = {400, 401, 420, 487, 500, 300, 699};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        uint8_t out[128];
        struct stun_message m;
        struct writer w = writer_of(out, sizeof(out));
        stun_write_error(&w, &request, codes[i], NULL, NULL);
        EXPECT_INT(stun_read(writer_span(&w), &m), STATUS_OK);
        EXPECT(m.error_code == codes[i] && m.integrity_at == 0 && m.has_fingerprint);
        EXPECT_INT(stun_integrity_check(&m, hmac, password), STATUS_NONE);
    }
}

static const struct {
    const char *name, *text, *back; /* back: NULL = the same */
    enum status status;
} candidates[] = {
    {"Chromium udp",
     "3387822496 1 udp 2122194687 192.0.2.2 43956 typ host generation 0 network-id 1",
     "3387822496 1 udp 2122194687 192.0.2.2 43956 typ host", STATUS_OK},
    {"Firefox mdns",
     "candidate:0 1 UDP 2122187007 ffb2ac5a-c7b6-4398-8f86-d2556ed66b1a.local 51160 typ host",
     "0 1 udp 2122187007 ffb2ac5a-c7b6-4398-8f86-d2556ed66b1a.local 51160 typ host", STATUS_OK},
    {"6544 §4.5 passive", "2 1 tcp 1671430143 10.0.0.1 8443 typ host tcptype passive", NULL,
     STATUS_OK},
    {"8839 §5.1 srflx",
     "a+/ 1 udp 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998", NULL,
     STATUS_OK},
    {"v6 relay", "1 2 udp 1 fd00::2 1 typ relay raddr fd00::3 rport 0", NULL, STATUS_OK},
    {"unknown transport", "1 1 sctp 1 10.0.0.1 1 typ host", NULL, STATUS_UNSUPPORTED},
    {"unknown type", "1 1 udp 1 10.0.0.1 1 typ other", NULL, STATUS_UNSUPPORTED},
    {"component 0", "1 0 udp 1 10.0.0.1 1 typ host", NULL, STATUS_MALFORMED},
    {"component 257", "1 257 udp 1 10.0.0.1 1 typ host", NULL, STATUS_MALFORMED},
    {"priority 0", "1 1 udp 0 10.0.0.1 1 typ host", NULL, STATUS_MALFORMED},
    {"priority 2^31", "1 1 udp 2147483648 10.0.0.1 1 typ host", NULL, STATUS_MALFORMED},
    {"port 65536", "1 1 udp 1 10.0.0.1 65536 typ host", NULL, STATUS_MALFORMED},
    {"foundation of 33", "123456789012345678901234567890123 1 udp 1 10.0.0.1 1 typ host", NULL,
     STATUS_MALFORMED},
    {"no typ", "1 1 udp 1 10.0.0.1 1 host", NULL, STATUS_MALFORMED},
    {"extension without value", "1 1 udp 1 10.0.0.1 1 typ host generation", NULL, STATUS_MALFORMED},
    {"unknown tcptype", "1 1 tcp 1 10.0.0.1 1 typ host tcptype odd", NULL, STATUS_MALFORMED},
    {"empty", "", NULL, STATUS_MALFORMED},
};

static void candidate_table(void)
{
    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        struct ice_candidate c;
        char text[300];
        test_row(candidates[i].name);
        EXPECT_INT(ice_candidate_read(span_text(candidates[i].text), &c), candidates[i].status);
        if (candidates[i].status == STATUS_OK) {
            struct writer w = writer_of(text, sizeof(text));
            ice_candidate_write(&w, &c);
            EXPECT(span_is(writer_span(&w),
                           candidates[i].back != NULL ? candidates[i].back : candidates[i].text));
        }
        for (size_t cut = 0; cut < strlen(candidates[i].text); cut++) {
            enum status status = ice_candidate_read(span_of(candidates[i].text, cut), &c);
            EXPECT(status == STATUS_OK || status == STATUS_MALFORMED ||
                   status == STATUS_UNSUPPORTED);
        }
        test_row_end();
    }
}

static void priorities(void)
{
    EXPECT_INT(ice_priority(126, 65535, 1), 2130706431); /* RFC 8445 §5.1.2.1 */
    EXPECT(ice_priority(ice_type_preference(ICE_HOST, ICE_TCP),
                        ice_tcp_local_preference(ICE_TCP_PASSIVE, 8191),
                        1) < ice_priority(ice_type_preference(ICE_SRFLX, ICE_UDP), 0, 256));
    EXPECT_INT(ice_tcp_local_preference(ICE_TCP_PASSIVE, 8191), (4 << 13) + 8191);
    EXPECT_INT(ice_type_preference(ICE_RELAY, ICE_TCP), 0);
    EXPECT(ice_ufrag_valid(SPAN_LITERAL("ab+/")) && !ice_ufrag_valid(SPAN_LITERAL("abc")) &&
           !ice_ufrag_valid(SPAN_LITERAL("ab-d")));
    EXPECT(ice_pwd_valid(SPAN_LITERAL("VOkJxbRl1RmTxUk/WvJxBt")) &&
           !ice_pwd_valid(SPAN_LITERAL("VOkJxbRl1RmTxUk/WvJxB")));
}

int main(void)
{
    static const struct test_case cases[] = {
        {"rfc5769_request", rfc5769_request},
        {"rfc5769_responses", rfc5769_responses},
        {"every_cut_and_every_bit", every_cut_and_every_bit},
        {"table", table},
        {"unknown_and_repeated", unknown_and_repeated},
        {"answers", answers},
        {"candidate_table", candidate_table},
        {"priorities", priorities},
    };
    return TEST_MAIN(cases);
}
