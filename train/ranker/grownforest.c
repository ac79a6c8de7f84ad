#include "train/ranker/grownforest.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The threshold that sends every finite float left: only missing values go right. */
static const double above_all = 1e300;

double souk_grownforest_leaf_value(const struct souk_split_rules *rules, const double sum[2])
{
    const double weight = sum[1] + rules->l2;
    return weight > 0 ? -souk_split_soft(sum[0], rules->l1) / weight : 0;
}

/* Names travel in lists separated by blanks: a blank inside becomes `_`, as LightGBM does it. */
static souk_status set_name(struct souk_forest *forest, int feature, const char *name,
                            struct souk_error *err)
{
    char *clean = souk_strndup(name, strlen(name));
    if (!clean)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a feature's name");
    for (char *c = clean; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 127)
            *c = '_';
    const souk_status status = *clean ? souk_forest_set_name(forest, feature, clean, err) : SOUK_OK;
    free(clean);
    return status;
}

static int by_code(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* `none`, `[low:high]`, or the categories `0:3:1`. */
static souk_status set_info(struct souk_forest *forest, int feature, const struct souk_bins *bins,
                            struct souk_error *err)
{
    char info[4096] = "none";
    if (bins->count > 0 && !bins->categorical)
        snprintf(info, sizeof info, "[%.17g:%.17g]", bins->low, bins->high);
    if (bins->count > 0 && bins->categorical) {
        float code[SOUK_BINS_MAX];
        size_t len = 0;
        memcpy(code, bins->bound, (size_t)bins->count * sizeof *code);
        qsort(code, (size_t)bins->count, sizeof *code, by_code);
        for (int b = 0; b < bins->count; b++)
            len += (size_t)snprintf(info + len, sizeof info - len, b ? ":%.0f" : "%.0f",
                                    (double)code[b]);
    }
    return souk_forest_set_info(forest, feature, info, err);
}

souk_status souk_grownforest_init(struct souk_forest *forest, const struct souk_rankdata *d,
                                  const struct souk_binning *binning, const char *objective,
                                  struct souk_error *err)
{
    souk_status status = souk_forest_init(forest, d->features, err);
    for (int f = 0; status == SOUK_OK && f < d->features; f++) {
        status = set_info(forest, f, &binning->bins[f], err);
        if (status == SOUK_OK && d->feature_name)
            status = set_name(forest, f, d->feature_name[f], err);
    }
    return status ? status : souk_forest_set_objective(forest, objective, err);
}

/* The largest code that goes left, in words of 32 bits. */
static int words_of(const struct souk_split *split, const struct souk_bins *bins)
{
    int most = 0;
    for (int b = 0; b < bins->count; b++)
        if (souk_split_goes_left(split, b) && (int)bins->bound[b] > most)
            most = (int)bins->bound[b];
    return most / 32 + 1;
}

static void count_categories(const struct souk_growntree *grown, const struct souk_binning *binning,
                             int *splits, int64_t *words)
{
    *splits = 0;
    *words = 0;
    for (int n = 0; n < grown->leaves - 1; n++) {
        const struct souk_split *split = &grown->node[n].split;
        if (!split->categorical)
            continue;
        ++*splits;
        *words += words_of(split, &binning->bins[binning->feature[split->column]]);
    }
}

static void set_numeric(struct souk_tree *t, int node, const struct souk_split *split,
                        const struct souk_bins *bins)
{
    const bool all = split->bin >= bins->count - 1;
    t->threshold[node] = all ? above_all : bins->split_at[split->bin];
    t->decision_type[node] =
        (uint8_t)(SOUK_SPLIT_MISSING_NAN | (split->missing_left ? SOUK_SPLIT_DEFAULT_LEFT : 0));
}

static void set_categorical(struct souk_tree *t, int node, const struct souk_split *split,
                            const struct souk_bins *bins, int number)
{
    const int32_t first = t->cat_boundaries[number];
    t->threshold[node] = number;
    t->decision_type[node] = SOUK_SPLIT_CATEGORICAL | SOUK_SPLIT_MISSING_NAN;
    for (int b = 0; b < bins->count; b++) {
        const int code = (int)bins->bound[b];
        if (souk_split_goes_left(split, b))
            t->cat_threshold[first + code / 32] |= UINT32_C(1) << (code % 32);
    }
    t->cat_boundaries[number + 1] = first + words_of(split, bins);
}

static void set_splits(struct souk_tree *t, const struct souk_growntree *grown,
                       const struct souk_binning *binning)
{
    int number = 0;
    for (int n = 0; n < grown->leaves - 1; n++) {
        const struct souk_grownnode *node = &grown->node[n];
        const int feature = binning->feature[node->split.column];
        t->split_feature[n] = feature;
        t->split_gain[n] = node->split.gain;
        t->left_child[n] = node->left;
        t->right_child[n] = node->right;
        if (node->split.categorical)
            set_categorical(t, n, &node->split, &binning->bins[feature], number++);
        else
            set_numeric(t, n, &node->split, &binning->bins[feature]);
    }
}

/* A child has a higher number than its parent: from the last node up, both are known. */
static void set_inner(struct souk_tree *t, const struct souk_split_rules *rules, double (*sum)[2],
                      double *gradient, double rate)
{
    for (int n = t->leaves - 2; n >= 0; n--) {
        const int32_t child[2] = {t->left_child[n], t->right_child[n]};
        gradient[n] = 0;
        for (int c = 0; c < 2; c++) {
            const bool leaf = child[c] < 0;
            gradient[n] += leaf ? sum[~child[c]][0] : gradient[child[c]];
            t->internal_weight[n] += leaf ? sum[~child[c]][1] : t->internal_weight[child[c]];
            t->internal_count[n] += leaf ? t->leaf_count[~child[c]] : t->internal_count[child[c]];
        }
        const double whole[2] = {gradient[n], t->internal_weight[n]};
        t->internal_value[n] = rate * souk_grownforest_leaf_value(rules, whole);
    }
}

souk_status souk_grownforest_append(struct souk_forest *forest, const struct souk_growntree *grown,
                                    const struct souk_binning *binning,
                                    const struct souk_split_rules *rules, const double *value,
                                    double (*sum)[2], double rate, struct souk_error *err)
{
    struct souk_tree tree = {0};
    int splits;
    int64_t words;
    double *gradient = souk_alloc_array((size_t)grown->leaves, sizeof *gradient);
    count_categories(grown, binning, &splits, &words);
    souk_status status = SOUK_OK;
    if (!gradient)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a tree");
    if (status == SOUK_OK && words > SOUK_TREE_WORDS_MAX)
        status = souk_fail(err, SOUK_ELIMIT,
                           "a tree's categories take %" PRId64 " words: use smaller codes", words);
    if (status == SOUK_OK)
        status = souk_tree_init(&tree, grown->leaves, splits, (int)words, err);
    if (status)
        goto out;
    set_splits(&tree, grown, binning);
    for (int l = 0; l < grown->leaves; l++) {
        tree.leaf_value[l] = value[l];
        tree.leaf_weight[l] = sum[l][1];
        tree.leaf_count[l] = grown->leaf_rows[l];
    }
    tree.shrinkage = rate;
    set_inner(&tree, rules, sum, gradient, rate);
    status = souk_forest_append(forest, &tree, err);
out:
    free(gradient);
    souk_tree_fini(&tree);
    return status;
}
