/** @file
 *  When the requests of an open loop are due, and who asks: a Poisson process, and a draw of users.
 *  Both are functions of a seed, so that a run can be had again.
 */
#ifndef SOUK_CLIENT_ARRIVALS_H
#define SOUK_CLIENT_ARRIVALS_H

#include "shared/base/status.h"

#include <stdint.h>

enum souk_draw {
    SOUK_DRAW_TURN,    /**< user 0, 1, ..., and again from 0: all are distinct until then */
    SOUK_DRAW_UNIFORM, /**< each as likely as any other */
    SOUK_DRAW_ZIPF,    /**< user r (from 0) with a weight of (r + 1)^-exponent */
};

struct souk_arrivals {
    uint64_t seed;
    double rate; /**< a second, on average; 0: all are due at once (a closed loop) */
    enum souk_draw draw;
    int64_t users, count; /**< count: of arrivals so far */
    double due_s;         /**< of the last one */
    double *cumulative;   /**< [users], with Zipf: weight of this user and those before it */
};

/** @param out empty with souk_arrivals_fini(), also after a failure
 *  @param users at least 1
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_arrivals_init(struct souk_arrivals *out, uint64_t seed, double rate,
                               enum souk_draw draw, double zipf_exponent, int64_t users,
                               struct souk_error *err) SOUK_MUST_CHECK;
void souk_arrivals_fini(struct souk_arrivals *a);

/** The next arrival. Not thread-safe. @param due_us since the start, never falls
 *  @param user in [0, users) */
void souk_arrivals_next(struct souk_arrivals *a, int64_t *due_us, int64_t *user);

#endif
