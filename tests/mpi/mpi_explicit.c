/* Objective `explicit` on any number of ranks against dense ALS with biases in double, a few lines
 * of Gauss elimination; and the dot product of the model's form against the prediction. */
#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/math/dot.h"
#include "train/als/als.h"
#include "train/comm/blockrows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 4, USERS = 330, ITEMS = 70, FACTORS = 9, EPOCHS = 4, UNKNOWNS = 10 };
enum { STRIDE = 32, DOT = 16 }; /* of the rows that a model gets; of them what it keeps */
static const double RIDGE = .07, TOLERANCE = 3e-4;

/* Part 2 has no user, part 1 no item: empty ranks on more than two. */
static const int64_t first_row[2][PARTS + 1] = {{0, 200, 320, 320, USERS}, {0, 30, 30, 69, ITEMS}};

/* Ratings from -2 to 5, user and item effects in them; a fifth of the cells. */
static bool is_rated(int64_t user, int64_t item)
{
    return item == user % ITEMS || souk_random_bits(3, (uint64_t)user, (uint64_t)item) % 5 == 0;
}

static float rating_of(int64_t user, int64_t item)
{
    const double noise = souk_random_normal(4, (uint64_t)user, (uint64_t)item);
    return (float)(1.5 + sin((double)user) + cos(3 * (double)item) +
                   .8 * sin((double)(user * item)) + .2 * noise);
}

/* The rule of explicit.c, stated once more. */
static bool is_held(uint64_t seed, double share, int64_t user, int64_t item)
{
    return souk_random_uniform(seed ^ UINT64_C(0x76616c6964617465), (uint64_t)user,
                               (uint64_t)item) < share;
}

enum { NAME_BYTES = 12 };

static void name(char text[NAME_BYTES], char kind, int64_t row)
{
    snprintf(text, NAME_BYTES, "%c%07d", kind, (int)(row % 10000000));
}

/* ---- ratings as a stage reads them ---- */

static int fill_ids(struct souk_idtable *ids, int kind, int part)
{
    const int64_t first = first_row[kind][part], count = first_row[kind][part + 1] - first;
    if (souk_idtable_init(ids, count, NAME_BYTES) != SOUK_OK)
        return 1;
    for (int64_t i = 0; i < count; i++)
        name(ids->bytes + i * NAME_BYTES, "ui"[kind], first + i);
    return 0;
}

static int fill_part(struct souk_ratings_part *p, int part)
{
    const int64_t first = first_row[0][part], users = first_row[0][part + 1] - first;
    int64_t at = 0;
    p->part = part;
    p->offsets = souk_zalloc_array((size_t)users + 1, sizeof *p->offsets);
    p->item = souk_zalloc_array((size_t)(users * ITEMS), sizeof *p->item);
    p->weight = souk_zalloc_array((size_t)(users * ITEMS), sizeof *p->weight);
    if (fill_ids(&p->users, 0, part) || fill_ids(&p->items, 1, part) || !p->offsets || !p->item ||
        !p->weight)
        return 1;
    for (int64_t u = 0; u < users; u++) {
        for (int64_t i = 0; i < ITEMS; i++) {
            if (!is_rated(first + u, i))
                continue;
            p->item[at] = i;
            p->weight[at++] = rating_of(first + u, i);
        }
        p->offsets[u + 1] = at;
    }
    return 0;
}

static int fill_ratings(const struct souk_comm *comm, struct souk_ratings *r)
{
    int failures = 0;
    *r = (struct souk_ratings){.parts = PARTS};
    r->user_first = souk_alloc_array(PARTS + 1, sizeof(int64_t));
    r->item_first = souk_alloc_array(PARTS + 1, sizeof(int64_t));
    r->item_pairs = souk_zalloc_array(ITEMS, sizeof(int64_t));
    r->local = souk_zalloc_array(PARTS, sizeof *r->local);
    if (!r->user_first || !r->item_first || !r->item_pairs || !r->local)
        return 1;
    memcpy(r->user_first, first_row[0], sizeof first_row[0]);
    memcpy(r->item_first, first_row[1], sizeof first_row[1]);
    for (int64_t u = 0; u < USERS; u++)
        for (int64_t i = 0; i < ITEMS; i++)
            r->item_pairs[i] += is_rated(u, i);
    for (int p = 0; p < PARTS; p++)
        if (souk_part_rank(comm, p) == comm->rank)
            failures += fill_part(&r->local[r->local_count++], p);
    return failures;
}

/* ---- brute force ---- */

struct dense {
    uint64_t seed;
    double share, mean;
    double vector[2][USERS][FACTORS], bias[2][USERS];
    double rmse, mae, held_rmse, held_mae, loss;
};

static void dense_init(struct dense *m)
{
    double sum = 0;
    int64_t count = 0;
    for (int kind = 0; kind < 2; kind++) {
        for (int64_t row = 0; row < (kind == 0 ? USERS : ITEMS); row++) {
            char id[NAME_BYTES];
            name(id, "ui"[kind], row);
            m->bias[kind][row] = 0;
            for (int c = 0; c < FACTORS; c++)
                m->vector[kind][row][c] =
                    .1 / sqrt(FACTORS) *
                    souk_random_normal(m->seed * 2 + (uint64_t)kind,
                                       souk_hash_bytes(id, strlen(id)), (uint64_t)c);
        }
    }
    for (int64_t u = 0; u < USERS; u++)
        for (int64_t i = 0; i < ITEMS; i++)
            if (is_rated(u, i) && !is_held(m->seed, m->share, u, i)) {
                sum += (double)rating_of(u, i);
                count++;
            }
    m->mean = sum / (double)count;
}

/* Gauss elimination with the right side as the last column. */
static void solve(double m[UNKNOWNS][UNKNOWNS + 1], double *x)
{
    for (int k = 0; k < UNKNOWNS; k++)
        for (int i = 0; i < UNKNOWNS; i++)
            for (int j = UNKNOWNS; i != k && j >= k; j--)
                m[i][j] -= m[i][k] / m[k][k] * m[k][j];
    for (int k = 0; k < UNKNOWNS; k++)
        x[k] = m[k][UNKNOWNS] / m[k][k];
}

static void solve_dense_row(struct dense *m, int kind, int64_t row)
{
    double a[UNKNOWNS][UNKNOWNS + 1] = {{0}}, x[UNKNOWNS] = {0};
    int64_t count = 0;
    for (int64_t o = 0; o < (kind == 0 ? ITEMS : USERS); o++) {
        const int64_t u = kind == 0 ? row : o, i = kind == 0 ? o : row;
        double z[UNKNOWNS];
        if (!is_rated(u, i) || is_held(m->seed, m->share, u, i))
            continue;
        const double target = (double)rating_of(u, i) - m->mean - m->bias[!kind][o];
        memcpy(z, m->vector[!kind][o], sizeof m->vector[0][0]);
        z[FACTORS] = 1;
        count++;
        for (int p = 0; p < UNKNOWNS; p++) {
            a[p][UNKNOWNS] += target * z[p];
            for (int q = 0; q < UNKNOWNS; q++)
                a[p][q] += z[p] * z[q];
        }
    }
    for (int p = 0; p < UNKNOWNS; p++)
        a[p][p] += RIDGE * (double)count;
    if (count > 0)
        solve(a, x);
    memcpy(m->vector[kind][row], x, sizeof m->vector[0][0]);
    m->bias[kind][row] = x[FACTORS];
}

static double dense_prediction(const struct dense *m, int64_t u, int64_t i)
{
    double s = m->mean + m->bias[0][u] + m->bias[1][i];
    for (int c = 0; c < FACTORS; c++)
        s += m->vector[0][u][c] * m->vector[1][i][c];
    return s;
}

static double dense_norm(const struct dense *m, int kind, int64_t row)
{
    double norm = m->bias[kind][row] * m->bias[kind][row];
    for (int c = 0; c < FACTORS; c++)
        norm += m->vector[kind][row][c] * m->vector[kind][row][c];
    return norm;
}

static void dense_measure(struct dense *m)
{
    double square[2] = {0, 0}, absolute[2] = {0, 0}, ridge = 0;
    int64_t count[2] = {0, 0};
    for (int64_t u = 0; u < USERS; u++) {
        for (int64_t i = 0; i < ITEMS; i++) {
            if (!is_rated(u, i))
                continue;
            const bool held = is_held(m->seed, m->share, u, i);
            const double miss = (double)rating_of(u, i) - dense_prediction(m, u, i);
            count[held]++;
            square[held] += miss * miss;
            absolute[held] += fabs(miss);
            if (!held)
                ridge += RIDGE * (dense_norm(m, 0, u) + dense_norm(m, 1, i));
        }
    }
    m->loss = square[0] + ridge;
    m->rmse = sqrt(square[0] / (double)count[0]);
    m->mae = absolute[0] / (double)count[0];
    m->held_rmse = count[1] ? sqrt(square[1] / (double)count[1]) : 0;
    m->held_mae = count[1] ? absolute[1] / (double)count[1] : 0;
}

static void dense_train(struct dense *m)
{
    dense_init(m);
    for (int e = 0; e < EPOCHS; e++) {
        for (int64_t u = 0; u < USERS; u++)
            solve_dense_row(m, 0, u);
        for (int64_t i = 0; i < ITEMS; i++)
            solve_dense_row(m, 1, i);
    }
    dense_measure(m);
}

/* ---- both beside each other ---- */

static int is_near(const char *what, double got, double wanted)
{
    if (fabs(got - wanted) <= TOLERANCE * fmax(1, fabs(wanted)))
        return 0;
    printf("%s is %.9g, brute force says %.9g\n", what, got, wanted);
    return 1;
}

/* The dot product of the model's rows is the prediction. Users of this rank's parts against items
 * of this rank's parts: all pairs on one rank. */
static int check_rows(const struct souk_als *als, const struct souk_comm *comm,
                      const struct dense *m)
{
    struct souk_error err;
    float *rows[2][PARTS];
    double worst = 0;
    for (int k = 0; k < 2; k++)
        if (souk_als_collect_all(als, (enum souk_side_kind)k, rows[k], &err) != SOUK_OK)
            return 1;
    for (int p = comm->rank; p < PARTS; p += comm->size)
        for (int q = comm->rank; q < PARTS; q += comm->size)
            for (int64_t u = first_row[0][p]; u < first_row[0][p + 1]; u++)
                for (int64_t i = first_row[1][q]; i < first_row[1][q + 1]; i++) {
                    const float s = souk_dot(rows[0][p] + (u - first_row[0][p]) * STRIDE,
                                             rows[1][q] + (i - first_row[1][q]) * STRIDE, DOT);
                    worst = fmax(worst, fabs((double)s - dense_prediction(m, u, i)));
                }
    for (int k = 0; k < 2; k++)
        souk_blockrows_free(rows[k], PARTS);
    if (worst > 5 * TOLERANCE)
        printf("a score is off by %g\n", worst);
    return worst > 5 * TOLERANCE;
}

static int check(const struct souk_comm *comm, const struct souk_ratings *ratings, double share,
                 enum souk_partition_rule rule, bool shared_memory, double *loss)
{
    static struct dense m;
    const struct souk_als_parameters parameters = {
        .factors = FACTORS,
        .epochs = EPOCHS,
        .seed = 6,
        .partition = rule,
        .shared_memory = shared_memory,
        .chunks = 3,
        .objective = {.kind = SOUK_OBJECTIVE_EXPLICIT, .rating_regularization = RIDGE},
        .validation_share = share};
    struct souk_als als;
    struct souk_als_epoch report = {0};
    struct souk_error err = {0};
    int failures = 0;
    souk_status status = souk_als_init_all(&als, comm, ratings, &parameters, &err);
    for (int e = 0; e < EPOCHS && !status; e++)
        status = souk_als_epoch_all(&als, &report, &err);
    m = (struct dense){.seed = 6, .share = share};
    dense_train(&m);
    *loss = report.loss;
    if (!status) {
        failures += is_near("the loss", report.loss / m.loss, 1);
        failures += is_near("RMSE", report.rmse, m.rmse);
        failures += is_near("MAE", report.mae, m.mae);
        failures += is_near("validation RMSE", report.validation_rmse, m.held_rmse);
        failures += is_near("validation MAE", report.validation_mae, m.held_mae);
        failures += check_rows(&als, comm, &m);
    }
    souk_als_fini(&als);
    if (status)
        printf("rank %d: %s\n", comm->rank, err.msg);
    return failures + (status != SOUK_OK);
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    struct souk_ratings ratings;
    double loss[3] = {0, 0, 0};
    int64_t failures;
    if (souk_comm_start(&argc, &argv, "mpi_explicit", &comm, &err) != SOUK_OK)
        return 1;
    failures = fill_ratings(&comm, &ratings);
    failures += check(&comm, &ratings, 0, SOUK_PARTITION_COST, true, &loss[0]);
    failures += check(&comm, &ratings, .2, SOUK_PARTITION_COST, false, &loss[1]);
    failures += check(&comm, &ratings, .2, SOUK_PARTITION_LOPSIDED, true, &loss[2]);
    failures += loss[1] != loss[2]; /* the same bits, wherever rows lie */
    souk_ratings_fini(&ratings);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
