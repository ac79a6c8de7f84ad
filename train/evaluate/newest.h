/** @file
 *  When each item of a dataset was first seen: what "the newest first" goes by.
 */
#ifndef SOUK_EVALUATE_NEWEST_H
#define SOUK_EVALUATE_NEWEST_H

#include "shared/data/dataset.h"
#include "shared/model/modelfile.h"
#include "train/comm/comm.h"

#include <stdint.h>

struct souk_newest {
    const struct souk_dataset *dataset; /**< borrowed */
    int64_t *first_ms; /**< [dataset items], INT64_MAX: never; the same on every rank */
};

/** Collective. The first event of every item before `until_ms`; each rank reads its parts.
 *  @param out empty with souk_newest_fini(); zeroed on failure
 *  @return the same on every rank */
souk_status souk_newest_find_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                 int64_t until_ms, struct souk_newest *out,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_newest_fini(struct souk_newest *n);

/** Seconds from the dataset's first event to each item's first one, for the items of a model's
 *  part; -1 for an item that was never seen. @param score [items of the part], out */
souk_status souk_newest_score(const struct souk_newest *n, const struct souk_model_part *part,
                              float *score, struct souk_error *err) SOUK_MUST_CHECK;

#endif
