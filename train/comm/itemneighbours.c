#include "train/comm/itemneighbours.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum { BATCH_ROWS = 256 }; /* made at a time, before they are appended in order */

/* Scratch of souk_neighbour_rows_add(). */
struct batch {
    int64_t items, keep;
    struct souk_neighbour *candidates; /* [threads x items] */
    struct souk_neighbour *kept;       /* [BATCH_ROWS x keep] */
    int64_t count[BATCH_ROWS];
};

int souk_neighbour_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static int thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

souk_status souk_neighbour_rows_init(struct souk_neighbour_rows *out,
                                     const struct souk_ratings *ratings, struct souk_error *err)
{
    const size_t parts = (size_t)ratings->parts;
    *out = (struct souk_neighbour_rows){.parts = ratings->parts};
    out->offsets = souk_zalloc_array(parts, sizeof *out->offsets);
    out->item = souk_zalloc_array(parts, sizeof *out->item);
    out->weight = souk_zalloc_array(parts, sizeof *out->weight);
    bool is_there = out->offsets && out->item && out->weight;
    for (int k = 0; k < ratings->local_count && is_there; k++) {
        const struct souk_ratings_part *p = &ratings->local[k];
        out->offsets[p->part] =
            souk_zalloc_array((size_t)p->items.count + 1, sizeof *out->offsets[p->part]);
        out->item[p->part] = souk_alloc_array(0, sizeof *out->item[p->part]);
        out->weight[p->part] = souk_alloc_array(0, sizeof *out->weight[p->part]);
        is_there = out->offsets[p->part] && out->item[p->part] && out->weight[p->part];
    }
    return is_there ? SOUK_OK
                    : souk_fail(err, SOUK_ENOMEM, "no memory for the neighbours of %d parts",
                                ratings->local_count);
}

void souk_neighbour_rows_fini(struct souk_neighbour_rows *r)
{
    for (int p = 0; p < r->parts; p++) {
        if (r->offsets)
            free(r->offsets[p]);
        if (r->item)
            free(r->item[p]);
        if (r->weight)
            free(r->weight[p]);
    }
    free(r->offsets);
    free(r->item);
    free(r->weight);
    *r = (struct souk_neighbour_rows){0};
}

static bool is_better(const struct souk_neighbour *a, const struct souk_neighbour *b)
{
    return a->weight > b->weight || (a->weight == b->weight && a->item < b->item);
}

static int by_item(const void *a, const void *b)
{
    const struct souk_neighbour *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

/* The best `keep` of n candidates to the front (Hoare 1961). 1 <= keep < n */
static void select_best(struct souk_neighbour *c, int64_t n, int64_t keep)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const struct souk_neighbour pivot = c[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (is_better(&c[i], &pivot))
                i++;
            while (is_better(&pivot, &c[j]))
                j--;
            if (i <= j) {
                const struct souk_neighbour swapped = c[i];
                c[i++] = c[j];
                c[j--] = swapped;
            }
        }
        if (keep - 1 <= j)
            high = j;
        else if (keep - 1 >= i)
            low = i;
        else
            return;
    }
}

int64_t souk_neighbour_keep_best(struct souk_neighbour *candidates, int64_t count, int64_t keep)
{
    if (count > keep) {
        select_best(candidates, count, keep);
        count = keep;
    }
    if (count > 1)
        qsort(candidates, (size_t)count, sizeof *candidates, by_item);
    return count;
}

/* Rows [first, first + count) of the model, independent of one another. */
static void make_rows(struct batch *b, const struct souk_neighbour_source *source, int64_t first,
                      int64_t count)
{
#pragma omp parallel for default(none) shared(b, source, first, count) schedule(dynamic, 4)
    for (int64_t k = 0; k < count; k++) {
        const int thread = thread_number();
        struct souk_neighbour *candidates = b->candidates + thread * b->items;
        const int64_t found = source->candidates(source->context, thread, first + k, candidates);
        b->count[k] = souk_neighbour_keep_best(candidates, found, source->keep);
        for (int64_t n = 0; n < b->count[k]; n++)
            b->kept[k * b->keep + n] = candidates[n];
    }
}

static souk_status append(struct souk_neighbour_rows *r, int part, int64_t first, int64_t count,
                          const struct batch *b)
{
    int64_t *offsets = r->offsets[part], at = offsets[first], more = 0;
    for (int64_t k = 0; k < count; k++)
        more += b->count[k];
    int64_t *item = realloc(r->item[part], (size_t)(at + more + 1) * sizeof *item);
    if (item)
        r->item[part] = item;
    float *weight = realloc(r->weight[part], (size_t)(at + more + 1) * sizeof *weight);
    if (weight)
        r->weight[part] = weight;
    if (!item || !weight)
        return SOUK_ENOMEM;
    for (int64_t k = 0; k < count; k++) {
        for (int64_t n = 0; n < b->count[k]; n++, at++) {
            item[at] = b->kept[k * b->keep + n].item;
            weight[at] = b->kept[k * b->keep + n].weight;
        }
        offsets[first + k + 1] = at;
        r->longest = b->count[k] > r->longest ? b->count[k] : r->longest;
    }
    return SOUK_OK;
}

static souk_status batch_init(struct batch *b, int64_t items, int64_t keep)
{
    size_t candidates = 0;
    b->items = items;
    b->keep = keep < items ? keep : items;
    if (!souk_mul_size((size_t)items, (size_t)souk_neighbour_threads(), &candidates))
        return SOUK_ENOMEM;
    b->candidates = souk_alloc_array(candidates, sizeof *b->candidates);
    b->kept = souk_alloc_array((size_t)b->keep, BATCH_ROWS * sizeof *b->kept);
    return b->candidates && b->kept ? SOUK_OK : SOUK_ENOMEM;
}

souk_status souk_neighbour_rows_add(struct souk_neighbour_rows *r,
                                    const struct souk_ratings *ratings, int part, int64_t first,
                                    int64_t count, const struct souk_neighbour_source *source,
                                    struct souk_error *err)
{
    struct batch batch = {.items = 0};
    souk_status status = batch_init(&batch, ratings->item_first[ratings->parts], source->keep);
    for (int64_t done = 0; done < count && !status; done += BATCH_ROWS) {
        const int64_t rows = count - done < BATCH_ROWS ? count - done : BATCH_ROWS;
        make_rows(&batch, source, ratings->item_first[part] + first + done, rows);
        status = append(r, part, first + done, rows, &batch);
    }
    free(batch.candidates);
    free(batch.kept);
    return status ? souk_fail(err, status, "no memory for the neighbours of %lld items",
                              (long long)count)
                  : SOUK_OK;
}

/* Which items any row of any rank names. @param named [items], 0 */
static souk_status find_named_all(const struct souk_comm *comm, const struct souk_neighbour_rows *r,
                                  const struct souk_ratings *ratings, int64_t *named,
                                  struct souk_error *err)
{
    for (int k = 0; k < ratings->local_count; k++) {
        const int part = ratings->local[k].part;
        for (int64_t at = 0; at < r->offsets[part][ratings->local[k].items.count]; at++)
            named[r->item[part][at]] = 1;
    }
    return souk_max_i64_all(comm, named, ratings->item_first[ratings->parts], err);
}

souk_status souk_neighbour_rows_close_all(const struct souk_comm *comm,
                                          struct souk_neighbour_rows *r,
                                          struct souk_ratings *ratings, struct souk_error *err)
{
    int64_t *named = souk_zalloc_array((size_t)ratings->item_first[ratings->parts], sizeof *named);
    souk_status status = SOUK_OK;
    if (!named)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the items that have neighbours");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = find_named_all(comm, r, ratings, named, err);
    for (int k = 0; k < ratings->local_count && !status; k++) {
        struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t at = 0; at < p->offsets[p->users.count]; at++)
            if (!named[p->item[at]])
                p->weight[at] = 0;
    }
    free(named);
    return status ? status : souk_max_i64_all(comm, &r->longest, 1, err);
}
