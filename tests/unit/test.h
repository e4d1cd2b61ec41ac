/* The smallest test harness that serves here: a table of named functions, EXPECT that counts, and
 * the closing line "N passed, N failed". A specimen table counts one per row through test_row().
 * One thread. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned test_passed;
static unsigned test_failed;
static unsigned test_bad;          /* failed EXPECTs in the present row */
static const char *test_name = ""; /* of the present row */

struct test_case {
    const char *name;
    void (*run)(void);
};

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_bad++;                                                                            \
            printf("  %s:%d: %s: not true: %s\n", __FILE__, __LINE__, test_name, #condition);      \
        }                                                                                          \
    } while (0)

#define EXPECT_INT(actual, expected)                                                               \
    do {                                                                                           \
        long long a_ = (long long)(actual);                                                        \
        long long e_ = (long long)(expected);                                                      \
        if (a_ != e_) {                                                                            \
            test_bad++;                                                                            \
            printf("  %s:%d: %s: %s is %lld, expected %lld\n", __FILE__, __LINE__, test_name,      \
                   #actual, a_, e_);                                                               \
        }                                                                                          \
    } while (0)

#define EXPECT_TEXT(actual, expected)                                                              \
    do {                                                                                           \
        const char *a_ = (actual);                                                                 \
        const char *e_ = (expected);                                                               \
        if (a_ == NULL || strcmp(a_, e_) != 0) {                                                   \
            test_bad++;                                                                            \
            printf("  %s:%d: %s: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, test_name,  \
                   #actual, a_ == NULL ? "(null)" : a_, e_);                                       \
        }                                                                                          \
    } while (0)

/* Begins a row of a specimen table; test_row_end() closes and counts it. */
static inline void test_row(const char *name)
{
    test_name = name;
    test_bad = 0;
}

static inline void test_row_end(void)
{
    if (test_bad == 0) {
        test_passed++;
    } else {
        test_failed++;
        printf("FAIL %s\n", test_name);
    }
    test_bad = 0;
}

/* Runs the table; a case that ends rows of its own is still counted once for itself. */
static inline int test_main(const struct test_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        test_row(cases[i].name);
        unsigned failed_before = test_failed;
        cases[i].run();
        test_name = cases[i].name;
        if (test_bad == 0 && test_failed == failed_before) {
            test_passed++;
        } else {
            test_failed++;
            printf("FAIL %s\n", cases[i].name);
        }
        test_bad = 0;
    }
    printf("%u passed, %u failed\n", test_passed, test_failed);
    return test_failed == 0 ? 0 : 1;
}

#define TEST_MAIN(cases) test_main((cases), sizeof(cases) / sizeof((cases)[0]))

#endif
