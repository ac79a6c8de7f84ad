#include "train/evaluate/catalogue.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"

#include <stdlib.h>
#include <string.h>

void souk_catalogue_init(struct souk_catalogue *c, int depth)
{
    *c = (struct souk_catalogue){.depth = depth};
}

void souk_catalogue_fini(struct souk_catalogue *c)
{
    free(c->most);
    free(c->ids);
    free(c->row);
    free(c->position);
    free(c->item_events);
    *c = (struct souk_catalogue){0};
}

static int compare_popular(const void *a, const void *b)
{
    const struct souk_popular_item *x = a, *y = b;
    if (x->events != y->events)
        return x->events > y->events ? -1 : 1;
    return strcmp(x->id, y->id);
}

static int compare_row(const void *a, const void *b)
{
    const struct souk_popular_item *const *x = a, *const *y = b;
    return ((*x)->row > (*y)->row) - ((*x)->row < (*y)->row);
}

/* Own copies of the ids, since the part that some of them stand in goes. */
static char *copy_ids(struct souk_popular_item *most, int count)
{
    size_t size = 0, at = 0;
    for (int i = 0; i < count; i++)
        size += strlen(most[i].id) + 1;
    char *ids = souk_alloc_array(size, 1);
    for (int i = 0; ids && i < count; i++) {
        const size_t len = strlen(most[i].id) + 1;
        memcpy(ids + at, most[i].id, len);
        most[i].id = ids + at;
        at += len;
    }
    return ids;
}

souk_status souk_catalogue_add(struct souk_catalogue *c, const struct souk_model_part *part,
                               int64_t first_row, struct souk_error *err)
{
    const int64_t count = c->count + part->items.count;
    size_t known = (size_t)c->items;
    struct souk_popular_item *all = souk_alloc_array((size_t)count, sizeof *all);
    const souk_status grown = souk_grow(&c->item_events, &known, known + (size_t)part->items.count,
                                        SIZE_MAX / 16, sizeof *c->item_events);
    if (!all || grown != SOUK_OK) {
        free(all);
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %lld items", (long long)count);
    }
    if (part->items.count > 0)
        memcpy(c->item_events + c->items, part->item_events,
               (size_t)part->items.count * sizeof *c->item_events);
    if (c->count > 0)
        memcpy(all, c->most, (size_t)c->count * sizeof *all);
    for (int64_t i = 0; i < part->items.count; i++) {
        all[c->count + i] = (struct souk_popular_item){part->item_events[i], first_row + i,
                                                       souk_idtable_get(&part->items, i)};
        if (__builtin_add_overflow(c->events, part->item_events[i], &c->events)) {
            free(all);
            return souk_fail(err, SOUK_EFORMAT, "the training events of the items overflow");
        }
    }
    if (count > 0)
        qsort(all, (size_t)count, sizeof *all, compare_popular);
    const int kept = count < c->depth ? (int)count : c->depth;
    char *ids = copy_ids(all, kept);
    if (!ids) {
        free(all);
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %d ids", kept);
    }
    free(c->most);
    free(c->ids);
    c->most = all;
    c->ids = ids;
    c->count = kept;
    c->items += part->items.count;
    return SOUK_OK;
}

static int compare_descending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

void souk_catalogue_deciles(const int64_t *events, int64_t items, int64_t *decile_min)
{
    int64_t wanted = items;
    while (wanted > 0 && events[wanted - 1] == 0)
        wanted--; /* hidden items: nobody wanted them */
    for (int64_t d = 1; d <= 10; d++) {
        const int64_t last = (wanted * d + 9) / 10 - 1;
        decile_min[d - 1] = wanted > 0 ? events[last] : 0;
    }
}

souk_status souk_catalogue_close(struct souk_catalogue *c, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    const struct souk_popular_item **by_row = souk_alloc_array((size_t)c->count, sizeof *by_row);
    c->row = souk_alloc_array((size_t)c->count, sizeof *c->row);
    c->position = souk_alloc_array((size_t)c->count, sizeof *c->position);
    if (!by_row || !c->row || !c->position) {
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %d items", c->count);
        goto out;
    }
    if (c->items > 0)
        qsort(c->item_events, (size_t)c->items, sizeof *c->item_events, compare_descending);
    for (int i = 0; i < c->count; i++)
        by_row[i] = &c->most[i];
    if (c->count > 0)
        qsort(by_row, (size_t)c->count, sizeof *by_row, compare_row);
    for (int i = 0; i < c->count; i++) {
        c->row[i] = by_row[i]->row;
        c->position[i] = by_row[i] - c->most + 1;
    }
out:
    free(by_row);
    return status;
}

int64_t souk_catalogue_position(const struct souk_catalogue *c, int64_t row)
{
    const int64_t at = souk_rows_lower_bound(c->row, c->count, row);
    return at < c->count && c->row[at] == row ? c->position[at] : INT64_MAX;
}
