/* ALS on any number of ranks against a brute-force solver of a few lines, and the same bits
 * whatever the partition. */
#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "train/als/als.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 4, USERS = 700, ITEMS = 130, FACTORS = 10, EPOCHS = 3, STRIDE = 16 };

/* Part 2 has no user, part 1 no item: empty ranks on more than two. */
static int64_t user_first[PARTS + 1] = {0, 400, 690, 690, USERS};
static int64_t item_first[PARTS + 1] = {0, 50, 50, 129, ITEMS};

static double weight_of(int64_t user, int64_t item)
{
    const uint64_t bits = souk_random_bits(7, (uint64_t)user, (uint64_t)item);
    const bool heavy = user == 3 || item == 5;
    return bits % (heavy ? 2 : 25) == 0 || item == user % ITEMS ? (double)(1 + bits / 64 % 9) : 0;
}

enum { NAME_BYTES = 12 };

static void name(char text[NAME_BYTES], char kind, int64_t row)
{
    snprintf(text, NAME_BYTES, "%c%07d", kind, (int)(row % 10000000));
}

static int fill_ids(struct souk_idtable *ids, char kind, int64_t first, int64_t count)
{
    if (souk_idtable_init(ids, count, 12) != SOUK_OK)
        return 1;
    for (int64_t i = 0; i < count; i++)
        name(ids->bytes + i * 12, kind, first + i);
    return 0;
}

static int fill_part(struct souk_ratings_part *p, int part)
{
    const int64_t first = user_first[part], users = user_first[part + 1] - first;
    int64_t at = 0;
    p->part = part;
    p->offsets = souk_zalloc_array((size_t)users + 1, sizeof *p->offsets);
    p->item = souk_zalloc_array((size_t)(users * ITEMS), sizeof *p->item);
    p->weight = souk_zalloc_array((size_t)(users * ITEMS), sizeof *p->weight);
    if (fill_ids(&p->users, 'u', first, users) ||
        fill_ids(&p->items, 'i', item_first[part], item_first[part + 1] - item_first[part]) ||
        !p->offsets || !p->item || !p->weight)
        return 1;
    for (int64_t u = 0; u < users; u++) {
        for (int64_t i = 0; i < ITEMS; i++) {
            if (weight_of(first + u, i) > 0) {
                p->item[at] = i;
                p->weight[at++] = (float)weight_of(first + u, i);
            }
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
    memcpy(r->user_first, user_first, sizeof user_first);
    memcpy(r->item_first, item_first, sizeof item_first);
    for (int64_t u = 0; u < USERS; u++)
        for (int64_t i = 0; i < ITEMS; i++)
            r->item_pairs[i] += weight_of(u, i) > 0;
    for (int p = 0; p < PARTS; p++)
        if (souk_part_rank(comm, p) == comm->rank)
            failures += fill_part(&r->local[r->local_count++], p);
    return failures;
}

/* ---- brute force ---- */

static double dense[2][USERS][FACTORS]; /* users, items */

static void draw(const struct souk_objective *o, int kind, int64_t row)
{
    char id[12];
    name(id, kind == 0 ? 'u' : 'i', row);
    for (int c = 0; c < FACTORS; c++) {
        const uint64_t hash = souk_hash_bytes(id, strlen(id));
        const uint64_t seed = 2 * 5 + (uint64_t)kind;
        dense[kind][row][c] =
            o->kind == SOUK_OBJECTIVE_IMPLICIT
                ? (double)(float)(.01 * souk_random_uniform(seed, hash, (uint64_t)c))
                : (double)(float)(.1 / sqrt(FACTORS) * souk_random_normal(seed, hash, (uint64_t)c));
    }
}

/* Gauss elimination with the right side as the last column. */
static void solve(double m[FACTORS][FACTORS + 1], double *x)
{
    for (int k = 0; k < FACTORS; k++)
        for (int i = 0; i < FACTORS; i++)
            for (int j = FACTORS; i != k && j >= k; j--)
                m[i][j] -= m[i][k] / m[k][k] * m[k][j];
    for (int k = 0; k < FACTORS; k++)
        x[k] = m[k][FACTORS] / m[k][k];
}

static void solve_dense(const struct souk_objective *o, int kind)
{
    const int64_t rows = kind == 0 ? USERS : ITEMS, others = kind == 0 ? ITEMS : USERS;
    for (int64_t r = 0; r < rows; r++) {
        double m[FACTORS][FACTORS + 1] = {{0}};
        int64_t pairs = 0;
        for (int64_t q = 0; q < others; q++) {
            const double *y = dense[!kind][q];
            const float w = (float)(kind == 0 ? weight_of(r, q) : weight_of(q, r));
            float a = 0, b = 0;
            if (w > 0)
                souk_objective_coefficients(o, &w, 1, &a, &b);
            pairs += w > 0;
            for (int i = 0; i < FACTORS; i++) {
                for (int j = 0; j < FACTORS; j++)
                    m[i][j] += (souk_objective_gram_weight(o) + (double)a) * y[i] * y[j];
                m[i][FACTORS] += (double)b * y[i];
            }
        }
        for (int i = 0; i < FACTORS; i++)
            m[i][i] += souk_objective_ridge(o, pairs, others);
        solve(m, dense[kind][r]);
    }
}

static double dense_loss(const struct souk_objective *o)
{
    double loss = 0;
    for (int64_t u = 0; u < USERS; u++) {
        int64_t pairs = 0;
        for (int64_t i = 0; i < ITEMS; i++) {
            double s = 0;
            for (int c = 0; c < FACTORS; c++)
                s += dense[0][u][c] * dense[1][i][c];
            loss += souk_objective_gram_weight(o) * s * s;
            if (weight_of(u, i) > 0)
                loss += souk_objective_cell(o, weight_of(u, i), s);
            pairs += weight_of(u, i) > 0;
        }
        for (int c = 0; c < FACTORS; c++)
            loss += souk_objective_ridge(o, pairs, ITEMS) * dense[0][u][c] * dense[0][u][c];
    }
    for (int64_t i = 0; i < ITEMS; i++) {
        int64_t pairs = 0;
        for (int64_t u = 0; u < USERS; u++)
            pairs += weight_of(u, i) > 0;
        for (int c = 0; c < FACTORS; c++)
            loss += souk_objective_ridge(o, pairs, USERS) * dense[1][i][c] * dense[1][i][c];
    }
    return loss;
}

/* ---- comparison ---- */

/* Largest difference over largest value, of this rank's parts; and a digest of the bits. */
static double compare(const struct souk_ratings *r, int kind, float **rows, uint64_t *digest)
{
    double difference = 0, largest = 0;
    const int64_t *first = kind == 0 ? user_first : item_first;
    for (int k = 0; k < r->local_count; k++) {
        const int part = r->local[k].part;
        const int64_t count = first[part + 1] - first[part];
        *digest =
            *digest * 31 + souk_hash_bytes(rows[part], (size_t)count * STRIDE * sizeof(float));
        for (int64_t i = 0; i < count; i++) {
            for (int c = 0; c < FACTORS; c++) {
                const double x = dense[kind][first[part] + i][c];
                difference = fmax(difference, fabs((double)rows[part][i * STRIDE + c] - x));
                largest = fmax(largest, fabs(x));
            }
        }
    }
    return largest > 0 ? difference / largest : 0;
}

static int run(const struct souk_comm *comm, const struct souk_ratings *ratings,
               const struct souk_als_parameters *parameters, bool exact, uint64_t *digest)
{
    struct souk_als als = {0};
    struct souk_als_epoch epoch = {0};
    struct souk_error err = {0};
    double last = INFINITY, tolerance = exact ? 1e-4 : .2, worst = 0;
    int failures = 0;
    souk_status status = souk_als_init_all(&als, comm, ratings, parameters, &err);
    for (int e = 0; e < parameters->epochs && !status; e++) {
        status = souk_als_epoch_all(&als, &epoch, &err);
        failures += exact && epoch.loss > last * (1 + 1e-6);
        last = epoch.loss;
    }
    *digest = 0;
    for (int kind = 0; kind < 2 && !status; kind++) {
        float *rows[PARTS];
        status = souk_als_collect_all(&als, (enum souk_side_kind)kind, rows, &err);
        if (!status)
            worst = fmax(worst, compare(ratings, kind, rows, digest));
        for (int p = 0; p < PARTS && !status; p++)
            free(rows[p]);
    }
    souk_als_fini(&als);
    failures += status != SOUK_OK || worst > tolerance;
    failures += exact && fabs(last / dense_loss(&parameters->objective) - 1) > 1e-5;
    if (failures)
        printf("rank %d: %d failures, worst %g, loss %.9g, dense %.9g: %s\n", comm->rank, failures,
               worst, last, dense_loss(&parameters->objective), err.msg);
    return failures;
}

/* However rows are held and exchanged: the same bits. */
static int check_layouts(const struct souk_comm *comm, const struct souk_ratings *ratings,
                         struct souk_als_parameters p, uint64_t expected)
{
    uint64_t digest;
    int failures = 0;
    p.scratch = "/var/tmp";
    for (int layout = 0; layout < 6; layout++) {
        p.partition = layout % 2 ? SOUK_PARTITION_LOPSIDED : SOUK_PARTITION_COST;
        p.shared_memory = layout < 4;
        p.ranks_per_node = layout; /* 0: all; else nodes of 1, 2, 3 ranks */
        p.chunks = 1 + 2 * layout;
        p.memory_limit = layout < 4 ? 0 : 64000;
        failures += run(comm, ratings, &p, true, &digest);
        failures += digest != expected;
    }
    return failures;
}

static int check_objective(const struct souk_comm *comm, const struct souk_ratings *ratings,
                           struct souk_objective objective)
{
    struct souk_als_parameters p = {.factors = FACTORS,
                                    .epochs = EPOCHS,
                                    .cg_steps = FACTORS,
                                    .seed = 5,
                                    .objective = objective};
    uint64_t digest[3];
    int failures = 0;
    for (int kind = 0; kind < 2; kind++)
        for (int64_t r = 0; r < (kind == 0 ? USERS : ITEMS); r++)
            draw(&objective, kind, r);
    for (int e = 0; e < EPOCHS; e++) {
        solve_dense(&objective, 0);
        solve_dense(&objective, 1);
    }
    for (int rule = 0; rule < 3; rule++) {
        p.partition = (enum souk_partition_rule)rule;
        failures += run(comm, ratings, &p, true, &digest[rule]);
        failures += digest[rule] != digest[0];
    }
    failures += check_layouts(comm, ratings, p, digest[0]);
    p.solver = SOUK_SOLVER_CG;
    failures += run(comm, ratings, &p, false, &digest[0]);
    p.solver = SOUK_SOLVER_IALSPP; /* one block is all of the factors */
    p.block = STRIDE;
    return failures + run(comm, ratings, &p, true, &digest[0]);
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    struct souk_ratings ratings = {0};
    int64_t failures;
    if (souk_comm_start(&argc, &argv, "mpi_als", &comm, &err) != SOUK_OK)
        return 1;
    failures = fill_ratings(&comm, &ratings);
    failures += check_objective(
        &comm, &ratings,
        (struct souk_objective){.kind = SOUK_OBJECTIVE_IALS, .alpha0 = .1, .lambda = .05, .nu = 1});
    failures += check_objective(
        &comm, &ratings,
        (struct souk_objective){
            .kind = SOUK_OBJECTIVE_IMPLICIT, .alpha = 4, .offset = 1, .regularization = 2});
    souk_ratings_fini(&ratings);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
