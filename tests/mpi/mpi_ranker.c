/* Boosted trees on any number of ranks: the same bytes wherever the groups are, ranks without rows,
 * tiny sets; every row ends where the forest's own walk sends it. */
#include "shared/base/hash.h"
#include "shared/base/random.h"
#include "shared/score/foresttext.h"
#include "train/ranker/boosting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 120, FEATURES = 6, GROUP_MAX = 40 };

static int size_of(int group)
{
    return 1 + (int)(souk_random_bits(1, 0, (uint64_t)group) % GROUP_MAX);
}

/* Feature 3 is a category, 1 and 3 have missing values, 5 is constant. */
static float value_of(int group, int row, int feature)
{
    const uint64_t at = (uint64_t)(group * GROUP_MAX + row), f = (uint64_t)feature;
    if ((feature == 1 || feature == 3) && souk_random_uniform(2 + f, at, 0) < .2)
        return NAN;
    if (feature == 3)
        return (float)(souk_random_bits(3, at, f) % 12);
    return feature == 5 ? 7 : (float)souk_random_normal(4, at, f);
}

static float label_of(int group, int row)
{
    const float category = value_of(group, row, 3), x = value_of(group, row, 1);
    const double signal = (double)value_of(group, row, 0) + (isnan(x) ? 1 : .5 * (double)x) +
                          (isnan(category) ? 0 : (int)category % 3) +
                          souk_random_normal(5, (uint64_t)group, (uint64_t)row);
    return (float)fmin(4, fmax(0, floor(signal)));
}

/* dealt: 0 in blocks, 1 round-robin, 2 all on the last rank */
static bool is_mine(const struct souk_comm *comm, int group, int groups, int dealt)
{
    const int owner = dealt == 2   ? comm->size - 1
                      : dealt == 1 ? group % comm->size
                                   : (int)((int64_t)group * comm->size / groups);
    return owner == comm->rank;
}

static souk_status make_rows(const struct souk_comm *comm, int first, int groups, int dealt,
                             struct souk_rankdata *d, struct souk_error *err)
{
    int64_t rows = 0, mine = 0;
    for (int g = first; g < first + groups; g++)
        if (is_mine(comm, g - first, groups, dealt)) {
            rows += size_of(g);
            mine++;
        }
    souk_status status = souk_rankdata_init(d, rows, mine, FEATURES, err);
    if (status)
        return status;
    d->categorical = calloc(FEATURES, sizeof *d->categorical);
    d->group_number = calloc((size_t)mine + 1, sizeof *d->group_number);
    if (!d->categorical || !d->group_number)
        return souk_fail(err, SOUK_ENOMEM, "no memory");
    d->categorical[3] = true;
    int64_t row = 0, group = 0;
    for (int g = first; g < first + groups; g++) {
        if (!is_mine(comm, g - first, groups, dealt))
            continue;
        d->group_number[group] = g;
        for (int i = 0; i < size_of(g); i++, row++) {
            d->label[row] = label_of(g, i);
            for (int f = 0; f < FEATURES; f++)
                d->value[row * FEATURES + f] = value_of(g, i, f);
        }
        d->group_start[++group] = row;
    }
    return SOUK_OK;
}

/* NDCG of the forest's own scores: it must be what training says of its valid set. */
static int check_metric(const struct souk_forest *forest, double metric)
{
    double sum = 0;
    for (int g = GROUPS; g < 2 * GROUPS; g++) {
        double score[GROUP_MAX], row[FEATURES], best = 0, dcg = 0;
        float label[GROUP_MAX];
        const int n = size_of(g);
        for (int i = 0; i < n; i++) {
            for (int f = 0; f < FEATURES; f++)
                row[f] = (double)value_of(g, i, f);
            score[i] = souk_forest_predict(forest, row);
            label[i] = label_of(g, i);
        }
        for (int i = 0; i < n; i++) {
            int above = 0, better = 0;
            for (int j = 0; j < n; j++) {
                above += score[j] > score[i] || (score[j] == score[i] && j < i);
                better += label[j] > label[i] || (label[j] == label[i] && j < i);
            }
            const double gain = exp2((double)label[i]) - 1;
            dcg += above < 10 ? gain / log2(above + 2.) : 0;
            best += better < 10 ? gain / log2(better + 2.) : 0;
        }
        sum += best > 0 ? dcg / best : 1;
    }
    return fabs(sum / GROUPS - metric) > 1e-9;
}

static int check_forest(const struct souk_forest *forest, const struct souk_boosting_params *p)
{
    /* Bounds on rows hold for estimates from Hessians: 1 for each row of rmse, so exact there. */
    const bool counts = p->objective.kind == SOUK_RANK_RMSE;
    const int64_t least = counts ? p->growing.split.min_rows : 1;
    int failures = forest->trees != p->trees;
    for (int t = 0; t < forest->trees; t++)
        for (int l = 0; l < forest->tree[t].leaves; l++)
            failures += forest->tree[t].leaves > 1 && forest->tree[t].leaf_count[l] < least;
    return failures;
}

/* What one rank alone gets, for all to compare with. */
static uint64_t digest_of(const struct souk_forest *forest)
{
    struct souk_error err;
    char *text = NULL;
    size_t len = 0;
    if (souk_forest_format(forest, &text, &len, &err))
        return 0;
    const uint64_t digest = souk_hash_bytes(text, len);
    free(text);
    return digest;
}

static int train(const struct souk_comm *comm, int groups, int dealt,
                 const struct souk_boosting_params *p, bool full, uint64_t *digest)
{
    struct souk_rankdata rows = {0}, valid = {0};
    struct souk_forest forest = {0};
    struct souk_boosting_report report;
    struct souk_error err = {0};
    int failures = 0;
    souk_status status = make_rows(comm, 0, groups, dealt, &rows, &err);
    if (status == SOUK_OK)
        status = make_rows(comm, GROUPS, GROUPS, 1 - dealt % 2, &valid, &err);
    status = souk_status_agree_all(comm, status, &err);
    if (status == SOUK_OK)
        status =
            souk_ranker_train_all(comm, &rows, full ? &valid : NULL, p, &forest, &report, &err);
    if (status) {
        fprintf(stderr, "rank %d: %s\n", comm->rank, err.msg);
        failures++;
    } else {
        failures += check_forest(&forest, p);
        failures += full && check_metric(&forest, report.valid_metric);
        *digest = digest_of(&forest);
    }
    souk_forest_fini(&forest);
    souk_rankdata_fini(&rows);
    souk_rankdata_fini(&valid);
    return failures;
}

static int compare(const struct souk_comm *comm, const char *name, int groups,
                   const struct souk_boosting_params *p, bool full)
{
    struct souk_comm alone = {MPI_COMM_SELF, 0, 1};
    uint64_t expected = 0;
    int failures = train(&alone, groups, 0, p, full, &expected);
    for (int dealt = 0; dealt < 3; dealt++) {
        uint64_t digest = 0;
        failures += train(comm, groups, dealt, p, full, &digest);
        failures += digest != expected;
    }
    if (failures)
        fprintf(stderr, "rank %d: %s: %d failures\n", comm->rank, name, failures);
    return failures;
}

static int refuses(const struct souk_comm *comm, struct souk_rankdata *d, souk_status expected)
{
    struct souk_forest forest;
    struct souk_boosting_report report;
    struct souk_error err = {0};
    struct souk_boosting_params p = souk_boosting_defaults();
    p.quiet = true;
    p.trees = 2;
    const souk_status status = souk_ranker_train_all(comm, d, NULL, &p, &forest, &report, &err);
    souk_forest_fini(&forest);
    return status != expected;
}

static int check_refusals(const struct souk_comm *comm)
{
    struct souk_error err = {0};
    struct souk_rankdata d;
    int failures = 0;
    if (make_rows(comm, 0, 0, 0, &d, &err))
        return 1;
    failures += refuses(comm, &d, SOUK_EFORMAT); /* no row at all */
    souk_rankdata_fini(&d);
    if (make_rows(comm, 0, GROUPS, 0, &d, &err))
        return 1;
    const int last = comm->rank == comm->size - 1;
    if (last)
        d.value[0] = INFINITY;
    failures += refuses(comm, &d, SOUK_EFORMAT);
    if (last) {
        d.value[0] = 0;
        d.label[1] = 1.5f;
    }
    failures += refuses(comm, &d, SOUK_EFORMAT); /* lambdarank's labels are grades */
    if (last) {
        d.label[1] = 1;
        d.value[3] = .5f;
    }
    failures += refuses(comm, &d, SOUK_EFORMAT); /* half a category */
    souk_rankdata_fini(&d);
    return failures;
}

int main(int argc, char **argv)
{
    struct souk_comm comm = {0};
    struct souk_error err = {0};
    if (souk_comm_start(&argc, &argv, "mpi_ranker", &comm, &err))
        return 1;
    struct souk_boosting_params p = souk_boosting_defaults();
    p.quiet = true;
    p.trees = 12;
    p.growing.leaves = 9;
    p.growing.split.min_rows = 5;
    p.growing.split.category_min_rows = 20;
    int64_t failures = compare(&comm, "lambdarank", GROUPS, &p, true);
    p.binning.sample_rows = 500;
    p.row_share = .6;
    p.column_share = .5;
    p.growing.split.l1 = .1;
    p.growing.split.l2 = 1;
    failures += compare(&comm, "samples", GROUPS, &p, true);
    p.objective.kind = SOUK_RANK_RMSE;
    p.row_share = p.column_share = 1;
    failures += compare(&comm, "rmse", GROUPS, &p, false);
    p.objective.kind = SOUK_RANK_LAMBDARANK;
    failures += compare(&comm, "one group", 1, &p, false);
    failures += check_refusals(&comm);
    souk_status status = souk_sum_i64_all(&comm, &failures, 1, &err);
    if (status == SOUK_OK && failures)
        status = souk_fail(&err, SOUK_EINTEGRITY, "%lld failures", (long long)failures);
    return souk_comm_finish(&comm, status, &err);
}
