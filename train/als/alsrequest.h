/** @file
 *  What a command line of souk-train als asks for, for programs that train without it.
 */
#ifndef SOUK_ALS_ALSREQUEST_H
#define SOUK_ALS_ALSREQUEST_H

#include "train/als/als.h"
#include "train/als/pairweight.h"

struct souk_als_request {
    struct souk_als_parameters parameters; /**< not resolved; no memory limit */
    struct souk_pairweight_rule pairweight;
    int64_t popularity_half_life_ms;
};

/** Parse, with the same table, defaults and messages as the program. What needs more than
 *  parameters is refused: --objective explicit, --checkpoint, --init-from, --memory-limit and
 *  --rebalance.
 *  @param argv argv[0] is a name; --dataset and --out are required here too
 *  @return SOUK_OK, SOUK_EUSAGE, SOUK_ENOMEM, and what reading --config returns */
souk_status souk_als_request_parse(int argc, char **argv, struct souk_als_request *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
