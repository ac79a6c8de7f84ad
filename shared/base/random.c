#include "shared/base/random.h"

#include <math.h>

static uint64_t finalise(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t souk_random_bits(uint64_t seed, uint64_t row, uint64_t column)
{
    const uint64_t golden = 0x9e3779b97f4a7c15u;
    uint64_t z = finalise(seed + golden);
    z = finalise(z ^ (row + golden));
    return finalise(z + (column + 1) * golden);
}

static double to_unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

double souk_random_uniform(uint64_t seed, uint64_t row, uint64_t column)
{
    return to_unit(souk_random_bits(seed, row, column));
}

double souk_random_normal(uint64_t seed, uint64_t row, uint64_t column)
{
    const double two_pi = 6.283185307179586;
    const uint64_t bits = souk_random_bits(seed, row, column);
    const double u = 1.0 - to_unit(bits); /* (0, 1]: its logarithm is finite */
    const double v = to_unit(finalise(bits));
    return sqrt(-2.0 * log(u)) * cos(two_pi * v);
}

int souk_random_poisson1(uint64_t seed, uint64_t row, uint64_t column)
{
    const double u = souk_random_uniform(seed, row, column);
    double term = 0.36787944117144233, sum = term; /* e^-1 */
    int k = 0;
    while (u >= sum && k < 20) {
        term /= ++k;
        sum += term;
    }
    return k;
}
