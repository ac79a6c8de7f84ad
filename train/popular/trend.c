#include "train/popular/trend.h"

#include "shared/base/memory.h"
#include "train/comm/exactsum.h"

#include <stdlib.h>

/* Sum of the scores of all items. @param values scratch, [items of this rank] */
static souk_status add_up_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                              const struct souk_popularity *p, double *values, double *sum,
                              struct souk_error *err)
{
    int64_t count = 0;
    for (int k = 0; k < ratings->local_count; k++)
        for (int64_t i = 0; i < ratings->local[k].items.count; i++)
            values[count++] = (double)p->score[ratings->local[k].part][i];
    return souk_exact_sum_all(comm, values, count, ratings->item_first[ratings->parts], sum, err);
}

static souk_status rate_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                            const struct souk_popularity *recent, const struct souk_popularity *all,
                            double *rate, struct souk_error *err)
{
    double recent_sum = 0, sum = 0, *values;
    int64_t items = 0;
    for (int k = 0; k < ratings->local_count; k++)
        items += ratings->local[k].items.count;
    values = souk_alloc_array((size_t)items, sizeof *values);
    souk_status status = SOUK_OK;
    if (!values)
        status =
            souk_fail(err, SOUK_ENOMEM, "no memory for the trend of %lld items", (long long)items);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = add_up_all(comm, ratings, recent, values, &recent_sum, err);
    if (!status)
        status = add_up_all(comm, ratings, all, values, &sum, err);
    *rate = sum > 0 ? recent_sum / sum : 0;
    free(values);
    return status;
}

souk_status souk_trend_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                           const struct souk_trend_rule *rule, struct souk_popularity *out,
                           struct souk_error *err)
{
    struct souk_popularity all = {0};
    double rate = 0;
    souk_status status = souk_popularity_all(comm, ratings, rule->short_ms, out, err);
    if (!status)
        status = souk_popularity_all(comm, ratings, rule->long_ms, &all, err);
    if (!status)
        status = rate_all(comm, ratings, out, &all, &rate, err);
    for (int k = 0; k < ratings->local_count && !status; k++) {
        const int part = ratings->local[k].part;
        for (int64_t i = 0; i < ratings->local[k].items.count; i++)
            out->score[part][i] = (float)(((double)out->score[part][i] + rule->smoothing * rate) /
                                          ((double)all.score[part][i] + rule->smoothing));
    }
    souk_popularity_fini(&all);
    if (status)
        souk_popularity_fini(out);
    return status;
}
