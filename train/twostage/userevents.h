/** @file
 *  The users' events as a two-stage model keeps them: of the training window, of the model's items,
 *  with model rows, the latest of each user up to a limit.
 */
#ifndef SOUK_TWOSTAGE_USEREVENTS_H
#define SOUK_TWOSTAGE_USEREVENTS_H

#include "shared/data/dataset.h"
#include "train/comm/ratings.h"

enum { SOUK_USER_EVENTS_MAX = 1000 };

/** Of one part of this rank. */
struct souk_user_events {
    int64_t *offsets; /**< [users + 1] */
    int64_t *item;    /**< [events], model item row; by time within a user */
    int64_t *ms;
    uint8_t *type;
    float *value; /**< 0 where the dataset has none */
};

/** Read the events of ratings->local[local] again, by the rule that made the ratings.
 *  @param out empty with souk_user_events_fini(); zeroed on failure
 *  @return SOUK_OK, SOUK_ENOMEM, what reading returns */
souk_status souk_user_events_read(const struct souk_dataset *dataset,
                                  const struct souk_ratings_rule *rule,
                                  const struct souk_ratings *ratings, int local,
                                  struct souk_user_events *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_user_events_fini(struct souk_user_events *e);

#endif
