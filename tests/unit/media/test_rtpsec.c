/* Our AES-GCM engine against libsrtp in both directions, and the rules of rtpsec.h for both
 * engines. */
#include "media/rtpsec/rtpsec.h"
#include "media/rtpsec/window.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define ROOM 1600

struct ends { /* a sends, b receives */
    struct rtpsec *a, *b;
};

static struct rtpsec_keys keys_of(enum rtpsec_profile profile, bool mirrored)
{
    struct rtpsec_keys keys = {.profile = profile};
    for (size_t i = 0; i < RTPSEC_KEY_MAX; i++) {
        keys.local.key[i] = (uint8_t)(i * 7 + (mirrored ? 3 : 1));
        keys.remote.key[i] = (uint8_t)(i * 7 + (mirrored ? 1 : 3));
    }
    for (size_t i = 0; i < RTPSEC_SALT_MAX; i++) {
        keys.local.salt[i] = (uint8_t)(i * 5 + (mirrored ? 9 : 11));
        keys.remote.salt[i] = (uint8_t)(i * 5 + (mirrored ? 11 : 9));
    }
    return keys;
}

static struct ends open_ends(enum rtpsec_profile profile, enum rtpsec_engine a,
                             enum rtpsec_engine b)
{
    struct ends ends = {0};
    struct rtpsec_keys ours = keys_of(profile, false);
    struct rtpsec_keys theirs = keys_of(profile, true);
    EXPECT_INT(rtpsec_create(&ours, a, &ends.a), STATUS_OK);
    EXPECT_INT(rtpsec_create(&theirs, b, &ends.b), STATUS_OK);
    return ends;
}

static void close_ends(struct ends *ends)
{
    rtpsec_destroy(ends->a);
    rtpsec_destroy(ends->b);
}

static size_t make_rtp(uint8_t *out, uint16_t sequence, uint32_t ssrc, size_t payload)
{
    static const uint8_t head[20] = {0x90, 0x60, 0,    0,    0, 0, 0,    1, 0, 0,
                                     0,    0,    0xbe, 0xde, 0, 1, 0x31, 1, 2, 0};
    memcpy(out, head, sizeof(head));
    out[2] = (uint8_t)(sequence >> 8);
    out[3] = (uint8_t)sequence;
    out[8] = (uint8_t)(ssrc >> 24);
    out[9] = (uint8_t)(ssrc >> 16);
    out[10] = (uint8_t)(ssrc >> 8);
    out[11] = (uint8_t)ssrc;
    for (size_t i = 0; i < payload; i++) {
        out[sizeof(head) + i] = (uint8_t)(i ^ sequence);
    }
    return sizeof(head) + payload;
}

static size_t make_rtcp(uint8_t *out, uint32_t ssrc)
{
    static const uint8_t rr[8] = {0x80, 201, 0, 1};
    memcpy(out, rr, sizeof(rr));
    out[4] = (uint8_t)(ssrc >> 24);
    out[5] = (uint8_t)(ssrc >> 16);
    out[6] = (uint8_t)(ssrc >> 8);
    out[7] = (uint8_t)ssrc;
    return sizeof(rr);
}

static void exchange(struct ends *ends, uint16_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t plain[ROOM];
        uint8_t packet[ROOM];
        size_t len = make_rtp(plain, (uint16_t)(first + i), 0xabcd0001, i % 1200);
        size_t plain_len = len;
        memcpy(packet, plain, len);
        EXPECT_INT(rtpsec_protect_rtp(ends->a, packet, &len, sizeof(packet)), STATUS_OK);
        EXPECT(len > plain_len && len <= plain_len + RTPSEC_OVERHEAD_MAX);
        EXPECT_INT(rtpsec_unprotect_rtp(ends->b, packet, &len), STATUS_OK);
        EXPECT(len == plain_len && memcmp(packet, plain, len) == 0);
        len = make_rtcp(plain, 0xabcd0001);
        plain_len = len;
        memcpy(packet, plain, len);
        EXPECT_INT(rtpsec_protect_rtcp(ends->a, packet, &len, sizeof(packet)), STATUS_OK);
        EXPECT_INT(rtpsec_unprotect_rtcp(ends->b, packet, &len), STATUS_OK);
        EXPECT(len == plain_len && memcmp(packet, plain, len) == 0);
    }
}

static void engines_agree(void)
{
    static const enum rtpsec_profile profiles[] = {RTPSEC_AEAD_AES_128_GCM, RTPSEC_AEAD_AES_256_GCM,
                                                   RTPSEC_AES128_CM_SHA1_80};
    for (size_t p = 0; p < 3; p++) {
        for (int way = 0; way < 4; way++) {
            struct ends ends =
                open_ends(profiles[p], way & 1 ? RTPSEC_ENGINE_LIBSRTP : RTPSEC_ENGINE_AUTO,
                          way & 2 ? RTPSEC_ENGINE_LIBSRTP : RTPSEC_ENGINE_AUTO);
            exchange(&ends, 100, 300);
            exchange(&ends, 32700, 10);  /* in two steps, as a real stream would in time */
            exchange(&ends, 65300, 400); /* over the wrap: ROC 1 on both sides */
            exchange(&ends, 20000, 5);
            close_ends(&ends);
        }
    }
}

/* Every octet of a packet counts: changing one makes it unauthentic or malformed, and teaches the
 * receiver nothing. */
static void tampering(void)
{
    for (int engine = 0; engine < 2; engine++) {
        struct ends ends = open_ends(RTPSEC_AEAD_AES_128_GCM, RTPSEC_ENGINE_AUTO,
                                     engine == 0 ? RTPSEC_ENGINE_AUTO : RTPSEC_ENGINE_LIBSRTP);
        uint8_t good[ROOM];
        size_t good_len = make_rtp(good, 7, 1, 50);
        EXPECT_INT(rtpsec_protect_rtp(ends.a, good, &good_len, sizeof(good)), STATUS_OK);
        for (size_t i = 0; i < good_len; i++) {
            uint8_t bad[ROOM];
            size_t len = good_len;
            memcpy(bad, good, len);
            bad[i] ^= 0x40;
            EXPECT(rtpsec_unprotect_rtp(ends.b, bad, &len) != STATUS_OK);
        }
        for (size_t cut = 0; cut < good_len; cut++) {
            uint8_t *exact = malloc(cut + 1); /* exact size: ASan sees a read behind it */
            size_t len = cut;
            memcpy(exact, good, cut);
            EXPECT(rtpsec_unprotect_rtp(ends.b, exact, &len) != STATUS_OK);
            free(exact);
        }
        uint8_t rtcp[ROOM];
        size_t rtcp_len = make_rtcp(rtcp, 1);
        EXPECT_INT(rtpsec_protect_rtcp(ends.a, rtcp, &rtcp_len, sizeof(rtcp)), STATUS_OK);
        for (size_t i = 0; i < rtcp_len; i++) {
            uint8_t bad[ROOM];
            size_t len = rtcp_len;
            memcpy(bad, rtcp, len);
            bad[i] ^= 0x80;
            EXPECT(rtpsec_unprotect_rtcp(ends.b, bad, &len) != STATUS_OK);
        }
        size_t len = good_len;
        EXPECT_INT(rtpsec_unprotect_rtp(ends.b, good, &len),
                   STATUS_OK); /* nothing of that did harm */
        len = rtcp_len;
        EXPECT_INT(rtpsec_unprotect_rtcp(ends.b, rtcp, &len), STATUS_OK);
        close_ends(&ends);
    }
}

static void replay(void)
{
    for (int engine = 0; engine < 2; engine++) {
        struct ends ends = open_ends(RTPSEC_AEAD_AES_128_GCM, RTPSEC_ENGINE_AUTO,
                                     engine == 0 ? RTPSEC_ENGINE_AUTO : RTPSEC_ENGINE_LIBSRTP);
        static uint8_t kept[2000][ROOM];
        size_t lens[2000];
        for (unsigned i = 0; i < 2000; i++) {
            lens[i] = make_rtp(kept[i], (uint16_t)(64000 + i), 5, 20);
            EXPECT_INT(rtpsec_protect_rtp(ends.a, kept[i], &lens[i], ROOM), STATUS_OK);
        }
        for (unsigned i = 0; i < 2000; i++) {
            uint8_t copy[ROOM];
            memcpy(copy, kept[i], lens[i]);
            size_t len = lens[i];
            if (i % 10 != 0) { /* each tenth comes late */
                EXPECT_INT(rtpsec_unprotect_rtp(ends.b, copy, &len), STATUS_OK);
            }
            if (i % 10 == 5 && i > 900) {
                memcpy(copy, kept[i - 895],
                       lens[i - 895]); /* 900 packets late, within the window of 1024 */
                len = lens[i - 895];
                EXPECT_INT(rtpsec_unprotect_rtp(ends.b, copy, &len), STATUS_OK);
            }
        }
        for (unsigned i = 0; i < 2000; i++) {
            size_t len = lens[i];
            enum status status = rtpsec_unprotect_rtp(ends.b, kept[i], &len);
            EXPECT(status == STATUS_REPLAYED || (status == STATUS_OK && i % 10 == 0 && i > 1000));
        }
        close_ends(&ends);
    }
}

static void the_same_number_twice(void)
{
    struct ends ends = open_ends(RTPSEC_AEAD_AES_128_GCM, RTPSEC_ENGINE_AUTO, RTPSEC_ENGINE_AUTO);
    for (int i = 0; i < 2; i++) {
        uint8_t packet[ROOM];
        size_t len = make_rtp(packet, 9, 1, 10);
        EXPECT_INT(rtpsec_protect_rtp(ends.a, packet, &len, sizeof(packet)),
                   i == 0 ? STATUS_OK : STATUS_REPLAYED);
    }
    uint8_t small[40];
    size_t len = make_rtp(small, 10, 1, 10);
    EXPECT_INT(rtpsec_protect_rtp(ends.a, small, &len, sizeof(small)), STATUS_TOO_LARGE);
    close_ends(&ends);
}

static void sources_are_bounded(void)
{
    for (int engine = 0; engine < 2; engine++) {
        struct rtpsec_keys ours = keys_of(RTPSEC_AEAD_AES_128_GCM, false);
        struct rtpsec *senders[2] = {0};
        EXPECT_INT(rtpsec_create(&ours, RTPSEC_ENGINE_AUTO, &senders[0]), STATUS_OK);
        EXPECT_INT(rtpsec_create(&ours, RTPSEC_ENGINE_AUTO, &senders[1]), STATUS_OK);
        struct rtpsec_keys theirs = keys_of(RTPSEC_AEAD_AES_128_GCM, true);
        struct rtpsec *receiver = NULL;
        EXPECT_INT(rtpsec_create(&theirs, engine == 0 ? RTPSEC_ENGINE_AUTO : RTPSEC_ENGINE_LIBSRTP,
                                 &receiver),
                   STATUS_OK);
        for (uint32_t i = 0; i < 2 * RTPSEC_SSRCS_MAX; i++) {
            uint8_t packet[ROOM];
            size_t len = make_rtp(packet, 1, 1000 + i, 10);
            EXPECT_INT(
                rtpsec_protect_rtp(senders[i / RTPSEC_SSRCS_MAX], packet, &len, sizeof(packet)),
                STATUS_OK);
            EXPECT_INT(rtpsec_unprotect_rtp(receiver, packet, &len),
                       i < RTPSEC_SSRCS_MAX ? STATUS_OK : STATUS_FULL);
        }
        rtpsec_destroy(senders[0]);
        rtpsec_destroy(senders[1]);
        rtpsec_destroy(receiver);
    }
}

static void windows(void)
{
    struct window w = {0};
    uint64_t index = 0;
    EXPECT(window_guess(&w, 65000, &index) && index == 65000);
    window_mark(&w, index);
    EXPECT(!window_fresh(&w, 65000));
    EXPECT(window_guess(&w, 100, &index) && index == 65536 + 100);
    window_mark(&w, index);
    EXPECT(window_guess(&w, 65100, &index) && index == 65100);
    EXPECT(window_fresh(&w, 65100));
    EXPECT(!window_fresh(&w, 64000));
    EXPECT(window_fresh(&w, 65536 + 100 - 1023) && !window_fresh(&w, 65536 + 100 - 1024));
    struct window low = {0};
    EXPECT(window_guess(&low, 5, &index));
    window_mark(&low, 5);
    EXPECT(!window_guess(&low, 65000, &index)); /* would lie before the first packet of all */
}

int main(void)
{
    static const struct test_case cases[] = {
        {"our engine and libsrtp understand each other", engines_agree},
        {"every octet is authenticated", tampering},
        {"replays, late packets, the wrap", replay},
        {"no number is used twice", the_same_number_twice},
        {"sources are bounded", sources_are_bounded},
        {"replay window", windows},
    };
    return TEST_MAIN(cases);
}
