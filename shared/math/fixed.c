#include "shared/math/fixed.h"

#include <math.h>

int souk_fixed_shift(double bound, int64_t count)
{
    int exponent = 0, bits = 0;
    frexp(bound, &exponent); /* bound < 2^exponent */
    while (bits < 62 && (INT64_C(1) << bits) < count)
        bits++;
    return 61 - exponent - bits;
}

int64_t souk_fixed_from(double value, int shift)
{
    return llrint(ldexp(value, shift));
}

double souk_fixed_to(int64_t sum, int shift)
{
    return ldexp((double)sum, -shift);
}
