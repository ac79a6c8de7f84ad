#include "train/content/content.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "train/content/bestlist.h"
#include "train/content/itemvectors.h"
#include "train/content/textneighbours.h"
#include "train/content/vectorneighbours.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* What the items of this rank have in their rows. */
struct content {
    const struct souk_comm *comm;
    struct souk_ratings *ratings;
    const struct souk_content_parameters *parameters;
    struct souk_documents documents; /* one of the two */
    struct souk_item_vectors vectors;
    struct souk_best_lists seen, cold;
    int64_t *local; /* [items], local item of a model row of this rank */
};

/* Row r: what both lists have. */
static int64_t copy_lists(void *context, int thread, int64_t row, struct souk_neighbour *out)
{
    const struct content *c = context;
    const struct souk_best_lists *lists[] = {&c->seen, &c->cold};
    int64_t count = 0;
    (void)thread; /* a parameter of the interface */
    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
        for (int64_t k = 0; k < lists[l]->count[c->local[row]]; k++) {
            out[count] = lists[l]->best[c->local[row] * lists[l]->keep + k];
            out[count].weight = powf(out[count].weight, (float)c->parameters->power);
            count++;
        }
    return count;
}

static souk_status load_all(struct content *c, const struct souk_dataset *dataset,
                            struct souk_error *err)
{
    const struct souk_content_parameters *p = c->parameters;
    int64_t found;
    souk_status status;
    if (p->vectors) {
        status = souk_item_vectors_load(c->ratings, p->vectors, p->vector_ids, &c->vectors, err);
        status = souk_status_agree_all(c->comm, status, err);
        found = c->vectors.found;
        if (!status)
            status = souk_sum_i64_all(c->comm, &found, 1, err);
    } else {
        status = souk_documents_load_all(c->comm, dataset, c->ratings, &p->documents, &c->documents,
                                         err);
        found = c->documents.documents;
    }
    if (status)
        return status;
    souk_log(SOUK_LOG_INFO, "content",
             "items=%" PRId64 " described=%" PRId64 " too_frequent=%" PRId64,
             c->ratings->item_first[c->ratings->parts], found, c->documents.dropped);
    if (found == 0)
        return souk_fail(err, SOUK_EFORMAT,
                         p->vectors ? "%s: no row is of an item of the dataset"
                                    : "%s: nothing is known of its items: ingest it with --items "
                                      "or --properties, or give --item-vectors",
                         p->vectors ? p->vectors : dataset->path);
    return SOUK_OK;
}

static souk_status find_all(struct content *c, bool seen, struct souk_best_lists *best,
                            struct souk_error *err)
{
    const int64_t items = c->parameters->vectors ? c->vectors.items : c->documents.items;
    const int64_t keep = seen ? c->parameters->neighbours : c->parameters->cold_neighbours;
    const souk_status status =
        souk_status_agree_all(c->comm, souk_best_lists_init(best, items, keep, err), err);
    if (status || keep == 0)
        return status;
    return c->parameters->vectors
               ? souk_vector_neighbours_all(c->comm, c->ratings, &c->vectors, seen, best, err)
               : souk_text_neighbours_all(c->comm, c->ratings, &c->documents, seen, best, err);
}

static souk_status make_rows(struct content *c, struct souk_neighbour_rows *out,
                             struct souk_error *err)
{
    const struct souk_neighbour_source source = {copy_lists, c, c->seen.keep + c->cold.keep};
    souk_status status = souk_neighbour_rows_init(out, c->ratings, err);
    int64_t local = 0;
    c->local =
        souk_alloc_array((size_t)c->ratings->item_first[c->ratings->parts], sizeof *c->local);
    if (!status && !c->local)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the rows of neighbours");
    for (int k = 0; k < c->ratings->local_count && !status; k++) {
        const struct souk_ratings_part *p = &c->ratings->local[k];
        for (int64_t i = 0; i < p->items.count; i++)
            c->local[c->ratings->item_first[p->part] + i] = local++;
        status = souk_neighbour_rows_add(out, c->ratings, p->part, 0, p->items.count, &source, err);
    }
    return status;
}

souk_status souk_content_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                             struct souk_ratings *ratings,
                             const struct souk_content_parameters *parameters,
                             struct souk_neighbour_rows *out, struct souk_error *err)
{
    struct content c = {.comm = comm, .ratings = ratings, .parameters = parameters};
    *out = (struct souk_neighbour_rows){0};
    souk_status status = load_all(&c, dataset, err);
    if (!status)
        status = find_all(&c, true, &c.seen, err);
    if (!status)
        status = find_all(&c, false, &c.cold, err);
    if (!status)
        status = souk_status_agree_all(comm, make_rows(&c, out, err), err);
    if (!status)
        status = souk_neighbour_rows_close_all(comm, out, ratings, err);
    souk_documents_fini(&c.documents);
    souk_item_vectors_fini(&c.vectors);
    souk_best_lists_fini(&c.seen);
    souk_best_lists_fini(&c.cold);
    free(c.local);
    if (status)
        souk_neighbour_rows_fini(out);
    return status;
}
