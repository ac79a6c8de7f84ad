#include "train/ranker/pairwiseleaves.h"

#include "shared/base/memory.h"

#include <stdlib.h>

souk_status souk_pairwiseleaves_init(struct souk_pairwiseleaves *p,
                                     const struct souk_rankobjective *objective,
                                     const struct souk_rankdata *data,
                                     const struct souk_rankdata_totals *totals, int leaves,
                                     struct souk_error *err)
{
    *p = (struct souk_pairwiseleaves){.objective = objective, .data = data, .totals = totals};
    souk_status status = souk_rankscratch_init(&p->scratch, (int)totals->largest_group, err);
    if (status == SOUK_OK)
        status = souk_leafsystem_init(&p->system, leaves, err);
    p->leaf = souk_alloc_array((size_t)data->rows, sizeof *p->leaf);
    if (status == SOUK_OK && !p->leaf)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the leaves of rows");
    return status;
}

void souk_pairwiseleaves_fini(struct souk_pairwiseleaves *p)
{
    souk_rankscratch_fini(&p->scratch);
    souk_leafsystem_fini(&p->system);
    free(p->leaf);
    *p = (struct souk_pairwiseleaves){0};
}

static souk_status add_groups(struct souk_pairwiseleaves *p, const double *score, int64_t iteration,
                              struct souk_error *err)
{
    const struct souk_rankdata *d = p->data;
    souk_status status = SOUK_OK;
    for (int64_t g = 0; status == SOUK_OK && g < d->groups; g++) {
        const int64_t start = d->group_start[g];
        const struct souk_rankgroup group = {d->label + start, score + start,
                                             (int)(d->group_start[g + 1] - start),
                                             souk_rankdata_number(d, p->totals, g)};
        status = souk_leafsystem_add(&p->system, p->objective, &p->scratch, &group, iteration,
                                     p->leaf + start, err);
    }
    return status;
}

souk_status souk_pairwiseleaves_solve_all(struct souk_pairwiseleaves *p,
                                          const struct souk_comm *comm, const double *score,
                                          int64_t iteration, int leaves, double lambda,
                                          double *value, struct souk_error *err)
{
    const struct souk_rankdata_totals *t = p->totals;
    const double bound =
        souk_leafsystem_bound(p->objective, t->label_max - t->label_min, (int)t->largest_group);
    souk_leafsystem_clear(&p->system, leaves, bound, t->groups);
    souk_status status = souk_status_agree_all(comm, add_groups(p, score, iteration, err), err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, p->system.sums, (int64_t)leaves * (leaves + 1), err);
    return status ? status : souk_leafsystem_solve(&p->system, lambda, value, err);
}
