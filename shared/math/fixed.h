/** @file
 *  Exact sums: doubles as 64-bit fixed-point integers at a common scale.
 *
 *  Integer addition is associative, so a sum over rows has the same bits whatever the order, the
 *  threads or the ranks. The scale comes from a bound that all agree on (an MPI MAX of what they
 *  have), chosen so that `count` values of magnitude <= bound cannot overflow.
 *
 *      shift = 61 - exponent(bound) - ceil(log2(count))        value ~ integer * 2^-shift
 */
#ifndef SOUK_MATH_FIXED_H
#define SOUK_MATH_FIXED_H

#include <stdint.h>

/** @param bound finite, >= 0; @param count >= 1 values in the whole sum */
int souk_fixed_shift(double bound, int64_t count);

/** Nearest integer to value * 2^shift. |value| <= the bound that gave the shift. */
int64_t souk_fixed_from(double value, int shift);

double souk_fixed_to(int64_t sum, int shift);

#endif
