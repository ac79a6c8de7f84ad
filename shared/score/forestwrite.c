/* Writing a forest in LightGBM's text format. */
#include "shared/base/memory.h"
#include "shared/base/staging.h"
#include "shared/score/foresttext.h"
#include "shared/score/treefields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void print_tree(const struct souk_tree *t, int number, FILE *to)
{
    fprintf(to, "Tree=%d\nnum_leaves=%d\nnum_cat=%d\n", number, t->leaves, t->cat_splits);
    for (int i = 0; i < SOUK_TREEFIELDS; i++)
        if (souk_treefield[i].size < SOUK_TREEFIELD_BOUNDARIES || t->cat_splits > 0)
            souk_treefield_print(&souk_treefield[i], t, to);
    fprintf(to, "is_linear=0\nshrinkage=%g\n%s\n\n", t->shrinkage, t->extra ? t->extra : "");
}

static void print_words(const char *key, char *const *words, int count, FILE *to)
{
    fprintf(to, "%s=", key);
    for (int i = 0; i < count; i++)
        fprintf(to, "%s%s", i > 0 ? " " : "", words[i]);
    putc('\n', to);
}

/* @param size [trees], bytes of each tree's block */
static void print_header(const struct souk_forest *f, const long *size, FILE *to)
{
    fprintf(to, "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n");
    fprintf(to, "label_index=%d\nmax_feature_idx=%d\n", f->label_index, f->features - 1);
    if (f->objective)
        fprintf(to, "objective=%s\n", f->objective);
    print_words("feature_names", f->feature_name, f->features, to);
    if (f->header_extra)
        fputs(f->header_extra, to);
    print_words("feature_infos", f->feature_info, f->features, to);
    fputs("tree_sizes=", to);
    for (int i = 0; i < f->trees; i++)
        fprintf(to, "%s%ld", i > 0 ? " " : "", size[i]);
    fputs("\n\n", to);
}

struct rank {
    double value;
    int feature;
};

static int compare_rank(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return x->feature - y->feature;
}

/* Most frequent first; features that never split are left out. */
static souk_status print_importances(const struct souk_forest *f, FILE *to)
{
    double *splits = souk_alloc_array((size_t)f->features, sizeof *splits);
    struct rank *rank = souk_alloc_array((size_t)f->features, sizeof *rank);
    int used = 0;
    if (splits && rank) {
        souk_forest_importance(f, SOUK_IMPORTANCE_SPLITS, splits);
        for (int i = 0; i < f->features; i++)
            if (splits[i] > 0)
                rank[used++] = (struct rank){splits[i], i};
        qsort(rank, (size_t)used, sizeof *rank, compare_rank);
        for (int i = 0; i < used; i++)
            fprintf(to, "%s=%.0f\n", f->feature_name[rank[i].feature], rank[i].value);
    }
    const souk_status status = splits && rank ? SOUK_OK : SOUK_ENOMEM;
    free(splits);
    free(rank);
    return status;
}

static souk_status print_tail(const struct souk_forest *f, FILE *to)
{
    souk_status status = SOUK_OK;
    fputs("end of trees\n\nfeature_importances:\n", to);
    if (f->importances)
        fputs(f->importances, to);
    else
        status = print_importances(f, to);
    if (f->parameters)
        fprintf(to, "\nparameters:\n%send of parameters\n", f->parameters);
    if (f->trailer)
        fputs(f->trailer, to);
    return status;
}

/* The trees come after their sizes: they are printed apart first. */
static souk_status print_trees(const struct souk_forest *f, long *size, char **text, size_t *len)
{
    FILE *to = open_memstream(text, len);
    long before = 0;
    if (!to)
        return SOUK_ENOMEM;
    for (int i = 0; i < f->trees; i++) {
        print_tree(&f->tree[i], i, to);
        const long after = ftell(to);
        size[i] = after - before;
        before = after;
    }
    const int failed = ferror(to);
    return fclose(to) != 0 || failed ? SOUK_ENOMEM : SOUK_OK;
}

static souk_status print_forest(const struct souk_forest *f, const long *size, const char *trees,
                                size_t trees_len, char **text, size_t *len)
{
    FILE *to = open_memstream(text, len);
    if (!to)
        return SOUK_ENOMEM;
    print_header(f, size, to);
    fwrite(trees, 1, trees_len, to);
    const souk_status status = print_tail(f, to);
    const int failed = ferror(to);
    return fclose(to) != 0 || failed ? SOUK_ENOMEM : status;
}

souk_status souk_forest_format(const struct souk_forest *f, char **text, size_t *len,
                               struct souk_error *err)
{
    souk_status status = SOUK_ENOMEM;
    char *trees = NULL;
    size_t trees_len = 0;
    long *size = souk_zalloc_array((size_t)f->trees, sizeof *size);
    *text = NULL;
    if (!size)
        goto out;
    status = print_trees(f, size, &trees, &trees_len);
    if (status == SOUK_OK)
        status = print_forest(f, size, trees, trees_len, text, len);
out:
    if (status != SOUK_OK) {
        free(*text);
        *text = NULL;
        status = souk_fail(err, status, "no memory to write a forest of %d trees", f->trees);
    }
    free(trees);
    free(size);
    return status;
}

static souk_status write_file(const char *path, const char *text, size_t len,
                              struct souk_error *err)
{
    FILE *to = fopen(path, "wb");
    if (!to)
        return souk_fail_errno(err, "cannot write %s", path);
    const bool whole = fwrite(text, 1, len, to) == len;
    const int reason = errno;
    if (fclose(to) == 0 && whole)
        return SOUK_OK;
    if (!whole)
        errno = reason;
    return souk_fail_errno(err, "cannot write %s", path);
}

souk_status souk_forest_write(const struct souk_forest *f, const char *path, struct souk_error *err)
{
    struct souk_staging staging = {0};
    char *text = NULL;
    size_t len = 0;
    souk_status status = souk_forest_format(f, &text, &len, err);
    if (status == SOUK_OK)
        status = souk_staging_begin(&staging, path, false, NULL, true, err);
    if (status == SOUK_OK)
        status = write_file(staging.partial, text, len, err);
    if (status == SOUK_OK)
        status = souk_staging_commit(&staging, err);
    souk_staging_end(&staging, true);
    free(text);
    return status;
}
