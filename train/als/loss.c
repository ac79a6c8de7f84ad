#include "train/als/loss.h"

#include "shared/base/memory.h"
#include "shared/math/dot.h"
#include "train/comm/exactsum.h"

#include <stdlib.h>

static double ridge_of_row(const struct souk_objective *o, const struct souk_side *side,
                           int64_t others, int d, int64_t row)
{
    const int64_t pairs = side->offsets[row + 1] - side->offsets[row];
    const float *x = souk_side_row(side, row);
    double norm = 0;
    for (int k = 0; k < d; k++)
        norm += (double)x[k] * (double)x[k];
    return souk_objective_ridge(o, pairs, others) * norm;
}

static double pairs_of_item(const struct souk_objective *o, const struct souk_side *items,
                            const struct souk_side *users, int64_t row)
{
    double sum = 0;
    for (int64_t at = items->offsets[row]; at < items->offsets[row + 1]; at++) {
        const float s = souk_dot(souk_side_row(items, row),
                                 souk_side_column(users, items->column[at]), items->stride);
        sum += souk_objective_cell(o, (double)items->weight[at], (double)s);
    }
    return sum;
}

void souk_loss_of_pairs(const struct souk_objective *objective, const struct souk_side sides[2],
                        int batch, double *of_item)
{
    const struct souk_side *users = &sides[SOUK_SIDE_USERS], *items = &sides[SOUK_SIDE_ITEMS];
    const int64_t first = items->schedule.batch_row[batch];
    const int64_t end = items->schedule.batch_row[batch + 1];
#pragma omp parallel for default(none) shared(objective, users, items, first, end, of_item)        \
    schedule(dynamic, 64)
    for (int64_t i = first; i < end; i++)
        of_item[i] = pairs_of_item(objective, items, users, i);
}

souk_status souk_loss_all(const struct souk_comm *comm, const struct souk_objective *objective,
                          int d, const struct souk_side sides[2], double *const grams[2],
                          const double *of_item, double *loss, struct souk_error *err)
{
    const struct souk_side *users = &sides[SOUK_SIDE_USERS], *items = &sides[SOUK_SIDE_ITEMS];
    const int64_t user_rows = users->partition.local_rows, item_rows = items->partition.local_rows;
    double *of_row = souk_alloc_array((size_t)(user_rows + item_rows), sizeof *of_row);
    double trace = 0, rows = 0;
    souk_status status = of_row ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the loss");

    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
#pragma omp parallel for default(none) shared(objective, users, items, d, of_row, user_rows)       \
    schedule(static)
    for (int64_t u = 0; u < user_rows; u++)
        of_row[u] = ridge_of_row(objective, users, items->rows, d, u);
#pragma omp parallel for default(none)                                                             \
    shared(objective, users, items, d, of_row, of_item, user_rows, item_rows) schedule(static)
    for (int64_t i = 0; i < item_rows; i++)
        of_row[user_rows + i] = ridge_of_row(objective, items, users->rows, d, i) + of_item[i];
    status = souk_exact_sum_all(comm, of_row, user_rows + item_rows, users->rows + items->rows,
                                &rows, err);
    for (int64_t k = 0; k < (int64_t)d * d; k++)
        trace += grams[SOUK_SIDE_USERS][k] * grams[SOUK_SIDE_ITEMS][k];
    *loss = souk_objective_gram_weight(objective) * trace + rows;
out:
    free(of_row);
    return status;
}
