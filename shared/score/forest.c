#include "shared/score/forest.h"

#include "shared/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static souk_status replace(char **slot, const char *text, struct souk_error *err)
{
    char *copy = souk_strndup(text, strlen(text));
    if (!copy)
        return souk_fail(err, SOUK_ENOMEM, "no memory for a text of a forest");
    free(*slot);
    *slot = copy;
    return SOUK_OK;
}

static souk_status name_all(struct souk_forest *f, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int i = 0; i < f->features && status == SOUK_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "Column_%d", i);
        status = replace(&f->feature_name[i], name, err);
        if (status == SOUK_OK)
            status = replace(&f->feature_info[i], "none", err);
    }
    return status;
}

souk_status souk_forest_init(struct souk_forest *f, int features, struct souk_error *err)
{
    souk_status status;
    *f = (struct souk_forest){0};
    if (features < 1 || features > SOUK_FEATURES_MAX)
        return souk_fail(err, SOUK_EINVAL, "a forest over %d features; 1 to %d can be had",
                         features, SOUK_FEATURES_MAX);
    f->features = features;
    f->feature_name = souk_zalloc_array((size_t)features, sizeof *f->feature_name);
    f->feature_info = souk_zalloc_array((size_t)features, sizeof *f->feature_info);
    if (!f->feature_name || !f->feature_info) {
        f->features = 0;
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d features", features);
    } else {
        status = name_all(f, err);
    }
    if (status != SOUK_OK)
        souk_forest_fini(f);
    return status;
}

void souk_forest_fini(struct souk_forest *f)
{
    souk_forest_truncate(f, 0);
    for (int i = 0; i < f->features; i++) {
        free(f->feature_name[i]);
        free(f->feature_info[i]);
    }
    free(f->feature_name);
    free(f->feature_info);
    free(f->objective);
    free(f->tree);
    free(f->header_extra);
    free(f->importances);
    free(f->parameters);
    free(f->trailer);
    *f = (struct souk_forest){0};
}

/* One word of a line of the text format. */
static souk_status check_word(const char *what, const char *text, struct souk_error *err)
{
    const size_t len = strlen(text);
    bool good = len > 0 && len <= SOUK_FEATURE_WORD_MAX;
    for (size_t i = 0; good && i < len; i++)
        good = (unsigned char)text[i] > ' ' && text[i] != 127;
    if (good)
        return SOUK_OK;
    return souk_fail(err, SOUK_EINVAL,
                     "a feature's %s '%.64s': 1 to %d bytes without blanks and control characters",
                     what, text, SOUK_FEATURE_WORD_MAX);
}

souk_status souk_forest_set_name(struct souk_forest *f, int feature, const char *name,
                                 struct souk_error *err)
{
    const souk_status status = check_word("name", name, err);
    return status == SOUK_OK ? replace(&f->feature_name[feature], name, err) : status;
}

souk_status souk_forest_set_info(struct souk_forest *f, int feature, const char *info,
                                 struct souk_error *err)
{
    const souk_status status = check_word("info", info, err);
    return status == SOUK_OK ? replace(&f->feature_info[feature], info, err) : status;
}

souk_status souk_forest_set_objective(struct souk_forest *f, const char *objective,
                                      struct souk_error *err)
{
    if (strpbrk(objective, "\r\n"))
        return souk_fail(err, SOUK_EINVAL, "an objective of several lines");
    return replace(&f->objective, objective, err);
}

souk_status souk_forest_append(struct souk_forest *f, struct souk_tree *tree,
                               struct souk_error *err)
{
    souk_status status = souk_tree_check(tree, f->features, err);
    if (status != SOUK_OK)
        return souk_error_prefix(err, status, "tree %d", f->trees);
    status = souk_grow(&f->tree, &f->tree_capacity, (size_t)f->trees + 1, SOUK_FOREST_TREES_MAX,
                       sizeof *f->tree);
    if (status != SOUK_OK)
        return souk_fail(err, status, "no room for tree %d (at most %d)", f->trees,
                         SOUK_FOREST_TREES_MAX);
    f->tree[f->trees++] = *tree;
    *tree = (struct souk_tree){0};
    free(f->importances);
    f->importances = NULL;
    return SOUK_OK;
}

void souk_forest_scale(struct souk_forest *f, double by)
{
    for (int i = 0; i < f->trees; i++) {
        struct souk_tree *t = &f->tree[i];
        for (int leaf = 0; leaf < t->leaves; leaf++)
            t->leaf_value[leaf] *= by;
        for (int node = 0; node < t->leaves - 1; node++)
            t->internal_value[node] *= by;
    }
}

souk_status souk_forest_join(struct souk_forest *f, struct souk_forest *other,
                             struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (f->features == 0) {
        *f = *other;
        *other = (struct souk_forest){0};
        return SOUK_OK;
    }
    if (f->features != other->features)
        status = souk_fail(err, SOUK_EINVAL, "a forest of %d features joins one of %d",
                           other->features, f->features);
    for (int i = 0; i < other->trees && status == SOUK_OK; i++)
        status = souk_forest_append(f, &other->tree[i], err);
    souk_forest_fini(other);
    return status;
}

void souk_forest_truncate(struct souk_forest *f, int trees)
{
    for (int i = trees; i < f->trees; i++)
        souk_tree_fini(&f->tree[i]);
    if (trees < f->trees) {
        f->trees = trees;
        free(f->importances);
        f->importances = NULL;
    }
}

double souk_forest_predict(const struct souk_forest *f, const double *row)
{
    double sum = 0;
    for (int i = 0; i < f->trees; i++)
        sum += f->tree[i].leaf_value[souk_tree_leaf(&f->tree[i], row)];
    return sum;
}

void souk_forest_importance(const struct souk_forest *f, enum souk_importance kind, double *out)
{
    memset(out, 0, (size_t)f->features * sizeof *out);
    for (int i = 0; i < f->trees; i++) {
        const struct souk_tree *t = &f->tree[i];
        /* As LightGBM counts: a split that gains nothing (a forced one) does not. */
        for (int node = 0; node < t->leaves - 1; node++)
            if (t->split_gain[node] > 0)
                out[t->split_feature[node]] +=
                    kind == SOUK_IMPORTANCE_GAIN ? t->split_gain[node] : 1;
    }
}
