/** @file
 *  What the commands of dense models share: BLAS threads, the end of the BLACS, memory that is said
 *  before it is taken, and the parameters that go into a model.
 */
#ifndef SOUK_LINEAR_DENSECOMMAND_H
#define SOUK_LINEAR_DENSECOMMAND_H

#include "shared/base/options.h"
#include "train/comm/comm.h"
#include "train/comm/ratings.h"

#include <stdint.h>

/** Run a command's work between setting up the linear algebra and ending it. Collective.
 *  @param threads of OpenBLAS and OpenMP in this rank; 0: OMP_NUM_THREADS, else the rank's share of
 *                 its node's cores
 *  @param work    collective; @param context its argument
 *  @return what work returns */
souk_status souk_densecommand_run_all(const struct souk_comm *comm, int64_t threads,
                                      souk_status (*work)(const struct souk_comm *comm,
                                                          void *context, struct souk_error *err),
                                      void *context, struct souk_error *err) SOUK_MUST_CHECK;

/** Log what a rank needs, and refuse it where it is over the limit.
 *  @param need_bytes of the rank that needs most; @param limit_bytes 0: none
 *  @param advice what takes less, for the message
 *  @return SOUK_OK, SOUK_ELIMIT */
souk_status souk_densecommand_check_memory(int64_t need_bytes, int64_t limit_bytes,
                                           const char *advice,
                                           struct souk_error *err) SOUK_MUST_CHECK;

/** Replace the weights of this rank's pairs by weight^power, 1 for the power 0. That is the matrix
 *  which dense models are trained on, and what their histories then carry. @param power >= 0
 *  @return SOUK_OK, SOUK_ENUMERIC (a power that overflows single precision) */
souk_status souk_densecommand_weigh(struct souk_ratings *ratings, double power,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** As souk_train_parameters(), without the options that say only how to run: memory-limit, block,
 *  threads. */
souk_status souk_densecommand_parameters(const struct souk_options *options, char **json,
                                         struct souk_error *err) SOUK_MUST_CHECK;

#endif
