#include "train/tune/sobol.h"

#include <criterion/criterion.h>

/* Joe and Kuo's own table of the first points. */
Test(sobol, gives_the_published_first_points)
{
    static const double expected[8][5] = {
        {0, 0, 0, 0, 0},
        {.5, .5, .5, .5, .5},
        {.75, .25, .25, .25, .75},
        {.25, .75, .75, .75, .25},
        {.375, .375, .625, .875, .375},
        {.875, .875, .125, .375, .875},
        {.625, .125, .875, .625, .625},
        {.125, .625, .375, .125, .125},
    };
    for (uint32_t i = 0; i < 8; i++)
        for (int d = 0; d < 5; d++)
            cr_expect_eq(souk_sobol_unit(i, d, 0), expected[i][d], "point %u, dimension %d: %g", i,
                         d, souk_sobol_unit(i, d, 0));
}

/* Any 2^k points from a multiple of 2^k on: one in every interval of 2^-k, in every dimension. */
Test(sobol, fills_every_interval_once)
{
    for (int d = 0; d < SOUK_SOBOL_DIMENSIONS; d++) {
        bool seen[256] = {false};
        for (uint32_t i = 512; i < 768; i++) {
            const int cell = (int)(souk_sobol_unit(i, d, 0x5a5a1234u) * 256);
            cr_expect(!seen[cell], "dimension %d: two points in cell %d", d, cell);
            seen[cell] = true;
        }
    }
}

Test(sobol, differs_between_dimensions)
{
    for (int d = 1; d < SOUK_SOBOL_DIMENSIONS; d++)
        for (int e = 0; e < d; e++) {
            int same = 0;
            for (uint32_t i = 0; i < 64; i++)
                same += souk_sobol_bits(i, d) == souk_sobol_bits(i, e);
            cr_expect_lt(same, 32, "dimensions %d and %d", d, e);
        }
}
