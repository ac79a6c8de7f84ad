#include "train/evaluate/itemnames.h"

#include "shared/base/memory.h"
#include "train/evaluate/duty.h"

#include <stdlib.h>
#include <string.h>

/* Rows asked for, grouped by the rank that knows them; slot[i] is where row i stands in `send`. */
struct requests {
    int64_t *send, *slot;
    int64_t *send_counts, *recv_counts; /* [ranks] */
};

static int owner_of(const struct souk_comm *comm, const struct souk_dataset *d, int64_t row,
                    int *part)
{
    while (d->item_first[*part + 1] <= row)
        ++*part;
    return souk_duty_owner(comm, d->parts, *part);
}

static souk_status group_by_owner(const struct souk_comm *comm, const struct souk_dataset *d,
                                  const int64_t *rows, int64_t count, struct requests *r,
                                  struct souk_error *err)
{
    const size_t ranks = (size_t)comm->size;
    int64_t *next = souk_zalloc_array(ranks, sizeof *next);
    r->send = souk_alloc_array((size_t)count, sizeof *r->send);
    r->slot = souk_alloc_array((size_t)count, sizeof *r->slot);
    r->send_counts = souk_zalloc_array(ranks, sizeof *r->send_counts);
    r->recv_counts = souk_zalloc_array(ranks, sizeof *r->recv_counts);
    if (!next || !r->send || !r->slot || !r->send_counts || !r->recv_counts) {
        free(next);
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %lld target items", (long long)count);
    }
    int part = 0;
    for (int64_t i = 0; i < count; i++)
        r->send_counts[owner_of(comm, d, rows[i], &part)]++;
    for (size_t rank = 1; rank < ranks; rank++)
        next[rank] = next[rank - 1] + r->send_counts[rank - 1];
    part = 0;
    for (int64_t i = 0; i < count; i++) {
        r->slot[i] = next[owner_of(comm, d, rows[i], &part)]++;
        r->send[r->slot[i]] = rows[i];
    }
    free(next);
    return SOUK_OK;
}

/* Ids of the rows that others asked for. */
static char *answer(const struct souk_comm *comm, const struct souk_dataset *d,
                    const struct souk_idtable *items, const int64_t *asked, int64_t count,
                    size_t stride)
{
    char *ids = souk_zalloc_array((size_t)count, stride);
    int part = 0;
    for (int64_t i = 0; ids && i < count; i++) {
        if (i > 0 && asked[i] < asked[i - 1])
            part = 0; /* the rows of the next rank */
        while (d->item_first[part + 1] <= asked[i])
            part++;
        const struct souk_idtable *table = &items[souk_duty_round_of(comm, d->parts, part)];
        const char *id = souk_idtable_get(table, asked[i] - d->item_first[part]);
        memcpy(ids + (size_t)i * stride, id, strlen(id));
    }
    return ids;
}

static souk_status answer_all(const struct souk_comm *comm, const struct souk_dataset *d,
                              const struct souk_idtable *items, struct requests *r, size_t stride,
                              char **answers, struct souk_error *err)
{
    void *asked = NULL, *received = NULL;
    char *ids = NULL;
    souk_status status = souk_exchange_all(comm, r->send, r->send_counts, sizeof *r->send, &asked,
                                           r->recv_counts, err);
    if (status != SOUK_OK)
        return status;
    int64_t count = 0;
    for (int rank = 0; rank < comm->size; rank++)
        count += r->recv_counts[rank];
    ids = answer(comm, d, items, asked, count, stride);
    if (!ids)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld item ids", (long long)count);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status =
            souk_exchange_all(comm, ids, r->recv_counts, stride, &received, r->send_counts, err);
    *answers = received;
    free(asked);
    free(ids);
    return status;
}

souk_status souk_item_names_all(const struct souk_comm *comm, const struct souk_dataset *d,
                                const struct souk_idtable *items, const int64_t *rows,
                                int64_t count, struct souk_idtable *out, struct souk_error *err)
{
    struct requests r = {0};
    char *answers = NULL;
    *out = (struct souk_idtable){0};
    souk_status status = group_by_owner(comm, d, rows, count, &r, err);
    if (status == SOUK_OK)
        status = souk_idtable_init(out, count, d->id_width + 1);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = answer_all(comm, d, items, &r, (size_t)d->id_width + 1, &answers, err);
    for (int64_t i = 0; status == SOUK_OK && i < count; i++)
        memcpy(out->bytes + (size_t)i * (size_t)out->stride,
               answers + (size_t)r.slot[i] * (size_t)out->stride, (size_t)out->stride);
    if (status != SOUK_OK)
        souk_idtable_fini(out);
    free(answers);
    free(r.send);
    free(r.slot);
    free(r.send_counts);
    free(r.recv_counts);
    return status;
}
