#include "train/ranker/grower.h"

#include "shared/base/memory.h"
#include "shared/score/tree.h"

#include <stdlib.h>
#include <string.h>

/* A leaf while the tree grows. */
struct souk_leaf {
    struct souk_leafsum sum;
    struct souk_split best; /* column -1: it stays a leaf */
    int32_t parent;         /* node, -1: the root */
    bool is_left;
    int depth;
};

/* Columns are dealt in blocks of about equal bins, which is what is sent, stored and searched. Each
 * block begins with an entry for the leaf's rows. */
static void deal_columns(struct souk_grower *g)
{
    const struct souk_binning *b = g->binning;
    const int64_t bins = b->first_bin[b->columns];
    int column = 0;
    for (int r = 0; r < g->comm.size; r++) {
        const int start = column;
        g->first_column[r] = start;
        while (column < b->columns && (r + 1 == g->comm.size ||
                                       b->first_bin[column + 1] * g->comm.size <= bins * (r + 1))) {
            g->first[column] = b->first_bin[column] + r + 1;
            column++;
        }
        g->reduce_counts[r] =
            (int)(1 + b->first_bin[column] - b->first_bin[start]) * SOUK_HISTBIN_DOUBLES;
    }
    g->first_column[g->comm.size] = column;
    g->first[column] = bins + g->comm.size;
}

/* With the one for rows. */
static int64_t own_entries(const struct souk_grower *g)
{
    return g->reduce_counts[g->comm.rank] / SOUK_HISTBIN_DOUBLES;
}

static souk_status allocate(struct souk_grower *g, struct souk_error *err)
{
    const size_t leaves = (size_t)g->rules.leaves, ranks = (size_t)g->comm.size;
    const size_t bins = (size_t)g->binning->first_bin[g->binning->columns];
    size_t pooled;
    souk_status status = souk_leafrows_init(&g->rows, g->matrix->rows, g->rules.leaves, err);
    if (status == SOUK_OK)
        status = souk_histwork_init(&g->work, g->binning, err);
    if (status)
        return status;
    g->reduce_counts = souk_zalloc_array(ranks, sizeof *g->reduce_counts);
    g->first_column = souk_zalloc_array(ranks + 1, sizeof *g->first_column);
    g->tree.node = souk_zalloc_array(leaves, sizeof *g->tree.node);
    g->tree.leaf_rows = souk_zalloc_array(leaves, sizeof *g->tree.leaf_rows);
    g->found = souk_zalloc_array(ranks, 2 * sizeof *g->found);
    g->leaf = souk_zalloc_array(leaves, sizeof *g->leaf);
    g->first = souk_zalloc_array((size_t)g->binning->columns + 1, sizeof *g->first);
    g->mine = souk_alloc_aligned(bins + ranks, sizeof *g->mine);
    if (g->reduce_counts && g->first_column && g->first) {
        deal_columns(g);
        if (souk_mul_size(leaves, (size_t)own_entries(g), &pooled))
            g->pool = souk_alloc_array(pooled, sizeof *g->pool);
    }
    if (!g->reduce_counts || !g->first_column || !g->first || !g->tree.node || !g->tree.leaf_rows ||
        !g->found || !g->leaf || !g->mine || !g->pool)
        return souk_fail(err, SOUK_ENOMEM,
                         "no memory for %zu histograms of %zu bins: use fewer leaves or bins",
                         leaves, bins);
    return SOUK_OK;
}

souk_status souk_grower_init_all(struct souk_grower *g, const struct souk_comm *comm,
                                 const struct souk_binning *binning,
                                 const struct souk_binmatrix *matrix,
                                 const struct souk_grower_rules *rules, struct souk_error *err)
{
    *g = (struct souk_grower){.comm = *comm, .rules = *rules, .binning = binning, .matrix = matrix};
    if (g->rules.max_depth == 0 || g->rules.max_depth > SOUK_TREE_DEPTH_MAX)
        g->rules.max_depth = SOUK_TREE_DEPTH_MAX;
    return souk_status_agree_all(comm, allocate(g, err), err);
}

void souk_grower_fini(struct souk_grower *g)
{
    souk_leafrows_fini(&g->rows);
    souk_histwork_fini(&g->work);
    free(g->reduce_counts);
    free(g->first_column);
    free(g->first);
    free(g->tree.node);
    free(g->tree.leaf_rows);
    free(g->found);
    free(g->leaf);
    free(g->mine);
    free(g->pool);
    *g = (struct souk_grower){0};
}

static struct souk_histbin *histogram_of(const struct souk_grower *g, int leaf)
{
    return g->pool + leaf * own_entries(g);
}

/* The histogram of a leaf over all ranks' rows, this rank's columns, into the pool. */
static souk_status make_histogram_all(struct souk_grower *g, const struct souk_derivatives *d,
                                      int leaf, int slot, struct souk_error *err)
{
    struct souk_histbin *out = histogram_of(g, slot), *made = g->comm.size > 1 ? g->mine : out;
    souk_histogram_make(&g->work, g->first, g->matrix, &d->form, g->rows.row + g->rows.start[leaf],
                        g->rows.count[leaf], made);
    for (int r = 0; r < g->comm.size; r++)
        made[g->binning->first_bin[g->first_column[r]] + r].gradient = (double)g->rows.count[leaf];
    if (g->comm.size == 1)
        return SOUK_OK;
    return souk_mpi_check(
        MPI_Reduce_scatter(g->mine, out, g->reduce_counts, MPI_DOUBLE, MPI_SUM, g->comm.mpi),
        "MPI_Reduce_scatter", err);
}

static bool may_deepen(const struct souk_grower *g, const struct souk_leaf *leaf)
{
    return leaf->depth < g->rules.max_depth;
}

static bool may_split(const struct souk_grower *g, const struct souk_leaf *leaf)
{
    return may_deepen(g, leaf) && leaf->sum.rows >= 2 * (double)g->rules.split.min_rows;
}

/* The best splits of one or two leaves, over all columns. */
static souk_status find_splits_all(struct souk_grower *g, const struct souk_derivatives *d,
                                   const bool *allowed, const int *leaf, int n,
                                   struct souk_error *err)
{
    struct souk_split mine[2] = {0};
    const int first = g->first_column[g->comm.rank], end = g->first_column[g->comm.rank + 1];
    for (int i = 0; i < n; i++) {
        const struct souk_histbin *histogram = histogram_of(g, leaf[i]);
        g->leaf[leaf[i]].sum.rows = histogram->gradient;
        mine[i].column = -1;
        if (may_split(g, &g->leaf[leaf[i]]))
            mine[i] = souk_split_find(g->binning, first, end, histogram + 1, &g->leaf[leaf[i]].sum,
                                      &d->form, allowed, &g->rules.split);
        g->leaf[leaf[i]].best = mine[i];
    }
    if (g->comm.size == 1)
        return SOUK_OK;
    const int bytes = (int)sizeof mine;
    const souk_status status =
        souk_mpi_check(MPI_Allgather(mine, bytes, MPI_BYTE, g->found, bytes, MPI_BYTE, g->comm.mpi),
                       "MPI_Allgather", err);
    for (int r = 0; status == SOUK_OK && r < g->comm.size; r++)
        for (int i = 0; i < n; i++)
            if (souk_split_better(&g->found[2 * r + i], &g->leaf[leaf[i]].best))
                g->leaf[leaf[i]].best = g->found[2 * r + i];
    return status;
}

/* @return the leaf whose split gains most, the lowest of equal ones; -1: none gains */
static int choose_leaf(const struct souk_grower *g)
{
    int best = -1;
    for (int l = 0; l < g->tree.leaves; l++)
        if (g->leaf[l].best.column >= 0 &&
            (best < 0 || g->leaf[l].best.gain > g->leaf[best].best.gain))
            best = l;
    return best;
}

/* Turn a leaf into a node with two leaves: itself on the left, a fresh one on the right. Their rows
 * are estimates until they have a histogram. */
static void split_leaf(struct souk_grower *g, int leaf)
{
    const int fresh = g->tree.leaves++, node = fresh - 1;
    struct souk_leaf *left = &g->leaf[leaf], *right = &g->leaf[fresh];
    const struct souk_split split = left->best;
    g->tree.node[node] = (struct souk_grownnode){split, ~leaf, ~fresh};
    if (left->parent >= 0 && left->is_left)
        g->tree.node[left->parent].left = node;
    else if (left->parent >= 0)
        g->tree.node[left->parent].right = node;
    const struct souk_leafsum whole = left->sum;
    *left = (struct souk_leaf){split.left, {.column = -1}, node, true, left->depth + 1};
    *right = *left;
    right->is_left = false;
    right->sum =
        (struct souk_leafsum){whole.gradient - split.left.gradient,
                              whole.hessian - split.left.hessian, whole.rows - split.left.rows};
    souk_leafrows_split(&g->rows, g->matrix, &split, leaf, fresh);
}

/* Histograms and best splits of the two leaves of the last split. The parent's histogram stands in
 * the left one's slot. */
static souk_status prepare_pair_all(struct souk_grower *g, const struct souk_derivatives *d,
                                    const bool *allowed, int leaf, struct souk_error *err)
{
    const int fresh = g->tree.leaves - 1, pair[2] = {leaf, fresh};
    const int64_t entries = own_entries(g);
    if (!may_deepen(g, &g->leaf[leaf]))
        return SOUK_OK;
    const bool left_is_smaller = g->leaf[leaf].sum.rows < g->leaf[fresh].sum.rows;
    souk_status status = make_histogram_all(g, d, left_is_smaller ? leaf : fresh, fresh, err);
    if (status)
        return status;
    struct souk_histbin *parent = histogram_of(g, leaf), *smaller = histogram_of(g, fresh);
    souk_histogram_subtract(parent, smaller, entries);
    for (int64_t b = 0; left_is_smaller && b < entries; b++) {
        const struct souk_histbin swap = parent[b];
        parent[b] = smaller[b];
        smaller[b] = swap;
    }
    return find_splits_all(g, d, allowed, pair, 2, err);
}

/* Sums of the whole sample of rows: any column's bins add up to them. */
static souk_status sum_root_all(struct souk_grower *g, const struct souk_derivatives *d,
                                struct souk_error *err)
{
    struct souk_leafsum *sum = &g->leaf[0].sum;
    double total[2] = {0};
    for (int64_t i = 0; i < g->rows.count[0]; i++) {
        total[0] += d->form.pair[g->rows.row[i]].gradient;
        total[1] += d->form.pair[g->rows.row[i]].hessian;
    }
    const souk_status status = souk_sum_f64_all(&g->comm, total, 2, err);
    *sum = (struct souk_leafsum){.gradient = total[0], .hessian = total[1]};
    return status;
}

souk_status souk_grower_grow_all(struct souk_grower *g, const struct souk_derivatives *d,
                                 const bool *allowed, struct souk_error *err)
{
    const int root = 0;
    g->tree.leaves = 1;
    g->leaf[0] = (struct souk_leaf){.parent = -1, .best = {.column = -1}};
    souk_status status = sum_root_all(g, d, err);
    if (status == SOUK_OK) {
        status = make_histogram_all(g, d, 0, 0, err);
        if (status == SOUK_OK)
            status = find_splits_all(g, d, allowed, &root, 1, err);
    }
    while (status == SOUK_OK && g->tree.leaves < g->rules.leaves) {
        const int leaf = choose_leaf(g);
        if (leaf < 0)
            break;
        split_leaf(g, leaf);
        if (g->tree.leaves < g->rules.leaves)
            status = prepare_pair_all(g, d, allowed, leaf, err);
    }
    memcpy(g->tree.leaf_rows, g->rows.count, (size_t)g->tree.leaves * sizeof *g->tree.leaf_rows);
    return status ? status : souk_sum_i64_all(&g->comm, g->tree.leaf_rows, g->tree.leaves, err);
}

void souk_grower_leaf_sum(const struct souk_grower *g, const struct souk_gradients *units, int leaf,
                          double sum[2])
{
    sum[0] = g->leaf[leaf].sum.gradient * units->gradient_unit;
    sum[1] = g->leaf[leaf].sum.hessian * units->hessian_unit;
}

int souk_growntree_leaf(const struct souk_growntree *tree, const uint8_t *bins)
{
    int node = tree->leaves > 1 ? 0 : ~0;
    while (node >= 0) {
        const struct souk_split *split = &tree->node[node].split;
        const bool left = souk_split_goes_left(split, bins[split->column]);
        node = left ? tree->node[node].left : tree->node[node].right;
    }
    return ~node;
}
