/** @file
 *  The half-precision copy of a side's rows that `cg` reads: its passes over the pairs go as fast
 * as rows come from memory and from the second cache, and half the bytes are half the time.
 *
 *      halves = matrix / unit, rounded to the nearest      unit = 2^k, of the largest row's norm
 *
 *  The rounding (2^-12 of an element) moves the loss by 1e-5 of it; everything else, the model's
 *  files too, has the rows in single precision. A copy lies behind its matrix, in the same window.
 */
#ifndef SOUK_ALS_HALVES_H
#define SOUK_ALS_HALVES_H

#include "train/als/side.h"

/** The unit for rows of which none has a squared norm above this one (finite). */
float souk_halves_unit(double norm);

/** Copy own rows; nothing where the side has no copy, or own rows are not in its matrix.
 *  @param first, count local rows */
void souk_halves_copy_own(const struct souk_side *side, int64_t first, int64_t count);

/** Collective on the node's ranks: copy what has come with a chunk, each rank its share. Nothing
 *  where the side has no copy.
 *  @param gather that brought the rows into the side's matrix */
souk_status souk_halves_copy_chunk_all(struct souk_side *side,
                                       const struct souk_rowexchange *gather, int chunk,
                                       struct souk_error *err) SOUK_MUST_CHECK;

#endif
