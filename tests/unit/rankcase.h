/** @file
 *  A query group and what an objective makes of it, for tests of train/ranker.
 */
#ifndef SOUK_TESTS_RANKCASE_H
#define SOUK_TESTS_RANKCASE_H

#include "train/ranker/rankobjective.h"

#include <criterion/criterion.h>
#include <math.h>

enum { RANKCASE_MAX = 64 };

struct rankcase {
    float label[RANKCASE_MAX];
    double score[RANKCASE_MAX];
    double gradient[RANKCASE_MAX], hessian[RANKCASE_MAX];
    int n;
    int64_t number;
};

static inline struct souk_rankobjective rankcase_objective(const char *name)
{
    struct souk_rankobjective objective;
    struct souk_error err;
    cr_assert_eq(souk_rankobjective_find(name, &objective, &err), SOUK_OK, "%s", err.msg);
    return objective;
}

static inline souk_status rankcase_run(const struct souk_rankobjective *o,
                                       struct souk_rankscratch *scratch, struct rankcase *c,
                                       int64_t iteration, struct souk_error *err)
{
    const struct souk_rankgroup group = {c->label, c->score, c->n, c->number};
    for (int i = 0; i < c->n; i++)
        c->gradient[i] = c->hessian[i] = NAN; /* whatever is not written shows */
    return souk_rankobjective_gradients(o, scratch, &group, iteration, c->gradient, c->hessian,
                                        err);
}

/* With a scratch of its own. */
static inline void rankcase_compute(const struct souk_rankobjective *o, struct rankcase *c)
{
    struct souk_rankscratch scratch;
    struct souk_error err = {0};
    cr_assert_eq(souk_rankscratch_init(&scratch, c->n, &err), SOUK_OK);
    cr_assert_eq(rankcase_run(o, &scratch, c, 0, &err), SOUK_OK, "%s", err.msg);
    souk_rankscratch_fini(&scratch);
}

#endif
