#include "train/twostage/popularunit.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

static int descending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* @return how many are left */
static int64_t keep_largest(float *values, int64_t count, int64_t most)
{
    if (count > 1)
        qsort(values, (size_t)count, sizeof *values, descending);
    return count < most ? count : most;
}

static int64_t count_items(const struct souk_ratings *ratings)
{
    int64_t items = 0;
    for (int k = 0; k < ratings->local_count; k++)
        items += ratings->local[k].items.count;
    return items;
}

static void copy_items(const struct souk_ratings *ratings, const float *const *popularity,
                       float *out)
{
    for (int k = 0; k < ratings->local_count; k++) {
        const struct souk_ratings_part *p = &ratings->local[k];
        if (p->items.count > 0)
            memcpy(out, popularity[p->part], (size_t)p->items.count * sizeof *out);
        out += p->items.count;
    }
}

souk_status souk_popular_unit_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                  const float *const *popularity, int64_t most, double *unit,
                                  struct souk_error *err)
{
    const int64_t items = count_items(ratings);
    float *own = souk_alloc_array((size_t)items, sizeof *own);
    int64_t *counts = souk_zalloc_array((size_t)comm->size, sizeof *counts), n = 0;
    void *all = NULL;
    souk_status status = SOUK_OK;
    *unit = 0;
    if (!own || !counts)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for the popularity of %lld items",
                           (long long)items);
    status = souk_status_agree_all(comm, status, err);
    if (status != SOUK_OK)
        goto out;
    copy_items(ratings, popularity, own);
    status =
        souk_gather_all(comm, own, keep_largest(own, items, most), sizeof *own, &all, counts, err);
    if (status != SOUK_OK)
        goto out;
    for (int r = 0; r < comm->size; r++)
        n += counts[r];
    n = keep_largest(all, n, most);
    for (int64_t i = 0; i < n; i++)
        *unit += (double)((const float *)all)[i] / (double)n;
out:
    free(own);
    free(counts);
    free(all);
    return status;
}
