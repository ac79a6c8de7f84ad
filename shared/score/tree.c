#include "shared/score/tree.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_tree_init(struct souk_tree *t, int leaves, int cat_splits, int words,
                           struct souk_error *err)
{
    *t = (struct souk_tree){.leaves = leaves, .cat_splits = cat_splits, .shrinkage = 1};
    if (leaves < 1 || leaves > SOUK_TREE_LEAVES_MAX || cat_splits < 0 || cat_splits >= leaves ||
        words < 0 || words > SOUK_TREE_WORDS_MAX) {
        *t = (struct souk_tree){0};
        return souk_fail(err, SOUK_EINVAL,
                         "a tree of %d leaves, %d categorical splits and %d words of categories: "
                         "at most %d leaves, %d words and one split less than leaves",
                         leaves, cat_splits, words, SOUK_TREE_LEAVES_MAX, SOUK_TREE_WORDS_MAX);
    }
    const size_t n = (size_t)leaves, nodes = n - 1;
    t->split_feature = souk_zalloc_array(nodes, sizeof *t->split_feature);
    t->threshold = souk_zalloc_array(nodes, sizeof *t->threshold);
    t->decision_type = souk_zalloc_array(nodes, sizeof *t->decision_type);
    t->left_child = souk_zalloc_array(nodes, sizeof *t->left_child);
    t->right_child = souk_zalloc_array(nodes, sizeof *t->right_child);
    t->split_gain = souk_zalloc_array(nodes, sizeof *t->split_gain);
    t->internal_value = souk_zalloc_array(nodes, sizeof *t->internal_value);
    t->internal_weight = souk_zalloc_array(nodes, sizeof *t->internal_weight);
    t->internal_count = souk_zalloc_array(nodes, sizeof *t->internal_count);
    t->leaf_value = souk_zalloc_array(n, sizeof *t->leaf_value);
    t->leaf_weight = souk_zalloc_array(n, sizeof *t->leaf_weight);
    t->leaf_count = souk_zalloc_array(n, sizeof *t->leaf_count);
    t->cat_boundaries = souk_zalloc_array((size_t)cat_splits + 1, sizeof *t->cat_boundaries);
    t->cat_threshold = souk_zalloc_array((size_t)words, sizeof *t->cat_threshold);
    if (!t->split_feature || !t->threshold || !t->decision_type || !t->left_child ||
        !t->right_child || !t->split_gain || !t->internal_value || !t->internal_weight ||
        !t->internal_count || !t->leaf_value || !t->leaf_weight || !t->leaf_count ||
        !t->cat_boundaries || !t->cat_threshold) {
        souk_tree_fini(t);
        return souk_fail(err, SOUK_ENOMEM, "no memory for a tree of %d leaves", leaves);
    }
    t->cat_boundaries[cat_splits] = words;
    return SOUK_OK;
}

void souk_tree_fini(struct souk_tree *t)
{
    free(t->split_feature);
    free(t->threshold);
    free(t->decision_type);
    free(t->left_child);
    free(t->right_child);
    free(t->split_gain);
    free(t->internal_value);
    free(t->internal_weight);
    free(t->internal_count);
    free(t->leaf_value);
    free(t->leaf_weight);
    free(t->leaf_count);
    free(t->cat_boundaries);
    free(t->cat_threshold);
    free(t->extra);
    *t = (struct souk_tree){0};
}

/* Depth of the deepest node (the root's is 1), with every node and leaf marked once; 0 when one is
 * reached twice or never, or too deep. An explicit stack: depth is not yet known to be bounded.
 * seen [2 * leaves], stack [2 * leaves] of (child, depth). */
static int walk_all(const struct souk_tree *t, uint8_t *seen, int32_t (*stack)[2])
{
    int top = 0, deepest = 0, visited = 0;
    stack[top][0] = 0;
    stack[top++][1] = 1;
    while (top > 0) {
        const int32_t node = stack[--top][0], depth = stack[top][1];
        const int32_t child[2] = {t->left_child[node], t->right_child[node]};
        if (depth > SOUK_TREE_DEPTH_MAX)
            return 0;
        deepest = depth > deepest ? depth : deepest;
        visited++;
        for (int side = 0; side < 2; side++) {
            const int32_t c = child[side];
            if (c <= 0 ? ~c >= t->leaves || c == 0 : c >= t->leaves - 1)
                return 0;
            uint8_t *mark = &seen[c < 0 ? t->leaves + ~c : c];
            if (*mark)
                return 0;
            *mark = 1;
            if (c < 0)
                continue;
            stack[top][0] = c;
            stack[top++][1] = depth + 1;
        }
    }
    /* Each visited node marks two children that are new: with all nodes visited, all leaves are. */
    return visited == t->leaves - 1 ? deepest : 0;
}

static souk_status check_shape(const struct souk_tree *t, int *depth, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *depth = 0;
    if (t->leaves == 1)
        return SOUK_OK;
    uint8_t *seen = souk_zalloc_array(2 * (size_t)t->leaves, 1);
    int32_t(*stack)[2] = souk_alloc_array((size_t)t->leaves + 1, sizeof *stack);
    if (!seen || !stack)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to check a tree");
    else if ((*depth = walk_all(t, seen, stack)) == 0)
        status = souk_fail(err, SOUK_EFORMAT,
                           "left_child and right_child do not make one tree of %d leaves and at "
                           "most %d levels",
                           t->leaves, SOUK_TREE_DEPTH_MAX);
    free(seen);
    free(stack);
    return status;
}

static souk_status check_bitsets(const struct souk_tree *t, struct souk_error *err)
{
    if (t->cat_boundaries[0] != 0)
        return souk_fail(err, SOUK_EFORMAT, "cat_boundaries starts at %d, not at 0",
                         t->cat_boundaries[0]);
    for (int k = 0; k < t->cat_splits; k++)
        if (t->cat_boundaries[k + 1] < t->cat_boundaries[k])
            return souk_fail(err, SOUK_EFORMAT, "cat_boundaries falls from %d to %d",
                             t->cat_boundaries[k], t->cat_boundaries[k + 1]);
    return SOUK_OK;
}

static souk_status check_node(const struct souk_tree *t, int node, int features,
                              struct souk_error *err)
{
    const unsigned type = t->decision_type[node];
    const double threshold = t->threshold[node];
    if (t->split_feature[node] < 0 || t->split_feature[node] >= features)
        return souk_fail(err, SOUK_EFORMAT, "node %d splits feature %d of %d", node,
                         t->split_feature[node], features);
    if (type > (SOUK_SPLIT_CATEGORICAL | SOUK_SPLIT_DEFAULT_LEFT | SOUK_SPLIT_MISSING_NAN) ||
        (type & SOUK_SPLIT_MISSING_MASK) == SOUK_SPLIT_MISSING_MASK)
        return souk_fail(err, SOUK_EFORMAT, "node %d has the unknown decision_type %u", node, type);
    if (!isfinite(threshold) || !isfinite(t->split_gain[node]) ||
        !isfinite(t->internal_value[node]) || !isfinite(t->internal_weight[node]))
        return souk_fail(err, SOUK_EFORMAT, "node %d has a number that is not finite", node);
    if (t->internal_count[node] < 0)
        return souk_fail(err, SOUK_EFORMAT, "node %d has a negative count", node);
    if ((type & SOUK_SPLIT_CATEGORICAL) &&
        (threshold < 0 || threshold >= t->cat_splits || threshold != floor(threshold)))
        return souk_fail(err, SOUK_EFORMAT, "node %d names bitset %g of %d", node, threshold,
                         t->cat_splits);
    return SOUK_OK;
}

static souk_status check_leaves(const struct souk_tree *t, struct souk_error *err)
{
    for (int l = 0; l < t->leaves; l++) {
        if (!isfinite(t->leaf_value[l]) || !isfinite(t->leaf_weight[l]))
            return souk_fail(err, SOUK_EFORMAT, "leaf %d has a number that is not finite", l);
        if (t->leaf_count[l] < 0)
            return souk_fail(err, SOUK_EFORMAT, "leaf %d has a negative count", l);
    }
    return SOUK_OK;
}

souk_status souk_tree_check(const struct souk_tree *t, int features, struct souk_error *err)
{
    int depth;
    souk_status status = t->leaves < 1 ? souk_fail(err, SOUK_EFORMAT, "a tree without leaves")
                                       : check_bitsets(t, err);
    for (int node = 0; status == SOUK_OK && node < t->leaves - 1; node++)
        status = check_node(t, node, features, err);
    if (status == SOUK_OK)
        status = check_leaves(t, err);
    if (status == SOUK_OK && !isfinite(t->shrinkage))
        status = souk_fail(err, SOUK_EFORMAT, "shrinkage is not finite");
    return status == SOUK_OK ? check_shape(t, &depth, err) : status;
}

static bool is_in_bitset(const struct souk_tree *t, int k, double x)
{
    const uint32_t *words = t->cat_threshold + t->cat_boundaries[k];
    const int32_t count = t->cat_boundaries[k + 1] - t->cat_boundaries[k];
    /* Truncated towards 0 as by a cast, so that -.5 is category 0; written so that NaN fails. */
    if (!(x > -1 && x < 32. * count))
        return false;
    const uint32_t category = (uint32_t)(int32_t)x;
    return words[category / 32] >> category % 32 & 1;
}

bool souk_tree_goes_left(const struct souk_tree *t, int node, double x)
{
    const unsigned type = t->decision_type[node], missing = type & SOUK_SPLIT_MISSING_MASK;
    if (type & SOUK_SPLIT_CATEGORICAL)
        return is_in_bitset(t, (int)t->threshold[node], x);
    if (isnan(x) && missing != SOUK_SPLIT_MISSING_NAN)
        x = 0;
    if ((missing == SOUK_SPLIT_MISSING_ZERO && fabs(x) <= SOUK_SPLIT_ZERO) ||
        (missing == SOUK_SPLIT_MISSING_NAN && isnan(x)))
        return type & SOUK_SPLIT_DEFAULT_LEFT;
    return x <= t->threshold[node];
}

int souk_tree_leaf(const struct souk_tree *t, const double *row)
{
    int32_t at = t->leaves > 1 ? 0 : ~0;
    while (at >= 0)
        at = souk_tree_goes_left(t, at, row[t->split_feature[at]]) ? t->left_child[at]
                                                                   : t->right_child[at];
    return ~at;
}

static int depth_below(const struct souk_tree *t, int32_t at)
{
    if (at < 0)
        return 0;
    const int left = depth_below(t, t->left_child[at]), right = depth_below(t, t->right_child[at]);
    return 1 + (left > right ? left : right);
}

int souk_tree_depth(const struct souk_tree *t)
{
    return depth_below(t, t->leaves > 1 ? 0 : ~0);
}
