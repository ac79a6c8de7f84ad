#include "train/als/explicit.h"

#include "shared/base/memory.h"
#include "train/comm/exactsum.h"

#include <math.h>
#include <stdlib.h>

static const float SCALE = 1024;

/* What is summed over rows; the first four over pairs too. */
enum sum { SUM_SQUARES, SUM_ABSOLUTE, SUM_HELD_SQUARES, SUM_HELD_ABSOLUTE, SUM_RIDGE, SUMS };
enum { PAIR_SUMS = SUM_RIDGE };

struct souk_explicit {
    double mean;      /* mu, of the training pairs */
    int64_t training; /* pairs of all ranks */
    int64_t held;     /* pairs of all ranks */
    float *diagonal;  /* [width], 0 for vector and bias, 1 behind: there is no sum over all cells */
    double *of_item;  /* [own items x PAIR_SUMS] */
};

static int bias_column(const struct souk_als *als)
{
    return souk_als_width(&als->parameters);
}

/* ---- setting up ---- */

static souk_status allocate(const struct souk_als *als, struct souk_explicit *e,
                            struct souk_error *err)
{
    const int width = souk_als_width(&als->parameters);
    e->diagonal = souk_alloc_aligned((size_t)width, sizeof *e->diagonal);
    for (int c = als->parameters.factors + 1; c < width && e->diagonal; c++)
        e->diagonal[c] = 1;
    e->of_item = souk_zalloc_array(
        PAIR_SUMS * (size_t)als->sides[SOUK_SIDE_ITEMS].partition.local_rows, sizeof *e->of_item);
    return e->diagonal && e->of_item ? SOUK_OK
                                     : souk_fail(err, SOUK_ENOMEM, "no memory for the ratings");
}

/* The mean of the training pairs, summed by user. */
static souk_status find_mean_all(const struct souk_als *als, struct souk_explicit *e,
                                 struct souk_error *err)
{
    const struct souk_side *users = &als->sides[SOUK_SIDE_USERS];
    const int64_t rows = users->partition.local_rows;
    double *sums = souk_zalloc_array((size_t)rows, sizeof *sums), sum = 0;
    int64_t counts[2] = {0, 0}; /* training, held */
    souk_status status = sums ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the mean");
    status = souk_status_agree_all(als->comm, status, err);
    for (int64_t r = 0; r < rows && !status; r++) {
        for (int64_t at = users->offsets[r]; at < users->offsets[r + 1]; at++) {
            const bool held = souk_side_is_held(users, at);
            counts[held]++;
            sums[r] += held ? 0 : (double)users->weight[at];
        }
    }
    if (!status)
        status = souk_sum_i64_all(als->comm, counts, 2, err);
    if (!status)
        status = souk_exact_sum_all(als->comm, sums, rows, users->rows, &sum, err);
    free(sums);
    e->training = counts[0];
    e->held = counts[1];
    e->mean = counts[0] > 0 ? sum / (double)counts[0] : 0;
    if (!status && counts[0] == 0)
        status = souk_fail(err, SOUK_EUSAGE, "--validation-share leaves no rating to train on");
    return status;
}

souk_status souk_explicit_init_all(struct souk_als *als, struct souk_error *err)
{
    struct souk_explicit *e = als->explicit = souk_zalloc_array(1, sizeof *e);
    souk_status status =
        e ? allocate(als, e, err) : souk_fail(err, SOUK_ENOMEM, "no memory for the ratings");
    status = souk_status_agree_all(als->comm, status, err);
    for (int k = 0; k < 2 && !status; k++)
        for (int64_t r = 0; r < als->sides[k].partition.local_rows; r++)
            souk_side_row(&als->sides[k], r)[als->parameters.factors] = 1;
    return status ? status : find_mean_all(als, e, err);
}

void souk_explicit_free(struct souk_explicit *e)
{
    if (!e)
        return;
    free(e->diagonal);
    free(e->of_item);
    free(e);
}

/* ---- solving ---- */

souk_status souk_explicit_solve(const struct souk_als *als, enum souk_side_kind kind, int64_t row,
                                float *a, float *b, int32_t *column,
                                struct souk_rowscratch *scratch)
{
    const struct souk_explicit *e = als->explicit;
    const struct souk_side *s = &als->sides[kind], *other = &als->sides[!kind];
    const int d = als->parameters.factors, bias = bias_column(als);
    int64_t count = 0;
    for (int64_t at = s->offsets[row]; at < s->offsets[row + 1]; at++) {
        if (souk_side_is_held(s, at))
            continue;
        column[count] = s->column[at];
        a[count] = 1;
        b[count++] = (float)((double)s->weight[at] - e->mean -
                             (double)souk_side_column(other, s->column[at])[bias]);
    }
    const struct souk_rowproblem problem = {
        .width = souk_als_width(&als->parameters),
        .stride = s->stride,
        .diagonal = e->diagonal,
        .ridge = (float)(als->parameters.objective.rating_regularization * (double)count),
        .factors = other->matrix,
        .column = column,
        .a = a,
        .b = b,
        .count = count,
    };
    float *x = souk_side_row(s, row);
    const souk_status status = souk_rowsolve_cholesky(&problem, scratch, x);
    x[bias] = x[d];
    x[d] = 1;
    return status;
}

/* ---- errors ---- */

static double predict(const struct souk_als *als, const float *user, const float *item)
{
    const int bias = bias_column(als);
    double s = als->explicit->mean + (double)user[bias] + (double)item[bias];
    for (int c = 0; c < als->parameters.factors; c++)
        s += (double)user[c] * (double)item[c];
    return s;
}

/* @param sums [PAIR_SUMS] */
static void errors_of_item(const struct souk_als *als, int64_t row, double *sums)
{
    const struct souk_side *items = &als->sides[SOUK_SIDE_ITEMS];
    const struct souk_side *users = &als->sides[SOUK_SIDE_USERS];
    double own[PAIR_SUMS] = {0};
    for (int64_t at = items->offsets[row]; at < items->offsets[row + 1]; at++) {
        const bool held = souk_side_is_held(items, at);
        const float *user = souk_side_column(users, items->column[at]);
        const double miss =
            (double)items->weight[at] - predict(als, user, souk_side_row(items, row));
        own[held ? SUM_HELD_SQUARES : SUM_SQUARES] += miss * miss;
        own[held ? SUM_HELD_ABSOLUTE : SUM_ABSOLUTE] += fabs(miss);
    }
    for (int k = 0; k < PAIR_SUMS; k++)
        sums[k] = own[k];
}

void souk_explicit_errors(struct souk_als *als, int batch)
{
    const struct souk_schedule *schedule = &als->sides[SOUK_SIDE_ITEMS].schedule;
    const int64_t first = schedule->batch_row[batch], end = schedule->batch_row[batch + 1];
    double *of_item = als->explicit->of_item;
#pragma omp parallel for default(none) shared(als, first, end, of_item) schedule(dynamic, 64)
    for (int64_t i = first; i < end; i++)
        errors_of_item(als, i, of_item + i * PAIR_SUMS);
}

/* lambda n (|vector|^2 + bias^2) */
static double ridge_of_row(const struct souk_als *als, enum souk_side_kind kind, int64_t row)
{
    const struct souk_side *s = &als->sides[kind];
    const float *x = souk_side_row(s, row);
    const double bias = (double)x[bias_column(als)];
    double norm = bias * bias;
    int64_t count = 0;
    for (int64_t at = s->offsets[row]; at < s->offsets[row + 1]; at++)
        count += !souk_side_is_held(s, at);
    for (int c = 0; c < als->parameters.factors; c++)
        norm += (double)x[c] * (double)x[c];
    return als->parameters.objective.rating_regularization * (double)count * norm;
}

/* One of the sums, row by row: users, then items. @param of_row [own users + own items] */
static void list_rows(const struct souk_als *als, enum sum sum, double *of_row)
{
    const int64_t users = als->sides[SOUK_SIDE_USERS].partition.local_rows;
    const int64_t rows = users + als->sides[SOUK_SIDE_ITEMS].partition.local_rows;
#pragma omp parallel for default(none) shared(als, sum, of_row, users, rows) schedule(static)
    for (int64_t r = 0; r < rows; r++) {
        if (sum == SUM_RIDGE)
            of_row[r] = r < users ? ridge_of_row(als, SOUK_SIDE_USERS, r)
                                  : ridge_of_row(als, SOUK_SIDE_ITEMS, r - users);
        else
            of_row[r] = r < users ? 0 : als->explicit->of_item[(r - users) * PAIR_SUMS + sum];
    }
}

souk_status souk_explicit_loss_all(const struct souk_als *als, struct souk_als_epoch *report,
                                   struct souk_error *err)
{
    const struct souk_explicit *e = als->explicit;
    const int64_t rows = als->sides[0].partition.local_rows + als->sides[1].partition.local_rows;
    double *of_row = souk_alloc_array((size_t)rows, sizeof *of_row), sums[SUMS] = {0};
    souk_status status = of_row ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the loss");

    status = souk_status_agree_all(als->comm, status, err);
    for (int k = 0; k < SUMS && !status; k++) {
        list_rows(als, (enum sum)k, of_row);
        status = souk_exact_sum_all(als->comm, of_row, rows,
                                    als->sides[0].rows + als->sides[1].rows, &sums[k], err);
    }
    report->loss = sums[SUM_SQUARES] + sums[SUM_RIDGE];
    report->rmse = sqrt(sums[SUM_SQUARES] / (double)e->training);
    report->mae = sums[SUM_ABSOLUTE] / (double)e->training;
    report->validation_pairs = e->held;
    if (e->held > 0) {
        report->validation_rmse = sqrt(sums[SUM_HELD_SQUARES] / (double)e->held);
        report->validation_mae = sums[SUM_HELD_ABSOLUTE] / (double)e->held;
    }
    free(of_row);
    return status;
}

/* ---- the model's form ---- */

void souk_explicit_to_model(const struct souk_als *als, enum souk_side_kind kind, float *row)
{
    const int d = als->parameters.factors;
    const float bias = row[bias_column(als)];
    row[bias_column(als)] = 0;
    if (kind == SOUK_SIDE_USERS) {
        row[d] = SCALE;
        row[d + 1] = (float)(als->explicit->mean + (double)bias) * SCALE;
    } else {
        row[d] = bias / SCALE;
        row[d + 1] = 1 / SCALE;
    }
}

void souk_explicit_from_model(const struct souk_als *als, enum souk_side_kind kind, float *row)
{
    const int d = als->parameters.factors;
    const float bias = kind == SOUK_SIDE_USERS
                           ? (float)((double)row[d + 1] / (double)SCALE - als->explicit->mean)
                           : row[d] * SCALE;
    row[d] = 1;
    row[d + 1] = 0; /* perhaps the bias column itself */
    row[bias_column(als)] = bias;
}
