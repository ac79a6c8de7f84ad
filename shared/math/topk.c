#include "shared/math/topk.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_topk_init(struct souk_topk *t, int capacity)
{
    *t = (struct souk_topk){0};
    if (capacity < 0)
        return SOUK_EINVAL;
    t->hits = souk_alloc_array((size_t)capacity, sizeof *t->hits);
    if (!t->hits)
        return SOUK_ENOMEM;
    t->capacity = capacity;
    return SOUK_OK;
}

void souk_topk_fini(struct souk_topk *t)
{
    free(t->hits);
    *t = (struct souk_topk){0};
}

void souk_topk_clear(struct souk_topk *t)
{
    t->count = 0;
}

float souk_topk_threshold(const struct souk_topk *t)
{
    if (t->count < t->capacity)
        return -INFINITY;
    return t->count ? t->hits[0].score : INFINITY;
}

bool souk_hit_before(const struct souk_hit *a, const struct souk_hit *b)
{
    if (a->score != b->score)
        return a->score > b->score;
    return strcmp(a->id, b->id) < 0; /* strcmp() compares unsigned bytes */
}

/* Let `hit` sink from the root to where no child is worse. */
static void sift_down(struct souk_hit *heap, int count, struct souk_hit hit)
{
    int at = 0;
    for (int child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && souk_hit_before(&heap[child], &heap[child + 1]))
            child++;
        if (!souk_hit_before(&hit, &heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = hit;
}

static void sift_up(struct souk_hit *heap, int at, struct souk_hit hit)
{
    while (at > 0 && souk_hit_before(&heap[(at - 1) / 2], &hit)) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = hit;
}

void souk_topk_offer(struct souk_topk *t, const struct souk_hit *hit)
{
    if (t->count < t->capacity)
        sift_up(t->hits, t->count++, *hit);
    else if (t->count && souk_hit_before(hit, &t->hits[0]))
        sift_down(t->hits, t->count, *hit);
}

/* The worst goes behind the rest, again and again. */
void souk_topk_sort(struct souk_topk *t)
{
    for (int last = t->count - 1; last > 0; last--) {
        const struct souk_hit worst = t->hits[0];
        sift_down(t->hits, last, t->hits[last]);
        t->hits[last] = worst;
    }
}
