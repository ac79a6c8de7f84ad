#include "serve/http/shortnumber.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOAT_DIGITS_MIN = 6, FLOAT_DIGITS = 9, DOUBLE_DIGITS_MIN = 15, DOUBLE_DIGITS = 17 };

static const double power_of_ten[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};

/* digits / 10^decimals, without zeros at its end. */
static void print_fixed(char *text, int negative, uint64_t digits, int decimals)
{
    char reversed[24];
    int count = 0, to = 0;
    for (; decimals > 0 && digits % 10 == 0; decimals--)
        digits /= 10;
    do {
        if (count == decimals && decimals > 0)
            reversed[to++] = '.';
        reversed[to++] = (char)('0' + digits % 10);
        digits /= 10;
        count++;
    } while (digits > 0 || count <= decimals);
    if (negative)
        *text++ = '-';
    while (to > 0)
        *text++ = reversed[--to];
    *text = '\0';
}

/* Scores are of this size, nearly all of them. An integer below 2^53 divided by a power of ten
 * below 10^22 is what strtod() makes of the decimal: both are exact, and the quotient is rounded
 * once. */
static int print_plain_float(double magnitude, int negative, char *text)
{
    int before = 1;
    if (magnitude < 1e-4 || magnitude >= 1e6)
        return 0;
    while (before < 7 && magnitude >= power_of_ten[before])
        before++;
    int leading = 0; /* zeros behind the point */
    while (leading < 4 && magnitude * power_of_ten[leading + 1] < 1)
        leading++;
    for (int digits = FLOAT_DIGITS_MIN; digits <= FLOAT_DIGITS; digits++) {
        const int decimals = digits + (magnitude < 1 ? leading : -before);
        const double scaled = nearbyint(magnitude * power_of_ten[decimals]);
        if ((float)(scaled / power_of_ten[decimals]) == (float)magnitude) {
            print_fixed(text, negative, (uint64_t)scaled, decimals);
            return 1;
        }
    }
    return 0;
}

void souk_short_float(float value, char *text)
{
    if (print_plain_float(fabs((double)value), signbit(value) != 0, text))
        return;
    for (int digits = FLOAT_DIGITS_MIN; digits <= FLOAT_DIGITS; digits++) {
        snprintf(text, SOUK_SHORT_NUMBER_BYTES, "%.*g", digits, (double)value);
        if ((float)strtod(text, NULL) == value && strtof(text, NULL) == value)
            return;
    }
}

void souk_short_double(double value, char *text)
{
    for (int digits = DOUBLE_DIGITS_MIN; digits <= DOUBLE_DIGITS; digits++) {
        snprintf(text, SOUK_SHORT_NUMBER_BYTES, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}
