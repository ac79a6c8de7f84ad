#include "train/ingest/fieldtext.h"

#include "shared/base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXACT_DIGITS = 18,   /* a number of so many digits fits int64 */
    DECIMAL_BYTES = 64,  /* longest number that is handed to strtod */
    EXACT_FRACTION = 15, /* so many digits are exact in a double, and so is their power of ten */
};

static const int64_t YEAR_1_MS = INT64_C(-62135596800000);
static const int64_t YEAR_10000_MS = INT64_C(253402300800000);

static void trim(const char **text, size_t *len)
{
    while (*len && (**text == ' ' || **text == '\t')) {
        ++*text;
        --*len;
    }
    while (*len && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
        --*len;
}

/* Eight digits at once: a byte is a digit where adding 6 leaves its high half at 3. */
static bool eight_digits(const char *text, int64_t *value)
{
    uint64_t v;
    memcpy(&v, text, sizeof v);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), threes = UINT64_C(0x3030303030303030);
    if ((v & high) != threes || ((v + UINT64_C(0x0606060606060606)) & high) != threes)
        return false;
    v -= threes;
    v = v * 10 + (v >> 8); /* pairs, in every other byte */
    v = ((v & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
         (v >> 16 & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001)) >>
        32;
    *value = (int64_t)v;
    return true;
}

/* One to EXACT_DIGITS digits and nothing else. */
static bool plain_digits(const char *text, size_t len, int64_t *value)
{
    int64_t v = 0, eight;
    if (len == 0 || len > EXACT_DIGITS)
        return false;
    for (; len >= 8; len -= 8, text += 8) {
        if (!eight_digits(text, &eight))
            return false;
        v = v * 100000000 + eight;
    }
    for (size_t i = 0; i < len; i++) {
        const unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

bool souk_parse_integer(const char *text, size_t len, int64_t *value)
{
    if (plain_digits(text, len, value))
        return true;
    char copy[24], *end;
    trim(&text, &len);
    if (len == 0 || len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    errno = 0;
    const long long v = strtoll(copy, &end, 10);
    if (errno || *end != '\0' || end == copy)
        return false;
    *value = v;
    return true;
}

/* `123` or `12.5` of few digits: exact integers, and one division rounds correctly. */
static bool short_decimal(const char *text, size_t len, double *value)
{
    static const double powers[EXACT_FRACTION + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int64_t v = 0;
    size_t point = len;
    if (len == 0 || len > EXACT_FRACTION)
        return false;
    for (size_t i = 0; i < len; i++) {
        const unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        if (digit <= 9)
            v = v * 10 + digit;
        else if (text[i] == '.' && point == len && len > 1)
            point = i;
        else
            return false;
    }
    *value = (double)v / powers[point == len ? 0 : len - point - 1];
    return true;
}

bool souk_parse_decimal(const char *text, size_t len, double *value)
{
    char copy[DECIMAL_BYTES], *end;
    if (short_decimal(text, len, value))
        return true;
    trim(&text, &len);
    if (len == 0 || len >= sizeof copy)
        return false;
    for (size_t i = 0; i < len; i++) /* keeps strtod from hexadecimal, names and blanks */
        if (!strchr("+-.0123456789eE", text[i]) || text[i] == '\0')
            return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    const double v = strtod(copy, &end);
    if (*end != '\0' || end == copy || !isfinite(v))
        return false;
    *value = v;
    return true;
}

static enum souk_time_unit unit_of(double value, enum souk_time_unit unit)
{
    if (unit != SOUK_TIME_UNIT_AUTO)
        return unit;
    value = fabs(value);
    return value < 1e11 ? SOUK_TIME_UNIT_S : value < 1e14 ? SOUK_TIME_UNIT_MS : SOUK_TIME_UNIT_US;
}

static bool whole_to_ms(int64_t value, enum souk_time_unit unit, int64_t *ms)
{
    switch (unit_of((double)value, unit)) {
    case SOUK_TIME_UNIT_S:
        return !__builtin_mul_overflow(value, INT64_C(1000), ms);
    case SOUK_TIME_UNIT_US:
        *ms = value / 1000 - (value % 1000 < 0);
        return true;
    default:
        *ms = value;
        return true;
    }
}

static bool fraction_to_ms(double value, enum souk_time_unit unit, int64_t *ms)
{
    static const double scale[] = {
        [SOUK_TIME_UNIT_S] = 1e3, [SOUK_TIME_UNIT_MS] = 1, [SOUK_TIME_UNIT_US] = 1e-3};
    const double scaled = round(value * scale[unit_of(value, unit)]);
    if (!(fabs(scaled) < 9e18))
        return false;
    *ms = (int64_t)scaled;
    return true;
}

bool souk_time_is_known(int64_t ms)
{
    return ms >= YEAR_1_MS && ms < YEAR_10000_MS;
}

bool souk_parse_time(const char *text, size_t len, enum souk_time_unit unit, int64_t *ms)
{
    int64_t whole, found;
    double fraction;
    bool known;
    if (souk_parse_integer(text, len, &whole))
        known = whole_to_ms(whole, unit, &found);
    else if (souk_parse_decimal(text, len, &fraction))
        known = fraction_to_ms(fraction, unit, &found);
    else
        known = souk_time_parse(text, len, &found);
    if (!known || !souk_time_is_known(found))
        return false;
    *ms = found;
    return true;
}
