/** @file
 *  How large the popularity of popular items is: what cold scores are measured in, so that those of
 *  a smaller shop, or of a quieter month, say something about those of another.
 */
#ifndef SOUK_TWOSTAGE_POPULARUNIT_H
#define SOUK_TWOSTAGE_POPULARUNIT_H

#include "train/comm/comm.h"
#include "train/comm/ratings.h"

/** Collective. Mean popularity of the most popular items.
 *  @param popularity [parts][items], where this rank has the part
 *  @param most  items; all of them where they are fewer
 *  @param unit  the same on any number of ranks; 0 without an item
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_popular_unit_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                  const float *const *popularity, int64_t most, double *unit,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
