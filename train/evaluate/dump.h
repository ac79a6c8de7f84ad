/** @file
 *  Lists, targets and metrics of each user as tab-separated files, so that others can check them.
 *
 *      recommendations   user  item  position  score      score with %.9g, which loses no bit
 *      targets           user  item
 *      per-user          set   user  history  targets  recall@5 ... (with a header)
 *
 *  Users stand in the order of the dataset, by part and id, on any number of ranks. A file appears
 *  by rename when it is whole.
 */
#ifndef SOUK_EVALUATE_DUMP_H
#define SOUK_EVALUATE_DUMP_H

#include "train/comm/comm.h"
#include "train/evaluate/measure.h"

enum souk_dump { SOUK_DUMP_RECOMMENDATIONS, SOUK_DUMP_TARGETS, SOUK_DUMP_PER_USER };

/** Collective. Rank 0 writes.
 *  @param set whose users and targets (per-user: both main sets are written, whatever it is)
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND, SOUK_EEXIST, SOUK_ENOMEM, SOUK_ECOMM; the same on
 *          every rank */
souk_status souk_dump_write_all(const struct souk_comm *comm, const char *path, enum souk_dump kind,
                                const struct souk_measure *measure, const struct souk_set *set,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
