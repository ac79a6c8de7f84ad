#include "shared/base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t souk_monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t souk_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Days since 1970-01-01 of a Gregorian date, counted in years that begin in March. */
static int64_t days_from_civil(int year, int month, int day)
{
    const int y = month <= 2 ? year - 1 : year;
    const int era = (y >= 0 ? y : y - 399) / 400;
    const int year_of_era = y - era * 400;
    const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Exactly `digits` digits at *text; advances. */
static bool take_number(const char **text, const char *end, int digits, int *value)
{
    int v = 0;
    if (end - *text < digits)
        return false;
    for (int i = 0; i < digits; i++) {
        const char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *text += digits;
    *value = v;
    return true;
}

static bool take_char(const char **text, const char *end, char a, char b)
{
    if (*text == end || (**text != a && **text != b))
        return false;
    ++*text;
    return true;
}

static bool take_fraction(const char **text, const char *end, int *milliseconds)
{
    int unit = 100, ms = 0;
    const char *start = *text;
    while (*text < end && **text >= '0' && **text <= '9') {
        ms += unit * (**text - '0');
        unit /= 10;
        ++*text;
    }
    *milliseconds = ms;
    return *text > start;
}

static bool take_time_of_day(const char **text, const char *end, int64_t *ms)
{
    int hour, minute, second = 0, fraction = 0;
    if (!take_number(text, end, 2, &hour) || !take_char(text, end, ':', ':') ||
        !take_number(text, end, 2, &minute))
        return false;
    if (take_char(text, end, ':', ':')) {
        if (!take_number(text, end, 2, &second))
            return false;
        if (take_char(text, end, '.', ',') && !take_fraction(text, end, &fraction))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ms = ((int64_t)hour * 60 + minute) * 60000 + (int64_t)second * 1000 + fraction;
    return true;
}

bool souk_time_parse(const char *text, size_t len, int64_t *ms)
{
    const char *end = text + len;
    int year, month, day;
    int64_t of_day = 0;
    if (!take_number(&text, end, 4, &year) || !take_char(&text, end, '-', '-') ||
        !take_number(&text, end, 2, &month) || !take_char(&text, end, '-', '-') ||
        !take_number(&text, end, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    if (take_char(&text, end, ' ', 'T')) {
        if (!take_time_of_day(&text, end, &of_day))
            return false;
        if (text < end)
            take_char(&text, end, 'Z', 'Z');
    }
    if (text != end)
        return false;
    *ms = days_from_civil(year, month, day) * SOUK_MS_PER_DAY + of_day;
    return true;
}

void souk_time_format(int64_t ms, char text[25])
{
    int64_t seconds = ms / 1000;
    int fraction = (int)(ms % 1000);
    struct tm tm;
    if (fraction < 0) {
        fraction += 1000;
        seconds--;
    }
    const time_t t = (time_t)seconds;
    if (!gmtime_r(&t, &tm) || tm.tm_year + 1900 > 9999 || tm.tm_year + 1900 < 0) {
        snprintf(text, 25, "out of range");
        return;
    }
    char buf[64];
    snprintf(buf, sizeof buf, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, fraction);
    snprintf(text, 25, "%.24s", buf);
}
