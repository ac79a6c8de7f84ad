#include "train/evaluate/featureimportance.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* A feature while they are sorted. */
struct entry {
    int feature;
    double gain, splits;
};

static int by_gain(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->gain != y->gain)
        return x->gain > y->gain ? -1 : 1;
    return x->feature - y->feature;
}

static souk_status take_entries(const struct souk_forest *forest, const double *drop,
                                struct entry *entries, struct souk_feature_importance *out)
{
    double gain = 0, splits = 0;
    for (int f = 0; f < forest->features; f++) {
        gain += entries[f].gain;
        splits += entries[f].splits;
    }
    qsort(entries, (size_t)forest->features, sizeof *entries, by_gain);
    for (int f = 0; f < forest->features; f++) {
        const char *name = forest->feature_name[entries[f].feature];
        if (entries[f].splits == 0)
            continue;
        out->name[out->count] = souk_strndup(name, strlen(name));
        if (!out->name[out->count])
            return SOUK_ENOMEM;
        if (drop)
            out->drop[out->count] = drop[entries[f].feature];
        out->gain[out->count] = gain > 0 ? entries[f].gain / gain : 0;
        out->splits[out->count++] = entries[f].splits / splits;
    }
    return SOUK_OK;
}

souk_status souk_feature_importance_of(const struct souk_forest *forest, const double *drop,
                                       struct souk_feature_importance *out, struct souk_error *err)
{
    const size_t n = (size_t)forest->features;
    struct entry *entries = souk_alloc_array(n, sizeof *entries);
    *out = (struct souk_feature_importance){.name = souk_zalloc_array(n, sizeof *out->name),
                                            .gain = souk_alloc_array(n, sizeof *out->gain),
                                            .splits = souk_alloc_array(n, sizeof *out->splits)};
    souk_status status = SOUK_ENOMEM;
    if (drop)
        out->drop = souk_alloc_array(n, sizeof *out->drop);
    if (entries && out->name && out->gain && out->splits && (!drop || out->drop)) {
        souk_forest_importance(forest, SOUK_IMPORTANCE_GAIN, out->gain);
        souk_forest_importance(forest, SOUK_IMPORTANCE_SPLITS, out->splits);
        for (int f = 0; f < forest->features; f++)
            entries[f] = (struct entry){f, out->gain[f], out->splits[f]};
        status = take_entries(forest, drop, entries, out);
    }
    free(entries);
    if (status == SOUK_OK)
        return SOUK_OK;
    souk_feature_importance_fini(out);
    return souk_fail(err, status, "out of memory for the importance of %zu features", n);
}

void souk_feature_importance_fini(struct souk_feature_importance *f)
{
    for (int i = 0; i < f->count; i++)
        free(f->name[i]);
    free(f->name);
    free(f->gain);
    free(f->splits);
    free(f->drop);
    *f = (struct souk_feature_importance){0};
}
