/* The counts of the activity statement, event by event; what they come to over the real interface
 * is in tests/integration/test_activity.py. */
#include "gateway/partnership/activity.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#define FROM 1000
#define UNTIL 2000

static struct activity *table;

static void add(const struct activity_case *about, enum activity_event event, int64_t at_ms,
                const char *by)
{
    EXPECT_INT(activity_add(table, about, event, at_ms, by), STATUS_OK);
}

static struct activity_case read_of(const char *id)
{
    return (struct activity_case){.id = id,
                                  .requester = "township",
                                  .consultant = "county",
                                  .target = "",
                                  .kind = "read",
                                  .urgency = "urgent",
                                  .agreement_version = 1};
}

/* The one cell with this consultant. */
static struct activity_cell *cell_with(const char *consultant)
{
    static struct activity_cell none;
    struct activity_cell *found = &none;
    unsigned count = 0;
    for (size_t i = 0; i < activity_cells(table); i++) {
        if (strcmp(activity_cell(table, i)->consultant, consultant) == 0) {
            found = activity_cell(table, i);
            count++;
        }
    }
    EXPECT_INT(count, 1);
    return found;
}

static void once_in_the_period_of_the_first_signature(void)
{
    struct activity_case one = read_of("1"), two = read_of("2");
    table = activity_create(FROM, UNTIL);
    EXPECT(table != NULL);
    add(&one, ACTIVITY_SUBMIT, 900, "township"); /* before the period */
    add(&one, ACTIVITY_ACCEPT, 950, "county");
    add(&one, ACTIVITY_SIGN, 999, "county");
    add(&one, ACTIVITY_SIGN, 1500, "county"); /* amended in it */
    add(&two, ACTIVITY_SUBMIT, 1900, "township");
    add(&two, ACTIVITY_ACCEPT, 1950, "county");
    add(&two, ACTIVITY_SIGN, 1999, "county");
    add(&two, ACTIVITY_SIGN, 2000, "county");
    struct activity_cell *cell = cell_with("county");
    EXPECT_INT(cell->signed_count, 1);
    EXPECT_INT(cell->accepted, 1);
    EXPECT_INT(activity_median(&cell->to_opinion), 99);
    EXPECT_INT(activity_submitted(table), 1);
    EXPECT_INT(activity_kept(table), 1);
    activity_destroy(table);
}

static void late_only_while_it_waits_anew(void)
{
    struct activity_case one = read_of("1");
    table = activity_create(FROM, UNTIL);
    add(&one, ACTIVITY_SUBMIT, 1000, "township");
    add(&one, ACTIVITY_LATE, 1010, "");
    add(&one, ACTIVITY_ACCEPT, 1020, "county"); /* late */
    add(&one, ACTIVITY_HAND_OVER, 1030, "county");
    add(&one, ACTIVITY_ACCEPT, 1031, "county"); /* in time again */
    struct activity_cell *cell = cell_with("county");
    EXPECT_INT(cell->accepted, 2);
    EXPECT_INT(cell->in_time, 1);
    EXPECT_INT(activity_median(&cell->to_acceptance), 1);
    activity_destroy(table);
}

static void declined_once_for_each_submission(void)
{
    struct activity_case one = read_of("1");
    table = activity_create(FROM, UNTIL);
    add(&one, ACTIVITY_SUBMIT, 1000, "township");
    add(&one, ACTIVITY_DECLINE, 1001, "county");
    add(&one, ACTIVITY_DECLINE, 1002, "county");
    add(&one, ACTIVITY_DECLINE, 1003, "city");
    add(&one, ACTIVITY_DECLINE, 1004, "township"); /* its own approver */
    add(&one, ACTIVITY_EXPIRE, 1005, "");
    add(&one, ACTIVITY_SUBMIT, 1006, "township");
    add(&one, ACTIVITY_DECLINE, 1007, "county");
    EXPECT_INT(cell_with("county")->declined, 2);
    EXPECT_INT(cell_with("city")->declined, 1);
    EXPECT_INT(cell_with("")->expired, 1);
    EXPECT_INT((long)activity_cells(table), 3);
    activity_destroy(table);
}

/* More cells than buckets, one sample each but for one. */
static void many_cells_and_their_total(void)
{
    char id[16], asked[16];
    table = activity_create(FROM, UNTIL);
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        (void)snprintf(asked, sizeof asked, "asked-%d", i);
        struct activity_case about = read_of(id);
        about.consultant = asked;
        about.in_error = i == 7;
        add(&about, ACTIVITY_SUBMIT, 1000, "township");
        add(&about, ACTIVITY_SIGN, 1000 + i % 100, asked);
    }
    struct activity_cell *total = activity_total(table);
    EXPECT(total != NULL);
    EXPECT_INT((long)activity_cells(table), 3000);
    EXPECT_INT(total->signed_count, 2999);
    EXPECT_INT(total->in_error, 1);
    EXPECT_INT((long)total->to_opinion.count, 2999);
    EXPECT_INT(activity_median(&total->to_opinion), 50); /* 30 of each of 0 to 99, one 7 fewer */
    EXPECT_INT(activity_median(&total->to_acceptance), -1);
    activity_destroy(table);
    activity_destroy(NULL);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"once, in the period of the first signature", once_in_the_period_of_the_first_signature},
        {"late only while it waits anew", late_only_while_it_waits_anew},
        {"declined once for each submission", declined_once_for_each_submission},
        {"many cells and their total", many_cells_and_their_total},
    };
    return TEST_MAIN(cases);
}
