/** @file
 *  Counter-based random numbers: each is a pure function of (seed, row, column), so that results
 *  do not depend on the order of the work, on ranks or on threads. There is no stream and no state.
 */
#ifndef SOUK_BASE_RANDOM_H
#define SOUK_BASE_RANDOM_H

#include <stdint.h>

/** 64 random bits for (seed, row, column): the finaliser of SplitMix64 (Steele, Lea, Flood 2014)
 *  over the three words in turn. */
uint64_t souk_random_bits(uint64_t seed, uint64_t row, uint64_t column);

/** Uniform in [0, 1), a multiple of 2^-53. */
double souk_random_uniform(uint64_t seed, uint64_t row, uint64_t column);

/** Standard normal (Box and Muller 1958). */
double souk_random_normal(uint64_t seed, uint64_t row, uint64_t column);

/** Poisson with mean 1, by inversion: the weight of a row in a Poisson bootstrap replicate. */
int souk_random_poisson1(uint64_t seed, uint64_t row, uint64_t column);

#endif
