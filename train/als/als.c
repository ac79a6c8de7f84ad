#include "train/als/als.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/math/rowsolve.h"
#include "train/als/explicit.h"
#include "train/als/halves.h"
#include "train/als/initial.h"
#include "train/als/loss.h"

#include <stdlib.h>
#include <string.h>

static souk_status shared_init(struct souk_als *als, struct souk_error *err)
{
    const int factors = als->parameters.factors;
    const size_t d = (size_t)factors;
    if (als->parameters.objective.kind == SOUK_OBJECTIVE_EXPLICIT)
        return SOUK_OK; /* no sum over all cells */
    souk_status status = souk_gram_init(&als->gram, als->comm, factors, err);
    if (!status)
        status = souk_basis_init(&als->basis, factors, err);
    if (status)
        return status;
    als->grams[0] = souk_zalloc_array(d * d, sizeof(double));
    als->grams[1] = souk_zalloc_array(d * d, sizeof(double));
    als->diagonal = souk_alloc_aligned((size_t)souk_factor_stride(factors), sizeof(float));
    if (!als->grams[0] || !als->grams[1] || !als->diagonal)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the Gram matrices");
    return SOUK_OK;
}

/* The Gram matrix of a side whose factors have changed. */
static souk_status update_gram_all(struct souk_als *als, enum souk_side_kind kind,
                                   struct souk_error *err)
{
    if (als->explicit)
        return SOUK_OK;
    souk_status status = souk_gram_start_all(&als->gram, &als->sides[kind], err);
    if (!status)
        als->sides[kind].unit = souk_halves_unit(als->gram.largest);
    return status ? status : souk_gram_finish_all(&als->gram, als->grams[kind], err);
}

/* What a pair and a row cost to solve, in operations of long rows; exact sums of them spread rows
 * evenly where it matters, at the rows with many pairs. */
static void estimate_costs(const struct souk_als_parameters *p, double *pair, double *row)
{
    const double d = p->factors;
    switch (p->solver) {
    case SOUK_SOLVER_CG:
        *pair = 4 * d * (1 + p->cg_steps);
        *row = 4 * d * (1 + p->cg_steps);
        break;
    case SOUK_SOLVER_IALSPP:
        *pair = d * p->block + 8 * d;
        *row = d * p->block * p->block / 3;
        break;
    default:
        *pair = d * d;
        *row = d * d * d / 3;
    }
}

static struct souk_sides_plan plan_of(const struct souk_als_parameters *parameters)
{
    struct souk_sides_plan plan = {
        .columns = souk_als_columns(parameters),
        .heldout = {parameters->validation_share, parameters->seed},
        .rule = parameters->partition,
        .shared_memory = parameters->shared_memory,
        .ranks_per_node = parameters->ranks_per_node,
        .chunks = parameters->chunks > 0 ? parameters->chunks : 1,
        .wire = parameters->wire,
        .halves = parameters->solver == SOUK_SOLVER_CG,
        .memory_limit = parameters->memory_limit,
        .scratch = parameters->scratch,
    };
    estimate_costs(parameters, &plan.pair_cost, &plan.row_cost);
    return plan;
}

souk_status souk_als_build_all(struct souk_als *als, const struct souk_ratings *ratings,
                               struct souk_error *err)
{
    struct souk_sides_plan plan = plan_of(&als->parameters);
    souk_status status;
    for (int k = 0; k < 2; k++)
        plan.cost[k] = als->block_us[k];
    status = souk_sides_init_all(als->comm, ratings, &plan, &als->node, als->sides, err);
    if (status)
        return status;
    free(als->of_item);
    als->of_item = souk_zalloc_array((size_t)als->sides[SOUK_SIDE_ITEMS].partition.local_rows,
                                     sizeof *als->of_item);
    if (!als->of_item)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the loss");
    return souk_status_agree_all(als->comm, status, err);
}

souk_status souk_als_init_all(struct souk_als *als, const struct souk_comm *comm,
                              const struct souk_ratings *ratings,
                              const struct souk_als_parameters *parameters, struct souk_error *err)
{
    souk_status status;
    *als = (struct souk_als){.comm = comm, .parameters = *parameters};
    status = souk_status_agree_all(comm, shared_init(als, err), err);
    if (!status)
        status = souk_als_build_all(als, ratings, err);
    if (!status && parameters->objective.kind == SOUK_OBJECTIVE_EXPLICIT)
        status = souk_explicit_init_all(als, err);
    for (int k = 0; k < 2 && !status; k++)
        status = souk_initial_factors_all(comm, ratings, (enum souk_side_kind)k, parameters,
                                          &als->sides[k], err);
    return status ? status : souk_als_refresh_all(als, err);
}

souk_status souk_als_refresh_all(struct souk_als *als, struct souk_error *err)
{
    return update_gram_all(als, SOUK_SIDE_ITEMS, err);
}

souk_status souk_als_measure_all(struct souk_als *als, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int k = 0; k < 2 && !status; k++) {
        als->block_us[k] =
            souk_zalloc_array((size_t)als->sides[k].partition.blocks, sizeof(int64_t));
        if (!als->block_us[k])
            status = souk_fail(err, SOUK_ENOMEM, "no memory to measure blocks");
    }
    return souk_status_agree_all(als->comm, status, err);
}

void souk_als_fini(struct souk_als *als)
{
    souk_sides_fini_all(als->sides);
    souk_node_fini(&als->node);
    for (int k = 0; k < 2; k++) {
        free(als->grams[k]);
        als->grams[k] = NULL;
        free(als->block_us[k]);
        als->block_us[k] = NULL;
    }
    free(als->of_item);
    als->of_item = NULL;
    souk_gram_fini(&als->gram);
    souk_basis_fini(&als->basis);
    free(als->diagonal);
    als->diagonal = NULL;
    souk_explicit_free(als->explicit);
    als->explicit = NULL;
}

/* What the threads share while they solve the rows of one side. */
struct half_epoch {
    const struct souk_als *als;
    enum souk_side_kind kind;
    const struct souk_als_parameters *parameters;
    const struct souk_side *side;
    struct souk_side *other;
    const float *diagonal;
    int64_t failed_row; /* local, -1: none */
    int64_t *block_us;  /* NULL: not measured */
};

struct thread_scratch {
    struct souk_rowscratch solver;
    float *a, *b;
    int32_t *column; /* explicit only */
};

static souk_status scratch_init(struct thread_scratch *t, const struct half_epoch *h)
{
    const struct souk_als_parameters *p = h->parameters;
    const int width = souk_als_width(p);
    const int block = p->solver == SOUK_SOLVER_IALSPP ? p->block : width;
    souk_status status = souk_rowscratch_init(&t->solver, width, block, h->side->longest);
    t->a = souk_alloc_array((size_t)h->side->longest, sizeof *t->a);
    t->b = souk_alloc_array((size_t)h->side->longest, sizeof *t->b);
    t->column =
        souk_alloc_array(h->als->explicit ? (size_t)h->side->longest : 0, sizeof *t->column);
    return !status && t->a && t->b && t->column ? SOUK_OK : SOUK_ENOMEM;
}

static void scratch_fini(struct thread_scratch *t)
{
    souk_rowscratch_fini(&t->solver);
    free(t->a);
    free(t->b);
    free(t->column);
}

static souk_status solve_row(const struct half_epoch *h, int64_t row, struct thread_scratch *t)
{
    const struct souk_als_parameters *parameters = h->parameters;
    const int64_t first = h->side->offsets[row], count = h->side->offsets[row + 1] - first;
    const struct souk_rowproblem problem = {
        .width = souk_als_width(parameters),
        .stride = h->side->stride,
        .diagonal = h->diagonal,
        .ridge = (float)souk_objective_ridge(&parameters->objective, count, h->other->rows),
        .factors = h->other->matrix,
        .halves = h->other->halves,
        .unit = h->other->unit,
        .column = h->side->column + first,
        .a = t->a,
        .b = t->b,
        .count = count,
        .upcoming = h->side->offsets[h->side->partition.local_rows] - first - count,
    };
    float *x = souk_side_row(h->side, row);
    if (h->als->explicit)
        return souk_explicit_solve(h->als, h->kind, row, t->a, t->b, t->column, &t->solver);
    souk_objective_coefficients(&parameters->objective, h->side->weight + first, count, t->a, t->b);
    switch (parameters->solver) {
    case SOUK_SOLVER_CG:
        return souk_rowsolve_cg(&problem, parameters->cg_steps, &t->solver, x);
    case SOUK_SOLVER_IALSPP:
        return souk_rowsolve_ialspp(&problem, parameters->block, &t->solver, x);
    default:
        return souk_rowsolve_cholesky(&problem, &t->solver, x);
    }
}

/* The block of an own row. */
static int64_t block_of(const struct souk_partition *p, int64_t local)
{
    int64_t low = 0, high = p->owned;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (p->local_start[p->owned_block[middle]] <= local)
            low = middle;
        else
            high = middle;
    }
    return p->owned_block[low];
}

static souk_status solve_and_measure(const struct half_epoch *h, int64_t row,
                                     struct thread_scratch *t)
{
    const int64_t start = souk_monotonic_us();
    const souk_status status = solve_row(h, row, t);
    int64_t *sum = &h->block_us[block_of(&h->side->partition, row)];
    const int64_t spent = souk_monotonic_us() - start;
#pragma omp atomic
    *sum += spent;
    return status;
}

/* Rows [first, end) of the schedule's order, over the threads. */
static souk_status solve_rows(struct half_epoch *h, int64_t first, int64_t end)
{
    int64_t failed_row = h->failed_row;
    int no_memory = 0;
#pragma omp parallel default(none) shared(h, first, end) reduction(max : failed_row) reduction(+ : no_memory)
    {
        struct thread_scratch t = {0};
        const bool ready = scratch_init(&t, h) == SOUK_OK;
        no_memory += !ready;
#pragma omp for schedule(dynamic, 16)
        for (int64_t i = first; i < end; i++) {
            const int64_t row = h->side->schedule.order[i];
            if (ready && (h->block_us ? solve_and_measure : solve_row)(h, row, &t) != SOUK_OK)
                failed_row = row > failed_row ? row : failed_row;
        }
        scratch_fini(&t);
    }
    h->failed_row = failed_row;
    return no_memory ? SOUK_ENOMEM : failed_row >= 0 ? SOUK_ENUMERIC : SOUK_OK;
}

static int64_t global_row(const struct souk_partition *p, int64_t local)
{
    const int64_t block = block_of(p, local);
    return p->block_row[block] + local - p->local_start[block];
}

static souk_status explain(const struct half_epoch *h, souk_status status, enum souk_side_kind kind,
                           struct souk_error *err)
{
    if (status == SOUK_ENUMERIC)
        return souk_fail(err, status,
                         "the normal equations of %s row %lld are not positive definite: raise "
                         "the regularization",
                         kind == SOUK_SIDE_USERS ? "user" : "item",
                         (long long)global_row(&h->side->partition, h->failed_row));
    return status ? souk_fail(err, status, "no memory to solve rows") : SOUK_OK;
}

/* Into the eigenbasis of the other side's Gram matrix: its rows, and ours where the solver starts
 * from them. */
static souk_status turn_all(struct souk_als *als, enum souk_side_kind kind, struct souk_error *err)
{
    const float weight = (float)souk_objective_gram_weight(&als->parameters.objective);
    const enum souk_solver solver = als->parameters.solver;
    if (als->explicit)
        return SOUK_OK;
    souk_status status = souk_basis_find_all(&als->basis, als->comm, als->grams[!kind], err);
    if (status)
        return status;
    for (int k = 0; k < als->basis.stride; k++)
        als->diagonal[k] = k < als->basis.d ? weight * (float)als->basis.values[k] : 1;
    status = souk_basis_turn(&als->basis, &als->sides[!kind], -1);
    if (!status && solver != SOUK_SOLVER_CHOLESKY)
        status = souk_basis_turn(&als->basis, &als->sides[kind],
                                 solver == SOUK_SOLVER_CG ? SOUK_ROWSOLVE_COLD : -1);
    return status ? souk_fail(err, status, "no memory to turn the factors") : SOUK_OK;
}

/* Add the time since *last to `seconds`. */
static void lap(int64_t *last, double *seconds)
{
    const int64_t now = souk_monotonic_us();
    *seconds += (double)(now - *last) * 1e-6;
    *last = now;
}

/* The rows that are ready after a chunk, in slices, so that MPI moves the other chunks meanwhile.
 */
static souk_status solve_chunk(struct half_epoch *h, struct souk_rowexchange *x,
                               const int64_t *ready, souk_status *solved, struct souk_error *err)
{
    const int64_t rows = ready[1] - ready[0];
    const int64_t slice = souk_rowexchange_is_empty(x) ? rows : rows / 16 + 256;
    souk_status status = SOUK_OK;
    for (int64_t first = ready[0]; first < ready[1] && !status; first += slice) {
        const int64_t end = first + slice < ready[1] ? first + slice : ready[1];
        const souk_status one = solve_rows(h, first, end);
        *solved = one ? one : *solved;
        status = souk_rowexchange_progress(x, err);
    }
    return status;
}

/* The node's ranks halve and fence even after a failure of one: none may be left waiting. */
static souk_status wait_for_chunk_all(const struct half_epoch *h, struct souk_rowexchange *x,
                                      int chunk, struct souk_error *err)
{
    const souk_status status = souk_rowexchange_wait_all(x, chunk, err);
    const souk_status halved = souk_halves_copy_chunk_all(h->other, x, chunk, err);
    return status ? status : halved;
}

/* Solve a batch while its rows come in. A row that fails is told of at the end: the other ranks
 * wait for this one's rows. */
static souk_status solve_batch_all(struct half_epoch *h, int batch, souk_status *solved,
                                   struct souk_als_epoch *report, struct souk_error *err)
{
    struct souk_rowexchange *x = &h->side->gather[batch];
    const int chunks = h->side->schedule.chunks;
    int64_t last = souk_monotonic_us();
    souk_status status = souk_rowexchange_start_all(x, err);
    for (int c = 0; c < chunks && !status; c++) {
        status = wait_for_chunk_all(h, x, c, err);
        lap(&last, &report->wait_seconds);
        if (!status)
            status = solve_chunk(h, x, h->side->schedule.ready + batch * chunks + c, solved, err);
        lap(&last, &report->solve_seconds);
    }
    if (!status)
        status = souk_rowexchange_finish_all(x, err);
    lap(&last, &report->wait_seconds);
    report->bytes_sent += souk_rowexchange_bytes(x);
    return status;
}

/* Solve one side. Adds to the report's times. */
static souk_status half_epoch_all(struct souk_als *als, enum souk_side_kind kind,
                                  struct souk_als_epoch *report, struct souk_error *err)
{
    struct half_epoch h = {.als = als,
                           .kind = kind,
                           .parameters = &als->parameters,
                           .side = &als->sides[kind],
                           .other = &als->sides[!kind],
                           .diagonal = als->diagonal,
                           .failed_row = -1,
                           .block_us = als->block_us[kind]};
    int64_t last = souk_monotonic_us();
    souk_status solved = SOUK_OK;
    souk_status status = souk_status_agree_all(als->comm, turn_all(als, kind, err), err);
    lap(&last, &report->basis_seconds);
    for (int b = 0; b < h.side->schedule.batches && !status; b++) {
        status = solve_batch_all(&h, b, &solved, report, err);
        last = souk_monotonic_us();
        if (!status && kind == SOUK_SIDE_ITEMS && als->explicit)
            souk_explicit_errors(als, b);
        else if (!status && kind == SOUK_SIDE_ITEMS)
            souk_loss_of_pairs(&als->parameters.objective, als->sides, b, als->of_item);
        lap(&last, &report->loss_seconds);
        souk_sides_release(als->sides);
    }
    if (!status)
        status = explain(&h, solved, kind, err);
    status = souk_status_agree_all(als->comm, status, err);
    lap(&last, &report->wait_seconds);
    if (!status)
        status = update_gram_all(als, kind, err);
    lap(&last, &report->basis_seconds);
    report->volume_bytes +=
        h.side->elsewhere * souk_als_columns(&als->parameters) * (int64_t)sizeof(float);
    return status;
}

static souk_status reduce_report_all(const struct souk_comm *comm, struct souk_als_epoch *report,
                                     struct souk_error *err)
{
    double seconds[] = {report->seconds, report->solve_seconds, report->basis_seconds,
                        report->wait_seconds};
    int64_t bytes[] = {report->bytes_sent, report->volume_bytes};
    souk_status status = souk_max_f64_all(comm, seconds, 4, err);
    report->seconds = seconds[0];
    report->solve_seconds = seconds[1];
    report->basis_seconds = seconds[2];
    report->wait_seconds = seconds[3];
    if (!status)
        status = souk_sum_i64_all(comm, bytes, 2, err);
    report->bytes_sent = bytes[0];
    report->volume_bytes = bytes[1];
    return status;
}

souk_status souk_als_epoch_all(struct souk_als *als, struct souk_als_epoch *report,
                               struct souk_error *err)
{
    const int64_t start = souk_monotonic_us();
    const int epoch = report->epoch;
    souk_status status;

    *report = (struct souk_als_epoch){.epoch = epoch + 1};
    status = half_epoch_all(als, SOUK_SIDE_USERS, report, err);
    if (!status)
        status = half_epoch_all(als, SOUK_SIDE_ITEMS, report, err);
    report->seconds = (double)(souk_monotonic_us() - start) * 1e-6 - report->loss_seconds;
    if (!status && als->explicit)
        status = souk_explicit_loss_all(als, report, err);
    else if (!status)
        status = souk_loss_all(als->comm, &als->parameters.objective, als->parameters.factors,
                               als->sides, als->grams, als->of_item, &report->loss, err);
    if (!status)
        status = reduce_report_all(als->comm, report, err);
    return status;
}
