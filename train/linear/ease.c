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

/* Buffers on their way, of which a rank holds `copies`; no more than the whole. */
static int64_t buffers(double whole, int64_t most, int copies)
{
    return copies * (whole < (double)most ? (int64_t)whole : most);
}

int64_t souk_ease_memory(const struct souk_comm *comm, const struct souk_ratings *ratings,
                         const struct souk_ease_parameters *parameters)
{
    const int64_t n = selected_count(ratings, parameters->items_limit);
    const int64_t items = most_items(comm, ratings) < n ? most_items(comm, ratings) : n;
    const int64_t keep = parameters->neighbours;
    const int64_t row = keep > 0 && keep < n ? keep : n;
    const int64_t numbers = (n + ratings->item_first[ratings->parts]) * 40; /* by item, all ranks */
    const int64_t ratings_sent = buffers(16. * (double)ratings->pairs, parameters->buffer_bytes, 2);
    const int64_t panels = buffers(12. * (double)n * (double)n, parameters->buffer_bytes, 3);
    int64_t sum = souk_blockmatrix_bytes(n, n, parameters->block, comm->size), rows;
    /* A row is held as entries of 8 bytes, and as item and weight while it is joined. */
    if (__builtin_mul_overflow(items, row * 20, &rows) || __builtin_add_overflow(sum, rows, &sum) ||
        __builtin_add_overflow(sum, numbers + ratings_sent + panels, &sum))
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
