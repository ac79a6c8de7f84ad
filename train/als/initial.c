#include "train/als/initial.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct named_row {
    int64_t row;
    uint64_t id_hash;
};

/* Visit the ids of this rank's parts: count for the owner, or (records != NULL) put in place. */
static void deal_names(const struct souk_ratings *ratings, enum souk_side_kind kind,
                       const struct souk_partition *partition, int64_t *next,
                       struct named_row *records)
{
    for (int k = 0; k < ratings->local_count; k++) {
        const struct souk_ratings_part *p = &ratings->local[k];
        const struct souk_idtable *ids = kind == SOUK_SIDE_USERS ? &p->users : &p->items;
        const int64_t first =
            (kind == SOUK_SIDE_USERS ? ratings->user_first : ratings->item_first)[p->part];
        for (int64_t i = 0; i < ids->count; i++) {
            const char *id = souk_idtable_get(ids, i);
            const int owner = partition->owner[souk_partition_block(partition, first + i)];
            if (records)
                records[next[owner]] =
                    (struct named_row){first + i, souk_hash_bytes(id, strlen(id))};
            next[owner]++;
        }
    }
}

static void draw(const struct souk_als_parameters *parameters, enum souk_side_kind kind,
                 uint64_t id_hash, float *x)
{
    const uint64_t seed = parameters->seed * 2 + (uint64_t)kind;
    const double deviation = .1 / sqrt(parameters->factors);
    for (int c = 0; c < parameters->factors; c++)
        x[c] = parameters->objective.kind == SOUK_OBJECTIVE_IMPLICIT
                   ? (float)(.01 * souk_random_uniform(seed, id_hash, (uint64_t)c))
                   : (float)(deviation * souk_random_normal(seed, id_hash, (uint64_t)c));
}

souk_status souk_initial_factors_all(const struct souk_comm *comm,
                                     const struct souk_ratings *ratings, enum souk_side_kind kind,
                                     const struct souk_als_parameters *parameters,
                                     struct souk_side *side, struct souk_error *err)
{
    const size_t size = (size_t)comm->size;
    const struct souk_partition *partition = &side->partition;
    int64_t *counts = souk_zalloc_array(3 * size, sizeof *counts), total = 0;
    struct named_row *records = NULL;
    void *received = NULL;
    souk_status status = SOUK_OK;

    if (counts) {
        deal_names(ratings, kind, partition, counts, NULL);
        for (size_t r = 0; r < size; total += counts[r++])
            counts[size + r] = total;
        records = souk_alloc_array((size_t)total, sizeof *records);
    }
    if (!records)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the initial factors");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    deal_names(ratings, kind, partition, counts + size, records);
    status = souk_exchange_all(comm, records, counts, sizeof *records, &received, counts + 2 * size,
                               err);
    if (status)
        goto out;
    for (int64_t i = 0; i < partition->local_rows; i++) {
        const struct named_row *named = (const struct named_row *)received + i;
        const int64_t block = souk_partition_block(partition, named->row);
        draw(parameters, kind, named->id_hash,
             souk_side_row(side, souk_partition_local(partition, block, named->row)));
    }
out:
    free(counts);
    free(records);
    free(received);
    return status;
}
