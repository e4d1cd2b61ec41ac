#include "proto/http/http_date.h"

#include "proto/base/check.h"
#include "proto/base/writer.h"

static const char days[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                 "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct civil {
    int64_t year;
    unsigned month, day; /* 1-based */
    unsigned hour, minute, second;
    unsigned weekday; /* 0 = Sunday */
};

/* Days from 1970-01-01, counted in eras of 400 years that begin on 1 March, so that the leap day
 * comes last. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year; /* >= 0 for the years 1 to 9999 */
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_from_unix(int64_t unix_s)
{
    int64_t day_count = (unix_s >= 0 ? unix_s : unix_s - 86399) / 86400;
    int64_t second_of_day = unix_s - day_count * 86400;
    int64_t z = day_count + 719468; /* from 1 March of year 0 */
    int64_t era = z / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* month from March */
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    return (struct civil){
        .year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
        .month = (unsigned)month,
        .day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1),
        .hour = (unsigned)(second_of_day / 3600),
        .minute = (unsigned)(second_of_day / 60 % 60),
        .second = (unsigned)(second_of_day % 60),
        .weekday = (unsigned)((day_count % 7 + 11) % 7), /* 1970-01-01 was a Thursday */
    };
}

static void two_digits(struct writer *w, unsigned value)
{
    writer_u8(w, (uint8_t)('0' + value / 10 % 10));
    writer_u8(w, (uint8_t)('0' + value % 10));
}

static bool in_range(int64_t unix_s)
{
    return unix_s >= -62135596800 /* 0001-01-01 */ && unix_s <= 253402300799 /* 9999-12-31 */;
}

void http_date_write(int64_t unix_s, char out_text[HTTP_DATE_LEN + 1])
{
    CHECK(in_range(unix_s));
    struct civil c = civil_from_unix(unix_s);
    struct writer w = writer_of(out_text, HTTP_DATE_LEN + 1);
    writer_bytes(&w, span_of(days[c.weekday], 3));
    writer_text(&w, ", ");
    two_digits(&w, c.day);
    writer_text(&w, " ");
    writer_text(&w, months[c.month - 1]);
    writer_text(&w, " ");
    two_digits(&w, (unsigned)(c.year / 100));
    two_digits(&w, (unsigned)(c.year % 100));
    writer_text(&w, " ");
    two_digits(&w, c.hour);
    writer_text(&w, ":");
    two_digits(&w, c.minute);
    writer_text(&w, ":");
    two_digits(&w, c.second);
    writer_text(&w, " GMT");
    writer_u8(&w, 0);
    CHECK(writer_ok(&w));
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool civil_to_unix(const struct civil *c, int64_t *out_unix_s)
{
    static const unsigned lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned length = lengths[c->month - 1] + (c->month == 2 && is_leap(c->year) ? 1 : 0);
    /* RFC 9110 §5.6.7: second may be 60; it is then the first of the next minute. */
    if (c->year < 1 || c->day < 1 || c->day > length || c->hour > 23 || c->minute > 59 ||
        c->second > 60) {
        return false;
    }
    int64_t day_count = days_from_civil(c->year, c->month, c->day);
    int64_t unix_s = day_count * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
    if ((unsigned)((day_count % 7 + 11) % 7) != c->weekday || !in_range(unix_s)) {
        return false;
    }
    *out_unix_s = unix_s;
    return true;
}

static bool digits(struct span text, size_t *at, size_t n, unsigned *out_value)
{
    uint64_t value = 0;
    if (text.len - *at < n || !span_decimal(span_of(text.data + *at, n), &value)) {
        return false;
    }
    *at += n;
    *out_value = (unsigned)value;
    return true;
}

static bool name(struct span text, size_t *at, const char *wanted, size_t n)
{
    if (text.len - *at < n || memcmp(text.data + *at, wanted, n) != 0) {
        return false;
    }
    *at += n;
    return true;
}

static bool day_name(struct span text, size_t *at, bool full, unsigned *out_weekday)
{
    for (unsigned i = 0; i < 7; i++) {
        if (name(text, at, days[i], full ? strlen(days[i]) : 3)) {
            *out_weekday = i;
            return true;
        }
    }
    return false;
}

static bool month_name(struct span text, size_t *at, unsigned *out_month)
{
    for (unsigned i = 0; i < 12; i++) {
        if (name(text, at, months[i], 3)) {
            *out_month = i + 1;
            return true;
        }
    }
    return false;
}

/* Walks a pattern over the text: D = day of the week (3 letters), W = the same in full, d =
 * two-digit day, _ = day of the month with a space for a leading zero, M = month, Y = year, y =
 * two-digit year, h m s = time, G = "GMT" and the end; else itself. */
static bool part(char kind, struct span text, size_t *at, struct civil *c)
{
    unsigned year = 0;
    switch (kind) {
    case 'D':
    case 'W':
        return day_name(text, at, kind == 'W', &c->weekday);
    case 'd':
        return digits(text, at, 2, &c->day);
    case '_':
        return name(text, at, " ", 1) ? digits(text, at, 1, &c->day) : digits(text, at, 2, &c->day);
    case 'M':
        return month_name(text, at, &c->month);
    case 'Y':
    case 'y':
        if (!digits(text, at, kind == 'Y' ? 4 : 2, &year)) {
            return false;
        }
        c->year = year;
        return true;
    case 'h':
        return digits(text, at, 2, &c->hour);
    case 'm':
        return digits(text, at, 2, &c->minute);
    case 's':
        return digits(text, at, 2, &c->second);
    default:
        return name(text, at, &kind, 1);
    }
}

static bool read_as(const char *pattern, struct span text, struct civil *c)
{
    size_t at = 0;
    *c = (struct civil){0};
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == 'G') {
            return name(text, &at, "GMT", 3) && at == text.len;
        }
        if (!part(*p, text, &at, c)) {
            return false;
        }
    }
    return at == text.len;
}

bool http_date_read(struct span text, int64_t now_s, int64_t *out_unix_s)
{
    struct civil c;
    CHECK(in_range(now_s));
    if (read_as("D, d M Y h:m:s G", text, &c) || read_as("D M _ h:m:s Y", text, &c)) {
        return civil_to_unix(&c, out_unix_s);
    }
    if (!read_as("W, d-M-y h:m:s G", text, &c)) {
        return false;
    }
    /* RFC 9110 §5.6.7: more than 50 years ahead means the last such year in the past. */
    int64_t year_now = civil_from_unix(now_s).year;
    c.year += year_now / 100 * 100;
    if (c.year > year_now + 50) {
        c.year -= 100;
    }
    return civil_to_unix(&c, out_unix_s);
}
