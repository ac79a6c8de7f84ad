#include "train/linear/itemoperator.h"

#include "shared/base/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The pairs of all local parts as one matrix; items are still model rows. */
static souk_status join_parts(struct souk_itemoperator *a, int64_t **item, struct souk_error *err)
{
    const struct souk_ratings *r = a->ratings;
    for (int k = 0; k < r->local_count; k++) {
        a->users += r->local[k].users.count;
        a->pairs += r->local[k].offsets[r->local[k].users.count];
    }
    a->offsets = souk_zalloc_array((size_t)a->users + 1, sizeof *a->offsets);
    a->weight = souk_alloc_array((size_t)a->pairs, sizeof *a->weight);
    *item = souk_alloc_array((size_t)a->pairs, sizeof **item);
    if (!a->offsets || !a->weight || !*item)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld pairs", (long long)a->pairs);
    for (int64_t k = 0, user = 0, at = 0; k < r->local_count; k++) {
        const struct souk_ratings_part *p = &r->local[k];
        for (int64_t u = 0; u < p->users.count; u++) {
            for (int64_t from = p->offsets[u]; from < p->offsets[u + 1]; from++) {
                (*item)[at] = p->item[from];
                a->weight[at++] = p->weight[from];
            }
            a->offsets[++user] = at;
        }
    }
    return SOUK_OK;
}

/* Number the item rows that occur, ascending. @param rows [needed], owned by the caller, free() */
static souk_status number_needed(struct souk_itemoperator *a, const int64_t *item, int64_t **rows,
                                 struct souk_error *err)
{
    const int64_t items = a->items->rows;
    int32_t *number = souk_zalloc_array((size_t)items, sizeof *number);
    a->needed_at = souk_alloc_array((size_t)a->pairs, sizeof *a->needed_at);
    for (int64_t at = 0; number && at < a->pairs; at++)
        number[item[at]] = 1;
    for (int64_t i = 0; number && i < items; i++)
        a->needed += number[i];
    *rows = souk_alloc_array((size_t)a->needed, sizeof **rows);
    if (!number || !a->needed_at || !*rows) {
        free(number);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the items of this rank's users");
    }
    for (int64_t i = 0, next = 0; i < items; i++) {
        if (!number[i])
            continue;
        (*rows)[next] = i;
        number[i] = (int32_t)next++;
        a->need_counts[souk_tall_owner(a->items, i)]++;
    }
    for (int64_t at = 0; at < a->pairs; at++)
        a->needed_at[at] = number[item[at]];
    free(number);
    return SOUK_OK;
}

/* Tell the owners; what they hear is what they will give. */
static souk_status ask_owners_all(struct souk_itemoperator *a, const int64_t *rows,
                                  struct souk_error *err)
{
    void *asked = NULL;
    const souk_status status =
        souk_exchange_all(a->comm, rows, a->need_counts, sizeof *rows, &asked, a->give_counts, err);
    if (status)
        return status;
    a->give_row = asked;
    for (int r = 0; r < a->comm->size; r++)
        a->given += a->give_counts[r];
    for (int64_t i = 0; i < a->given; i++)
        a->give_row[i] -= a->items->first;
    return SOUK_OK;
}

souk_status souk_itemoperator_init_all(struct souk_itemoperator *out, const struct souk_comm *comm,
                                       const struct souk_ratings *ratings,
                                       const struct souk_tall *items, struct souk_error *err)
{
    const size_t ranks = (size_t)comm->size;
    int64_t *item = NULL, *rows = NULL;
    souk_status status = SOUK_OK;
    *out = (struct souk_itemoperator){.comm = comm, .ratings = ratings, .items = items};
    out->need_counts = souk_zalloc_array(ranks, sizeof *out->need_counts);
    out->give_counts = souk_zalloc_array(ranks, sizeof *out->give_counts);
    out->scratch = souk_zalloc_array(ranks, sizeof *out->scratch);
    if (!out->need_counts || !out->give_counts || !out->scratch)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d ranks", comm->size);
    if (!status)
        status = join_parts(out, &item, err);
    if (!status)
        status = number_needed(out, item, &rows, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = ask_owners_all(out, rows, err);
    free(item);
    free(rows);
    if (status)
        souk_itemoperator_fini(out);
    return status;
}

void souk_itemoperator_fini(struct souk_itemoperator *a)
{
    free(a->offsets);
    free(a->needed_at);
    free(a->weight);
    free(a->need_counts);
    free(a->give_counts);
    free(a->give_row);
    free(a->scratch);
    *a = (struct souk_itemoperator){0};
}

int64_t souk_itemoperator_bytes(const struct souk_itemoperator *a, int64_t columns)
{
    return (a->needed + a->given) * columns * (int64_t)sizeof(double);
}

/* Row-major [rows x columns]; a product of sizes that may overflow. */
static double *new_rows(int64_t rows, int64_t columns)
{
    size_t count;
    return souk_mul_size((size_t)rows, (size_t)columns, &count)
               ? souk_zalloc_array(count, sizeof(double))
               : NULL;
}

/* y_u = sum of the weights times the needed rows. */
static void multiply(const struct souk_itemoperator *a, const double *rows, int64_t columns,
                     double *y)
{
#pragma omp parallel for default(none) shared(a, rows, columns, y) schedule(dynamic, 64)
    for (int64_t u = 0; u < a->users; u++) {
        double *sum = y + u * columns;
        memset(sum, 0, (size_t)columns * sizeof *sum);
        for (int64_t at = a->offsets[u]; at < a->offsets[u + 1]; at++) {
            const double *row = rows + a->needed_at[at] * columns;
            for (int64_t c = 0; c < columns; c++)
                sum[c] += (double)a->weight[at] * row[c];
        }
    }
}

souk_status souk_itemoperator_apply_all(const struct souk_itemoperator *a, const double *v,
                                        int64_t columns, double *y, struct souk_error *err)
{
    double *give = new_rows(a->given, columns);
    void *rows = NULL;
    souk_status status = give ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for a product");
    status = souk_status_agree_all(a->comm, status, err);
    for (int64_t i = 0; i < a->given && !status; i++)
        for (int64_t c = 0; c < columns; c++)
            give[i * columns + c] = v[c * a->items->leading + a->give_row[i]];
    if (!status)
        status = souk_exchange_all(a->comm, give, a->give_counts, (size_t)columns * sizeof *give,
                                   &rows, a->scratch, err);
    if (!status)
        multiply(a, rows, columns, y);
    free(give);
    free(rows);
    return status;
}

/* Add each user's row to the rows of his items. Threads take columns, so that they do not meet. */
static void scatter(const struct souk_itemoperator *a, const double *y, int64_t columns,
                    double *rows)
{
    enum { WIDTH = 16 };
#pragma omp parallel for default(none) shared(a, rows, columns, y) schedule(static)
    for (int64_t first = 0; first < columns; first += WIDTH) {
        const int64_t end = first + WIDTH < columns ? first + WIDTH : columns;
        for (int64_t u = 0; u < a->users; u++)
            for (int64_t at = a->offsets[u]; at < a->offsets[u + 1]; at++)
                for (int64_t c = first; c < end; c++)
                    rows[a->needed_at[at] * columns + c] +=
                        (double)a->weight[at] * y[u * columns + c];
    }
}

souk_status souk_itemoperator_transpose_all(const struct souk_itemoperator *a, const double *y,
                                            int64_t columns, double *z, struct souk_error *err)
{
    double *rows = new_rows(a->needed, columns), *sums = NULL;
    void *received = NULL;
    souk_status status = rows ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for a product");
    status = souk_status_agree_all(a->comm, status, err);
    if (!status) {
        scatter(a, y, columns, rows);
        status = souk_exchange_all(a->comm, rows, a->need_counts, (size_t)columns * sizeof *rows,
                                   &received, a->scratch, err);
    }
    if (!status) {
        sums = received;
        memset(z, 0, (size_t)(a->items->leading * columns) * sizeof *z);
        for (int64_t i = 0; i < a->given; i++)
            for (int64_t c = 0; c < columns; c++)
                z[c * a->items->leading + a->give_row[i]] += sums[i * columns + c];
    }
    free(rows);
    free(received);
    return status;
}
