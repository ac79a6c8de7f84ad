/* Logistic regression on any number of ranks: the bits of one rank alone, whoever holds which rows;
 * the slope of the loss, written out anew, vanishes; what cannot be trained on is refused. */
#include "shared/base/random.h"
#include "train/logistic/logistic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 700, FEATURES = 5 };
static const struct souk_logistic_options OPTIONS = {1.5, {8, 200, 1e-10}};

static float value[ROWS * FEATURES], label[ROWS];   /* all rows, on every rank */
static float mine[ROWS * FEATURES], my_label[ROWS]; /* those of this rank */

/* Feature 1 is large and often missing, 2 is constant, 3 always missing, 4 is sparse. */
static void fill(void)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        float *v = value + i * FEATURES;
        v[0] = (float)souk_random_normal(1, i, 0);
        v[1] = i % 3 == 0 ? NAN : (float)(1e6 + 1e4 * souk_random_normal(1, i, 1));
        v[2] = .1f;
        v[3] = NAN;
        v[4] = i % 50 == 0 ? 7 : 0;
        const double z = 1 + 2 * v[0] - (i % 3 == 0) + v[4] / 5;
        label[i] = souk_random_uniform(1, i, 2) < 1 / (1 + exp(-z));
    }
    label[3] = .25f;
}

/* Most rows on the last rank, none on the first where there are more than two. */
static int owner(const struct souk_comm *comm, int row)
{
    if (comm->size == 1)
        return 0;
    return row % 5 > 0 ? comm->size - 1 : comm->size > 2 ? 1 + row / 5 % (comm->size - 1) : 0;
}

static struct souk_logistic_rows deal(const struct souk_comm *comm)
{
    struct souk_logistic_rows rows = {0, FEATURES, mine, my_label};
    for (int i = ROWS - 1; i >= 0; i--) /* in another order than one rank alone has */
        if (owner(comm, i) == comm->rank) {
            memcpy(mine + rows.rows * FEATURES, value + i * FEATURES, sizeof(float) * FEATURES);
            my_label[rows.rows++] = label[i];
        }
    return rows;
}

static int differs(const struct souk_logistic *a, const struct souk_logistic *b)
{
    int failures = a->columns != b->columns || a->intercept != b->intercept;
    for (int j = 0; j < a->columns && !failures; j++)
        failures += a->column[j].weight != b->column[j].weight ||
                    a->column[j].mean != b->column[j].mean ||
                    a->column[j].deviation != b->column[j].deviation;
    return failures;
}

/* d loss / d weight of a feature or its indicator, from the header's definition. */
static double slope(const struct souk_logistic *model, int feature, int indicator, double weight)
{
    double sum = 0, squares = 0, count = 0, slope = OPTIONS.l2 * weight;
    double x[ROWS];
    for (int i = 0; i < ROWS; i++) {
        const float v = value[i * FEATURES + feature];
        x[i] = indicator ? isnan(v) : v;
        sum += isnan(x[i]) ? 0 : x[i];
        count += !isnan(x[i]);
    }
    for (int i = 0; i < ROWS; i++) {
        x[i] = isnan(x[i]) ? 0 : x[i] - sum / count;
        squares += x[i] * x[i];
    }
    if (squares < 1e-9)
        return weight; /* a constant column: no weight */
    for (int i = 0; i < ROWS; i++) {
        const double z = souk_logistic_score(model, value + i * FEATURES);
        slope += (1 / (1 + exp(-z)) - label[i]) * x[i] / sqrt(squares / ROWS);
    }
    return slope;
}

static int check_optimum(const struct souk_logistic *model)
{
    int failures = model->columns != FEATURES + 2; /* features 1 and 3 miss values */
    double total = 0;
    for (int j = 0; j < model->columns; j++) {
        const struct souk_logistic_column *c = &model->column[j];
        const double s = slope(model, c->feature, c->indicator, c->weight);
        if (!(fabs(s) < 1e-6)) {
            printf("column %d: slope %g\n", j, s);
            failures++;
        }
    }
    for (int i = 0; i < ROWS; i++)
        total += 1 / (1 + exp(-souk_logistic_score(model, value + i * FEATURES))) - label[i];
    return failures + !(fabs(total) < 1e-6);
}

static int check_fit(const struct souk_comm *comm)
{
    const struct souk_comm self = {MPI_COMM_SELF, 0, 1};
    const struct souk_logistic_rows rows = deal(comm), all = {ROWS, FEATURES, value, label};
    struct souk_logistic model, alone;
    struct souk_lbfgs_result result, result_alone;
    struct souk_error err = {0};
    int failures = 0;
    souk_status status = souk_logistic_fit_all(comm, &rows, &OPTIONS, &model, &result, &err);
    const souk_status second =
        souk_logistic_fit_all(&self, &all, &OPTIONS, &alone, &result_alone, &err);
    if (status != SOUK_OK || second != SOUK_OK) {
        printf("rank %d: %s\n", comm->rank, err.msg);
        failures++;
    } else {
        failures += !result.converged || result.iterations != result_alone.iterations;
        failures += differs(&model, &alone) + check_optimum(&model);
    }
    souk_logistic_fini(&model);
    souk_logistic_fini(&alone);
    return failures;
}

static int expect(const struct souk_comm *comm, const struct souk_logistic_rows *rows,
                  souk_status expected)
{
    struct souk_logistic model;
    struct souk_lbfgs_result result;
    struct souk_error err = {0};
    const souk_status status = souk_logistic_fit_all(comm, rows, &OPTIONS, &model, &result, &err);
    souk_logistic_fini(&model);
    if (status == expected && (status == SOUK_OK || err.msg[0]))
        return 0;
    printf("rank %d: status %d instead of %d: %s\n", comm->rank, status, expected, err.msg);
    return 1;
}

static int check_refusals(const struct souk_comm *comm)
{
    const bool last = comm->rank == comm->size - 1;
    float v[2] = {1, 2}, y[2] = {0, 1};
    struct souk_logistic_rows rows = {last ? 2 : 0, 1, v, y};
    int failures = expect(comm, &rows, SOUK_OK);
    rows.rows = 0;
    failures += expect(comm, &rows, SOUK_EFORMAT);
    rows.rows = last ? 2 : 0;
    v[1] = INFINITY;
    failures += expect(comm, &rows, SOUK_EFORMAT);
    v[1] = 2;
    y[0] = NAN;
    failures += expect(comm, &rows, SOUK_EFORMAT);
    y[0] = -1;
    failures += expect(comm, &rows, SOUK_EFORMAT);
    y[0] = 0;
    rows.features = last ? 2 : 1;
    rows.rows = 0;
    if (comm->size > 1)
        failures += expect(comm, &rows, SOUK_EINVAL);
    rows.features = 0;
    return failures + expect(comm, &rows, SOUK_EINVAL);
}

/* One label only: the intercept wants to infinity, and the search still ends. */
static int check_separable(const struct souk_comm *comm)
{
    float v[3] = {-1, 0, 1}, y[3] = {1, 1, 1};
    const struct souk_logistic_rows rows = {3, 1, v, y};
    struct souk_logistic model;
    struct souk_lbfgs_result result;
    struct souk_error err = {0};
    const souk_status status = souk_logistic_fit_all(comm, &rows, &OPTIONS, &model, &result, &err);
    const int failures = status != SOUK_OK || !isfinite(model.intercept) || model.intercept < 5;
    souk_logistic_fini(&model);
    return failures;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    int64_t failures;
    if (souk_comm_start(&argc, &argv, "mpi_logistic", &comm, &err) != SOUK_OK)
        return 1;
    fill();
    failures = check_fit(&comm) + check_refusals(&comm) + check_separable(&comm);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
