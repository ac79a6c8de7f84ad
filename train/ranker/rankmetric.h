/** @file
 *  How good scores are: NDCG of graded labels, or the loss of objectives whose rows stand alone.
 *
 *      DCG@k = sum over positions i <= k of (2^label_i - 1) / log2(i + 1)      (Jarvelin,
 * Kekalainen)
 *
 *  NDCG@k is DCG@k over that of the best order; a group without a label above 0 counts 1 (the
 *  convention of LightGBM). Equal scores stand in the order of the rows. Means are exact sums.
 */
#ifndef SOUK_RANKER_RANKMETRIC_H
#define SOUK_RANKER_RANKMETRIC_H

#include "train/ranker/rankdata.h"
#include "train/ranker/rankobjective.h"

/** NDCG@k of one group. @param score [n]; @param label [n], >= 0; @param order, spare [n] */
double souk_rank_ndcg(const double *score, const float *label, int n, int k, int32_t *order,
                      int32_t *spare);

/** Whether a larger metric is better (NDCG), or a smaller one (rmse, logloss). */
bool souk_rankmetric_grows(const struct souk_rankobjective *objective);

/** The metric's name, such as "ndcg@10". */
void souk_rankmetric_name(const struct souk_rankobjective *objective, int k, char name[24]);

/** Collective. The mean over all groups (NDCG) or rows. @param score [rows], raw
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ENUMERIC, SOUK_ECOMM */
souk_status souk_rankmetric_all(const struct souk_comm *comm, const struct souk_rankdata *d,
                                const struct souk_rankdata_totals *totals,
                                const struct souk_rankobjective *objective, int k,
                                const double *score, double *metric,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
