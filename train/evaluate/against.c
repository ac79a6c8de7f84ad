#include "train/evaluate/against.h"

#include "shared/base/memory.h"

#include <stdlib.h>

/* @param scratch [replicates] */
static souk_status compare_set(const struct souk_set_summary *a, const struct souk_set_summary *b,
                               int64_t cells, int replicates, double *scratch,
                               struct souk_set_difference *out)
{
    out->is_paired = a->users == b->users && a->targets == b->targets;
    out->figures = souk_alloc_array((size_t)cells, sizeof *out->figures);
    if (!out->figures)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < cells; i++) {
        struct souk_figure *f = &out->figures[i];
        f->mean = a->figures[i].mean - b->figures[i].mean;
        for (int r = 0; r < replicates; r++)
            scratch[r] = a->replicates[r * cells + i] - b->replicates[r * cells + i];
        souk_interval_of(scratch, replicates, f);
    }
    return SOUK_OK;
}

souk_status souk_against_make(const struct souk_summary *a, const struct souk_summary *b,
                              const struct souk_cutoffs *cutoffs,
                              const struct souk_bootstrap *bootstrap, struct souk_against *out,
                              struct souk_error *err)
{
    const int64_t cells = (int64_t)cutoffs->count * SOUK_METRICS;
    double *scratch = souk_alloc_array((size_t)bootstrap->replicates, sizeof *scratch);
    souk_status status = scratch ? SOUK_OK : SOUK_ENOMEM;
    *out = (struct souk_against){0};
    for (int set = 0; set < SOUK_SETS_MAIN && status == SOUK_OK; set++)
        status = compare_set(&a->sets[set], &b->sets[set], cells, bootstrap->replicates, scratch,
                             &out->sets[set]);
    free(scratch);
    if (status == SOUK_OK)
        return SOUK_OK;
    souk_against_fini(out);
    return souk_fail(err, status, "out of memory for the differences");
}

void souk_against_fini(struct souk_against *d)
{
    for (int set = 0; set < SOUK_SETS_MAIN; set++)
        free(d->sets[set].figures);
    *d = (struct souk_against){0};
}
