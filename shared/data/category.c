#include "shared/data/category.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* Depth of one category, walking up to the first ancestor whose depth is known. 0: a cycle. */
static int32_t depth_of(const int32_t *parent, const int32_t *depth, int64_t count, int32_t at)
{
    int32_t steps = 0;
    while (at >= 0 && depth[at] == 0) {
        if (++steps > count)
            return 0;
        at = parent[at];
    }
    return at < 0 ? steps : steps + depth[at];
}

souk_status souk_categories_init(struct souk_categories *c, struct souk_idtable *ids,
                                 int32_t *parent, struct souk_error *err)
{
    const int64_t count = ids->count;
    souk_status status;
    int64_t bad = 0;
    int32_t *depth = NULL;

    *c = (struct souk_categories){0};
    if (count > INT32_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%lld categories are too many", (long long)count);
    if (!souk_idtable_is_sorted(ids, &bad))
        return souk_fail(err, SOUK_EFORMAT, "category %lld is not an id, or out of order",
                         (long long)bad);
    depth = souk_zalloc_array((size_t)count, sizeof *depth);
    if (!depth)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld categories", (long long)count);
    for (int64_t i = 0; i < count; i++) {
        if (parent[i] < -1 || parent[i] >= count) {
            status = souk_fail(err, SOUK_EFORMAT, "category '%s' has parent %d of %lld",
                               souk_idtable_get(ids, i), parent[i], (long long)count);
            goto fail;
        }
    }
    for (int64_t i = 0; i < count; i++) {
        depth[i] = depth_of(parent, depth, count, (int32_t)i);
        if (depth[i] == 0) {
            status = souk_fail(err, SOUK_EFORMAT, "category '%s' is its own ancestor",
                               souk_idtable_get(ids, i));
            goto fail;
        }
    }
    c->ids = *ids;
    c->parent = parent;
    c->depth = depth;
    *ids = (struct souk_idtable){0};
    return SOUK_OK;
fail:
    free(depth);
    return status;
}

void souk_categories_fini(struct souk_categories *c)
{
    souk_idtable_fini(&c->ids);
    free(c->parent);
    free(c->depth);
    *c = (struct souk_categories){0};
}

bool souk_categories_is_under(const struct souk_categories *c, int32_t category, int32_t ancestor)
{
    while (category >= 0 && category != ancestor)
        category = c->parent[category];
    return category >= 0 && category == ancestor;
}

double souk_categories_cosine(const struct souk_categories *c, int32_t a, int32_t b)
{
    const double lengths = sqrt((double)c->depth[a] * c->depth[b]);
    while (a != b && a >= 0 && b >= 0) {
        if (c->depth[a] >= c->depth[b])
            a = c->parent[a];
        else
            b = c->parent[b];
    }
    return a >= 0 && a == b ? c->depth[a] / lengths : 0;
}
