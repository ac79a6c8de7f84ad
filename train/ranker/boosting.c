#include "train/ranker/boosting.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/base/progress.h"
#include "shared/base/random.h"
#include "train/ranker/grownforest.h"
#include "train/ranker/lambdakernel.h"
#include "train/ranker/pairwiseleaves.h"
#include "train/ranker/rankmetric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the random numbers are for: each has a stream of its own. */
enum { SEED_BINS = 1, SEED_ROWS, SEED_COLUMNS };

/* A set of rows with their bins and scores. */
struct rowset {
    const struct souk_rankdata *data;
    struct souk_rankdata_totals totals;
    struct souk_binmatrix matrix;
    double *score; /* [rows] */
};

struct boosting {
    const struct souk_comm *comm;
    struct souk_boosting_params p;
    struct rowset train, valid;
    struct souk_binning binning;
    struct souk_derivatives derivatives;
    struct souk_grower grower;
    struct souk_rankscratch scratch;
    struct souk_lambdawork lambda;       /* for lambdarank, which has a kernel of its own */
    struct souk_pairwiseleaves pairwise; /* for objectives that have a system of leaves */
    uint64_t *row_key;                   /* [rows], random bits of each; NULL: none is needed */
    bool *row_chosen;                    /* [rows]; NULL: all */
    bool *column_chosen;                 /* [columns]; NULL: all */
    double (*sum)[2];                    /* [leaves] */
    double *value;                       /* [leaves] */
    struct souk_forest *forest;
    struct souk_progress progress;
    double best_metric;
    int best_tree;
};

struct souk_boosting_params souk_boosting_defaults(void)
{
    struct souk_boosting_params p = {
        .trees = 100,
        .learning_rate = .1,
        .growing = {.leaves = 31,
                    .split = {.min_hessian = 1e-3,
                              .min_rows = 20,
                              .category_smooth = 10,
                              .category_l2 = 10,
                              .category_min_rows = 100,
                              .category_most = 32,
                              .category_one = 4}},
        .binning = {.max_bins = 255, .min_rows = 3, .sample_rows = 200000},
        .row_share = 1,
        .column_share = 1,
        .ndcg_at = 10,
        .exact = true,
        .seed = 1,
    };
    p.objective = (struct souk_rankobjective){.kind = SOUK_RANK_LAMBDARANK,
                                              .sigmoid = 1,
                                              .truncation = 30,
                                              .normalise = true,
                                              .permutations = 10,
                                              .decay = .85};
    return p;
}

static souk_status check_range(const char *name, double value, double min, double max,
                               struct souk_error *err)
{
    if (value >= min && value <= max)
        return SOUK_OK;
    return souk_fail(err, SOUK_EUSAGE, "%s is %g: %g to %g", name, value, min, max);
}

souk_status souk_boosting_check(const struct souk_boosting_params *p, struct souk_error *err)
{
    const struct souk_split_rules *s = &p->growing.split;
    const struct {
        const char *name;
        double value, min, max;
    } range[] = {
        {"trees", p->trees, 1, SOUK_FOREST_TREES_MAX},
        {"learning-rate", p->learning_rate, 1e-6, 10},
        {"leaves", p->growing.leaves, 2, SOUK_TREE_LEAVES_MAX},
        {"max-depth", p->growing.max_depth, 0, SOUK_TREE_DEPTH_MAX},
        {"bins", p->binning.max_bins, 2, SOUK_BINS_MAX},
        {"min-bin-rows", (double)p->binning.min_rows, 1, 1e9},
        {"bin-sample", (double)p->binning.sample_rows, 1, 1e15},
        {"l1", s->l1, 0, 1e15},
        {"l2", s->l2, 0, 1e15},
        {"min-gain", s->min_gain, 0, 1e300},
        {"min-hessian", s->min_hessian, 0, 1e300},
        {"min-rows", (double)s->min_rows, 1, 1e15},
        {"row-share", p->row_share, 1e-6, 1},
        {"column-share", p->column_share, 1e-6, 1},
        {"stop-after", p->stop_after, 0, SOUK_FOREST_TREES_MAX},
        {"eval-every", p->eval_every, 0, SOUK_FOREST_TREES_MAX},
        {"ndcg-at", p->ndcg_at, 1, 1 << 20},
    };
    souk_status status = souk_rankobjective_check(&p->objective, err);
    for (size_t i = 0; status == SOUK_OK && i < sizeof range / sizeof *range; i++)
        status = check_range(range[i].name, range[i].value, range[i].min, range[i].max, err);
    return status;
}

static uint64_t stream(const struct boosting *b, int purpose)
{
    return souk_random_bits(b->p.seed, (uint64_t)purpose, 0);
}

static souk_status load_rows_all(struct boosting *b, struct rowset *set, const char *name,
                                 struct souk_error *err)
{
    const struct souk_rankdata *d = set->data;
    souk_status status = souk_rankdata_totals_all(b->comm, d, name, &set->totals, err);
    if (status)
        return status;
    status = souk_rankobjective_check_labels(&b->p.objective, d->label, d->rows, 0, err);
    if (status == SOUK_OK && set->totals.largest_group > INT32_MAX)
        status = souk_fail(err, SOUK_ELIMIT, "%s: a query group is too large", name);
    set->score = souk_zalloc_array((size_t)d->rows, sizeof *set->score);
    if (status == SOUK_OK && !set->score)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for scores");
    if (status)
        status = souk_error_prefix(err, status, "%s", name);
    return souk_status_agree_all(b->comm, status, err);
}

static souk_status bin_all(struct boosting *b, struct souk_error *err)
{
    b->p.binning.seed = stream(b, SEED_BINS);
    souk_status status = souk_binning_find_all(b->comm, b->train.data, &b->train.totals,
                                               &b->p.binning, &b->binning, err);
    if (status)
        return status;
    status = souk_binmatrix_init(&b->train.matrix, &b->binning, b->train.data, true, err);
    if (status == SOUK_OK && b->valid.data)
        status = souk_binmatrix_init(&b->valid.matrix, &b->binning, b->valid.data, false, err);
    return souk_status_agree_all(b->comm, status, err);
}

static souk_status allocate(struct boosting *b, struct souk_error *err)
{
    const int64_t rows = b->train.data->rows;
    const size_t leaves = (size_t)b->p.growing.leaves;
    b->sum = souk_zalloc_array(leaves, sizeof *b->sum);
    b->value = souk_zalloc_array(leaves, sizeof *b->value);
    if (b->p.row_share < 1) {
        b->row_key = souk_zalloc_array((size_t)rows, sizeof *b->row_key);
        b->row_chosen = souk_zalloc_array((size_t)rows, sizeof *b->row_chosen);
    }
    if (b->p.column_share < 1)
        b->column_chosen = souk_zalloc_array((size_t)b->binning.columns, sizeof(bool));
    if (!b->sum || !b->value || (b->p.row_share < 1 && (!b->row_key || !b->row_chosen)) ||
        (b->p.column_share < 1 && !b->column_chosen))
        return souk_fail(err, SOUK_ENOMEM, "no memory to grow trees");
    souk_status status =
        souk_rankscratch_init(&b->scratch, (int)b->train.totals.largest_group, err);
    if (status == SOUK_OK && souk_rankobjective_has_leaf_system(&b->p.objective))
        status = souk_pairwiseleaves_init(&b->pairwise, &b->p.objective, b->train.data,
                                          &b->train.totals, b->p.growing.leaves, err);
    if (status == SOUK_OK)
        status = souk_lambdawork_init(&b->lambda, (int)b->train.totals.largest_group, err);
    if (status == SOUK_OK)
        status =
            souk_derivatives_init(&b->derivatives, rows, b->train.totals.rows, b->p.exact, err);
    return status;
}

static souk_status prepare_all(struct boosting *b, struct souk_error *err)
{
    souk_status status = souk_status_agree_all(b->comm, allocate(b, err), err);
    if (status == SOUK_OK)
        status = souk_grower_init_all(&b->grower, b->comm, &b->binning, &b->train.matrix,
                                      &b->p.growing, err);
    if (status)
        return status;
    if (b->row_key)
        souk_rankdata_keys(b->train.data, &b->train.totals, stream(b, SEED_ROWS), b->row_key);
    status = souk_grownforest_init(b->forest, b->train.data, &b->binning,
                                   souk_rankobjective_name(b->p.objective.kind), err);
    return souk_status_agree_all(b->comm, status, err);
}

/* Derivatives at the present scores, query group by query group. */
static souk_status derive(struct boosting *b, int iteration, struct souk_error *err)
{
    const struct souk_rankdata *d = b->train.data;
    souk_status status = SOUK_OK;
    for (int64_t g = 0; status == SOUK_OK && g < d->groups; g++) {
        const int64_t start = d->group_start[g];
        const struct souk_rankgroup group = {d->label + start, b->train.score + start,
                                             (int)(d->group_start[g + 1] - start),
                                             souk_rankdata_number(d, &b->train.totals, g)};
        double *gradient = b->derivatives.gradient + start;
        double *hessian = b->derivatives.hessian + start;
        if (b->p.objective.kind == SOUK_RANK_LAMBDARANK)
            souk_lambdakernel_gradients(&b->p.objective, &b->lambda, &group, gradient, hessian);
        else
            status = souk_rankobjective_gradients(&b->p.objective, &b->scratch, &group, iteration,
                                                  gradient, hessian, err);
    }
    return status;
}

static void choose_rows(struct boosting *b, int iteration)
{
    const uint64_t salt = souk_random_bits(stream(b, SEED_ROWS), (uint64_t)iteration, 0);
    for (int64_t r = 0; b->row_chosen && r < b->train.data->rows; r++)
        b->row_chosen[r] = souk_random_uniform(salt, b->row_key[r], 0) < b->p.row_share;
    souk_leafrows_restart(&b->grower.rows, b->row_chosen);
}

/* A fixed number of columns: those with the smallest hashes. */
static void choose_columns(struct boosting *b, int iteration)
{
    const uint64_t seed = stream(b, SEED_COLUMNS);
    const int columns = b->binning.columns;
    const int wanted = (int)fmax(1, round(b->p.column_share * columns));
    for (int c = 0; b->column_chosen && c < columns; c++) {
        const uint64_t mine = souk_random_bits(seed, (uint64_t)iteration, (uint64_t)c);
        int before = 0;
        for (int other = 0; other < columns; other++) {
            const uint64_t theirs = souk_random_bits(seed, (uint64_t)iteration, (uint64_t)other);
            before += theirs < mine || (theirs == mine && other < c);
        }
        b->column_chosen[c] = before < wanted;
    }
}

/* Values of all leaves at once; rows that the tree was not grown from take part. */
static souk_status solve_leaves_all(struct boosting *b, int iteration, struct souk_error *err)
{
    const struct souk_binmatrix *m = &b->train.matrix;
    for (int64_t r = 0; r < m->rows; r++)
        b->pairwise.leaf[r] = souk_growntree_leaf(&b->grower.tree, m->by_row + r * m->stride);
    return souk_pairwiseleaves_solve_all(&b->pairwise, b->comm, b->train.score, iteration,
                                         b->grower.tree.leaves, b->p.growing.split.l2, b->value,
                                         err);
}

static souk_status value_leaves_all(struct boosting *b, int iteration, double initial,
                                    struct souk_error *err)
{
    const int leaves = b->grower.tree.leaves;
    souk_status status = SOUK_OK;
    for (int l = 0; l < leaves; l++) {
        souk_grower_leaf_sum(&b->grower, &b->derivatives.form, l, b->sum[l]);
        b->value[l] = souk_grownforest_leaf_value(&b->p.growing.split, b->sum[l]);
    }
    if (souk_rankobjective_has_leaf_system(&b->p.objective))
        status = solve_leaves_all(b, iteration, err);
    for (int l = 0; status == SOUK_OK && l < leaves; l++)
        b->value[l] = b->p.learning_rate * b->value[l] + initial;
    return status;
}

/* Rows that the tree was grown from are in its leaves' lists; others walk down. */
static void update_train(struct boosting *b)
{
    const struct souk_leafrows *rows = &b->grower.rows;
    const struct souk_binmatrix *m = &b->train.matrix;
    for (int l = 0; l < b->grower.tree.leaves; l++)
        for (int64_t i = rows->start[l]; i < rows->start[l] + rows->count[l]; i++)
            b->train.score[rows->row[i]] += b->value[l];
    for (int64_t r = 0; b->row_chosen && r < m->rows; r++)
        if (!b->row_chosen[r])
            b->train.score[r] +=
                b->value[souk_growntree_leaf(&b->grower.tree, m->by_row + r * m->stride)];
}

static void update_valid(struct boosting *b)
{
    const struct souk_binmatrix *m = &b->valid.matrix;
    for (int64_t r = 0; b->valid.data && r < m->rows; r++)
        b->valid.score[r] +=
            b->value[souk_growntree_leaf(&b->grower.tree, m->by_row + r * m->stride)];
}

static souk_status grow_tree_all(struct boosting *b, int iteration, double initial,
                                 struct souk_error *err)
{
    souk_status status = souk_status_agree_all(b->comm, derive(b, iteration, err), err);
    if (status == SOUK_OK)
        status = souk_derivatives_round_all(b->comm, &b->derivatives, err);
    if (status)
        return status;
    choose_rows(b, iteration);
    choose_columns(b, iteration);
    status = souk_grower_grow_all(&b->grower, &b->derivatives, b->column_chosen, err);
    if (status == SOUK_OK)
        status = value_leaves_all(b, iteration, iteration == 0 ? initial : 0, err);
    if (status)
        return status;
    for (int64_t r = 0; iteration == 0 && r < b->train.data->rows; r++)
        b->train.score[r] -= initial; /* the first tree's leaves bring it */
    update_train(b);
    update_valid(b);
    status = souk_grownforest_append(b->forest, &b->grower.tree, &b->binning, &b->p.growing.split,
                                     b->value, b->sum, b->p.learning_rate, err);
    return souk_status_agree_all(b->comm, status, err);
}

static bool is_due(const struct boosting *b, int trees)
{
    if (!b->valid.data)
        return false;
    return trees == b->p.trees || b->p.stop_after > 0 ||
           (b->p.eval_every > 0 && trees % b->p.eval_every == 0);
}

/* @param stop whether no better tree came for long enough */
static souk_status measure_all(struct boosting *b, int trees, bool *stop, struct souk_error *err)
{
    char note[48], name[24];
    double metric = NAN;
    const souk_status status =
        souk_rankmetric_all(b->comm, b->valid.data, &b->valid.totals, &b->p.objective, b->p.ndcg_at,
                            b->valid.score, &metric, err);
    const bool grows = souk_rankmetric_grows(&b->p.objective);
    const bool better =
        b->best_tree == 0 || (grows ? metric > b->best_metric : metric < b->best_metric);
    if (better || b->p.stop_after == 0) {
        b->best_metric = metric;
        b->best_tree = trees;
    }
    *stop = b->p.stop_after > 0 && trees - b->best_tree >= b->p.stop_after;
    souk_rankmetric_name(&b->p.objective, b->p.ndcg_at, name);
    snprintf(note, sizeof note, "%s %.4f", name, metric);
    souk_progress_update(&b->progress, trees, note);
    return status;
}

static souk_status boost_all(struct boosting *b, struct souk_error *err)
{
    const double mean = b->train.totals.label_sum / (double)b->train.totals.rows;
    const double initial = souk_rankobjective_initial(&b->p.objective, mean);
    souk_status status = SOUK_OK;
    bool stop = false;
    for (int64_t r = 0; r < b->train.data->rows; r++)
        b->train.score[r] = initial;
    souk_progress_init(&b->progress, "trees", b->p.trees, "trees", b->p.quiet || b->comm->rank > 0);
    int trees = 0;
    while (status == SOUK_OK && !stop && trees < b->p.trees) {
        status = grow_tree_all(b, trees++, initial, err);
        souk_progress_update(&b->progress, trees, NULL);
        if (status == SOUK_OK && is_due(b, trees))
            status = measure_all(b, trees, &stop, err);
    }
    souk_progress_finish(&b->progress, trees, NULL);
    if (status == SOUK_OK && b->p.stop_after > 0 && b->valid.data)
        souk_forest_truncate(b->forest, b->best_tree);
    return status;
}

static void finish(struct boosting *b)
{
    struct rowset *const sets[] = {&b->train, &b->valid};
    for (int i = 0; i < 2; i++) {
        souk_binmatrix_fini(&sets[i]->matrix);
        free(sets[i]->score);
    }
    souk_binning_fini(&b->binning);
    souk_derivatives_fini(&b->derivatives);
    souk_grower_fini(&b->grower);
    souk_rankscratch_fini(&b->scratch);
    souk_lambdawork_fini(&b->lambda);
    souk_pairwiseleaves_fini(&b->pairwise);
    free(b->row_key);
    free(b->row_chosen);
    free(b->column_chosen);
    free(b->sum);
    free(b->value);
}

static double seconds_since(int64_t start_us)
{
    return (double)(souk_monotonic_us() - start_us) / 1e6;
}

souk_status souk_ranker_train_all(const struct souk_comm *comm, const struct souk_rankdata *train,
                                  const struct souk_rankdata *valid,
                                  const struct souk_boosting_params *params,
                                  struct souk_forest *forest, struct souk_boosting_report *report,
                                  struct souk_error *err)
{
    struct boosting b = {.comm = comm,
                         .p = *params,
                         .train = {.data = train},
                         .valid = {.data = valid},
                         .forest = forest,
                         .best_metric = NAN};
    *forest = (struct souk_forest){0};
    *report = (struct souk_boosting_report){.valid_metric = NAN};
    souk_status status = souk_status_agree_all(comm, souk_boosting_check(params, err), err);
    int64_t start_us = souk_monotonic_us();
    if (status == SOUK_OK)
        status = load_rows_all(&b, &b.train, "the training set", err);
    if (status == SOUK_OK && valid)
        status = load_rows_all(&b, &b.valid, "the valid set", err);
    if (status == SOUK_OK && valid && valid->features != train->features)
        status = souk_fail(err, SOUK_EFORMAT, "%d features to train on, %d in the valid set",
                           train->features, valid->features);
    if (status == SOUK_OK)
        status = bin_all(&b, err);
    report->bin_seconds = seconds_since(start_us);
    start_us = souk_monotonic_us();
    if (status == SOUK_OK)
        status = prepare_all(&b, err);
    if (status == SOUK_OK)
        status = boost_all(&b, err);
    report->train_seconds = seconds_since(start_us);
    report->valid_metric = b.best_metric;
    report->best_tree = forest->trees;
    report->columns = b.binning.columns;
    report->bins = b.binning.columns ? b.binning.first_bin[b.binning.columns] : 0;
    souk_rankmetric_name(&b.p.objective, b.p.ndcg_at, report->name);
    report->metric = report->name;
    if (status)
        souk_forest_fini(forest);
    finish(&b);
    return status;
}
