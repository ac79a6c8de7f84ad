#include "train/linear/itemselection.h"

#include "shared/base/memory.h"

#include <limits.h>
#include <stdlib.h>

struct ranked_item {
    int64_t users, row;
};

static int most_users_first(const void *a, const void *b)
{
    const struct ranked_item *x = a, *y = b;
    if (x->users != y->users)
        return x->users > y->users ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Mark the first `count` of the items by popularity with 0, the others with -1. */
static souk_status mark_popular(struct souk_itemselection *s, const int64_t *users, int64_t items)
{
    struct ranked_item *ranked = souk_alloc_array((size_t)items, sizeof *ranked);
    if (!ranked)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < items; i++)
        ranked[i] = (struct ranked_item){users[i], i};
    qsort(ranked, (size_t)items, sizeof *ranked, most_users_first);
    for (int64_t i = 0; i < items; i++)
        s->number[ranked[i].row] = i < s->count ? 0 : -1;
    free(ranked);
    return SOUK_OK;
}

souk_status souk_itemselection_init(struct souk_itemselection *out,
                                    const struct souk_ratings *ratings, int64_t limit,
                                    struct souk_error *err)
{
    const int64_t items = ratings->item_first[ratings->parts];
    souk_status status = SOUK_OK;
    int32_t next = 0;

    *out = (struct souk_itemselection){.count = limit > 0 && limit < items ? limit : items};
    if (out->count > INT_MAX)
        return souk_fail(err, SOUK_ELIMIT, "%lld items are too many: set --items-limit",
                         (long long)out->count);
    out->number = souk_zalloc_array((size_t)items, sizeof *out->number);
    out->row = souk_alloc_array((size_t)out->count, sizeof *out->row);
    if (!out->number || !out->row)
        status = SOUK_ENOMEM;
    if (!status && out->count < items)
        status = mark_popular(out, ratings->item_pairs, items);
    if (status) {
        souk_itemselection_fini(out);
        return souk_fail(err, status, "no memory for %lld items", (long long)items);
    }
    for (int64_t i = 0; i < items; i++) {
        if (out->number[i] < 0)
            continue;
        out->row[next] = i;
        out->number[i] = next++;
    }
    return SOUK_OK;
}

void souk_itemselection_fini(struct souk_itemselection *s)
{
    free(s->number);
    free(s->row);
    *s = (struct souk_itemselection){0};
}
