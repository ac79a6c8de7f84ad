/* EASE on any number of ranks against the inverse by elimination: weights that are not 1, parts
 * without users or items, blocks larger than the matrix, buffers so small that every user and every
 * item goes in a batch of its own. Grids come and go many times in one program. */
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "train/linear/blacs.h"
#include "train/linear/ease.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 4, USERS = 61, ITEMS = 37 };
static const double LAMBDA = 2.5;

/* Part 2 has no user, part 1 no item. */
static int64_t user_first[PARTS + 1] = {0, 20, 50, 50, USERS};
static int64_t item_first[PARTS + 1] = {0, 11, 11, 36, ITEMS};
static double expected[ITEMS][ITEMS]; /* B of the chosen items */
static int64_t users_of[ITEMS];

static float weight_of(int64_t user, int64_t item)
{
    const uint64_t bits = souk_random_bits(9, (uint64_t)user, (uint64_t)item);
    const bool has = bits % 6 == 0 || item == user % ITEMS || user == 7;
    return has ? (float)(1 + bits / 64 % 9) / 7 : 0;
}

static int fill_part(struct souk_ratings_part *p, int part)
{
    const int64_t first = user_first[part], users = user_first[part + 1] - first;
    int64_t at = 0;
    p->part = part;
    p->users.count = users;
    p->items.count = item_first[part + 1] - item_first[part];
    p->offsets = souk_zalloc_array((size_t)users + 1, sizeof *p->offsets);
    p->item = souk_zalloc_array((size_t)(users * ITEMS), sizeof *p->item);
    p->weight = souk_zalloc_array((size_t)(users * ITEMS), sizeof *p->weight);
    if (!p->offsets || !p->item || !p->weight)
        return 1;
    for (int64_t u = 0; u < users; u++) {
        for (int64_t i = 0; i < ITEMS; i++) {
            if (weight_of(first + u, i) > 0) {
                p->item[at] = i;
                p->weight[at++] = weight_of(first + u, i);
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
    r->item_pairs = souk_alloc_array(ITEMS, sizeof(int64_t));
    r->local = souk_zalloc_array(PARTS, sizeof *r->local);
    if (!r->user_first || !r->item_first || !r->item_pairs || !r->local)
        return 1;
    for (int64_t u = 0; u < USERS; u++)
        for (int64_t i = 0; i < ITEMS; i++)
            users_of[i] += weight_of(u, i) > 0;
    memcpy(r->user_first, user_first, sizeof user_first);
    memcpy(r->item_first, item_first, sizeof item_first);
    memcpy(r->item_pairs, users_of, sizeof users_of);
    for (int p = 0; p < PARTS; p++)
        if (souk_part_rank(comm, p) == comm->rank)
            failures += fill_part(&r->local[r->local_count++], p);
    return failures;
}

/* ---- brute force ---- */

/* Whether fewer than `limit` items come before this one. */
static bool is_chosen(int64_t item, int64_t limit)
{
    int64_t before = 0;
    for (int64_t i = 0; i < ITEMS; i++)
        before += users_of[i] > users_of[item] || (users_of[i] == users_of[item] && i < item);
    return limit == 0 || before < limit;
}

/* Items that are left out have a row and a column of the unit matrix, which couples with none. */
static void solve_dense(int64_t limit)
{
    static double a[ITEMS][2 * ITEMS];
    memset(a, 0, sizeof a);
    for (int64_t i = 0; i < ITEMS; i++) {
        a[i][i] = is_chosen(i, limit) ? LAMBDA : 1;
        a[i][ITEMS + i] = 1;
        for (int64_t j = 0; j < ITEMS; j++)
            for (int64_t u = 0; u < USERS && is_chosen(i, limit) && is_chosen(j, limit); u++)
                a[i][j] += (double)weight_of(u, i) * (double)weight_of(u, j);
    }
    for (int k = 0; k < ITEMS; k++) { /* Gauss and Jordan; positive definite needs no pivoting */
        const double pivot = a[k][k];
        for (int j = 0; j < 2 * ITEMS; j++)
            a[k][j] /= pivot;
        for (int i = 0; i < ITEMS; i++) {
            const double factor = a[i][k];
            for (int j = 0; j < 2 * ITEMS && i != k; j++)
                a[i][j] -= factor * a[k][j];
        }
    }
    for (int i = 0; i < ITEMS; i++)
        for (int j = 0; j < ITEMS; j++)
            expected[i][j] = i == j ? 0 : -a[i][ITEMS + j] / a[j][ITEMS + j];
}

/* ---- comparison ---- */

/* Every entry is right, and what was left out of a row is no larger than what is in it. */
static int check_row(const struct souk_neighbour_rows *rows, int part, int64_t item, int64_t keep)
{
    const int64_t from = rows->offsets[part][item], to = rows->offsets[part][item + 1];
    const int64_t j = item_first[part] + item;
    bool is_kept[ITEMS] = {false};
    double smallest = INFINITY, left = 0;
    int failures = keep > 0 && to - from > keep;
    for (int64_t at = from; at < to; at++) {
        const int64_t i = rows->item[part][at];
        failures += at > from && rows->item[part][at - 1] >= i;
        failures += !(fabs((double)rows->weight[part][at] - expected[i][j]) <= 1e-6);
        smallest = fmin(smallest, fabs(expected[i][j]));
        is_kept[i] = true;
    }
    for (int64_t i = 0; i < ITEMS; i++)
        left = is_kept[i] ? left : fmax(left, fabs(expected[i][j]));
    return failures + (left > 1e-6 && (to - from != keep || left > smallest + 1e-6));
}

static int run(const struct souk_comm *comm, const struct souk_ratings *ratings,
               const struct souk_ease_parameters *p)
{
    struct souk_neighbour_rows rows;
    struct souk_error err = {0};
    int failures = 0;
    if (souk_ease_all(comm, ratings, p, &rows, &err) != SOUK_OK) {
        fprintf(stderr, "rank %d: %s\n", comm->rank, err.msg);
        return 1;
    }
    for (int k = 0; k < ratings->local_count; k++)
        for (int64_t i = 0; i < ratings->local[k].items.count; i++)
            failures += check_row(&rows, ratings->local[k].part, i, p->neighbours);
    souk_neighbour_rows_fini(&rows);
    if (failures > 0)
        fprintf(stderr, "rank %d: limit %d, keep %d, block %d, buffer %d: %d rows differ\n",
                comm->rank, (int)p->items_limit, (int)p->neighbours, (int)p->block,
                (int)p->buffer_bytes, failures);
    return failures;
}

int main(int argc, char **argv)
{
    static const int64_t limits[] = {0, 1, 20}, keeps[] = {0, 6}, blocks[] = {1, 5, 64};
    static const int64_t buffers[] = {1, SOUK_EASE_BUFFER_BYTES};
    struct souk_comm comm;
    struct souk_error err = {0};
    struct souk_ratings ratings = {0};
    int64_t failures;
    if (souk_comm_start(&argc, &argv, "mpi_ease", &comm, &err) != SOUK_OK)
        return 1;
    failures = fill_ratings(&comm, &ratings);
    for (int v = 0; v < 3 * 2 * 3 * 2; v++) {
        const struct souk_ease_parameters p = {.lambda = LAMBDA,
                                               .items_limit = limits[v / 12],
                                               .neighbours = keeps[v / 6 % 2],
                                               .block = blocks[v / 2 % 3],
                                               .buffer_bytes = buffers[v % 2]};
        solve_dense(p.items_limit);
        failures += run(&comm, &ratings, &p);
    }
    souk_ratings_fini(&ratings);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_blacs_end();
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
