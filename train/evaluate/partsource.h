/** @file
 *  Where an evaluation gets the parts of a model from: its files, or the ranks that have just
 *  trained it.
 *
 *      files    every rank reads what it looks at
 *      memory   users: a rank looks at its own parts where they lie; items: the owner of a part
 *               sends it to all, one part at a time
 *
 *  Both give the same bytes, so that an evaluation in memory is that of the saved model.
 */
#ifndef SOUK_EVALUATE_PARTSOURCE_H
#define SOUK_EVALUATE_PARTSOURCE_H

#include "shared/model/modelfile.h"
#include "train/comm/comm.h"
#include "train/comm/modelwriter.h"
#include "train/comm/ratings.h"

#include <stdbool.h>

/** All borrowed. In memory, ratings and content are those of the ranks that evaluate: part p is
 *  with souk_part_rank(), and `model` is their souk_model_view(). */
struct souk_part_source {
    const struct souk_model *model;
    const struct souk_ratings *ratings; /**< NULL: files */
    const struct souk_model_content *content;
};

struct souk_source_part {
    struct souk_model_part part;
    bool borrowed;
};

/** Collective. The users of the part that this rank has on duty in a round (duty.h).
 *  @param is_wanted false on a rank that will not look: the part may then be empty
 *  @param out       free with souk_source_part_fini(), also after a failure
 *  @return what souk_model_read_part() returns, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_source_users_all(const struct souk_comm *comm,
                                  const struct souk_part_source *source, int round, bool is_wanted,
                                  struct souk_source_part *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. The items of a part, on every rank. As above. */
souk_status souk_source_items_all(const struct souk_comm *comm,
                                  const struct souk_part_source *source, int part,
                                  struct souk_source_part *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_source_part_fini(struct souk_source_part *p);

#endif
