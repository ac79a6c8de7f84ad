#include "train/content/bestlist.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

souk_status souk_best_lists_init(struct souk_best_lists *out, int64_t items, int64_t keep,
                                 struct souk_error *err)
{
    size_t entries = 0;
    *out = (struct souk_best_lists){.items = items, .keep = keep};
    out->count = souk_zalloc_array((size_t)items, sizeof *out->count);
    if (souk_mul_size((size_t)items, (size_t)keep, &entries))
        out->best = souk_alloc_array(entries, sizeof *out->best);
    return out->count && out->best
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "no memory for %lld neighbours of each of %lld items",
                           (long long)keep, (long long)items);
}

void souk_best_lists_fini(struct souk_best_lists *b)
{
    free(b->count);
    free(b->best);
    *b = (struct souk_best_lists){0};
}

void souk_best_lists_offer(struct souk_best_lists *b, int64_t item,
                           struct souk_neighbour *candidates, int64_t count)
{
    struct souk_neighbour *best = b->best + item * b->keep;
    if (count == 0)
        return;
    memcpy(candidates + count, best, (size_t)b->count[item] * sizeof *best);
    b->count[item] = souk_neighbour_keep_best(candidates, count + b->count[item], b->keep);
    memcpy(best, candidates, (size_t)b->count[item] * sizeof *best);
}
