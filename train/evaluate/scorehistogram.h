/** @file
 *  Counts of candidates by score, of any number of users in the memory of a few: cells as fine as
 *  the first 16 bits of a float (sign, exponent, 7 bits of the fraction), so that scores of one
 * cell differ by less than a hundredth of themselves. The cells do not depend on the data: sums
 * over ranks are exact.
 */
#ifndef SOUK_EVALUATE_SCOREHISTOGRAM_H
#define SOUK_EVALUATE_SCOREHISTOGRAM_H

#include "train/comm/comm.h"

#include <stdint.h>

enum { SOUK_SCORE_CELLS = 1 << 16 };

struct souk_score_histogram {
    int64_t *shown;  /**< [SOUK_SCORE_CELLS], by ascending score */
    int64_t *wanted; /**< of them */
};

/** @return SOUK_OK, SOUK_ENOMEM; zeroed on failure */
souk_status souk_score_histogram_init(struct souk_score_histogram *h,
                                      struct souk_error *err) SOUK_MUST_CHECK;
void souk_score_histogram_fini(struct souk_score_histogram *h);

/** @param score finite */
void souk_score_histogram_add(struct souk_score_histogram *h, float score, int wanted);

/** Collective. In place, the sum over all ranks. */
souk_status souk_score_histogram_sum_all(const struct souk_comm *comm,
                                         struct souk_score_histogram *h,
                                         struct souk_error *err) SOUK_MUST_CHECK;

/** The middle of a cell. */
double souk_score_of_cell(int cell);

/** Neighbouring cells joined until each group has `least` candidates; what is left over at the top
 *  joins the last group.
 *  @param least >= 1; @param group [SOUK_SCORE_CELLS] last cell of each group, ascending
 *  @return how many groups; 0 where nothing was shown */
int souk_score_histogram_group(const struct souk_score_histogram *h, int64_t least, int *group);

#endif
