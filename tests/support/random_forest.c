#include "tests/support/random_forest.h"

#include "shared/base/random.h"

#include <math.h>

enum { CATEGORIES = 70, WORDS = 2, MOST_ROWS = 50 };

static bool is_categorical(const struct souk_random_forest *r, int feature)
{
    return feature < r->categorical * r->features;
}

/* A value that is a threshold of many trees: zeros and negative numbers too. */
static double value_of(const struct souk_random_forest *r, uint64_t bits)
{
    return ((double)(bits % (uint64_t)r->thresholds) - r->thresholds / 3) / 4.;
}

static void make_node(const struct souk_random_forest *r, struct souk_tree *t, int node,
                      uint64_t row)
{
    static const uint8_t missing[] = {SOUK_SPLIT_MISSING_NONE, SOUK_SPLIT_MISSING_ZERO,
                                      SOUK_SPLIT_MISSING_NAN};
    const uint64_t bits = souk_random_bits(r->seed, row, (uint64_t)node);
    const int feature = (int)(bits % (uint64_t)r->features);
    t->split_feature[node] = feature;
    t->split_gain[node] = (double)(bits >> 20 & 1023);
    t->decision_type[node] = missing[(bits >> 32) % 3] | (bits >> 40 & SOUK_SPLIT_DEFAULT_LEFT);
    t->threshold[node] = value_of(r, bits >> 48);
    if (!is_categorical(r, feature))
        return;
    t->decision_type[node] = SOUK_SPLIT_CATEGORICAL | SOUK_SPLIT_MISSING_NAN;
    t->threshold[node] = t->cat_splits;
    for (int w = 0; w < WORDS; w++)
        t->cat_threshold[t->cat_boundaries[t->cat_splits] + w] =
            (uint32_t)souk_random_bits(r->seed + 1, row, (uint64_t)(WORDS * node + w));
    t->cat_splits++;
    t->cat_boundaries[t->cat_splits] = t->cat_boundaries[t->cat_splits - 1] + WORDS;
}

/* As LightGBM grows: node n splits a random leaf, which stays on its left. */
static void grow(const struct souk_random_forest *r, struct souk_tree *t, uint64_t row)
{
    int32_t *parent[SOUK_TREE_LEAVES_MAX];
    for (int node = 0; node < t->leaves - 1; node++) {
        const uint64_t bits = souk_random_bits(r->seed + 2, row, (uint64_t)node);
        const int leaf = (int)(bits % (uint64_t)(node + 1));
        if (node > 0)
            *parent[leaf] = node;
        t->left_child[node] = ~leaf;
        t->right_child[node] = ~(node + 1);
        parent[leaf] = &t->left_child[node];
        parent[node + 1] = &t->right_child[node];
        make_node(r, t, node, row);
    }
}

static int64_t count_below(struct souk_tree *t, int32_t at)
{
    if (at < 0)
        return t->leaf_count[~at];
    t->internal_count[at] = count_below(t, t->left_child[at]) + count_below(t, t->right_child[at]);
    return t->internal_count[at];
}

static souk_status add_tree(const struct souk_random_forest *r, struct souk_forest *f,
                            struct souk_error *err)
{
    struct souk_tree t;
    const uint64_t row = (uint64_t)f->trees;
    const int most = r->categorical > 0 ? r->leaves - 1 : 0;
    souk_status status = souk_tree_init(&t, r->leaves, most, most * WORDS, err);
    if (status != SOUK_OK)
        return status;
    t.cat_splits = 0; /* counted while they are made */
    grow(r, &t, row);
    for (int l = 0; l < r->leaves; l++) {
        t.leaf_value[l] = souk_random_normal(r->seed + 3, row, (uint64_t)l);
        t.leaf_count[l] =
            1 + (int64_t)(souk_random_bits(r->seed + 4, row, (uint64_t)l) % MOST_ROWS);
        t.leaf_weight[l] = (double)t.leaf_count[l] / 4;
    }
    if (r->leaves > 1)
        count_below(&t, 0);
    status = souk_forest_append(f, &t, err);
    souk_tree_fini(&t);
    return status;
}

souk_status souk_random_forest_make(const struct souk_random_forest *r, struct souk_forest *f,
                                    struct souk_error *err)
{
    souk_status status = souk_forest_init(f, r->features, err);
    while (status == SOUK_OK && f->trees < r->trees)
        status = add_tree(r, f, err);
    if (status != SOUK_OK)
        souk_forest_fini(f);
    return status;
}

void souk_random_forest_row(const struct souk_random_forest *r, uint64_t number, double *out)
{
    for (int i = 0; i < r->features; i++) {
        const uint64_t bits = souk_random_bits(r->seed + 5, number, (uint64_t)i);
        const double u = souk_random_uniform(r->seed + 6, number, (uint64_t)i);
        if (u < r->missing)
            out[i] = NAN;
        else if (is_categorical(r, i))
            out[i] = (double)(bits % (CATEGORIES + 4)) - 2; /* negative and unknown ones too */
        else
            /* On a threshold, or just off it. */
            out[i] = value_of(r, bits) + (double)(bits >> 60 & 1) * (u - .5) / 8;
    }
}
