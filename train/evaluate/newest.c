#include "train/evaluate/newest.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

static souk_status look_at_parts(const struct souk_comm *comm, struct souk_newest *n,
                                 struct souk_window window, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int p = 0; p < n->dataset->parts && status == SOUK_OK; p++) {
        struct souk_dataset_part part;
        if (souk_part_rank(comm, p) != comm->rank)
            continue;
        status = souk_dataset_read_part(n->dataset, p, SOUK_READ_EVENTS, window, &part, err);
        for (int64_t e = 0; status == SOUK_OK && e < part.event_count; e++) {
            int64_t *first = &n->first_ms[part.item[e]];
            *first = part.time_ms[e] < *first ? part.time_ms[e] : *first;
        }
        souk_dataset_part_fini(&part);
    }
    return status;
}

souk_status souk_newest_find_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                 int64_t until_ms, struct souk_newest *out, struct souk_error *err)
{
    const int64_t items = souk_dataset_items(dataset);
    const struct souk_window window = {SOUK_TIME_NONE, until_ms};
    *out = (struct souk_newest){.dataset = dataset,
                                .first_ms = souk_alloc_array((size_t)items, sizeof(int64_t))};
    souk_status status = out->first_ms ? SOUK_OK
                                       : souk_fail(err, SOUK_ENOMEM, "out of memory for %lld items",
                                                   (long long)items);
    for (int64_t i = 0; i < items && status == SOUK_OK; i++)
        out->first_ms[i] = INT64_MAX;
    if (status == SOUK_OK)
        status = look_at_parts(comm, out, window, err);
    status = souk_status_agree_all(comm, status, err);
    for (int64_t i = 0; i < items && status == SOUK_OK; i++)
        out->first_ms[i] = -out->first_ms[i]; /* the least of all is minus the greatest of these */
    if (status == SOUK_OK)
        status = souk_max_i64_all(comm, out->first_ms, items, err);
    for (int64_t i = 0; i < items && status == SOUK_OK; i++)
        out->first_ms[i] = -out->first_ms[i];
    if (status != SOUK_OK)
        souk_newest_fini(out);
    return status;
}

void souk_newest_fini(struct souk_newest *n)
{
    free(n->first_ms);
    *n = (struct souk_newest){0};
}

souk_status souk_newest_score(const struct souk_newest *n, const struct souk_model_part *part,
                              float *score, struct souk_error *err)
{
    const struct souk_window any = {SOUK_TIME_NONE, SOUK_TIME_MAX};
    struct souk_dataset_part all;
    const souk_status status =
        souk_dataset_read_part(n->dataset, part->part, SOUK_READ_ITEMS, any, &all, err);
    for (int64_t i = 0; status == SOUK_OK && i < part->items.count; i++) {
        const char *id = souk_idtable_get(&part->items, i);
        const int64_t row = souk_idtable_find(&all.items, id, strlen(id));
        const int64_t first =
            row < 0 ? INT64_MAX : n->first_ms[n->dataset->item_first[part->part] + row];
        score[i] = first == INT64_MAX ? -1 : (float)(first - n->dataset->first_ms) / 1000;
    }
    souk_dataset_part_fini(&all);
    return status;
}
