/** @file
 *  From values to places in a drawing, and the round numbers to write beside an axis.
 */
#ifndef SOUK_EVALUATE_SVGSCALE_H
#define SOUK_EVALUATE_SVGSCALE_H

#include <stdbool.h>

enum { SOUK_TICKS_MAX = 12 };

/** low stands at `from`, high at `to`; low < high, and low > 0 where it is logarithmic. */
struct souk_scale {
    double low, high;
    double from, to;
    bool is_log;
};

/** Where a value stands; values beyond the ends stand at the ends. */
double souk_scale_place(const struct souk_scale *s, double value);

/** Multiples of 1, 2 or 5 times a power of ten between low and high; of a logarithmic scale powers
 *  of ten, with 2 and 5 times them where these are few.
 *  @param most 2 to SOUK_TICKS_MAX; @param ticks [most], ascending. @return how many */
int souk_scale_ticks(const struct souk_scale *s, int most, double *ticks);

/** As short as it can be read back to `digits`: 0.05, 1200, 3e-07. @param text [24] */
void souk_scale_number(double value, int digits, char *text);

#endif
