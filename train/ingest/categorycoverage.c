#include "train/ingest/categorycoverage.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* One category of a rank's tally on its way to rank 0. */
struct tally_row {
    int64_t items;
    char category[SOUK_ID_MAX_BYTES + 1];
};

souk_status souk_category_tally_init(struct souk_category_tally *t, struct souk_error *err)
{
    *t = (struct souk_category_tally){0};
    return souk_dictionary_init(&t->categories, "category", err);
}

void souk_category_tally_fini(struct souk_category_tally *t)
{
    souk_dictionary_fini(&t->categories);
    free(t->items);
    *t = (struct souk_category_tally){0};
}

static souk_status count_item(struct souk_category_tally *t, const char *category, size_t len,
                              struct souk_error *err)
{
    souk_lidx index;
    const size_t before = t->categories.count;
    if (!souk_id_is_valid(category, len)) /* a value may be any text: such an item has none */
        return SOUK_OK;
    souk_status status = souk_dictionary_add(&t->categories, category, len, &index, err);
    if (status)
        return status;
    if (t->categories.count > before) {
        if (souk_grow(&t->items, &t->cap, t->categories.count, INT32_MAX, sizeof *t->items))
            return souk_fail(err, SOUK_ENOMEM, "no memory to count categories");
        t->items[index] = 0;
    }
    t->items[index]++;
    return SOUK_OK;
}

souk_status souk_category_tally_add(struct souk_category_tally *t, const struct souk_properties *p,
                                    int64_t items, int32_t property, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int64_t item = 0; item < items && !status; item++) {
        /* An item's values are sorted by property and time: the last one of the property counts. */
        int64_t latest = -1;
        for (int64_t i = p->item_offsets[item]; i < p->item_offsets[item + 1]; i++)
            latest = p->property[i] == property ? i : latest;
        if (latest >= 0)
            status =
                count_item(t, p->value_bytes + p->value_offsets[latest],
                           (size_t)(p->value_offsets[latest + 1] - p->value_offsets[latest]), err);
    }
    return status;
}

static void describe_tree(const struct souk_categories *tree, struct souk_category_coverage *out)
{
    out->categories = tree->ids.count;
    for (int64_t c = 0; c < tree->ids.count; c++) {
        out->roots += tree->parent[c] < 0;
        out->max_depth = tree->depth[c] > out->max_depth ? tree->depth[c] : out->max_depth;
    }
}

/* On rank 0. Two ranks may have the same category. */
static souk_status compare(const struct tally_row *rows, int64_t count,
                           const struct souk_categories *tree, struct souk_category_coverage *out,
                           struct souk_error *err)
{
    char *is_used = souk_zalloc_array((size_t)tree->ids.count, 1);
    if (!is_used)
        return souk_fail(err, SOUK_ENOMEM, "no memory to count categories");
    describe_tree(tree, out);
    for (int64_t i = 0; i < count; i++) {
        const int64_t c = souk_idtable_find(&tree->ids, rows[i].category, strlen(rows[i].category));
        if (c < 0)
            continue;
        out->items += rows[i].items;
        out->used += !is_used[c];
        is_used[c] = 1;
    }
    free(is_used);
    return SOUK_OK;
}

souk_status souk_category_coverage_all(const struct souk_comm *comm,
                                       const struct souk_category_tally *t,
                                       const struct souk_categories *tree,
                                       struct souk_category_coverage *out, struct souk_error *err)
{
    const size_t mine = t->categories.count;
    void *gathered = NULL;
    int64_t total = 0;
    souk_status status = SOUK_OK;
    struct tally_row *rows = souk_zalloc_array(mine, sizeof *rows);
    int64_t *counts = souk_zalloc_array((size_t)comm->size, sizeof *counts);

    *out = (struct souk_category_coverage){0};
    if (!rows || !counts)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to count categories");
    status = souk_status_agree_all(comm, status, err);
    for (size_t i = 0; i < mine && !status; i++) {
        size_t len;
        const char *text = souk_dictionary_text(&t->categories, (souk_lidx)i, &len);
        memcpy(rows[i].category, text, len);
        rows[i].items = t->items[i];
    }
    if (!status)
        status = souk_gather_all(comm, rows, (int64_t)mine, sizeof *rows, &gathered, counts, err);
    for (int rank = 0; rank < comm->size && !status; rank++)
        total += counts[rank];
    if (!status && comm->rank == 0)
        status = compare(gathered, total, tree, out, err);
    free(gathered);
    free(rows);
    free(counts);
    return souk_status_agree_all(comm, status, err);
}
