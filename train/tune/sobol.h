/** @file
 *  Sobol's sequence (1967) with the direction numbers of Joe and Kuo (2008): points that fill the
 *  unit cube evenly, however many are taken.
 */
#ifndef SOUK_TUNE_SOBOL_H
#define SOUK_TUNE_SOBOL_H

#include <stdint.h>

enum { SOUK_SOBOL_DIMENSIONS = 20 };

/** Coordinate of a point. @param index from 0, the origin; @param dimension from 0
 *  @return 32 bits after the binary point */
uint32_t souk_sobol_bits(uint32_t index, int dimension);

/** As a number in [0, 1). @param shift exclusive-or of the bits, 0 for the plain sequence: a random
 *  one moves the points and keeps how evenly they lie */
double souk_sobol_unit(uint32_t index, int dimension, uint32_t shift);

#endif
