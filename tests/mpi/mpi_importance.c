/* Permuting features over rows that any rank may hold: every value goes to one row, to the same one
 * whatever the ranks; and what a forest's metric loses by it, against the same exchange written out
 * on the whole table. */
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "train/ranker/importance.h"
#include "train/ranker/rankmetric.h"
#include "train/ranker/rowpermutation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 90, FEATURES = 4, MOST_ROWS = GROUPS * 12 };

static int64_t first_of[GROUPS + 1]; /* canonical rows of each group; some have none */
static float value[MOST_ROWS * FEATURES], label[MOST_ROWS];
static struct souk_error err;

static void fill(void)
{
    for (int g = 0; g < GROUPS; g++)
        first_of[g + 1] = first_of[g] + (g % 9 == 4 ? 0 : 1 + g % 12);
    for (uint64_t i = 0; i < (uint64_t)first_of[GROUPS]; i++) {
        for (uint64_t f = 0; f < FEATURES; f++)
            value[i * FEATURES + f] = (float)souk_random_normal(5, i, f);
        if (i % 7 == 0)
            value[i * FEATURES + 1] = NAN;
        label[i] = fminf(3, floorf(fmaxf(0, 1.5f * value[i * FEATURES])));
    }
}

/* Groups in descending order, the last rank most of them, the first of several none. */
static int owner(const struct souk_comm *comm, int group)
{
    if (comm->size == 1)
        return 0;
    return group % 3 > 0 ? comm->size - 1 : comm->size > 2 ? 1 + group % (comm->size - 1) : 0;
}

static souk_status deal(const struct souk_comm *comm, struct souk_rankdata *d)
{
    int64_t rows = 0, groups = 0, at = 0;
    for (int g = 0; g < GROUPS; g++)
        if (owner(comm, g) == comm->rank) {
            rows += first_of[g + 1] - first_of[g];
            groups++;
        }
    const souk_status status = souk_rankdata_init(d, rows, groups, FEATURES, &err);
    if (status != SOUK_OK)
        return status;
    d->group_number = souk_alloc_array((size_t)groups, sizeof *d->group_number);
    if (!d->group_number)
        return souk_fail(&err, SOUK_ENOMEM, "no memory");
    for (int g = GROUPS - 1; g >= 0; g--)
        if (owner(comm, g) == comm->rank) {
            const size_t count = (size_t)(first_of[g + 1] - first_of[g]);
            const int64_t row = d->group_start[at];
            memcpy(d->value + row * FEATURES, value + first_of[g] * FEATURES,
                   count * FEATURES * sizeof *value);
            memcpy(d->label + row, label + first_of[g], count * sizeof *label);
            d->group_number[at++] = g;
            d->group_start[at] = row + (int64_t)count;
        }
    return SOUK_OK;
}

static int check_bijection(void)
{
    static const int64_t totals[] = {1, 2, 3, 4, 5, 17, 64, 65, 1000, 4096, 5000};
    int failures = 0;
    char hit[5000];
    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            memset(hit, 0, sizeof hit);
            for (int64_t i = 0; i < totals[t]; i++) {
                const int64_t to = souk_rowpermutation_target(seed, i, totals[t]);
                failures += to < 0 || to >= totals[t] || hit[to]++;
            }
        }
    return failures;
}

/* Over many seeds a row goes to each of five places a fifth of the time (4 degrees of freedom). */
static int check_uniform(void)
{
    int64_t counts[5] = {0};
    double chi = 0;
    for (uint64_t seed = 0; seed < 50000; seed++)
        counts[souk_rowpermutation_target(seed, 2, 5)]++;
    for (int i = 0; i < 5; i++)
        chi += pow((double)counts[i] - 10000, 2) / 10000;
    if (chi < 18.5) /* p = .001 */
        return 0;
    printf("chi square %g\n", chi);
    return 1;
}

/* What each canonical row should receive. */
static void exchange(int feature, uint64_t seed, float *column)
{
    for (int64_t i = 0; i < first_of[GROUPS]; i++)
        column[souk_rowpermutation_target(seed, i, first_of[GROUPS])] =
            value[i * FEATURES + feature];
}

static bool same(float a, float b)
{
    return a == b || (isnan(a) && isnan(b));
}

static int check_column(const struct souk_comm *comm, const struct souk_rankdata *d,
                        const struct souk_rankdata_totals *totals)
{
    struct souk_rowpermutation p;
    static float expected[MOST_ROWS], column[MOST_ROWS];
    int failures = souk_rowpermutation_init_all(&p, comm, d, totals, &err) != SOUK_OK;
    for (int feature = 0; feature < FEATURES && !failures; feature++) {
        exchange(feature, 77, expected);
        failures += souk_rowpermutation_column_all(&p, feature, 77, column, &err) != SOUK_OK;
        for (int64_t g = 0; g < d->groups; g++)
            for (int64_t i = d->group_start[g]; i < d->group_start[g + 1]; i++)
                failures += !same(column[i],
                                  expected[first_of[d->group_number[g]] + i - d->group_start[g]]);
    }
    souk_rowpermutation_fini(&p);
    return failures;
}

/* Two stumps: on feature 0, which makes the labels, and on feature 1, which does not. */
static souk_status make_forest(struct souk_forest *forest)
{
    souk_status status = souk_forest_init(forest, FEATURES, &err);
    for (int t = 0; t < 2 && status == SOUK_OK; t++) {
        struct souk_tree tree = {0};
        status = souk_tree_init(&tree, 2, 0, 0, &err);
        if (status == SOUK_OK) {
            tree.split_feature[0] = t;
            tree.threshold[0] = .5;
            tree.decision_type[0] = SOUK_SPLIT_MISSING_NAN;
            tree.split_gain[0] = 10 - t;
            tree.left_child[0] = ~0;
            tree.right_child[0] = ~1;
            tree.leaf_value[1] = t == 0 ? 1 : .25;
            status = souk_forest_append(forest, &tree, &err);
        }
        souk_tree_fini(&tree);
    }
    return status;
}

static double ndcg_of(const struct souk_forest *forest, int feature, const float *column)
{
    double sum = 0, score[12];
    int32_t order[24];
    for (int g = 0; g < GROUPS; g++) {
        const int n = (int)(first_of[g + 1] - first_of[g]);
        for (int i = 0; i < n; i++) {
            double row[FEATURES];
            for (int f = 0; f < FEATURES; f++)
                row[f] = (double)(f == feature ? column[first_of[g] + i]
                                               : value[(first_of[g] + i) * FEATURES + f]);
            score[i] = souk_forest_predict(forest, row);
        }
        sum += souk_rank_ndcg(score, label + first_of[g], n, 5, order, order + 12);
    }
    return sum / GROUPS;
}

static int check_importance(const struct souk_comm *comm, struct souk_rankdata *d,
                            const struct souk_rankdata_totals *totals)
{
    const struct souk_importance_options options = {5, 3, 9};
    struct souk_rankobjective objective;
    struct souk_forest forest = {0};
    double metric = 0, drop[FEATURES] = {0};
    static float column[MOST_ROWS];
    int failures =
        souk_rankobjective_find("lambdarank", &objective, &err) || make_forest(&forest) ||
        souk_importance_all(comm, &forest, d, totals, &objective, &options, &metric, drop, &err);
    for (int f = 0; f < FEATURES && !failures; f++) {
        double without = 0;
        for (uint64_t repeat = 0; repeat < 3; repeat++) {
            exchange(f, souk_random_bits(9, (uint64_t)f, repeat), column);
            without += ndcg_of(&forest, f, column) / 3;
        }
        failures += fabs(metric - without - drop[f]) > 1e-12;
    }
    failures += fabs(metric - ndcg_of(&forest, -1, NULL)) > 1e-12;
    failures += drop[0] < .1 || fabs(drop[1]) > .05 || drop[2] != 0 || drop[3] != 0;
    failures += check_column(comm, d, totals); /* the columns are as they were */
    forest.features = FEATURES + 1;
    failures += souk_importance_all(comm, &forest, d, totals, &objective, &options, &metric, drop,
                                    &err) != SOUK_EINVAL;
    forest.features = FEATURES;
    souk_forest_fini(&forest);
    return failures;
}

static int check_print(const struct souk_comm *comm)
{
    const double drop[FEATURES] = {.125, 0, 0, 0};
    struct souk_forest forest = {0};
    char text[2000] = "", name[32] = "";
    double gain = 0, share = 0, splits = 0, shown = 0;
    FILE *out = fmemopen(text, sizeof text, "w");
    int failures = !out || make_forest(&forest);
    failures = failures || souk_importance_print(out, &forest, drop, &err);
    if (out)
        fclose(out);
    const char *line = strchr(text, '\n');
    failures +=
        !line || sscanf(line, " %31s %lf %lf%% %lf %lf", name, &gain, &share, &splits, &shown) != 5;
    failures += strcmp(name, "Column_0") || gain != 10 || splits != 1 || shown != .125;
    if (failures && comm->rank == 0)
        printf("%s", text);
    souk_forest_fini(&forest);
    return failures;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_rankdata data = {0};
    struct souk_rankdata_totals totals;
    int64_t failures;
    if (souk_comm_start(&argc, &argv, "mpi_importance", &comm, &err) != SOUK_OK)
        return 1;
    fill();
    failures = deal(&comm, &data) ||
               souk_rankdata_totals_all(&comm, &data, "table", &totals, &err) != SOUK_OK;
    if (souk_sum_i64_all(&comm, &failures, 1, &err) == SOUK_OK && failures == 0)
        failures = check_bijection() + check_uniform() + check_column(&comm, &data, &totals) +
                   check_importance(&comm, &data, &totals) + check_print(&comm);
    if (failures > 0)
        printf("rank %d: %lld failures; %s\n", comm.rank, (long long)failures, err.msg);
    souk_rankdata_fini(&data);
    if (souk_sum_i64_all(&comm, &failures, 1, &err) != SOUK_OK)
        failures = 1;
    souk_comm_finish(&comm, SOUK_OK, &err);
    return failures > 0;
}
