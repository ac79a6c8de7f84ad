#include "train/tune/sobol.h"

/* Of dimension d >= 1: degree and inner coefficients of its primitive polynomial, and the first
 * direction integers. Dimension 0 is van der Corput's sequence. */
static const struct {
    int degree;
    uint32_t coefficients, m[7];
} polynomials[SOUK_SOBOL_DIMENSIONS] = {
    {0, 0, {0}},
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
};

enum { BITS = 32 };

static void directions(int dimension, uint32_t v[BITS])
{
    const int s = polynomials[dimension].degree;
    for (int k = 0; k < BITS; k++) {
        if (s == 0) {
            v[k] = UINT32_C(1) << (BITS - 1 - k);
        } else if (k < s) {
            v[k] = polynomials[dimension].m[k] << (BITS - 1 - k);
        } else {
            v[k] = v[k - s] ^ (v[k - s] >> s);
            for (int j = 1; j < s; j++)
                if ((polynomials[dimension].coefficients >> (s - 1 - j)) & 1)
                    v[k] ^= v[k - j];
        }
    }
}

uint32_t souk_sobol_bits(uint32_t index, int dimension)
{
    const uint32_t gray = index ^ (index >> 1);
    uint32_t v[BITS], bits = 0;
    directions(dimension, v);
    for (int k = 0; k < BITS; k++)
        if ((gray >> k) & 1)
            bits ^= v[k];
    return bits;
}

double souk_sobol_unit(uint32_t index, int dimension, uint32_t shift)
{
    return (double)(souk_sobol_bits(index, dimension) ^ shift) * 0x1p-32;
}
