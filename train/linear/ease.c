#include "train/linear/ease.h"

#include "shared/base/progress.h"
#include "train/linear/itemgram.h"
#include "train/linear/neighbourrows.h"

static int64_t selected_count(const struct souk_ratings *ratings, int64_t limit)
{
    const int64_t items = ratings->item_first[ratings->parts];
    return limit > 0 && limit < items ? limit : items;
}

/* Items of the rank that stores most of them. */
static int64_t most_items(const struct souk_comm *comm, const struct souk_ratings *ratings)
{
    int64_t most = 0;
    for (int rank = 0; rank < comm->size; rank++) {
        int64_t items = 0;
        for (int p = 0; p < ratings->parts; p++)
            if (souk_part_rank(comm, p) == rank)
                items += ratings->item_first[p + 1] - ratings->item_first[p];
        most = items > most ? items : most;
    }
    return most;
}

static int64_t at_most(double bytes, int64_t limit)
{
    return bytes < (double)limit ? (int64_t)bytes : limit;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The matrix stays; beside it are ratings on their way, then panels on their way (sent, received,
 * as columns) and entries of 8 bytes that are kept, then these and the rows of 12 bytes that they
 * become.
 */
int64_t souk_ease_memory(const struct souk_comm *comm, const struct souk_ratings *ratings,
                         const struct souk_ease_parameters *parameters)
{
    const int64_t n = selected_count(ratings, parameters->items_limit);
    const int64_t stored = most_items(comm, ratings), items = stored < n ? stored : n;
    const int64_t keep = parameters->neighbours, most = parameters->buffer_bytes;
    const double whole = 12. * (double)n * (double)n;
    const int64_t gram = 2 * at_most(16. * (double)ratings->pairs, most);
    const int64_t panels = 2 * at_most(whole, most) + at_most(whole / 3, most);
    const int64_t numbers = (n + ratings->item_first[ratings->parts]) * 40; /* by item, all ranks */
    int64_t sum = souk_blockmatrix_bytes(n, n, parameters->block, comm->size), entries;
    if (__builtin_mul_overflow(items, 20 * (keep > 0 && keep < n ? keep : n), &entries) ||
        __builtin_add_overflow(
            sum, larger(gram, larger(panels + entries / 20 * 8, entries)) + numbers, &sum))
        return INT64_MAX;
    return sum;
}

static void add_ridge(struct souk_blockmatrix *m, double lambda)
{
    const struct souk_grid *g = m->grid;
    for (int64_t j = 0; j < m->local_columns; j++) {
        const int64_t column = souk_block_global(j, m->block, g->column, g->columns);
        if (souk_block_owner(column, m->block, g->rows) == g->row)
            m->local[j * m->leading + souk_block_local(column, m->block, g->rows)] += lambda;
    }
}

/* In place, in the lower triangle. */
static souk_status invert_all(struct souk_blockmatrix *m, double lambda, struct souk_error *err)
{
    const int n = (int)m->rows, one = 1;
    int info = 0;
    souk_status status = SOUK_OK;
    pdpotrf_("L", &n, m->local, &one, &one, m->descriptor, &info);
    if (info == 0)
        pdpotri_("L", &n, m->local, &one, &one, m->descriptor, &info);
    if (info > 0)
        status = souk_fail(err, SOUK_ENUMERIC,
                           "X'X + %g I is not positive definite at row %d: take a larger --lambda",
                           lambda, info);
    else if (info < 0)
        status = souk_fail(err, SOUK_EINVAL, "ScaLAPACK refuses argument %d", -info);
    return souk_status_agree_all(m->grid->comm, status, err);
}

static souk_status solve_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                             const struct souk_ease_parameters *parameters,
                             const struct souk_itemselection *selection,
                             struct souk_blockmatrix *matrix, struct souk_neighbour_rows *out,
                             struct souk_error *err)
{
    enum { STEPS = 3 };
    struct souk_progress progress;
    souk_status status;
    souk_progress_init(&progress, "ease", STEPS, "steps", comm->rank != 0);
    status = souk_itemgram_add_all(comm, ratings, selection, parameters->buffer_bytes, matrix, err);
    if (!status) {
        souk_progress_update(&progress, 1, "inverting");
        add_ridge(matrix, parameters->lambda);
        status = invert_all(matrix, parameters->lambda, err);
    }
    if (!status) {
        souk_progress_update(&progress, 2, "collecting");
        status = souk_neighbour_rows_all(comm, ratings, selection, matrix, parameters->neighbours,
                                         parameters->buffer_bytes, out, err);
    }
    souk_progress_finish(&progress, status ? 0 : STEPS, NULL);
    return status;
}

souk_status souk_ease_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                          const struct souk_ease_parameters *parameters,
                          struct souk_neighbour_rows *out, struct souk_error *err)
{
    const int64_t n = selected_count(ratings, parameters->items_limit);
    struct souk_itemselection selection = {0};
    struct souk_blockmatrix matrix = {0};
    struct souk_grid grid = {0};
    int rows, columns;
    souk_status status = souk_blockmatrix_check(n, n, parameters->block, comm->size, err);

    *out = (struct souk_neighbour_rows){0};
    if (status)
        return status;
    souk_grid_shape(comm->size, &rows, &columns);
    status = souk_itemselection_init(&selection, ratings, parameters->items_limit, err);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_grid_start_all(&grid, comm, rows, columns, err);
    if (!status)
        status = souk_blockmatrix_init_all(&matrix, &grid, n, n, parameters->block, err);
    if (!status)
        status = solve_all(comm, ratings, parameters, &selection, &matrix, out, err);
    souk_blockmatrix_fini(&matrix);
    souk_grid_finish(&grid);
    souk_itemselection_fini(&selection);
    return status;
}

souk_status souk_ease_mark_left_out(struct souk_ratings *ratings, int64_t items_limit,
                                    struct souk_error *err)
{
    struct souk_itemselection selection;
    const souk_status status = souk_itemselection_init(&selection, ratings, items_limit, err);
    if (status)
        return status;
    for (int k = 0; k < ratings->local_count; k++) {
        struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t at = 0; at < p->offsets[p->users.count]; at++)
            if (selection.number[p->item[at]] < 0)
                p->weight[at] = 0;
    }
    souk_itemselection_fini(&selection);
    return SOUK_OK;
}
