#include "train/content/vectorneighbours.h"

#include "shared/base/memory.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

enum { OWN_ROWS = 256, PASSING_ROWS = 1024 };

/* The vectors of one part on every rank. */
struct passing {
    int64_t items;
    int64_t *row;  /* [items], model rows */
    float *vector; /* [items x width] */
};

/* Scratch of a thread. */
struct worker {
    float *cosine;                     /* [OWN_ROWS x PASSING_ROWS] */
    struct souk_neighbour *candidates; /* [PASSING_ROWS + keep] */
};

static void passing_fini(struct passing *p)
{
    free(p->row);
    free(p->vector);
    *p = (struct passing){0};
}

static souk_status passing_init(struct passing *p, int64_t width, int part, struct souk_error *err)
{
    size_t floats = 0;
    p->row = souk_alloc_array((size_t)p->items, sizeof *p->row);
    if (souk_mul_size((size_t)p->items, (size_t)width, &floats))
        p->vector = souk_alloc_array(floats, sizeof *p->vector);
    return p->row && p->vector
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "no memory for the vectors of part %d", part);
}

/* What of a local part passes by. @param p NULL arrays: only count */
static void fill(const struct souk_ratings *ratings, const struct souk_item_vectors *v, int local,
                 bool seen, struct passing *p)
{
    const int64_t first_row = ratings->item_first[ratings->local[local].part];
    p->items = 0;
    for (int64_t own = v->part_first[local]; own < v->part_first[local + 1]; own++) {
        const int64_t row = first_row + own - v->part_first[local];
        if ((ratings->item_pairs[row] > 0) != seen)
            continue;
        if (p->row) {
            p->row[p->items] = row;
            memcpy(p->vector + p->items * v->width, v->vector + own * v->width,
                   (size_t)v->width * sizeof *p->vector);
        }
        p->items++;
    }
}

static int find_local(const struct souk_ratings *ratings, int part)
{
    for (int k = 0; k < ratings->local_count; k++)
        if (ratings->local[k].part == part)
            return k;
    return -1;
}

static souk_status pass_part_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                 const struct souk_item_vectors *v, int part, bool seen,
                                 struct passing *p, struct souk_error *err)
{
    const int root = souk_part_rank(comm, part), local = find_local(ratings, part);
    *p = (struct passing){0};
    if (local >= 0)
        fill(ratings, v, local, seen, p);
    souk_status status = souk_broadcast_all(comm, &p->items, (int64_t)sizeof p->items, root, err);
    if (status)
        return status;
    status = souk_status_agree_all(comm, passing_init(p, v->width, part, err), err);
    if (!status && local >= 0)
        fill(ratings, v, local, seen, p);
    if (!status)
        status = souk_broadcast_all(comm, p->row, p->items * (int64_t)sizeof *p->row, root, err);
    if (!status)
        status = souk_broadcast_all(comm, p->vector,
                                    p->items * v->width * (int64_t)sizeof *p->vector, root, err);
    return status;
}

/* Offer what a block of cosines says to `rows` own items from `own` on, the first of them in row
 * `row` of the model. */
static void offer_block(const struct worker *w, const struct passing *p, int64_t first,
                        int64_t columns, int64_t own, int64_t row, int64_t rows,
                        struct souk_best_lists *best)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t count = 0;
        for (int64_t c = 0; c < columns; c++) {
            const float cosine = w->cosine[i * columns + c];
            if (cosine > 0 && p->row[first + c] != row + i)
                w->candidates[count++] = (struct souk_neighbour){p->row[first + c], cosine};
        }
        souk_best_lists_offer(best, own + i, w->candidates, count);
    }
}

/* All cosines of own items [own, own + rows) with the passing part. */
static void multiply(const struct worker *w, const struct souk_item_vectors *v,
                     const struct passing *p, int64_t own, int64_t row, int64_t rows,
                     struct souk_best_lists *best)
{
    for (int64_t first = 0; first < p->items; first += PASSING_ROWS) {
        const int64_t left = p->items - first;
        const int64_t columns = left < PASSING_ROWS ? left : PASSING_ROWS;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)columns, (int)v->width,
                    1, v->vector + own * v->width, (int)v->width, p->vector + first * v->width,
                    (int)v->width, 0, w->cosine, (int)columns);
        offer_block(w, p, first, columns, own, row, rows, best);
    }
}

static souk_status worker_init(struct worker *w, int64_t keep)
{
    w->cosine = souk_alloc_aligned((size_t)OWN_ROWS * PASSING_ROWS, sizeof *w->cosine);
    w->candidates = souk_alloc_array((size_t)(PASSING_ROWS + keep), sizeof *w->candidates);
    return w->cosine && w->candidates ? SOUK_OK : SOUK_ENOMEM;
}

static void worker_fini(struct worker *w)
{
    free(w->cosine);
    free(w->candidates);
}

/* The blocks of a local part, spread over threads. @return SOUK_OK, SOUK_ENOMEM */
static souk_status offer_part(const struct souk_ratings *ratings, const struct souk_item_vectors *v,
                              int local, const struct passing *p, struct souk_best_lists *best)
{
    const int64_t first = v->part_first[local], items = v->part_first[local + 1] - first;
    const int64_t first_row = ratings->item_first[ratings->local[local].part];
    int failures = 0;
#pragma omp parallel default(none) shared(v, p, best, first, items, first_row)                     \
    reduction(+ : failures)
    {
        struct worker w = {0};
        const souk_status status = worker_init(&w, best->keep);
        failures += status != SOUK_OK;
#pragma omp for schedule(dynamic, 1)
        for (int64_t at = 0; at < items; at += OWN_ROWS)
            if (status == SOUK_OK)
                multiply(&w, v, p, first + at, first_row + at,
                         items - at < OWN_ROWS ? items - at : OWN_ROWS, best);
        worker_fini(&w);
    }
    return failures == 0 ? SOUK_OK : SOUK_ENOMEM;
}

souk_status souk_vector_neighbours_all(const struct souk_comm *comm,
                                       const struct souk_ratings *ratings,
                                       const struct souk_item_vectors *vectors, bool seen,
                                       struct souk_best_lists *best, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int part = 0; part < ratings->parts && !status; part++) {
        struct passing p;
        status = pass_part_all(comm, ratings, vectors, part, seen, &p, err);
        if (!status) {
            for (int k = 0; k < ratings->local_count && !status; k++)
                status = offer_part(ratings, vectors, k, &p, best);
            if (status)
                status = souk_fail(err, status, "no memory for the neighbours of part %d", part);
            status = souk_status_agree_all(comm, status, err);
        }
        passing_fini(&p);
    }
    return status;
}
