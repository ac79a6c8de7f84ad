/** @file
 *  Users and items that are kept out of training, to be asked for afterwards as if they were new.
 *
 *      hidden(id) = uniform(seed, XXH3-64 of id) < share          the same in every program
 *
 *  A hidden user is not in the model. The events of a hidden item are left out, but the item stays
 *  in the model, with no event: what knows it by its properties can recommend it. A model that was
 *  trained so says `"hide-items"`, `"hide-users"` and `"hide-seed"` in its parameters_json.
 */
#ifndef SOUK_COMM_HIDING_H
#define SOUK_COMM_HIDING_H

#include "shared/data/dataset.h"
#include "train/comm/comm.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_hiding {
    double items, users; /**< shares in [0, 1), 0: none */
    uint64_t seed;
};

bool souk_hiding_hides_item(const struct souk_hiding *h, const char *id);
bool souk_hiding_hides_user(const struct souk_hiding *h, const char *id);

/** Collective. Which items of a dataset are hidden; every rank reads the ids of its parts.
 *  @param hidden [dataset items], out: 1 or 0
 *  @return what souk_dataset_read_part() returns, SOUK_ECOMM; the same on every rank */
souk_status souk_hiding_mark_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                 const struct souk_hiding *h, int64_t *hidden,
                                 struct souk_error *err) SOUK_MUST_CHECK;

/** Remove the events of hidden users, and those with hidden items, from a part that was just read.
 *  Its users stay, some without events.
 *  @param item_hidden [dataset items], not 0: hidden */
void souk_hiding_trim(const struct souk_hiding *h, const int64_t *item_hidden,
                      struct souk_dataset_part *part);

/** What a model's parameters say; zeros without the keys, or without parameters.
 *  @return SOUK_OK, SOUK_EFORMAT (not JSON, not numbers in range) */
souk_status souk_hiding_of_parameters(const char *parameters_json, struct souk_hiding *out,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
