#include "shared/score/treeshap.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Rows below a child, into the shares of its nodes; *value gets rows * their mean. */
static double weigh(const struct souk_tree *t, int32_t at, double *left_share, double *value)
{
    if (at < 0) {
        *value += (double)t->leaf_count[~at] * t->leaf_value[~at];
        return (double)t->leaf_count[~at];
    }
    const double left = weigh(t, t->left_child[at], left_share, value);
    const double right = weigh(t, t->right_child[at], left_share, value);
    left_share[at] = left + right > 0 ? left / (left + right) : .5;
    return left + right;
}

static souk_status weigh_tree(struct souk_treeshap *s, int number, struct souk_error *err)
{
    const struct souk_tree *t = &s->forest->tree[number];
    double value = 0;
    s->left_share[number] = souk_alloc_array((size_t)t->leaves - 1, sizeof **s->left_share);
    if (!s->left_share[number])
        return souk_fail(err, SOUK_ENOMEM, "no memory to explain tree %d", number);
    if (t->leaves == 1) {
        s->expectation += t->leaf_value[0];
        return SOUK_OK;
    }
    const double rows = weigh(t, 0, s->left_share[number], &value);
    if (rows <= 0)
        return souk_fail(err, SOUK_EINVAL,
                         "tree %d has no rows in leaf_count: it cannot be explained", number);
    s->expectation += value / rows;
    return SOUK_OK;
}

/* Each level of a tree of this depth has a path one step longer than the one above, from 1. */
static size_t steps_of_depth(size_t depth)
{
    return (depth + 1) * (depth + 2) / 2;
}

souk_status souk_treeshap_init(struct souk_treeshap *s, const struct souk_forest *f,
                               struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *s = (struct souk_treeshap){.forest = f, .scratch_steps = 1};
    s->left_share = souk_zalloc_array((size_t)f->trees, sizeof *s->left_share);
    if (!s->left_share)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to explain %d trees", f->trees);
    for (int i = 0; i < f->trees && status == SOUK_OK; i++) {
        const size_t steps = steps_of_depth((size_t)souk_tree_depth(&f->tree[i]));
        s->scratch_steps = steps > s->scratch_steps ? steps : s->scratch_steps;
        status = weigh_tree(s, i, err);
    }
    if (status != SOUK_OK)
        souk_treeshap_fini(s);
    return status;
}

void souk_treeshap_fini(struct souk_treeshap *s)
{
    for (int i = 0; s->left_share && i < s->forest->trees; i++)
        free(s->left_share[i]);
    free(s->left_share);
    *s = (struct souk_treeshap){0};
}

/* EXTEND: the path [last] grows by a step at [last]. */
static void extend(struct souk_shap_step *path, int last, int feature, double zero, double one)
{
    const double n = last + 1;
    path[last] = (struct souk_shap_step){feature, zero, one, last == 0};
    for (int i = last - 1; i >= 0; i--) {
        path[i + 1].weight += one * path[i].weight * (i + 1) / n;
        path[i].weight = zero * path[i].weight * (last - i) / n;
    }
}

/* UNWIND: what extend() did for the step at `gone` is undone. Either of its shares is positive. */
static void unwind(struct souk_shap_step *path, int last, int gone)
{
    const double n = last + 1, zero = path[gone].zero, one = path[gone].one;
    double carry = path[last].weight;
    for (int i = last - 1; i >= 0; i--) {
        if (one > 0) {
            const double before = path[i].weight;
            path[i].weight = carry * n / ((i + 1) * one);
            carry = before - path[i].weight * zero * (last - i) / n;
        } else {
            path[i].weight = path[i].weight * n / (zero * (last - i));
        }
    }
    for (int i = gone; i < last; i++) {
        path[i].feature = path[i + 1].feature;
        path[i].zero = path[i + 1].zero;
        path[i].one = path[i + 1].one;
    }
}

/* The sum of the weights that unwind() would leave. */
static double unwound_sum(const struct souk_shap_step *path, int last, int gone)
{
    const double n = last + 1, zero = path[gone].zero, one = path[gone].one;
    double carry = path[last].weight, sum = 0;
    for (int i = last - 1; i >= 0; i--) {
        if (one > 0) {
            const double weight = carry * n / ((i + 1) * one);
            sum += weight;
            carry = path[i].weight - weight * zero * (last - i) / n;
        } else {
            sum += path[i].weight * n / (zero * (last - i));
        }
    }
    return sum;
}

struct explanation {
    const struct souk_tree *tree;
    const double *left_share;
    const double *row;
    double *phi;
};

/* Go down to a child with the path of its parent, [0 .. last - 1], extended by the split that led
 * here. */
static void descend(const struct explanation *e, int32_t at, const struct souk_shap_step *parent,
                    struct souk_shap_step *path, int last, struct souk_shap_step step)
{
    const struct souk_tree *t = e->tree;
    if (step.zero <= 0 && step.one <= 0)
        return; /* nothing comes here: every term below is 0 */
    memcpy(path, parent, (size_t)last * sizeof *path);
    extend(path, last, step.feature, step.zero, step.one);
    if (at < 0) {
        for (int i = 1; i <= last; i++)
            e->phi[path[i].feature] +=
                unwound_sum(path, last, i) * (path[i].one - path[i].zero) * t->leaf_value[~at];
        return;
    }
    const int feature = t->split_feature[at];
    const bool goes_left = souk_tree_goes_left(t, at, e->row[feature]);
    const double share = e->left_share[at];
    double zero = 1, one = 1;
    int seen = 1, length = last + 1;
    while (seen <= last && path[seen].feature != feature)
        seen++;
    if (seen <= last) { /* a split on it came before: both become one step */
        zero = path[seen].zero;
        one = path[seen].one;
        unwind(path, last, seen);
        length = last;
    }
    descend(e, t->left_child[at], path, path + length, length,
            (struct souk_shap_step){feature, zero * share, goes_left ? one : 0, 0});
    descend(e, t->right_child[at], path, path + length, length,
            (struct souk_shap_step){feature, zero * (1 - share), goes_left ? 0 : one, 0});
}

void souk_treeshap_explain(const struct souk_treeshap *s, const double *row,
                           struct souk_shap_step *scratch, double *phi)
{
    const struct souk_forest *f = s->forest;
    memset(phi, 0, (size_t)f->features * sizeof *phi);
    for (int i = 0; i < f->trees; i++) {
        const struct explanation e = {&f->tree[i], s->left_share[i], row, phi};
        const struct souk_shap_step start = {-1, 1, 1, 0};
        if (e.tree->leaves > 1)
            descend(&e, 0, scratch, scratch, 0, start);
    }
    phi[f->features] = s->expectation;
}
