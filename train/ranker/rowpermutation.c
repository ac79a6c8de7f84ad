#include "train/ranker/rowpermutation.h"

#include "shared/base/memory.h"
#include "shared/base/random.h"

#include <stdlib.h>
#include <string.h>

/* A value on its way to its new row. */
struct parcel {
    int32_t row; /* at the rank that receives it */
    float value;
};

int64_t souk_rowpermutation_target(uint64_t seed, int64_t row, int64_t total)
{
    int half_bits = 1;
    while (half_bits < 31 && (INT64_C(1) << 2 * half_bits) < total)
        half_bits++;
    const uint64_t mask = (UINT64_C(1) << half_bits) - 1;
    uint64_t at = (uint64_t)row;
    do {
        uint64_t left = at >> half_bits, right = at & mask;
        for (uint64_t round = 0; round < 10; round++) {
            const uint64_t mixed = left ^ (souk_random_bits(seed, round, right) & mask);
            left = right;
            right = mixed;
        }
        at = left << half_bits | right;
    } while (at >= (uint64_t)total);
    return (int64_t)at;
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = ((const struct souk_rowplace *)a)->number;
    const int64_t y = ((const struct souk_rowplace *)b)->number;
    return (x > y) - (x < y);
}

static void describe_groups(const struct souk_comm *comm, const struct souk_rankdata *data,
                            const struct souk_rankdata_totals *totals, struct souk_rowplace *mine)
{
    for (int64_t g = 0; g < data->groups; g++)
        mine[g] = (struct souk_rowplace){.number = souk_rankdata_number(data, totals, g),
                                         .rows = data->group_start[g + 1] - data->group_start[g],
                                         .row = data->group_start[g],
                                         .rank = comm->rank};
}

/* Canonical rows, once all groups are known. */
static void number_rows(struct souk_rowpermutation *p)
{
    qsort(p->place, (size_t)p->groups, sizeof *p->place, by_number);
    for (int64_t g = 0; g < p->groups; g++) {
        struct souk_rowplace *place = &p->place[g];
        place->first = p->total;
        p->total += place->rows;
        for (int64_t i = 0; i < place->rows && place->rank == p->comm->rank; i++)
            p->canonical[place->row + i] = place->first + i;
    }
}

souk_status souk_rowpermutation_init_all(struct souk_rowpermutation *p,
                                         const struct souk_comm *comm,
                                         const struct souk_rankdata *data,
                                         const struct souk_rankdata_totals *totals,
                                         struct souk_error *err)
{
    *p = (struct souk_rowpermutation){.comm = comm, .data = data, .groups = totals->groups};
    struct souk_rowplace *mine = souk_alloc_array((size_t)data->groups, sizeof *mine);
    int64_t *counts = souk_alloc_array((size_t)comm->size, sizeof *counts);
    souk_status status = SOUK_OK;
    p->canonical = souk_alloc_array((size_t)data->rows, sizeof *p->canonical);
    if (!mine || !counts || !p->canonical)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for a permutation of rows");
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK) {
        describe_groups(comm, data, totals, mine);
        status = souk_gather_all(comm, mine, data->groups, sizeof *mine, (void **)&p->place, counts,
                                 err);
    }
    if (status == SOUK_OK)
        number_rows(p);
    free(mine);
    free(counts);
    return status;
}

void souk_rowpermutation_fini(struct souk_rowpermutation *p)
{
    free(p->place);
    free(p->canonical);
    *p = (struct souk_rowpermutation){0};
}

/* The group that holds a canonical row: the last one that does not start behind it. A group without
 * rows starts where the next does, and is never the last. */
static const struct souk_rowplace *find_place(const struct souk_rowpermutation *p, int64_t row)
{
    int64_t low = 0, high = p->groups;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (p->place[middle].first <= row)
            low = middle;
        else
            high = middle;
    }
    return &p->place[low];
}

/* Two passes: how many go to each rank, then the parcels, rank by rank.
 * @param start [ranks], space; @param counts [ranks] */
static void pack(const struct souk_rowpermutation *p, int feature, uint64_t seed, int64_t *start,
                 int64_t *counts, struct parcel *parcels)
{
    const struct souk_rankdata *d = p->data;
    memset(counts, 0, (size_t)p->comm->size * sizeof *counts);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < d->rows; i++) {
            const int64_t row = souk_rowpermutation_target(seed, p->canonical[i], p->total);
            const struct souk_rowplace *place = find_place(p, row);
            if (pass == 0)
                counts[place->rank]++;
            else
                parcels[start[place->rank]++] =
                    (struct parcel){(int32_t)(place->row + row - place->first),
                                    d->value[i * d->features + feature]};
        }
        start[0] = 0;
        for (int r = 1; r < p->comm->size && pass == 0; r++)
            start[r] = start[r - 1] + counts[r - 1];
    }
}

souk_status souk_rowpermutation_column_all(const struct souk_rowpermutation *p, int feature,
                                           uint64_t seed, float *column, struct souk_error *err)
{
    const size_t ranks = (size_t)p->comm->size;
    struct parcel *send = souk_alloc_array((size_t)p->data->rows, sizeof *send), *received = NULL;
    int64_t *counts = souk_alloc_array(3 * ranks, sizeof *counts);
    souk_status status = SOUK_OK;
    if (!send || !counts)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to permute a feature");
    status = souk_status_agree_all(p->comm, status, err);
    if (status != SOUK_OK)
        goto out;
    pack(p, feature, seed, counts + 2 * ranks, counts, send);
    status = souk_exchange_all(p->comm, send, counts, sizeof *send, (void **)&received,
                               counts + ranks, err);
    for (int64_t i = 0; status == SOUK_OK && i < p->data->rows; i++) /* as many as this rank has */
        column[received[i].row] = received[i].value;
out:
    free(send);
    free(received);
    free(counts);
    return status;
}
