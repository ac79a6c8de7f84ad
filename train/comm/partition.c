#include "train/comm/partition.h"

#include "shared/base/memory.h"

#include <stdlib.h>

souk_status souk_partition_init(struct souk_partition *p, const int64_t *first, int parts,
                                struct souk_error *err)
{
    *p = (struct souk_partition){.parts = parts, .first = first};
    p->part_block = souk_zalloc_array((size_t)parts + 1, sizeof *p->part_block);
    if (!p->part_block)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %d parts", parts);
    for (int k = 0; k < parts; k++)
        p->part_block[k + 1] =
            p->part_block[k] + (first[k + 1] - first[k] + SOUK_BLOCK_ROWS - 1) / SOUK_BLOCK_ROWS;
    p->blocks = p->part_block[parts];
    p->block_row = souk_alloc_array((size_t)p->blocks + 1, sizeof *p->block_row);
    p->owner = souk_zalloc_array((size_t)p->blocks, sizeof *p->owner);
    p->local_start = souk_zalloc_array((size_t)p->blocks, sizeof *p->local_start);
    p->owned_block = souk_zalloc_array((size_t)p->blocks, sizeof *p->owned_block);
    if (!p->block_row || !p->owner || !p->local_start || !p->owned_block) {
        souk_partition_fini(p);
        return souk_fail(err, SOUK_ENOMEM, "no memory for the partition");
    }
    for (int k = 0; k < parts; k++)
        for (int64_t b = p->part_block[k]; b < p->part_block[k + 1]; b++)
            p->block_row[b] = first[k] + (b - p->part_block[k]) * SOUK_BLOCK_ROWS;
    p->block_row[p->blocks] = first[parts];
    return SOUK_OK;
}

void souk_partition_fini(struct souk_partition *p)
{
    free(p->part_block);
    free(p->block_row);
    free(p->owner);
    free(p->local_start);
    free(p->owned_block);
    *p = (struct souk_partition){0};
}

struct costed_block {
    int64_t cost, block;
};

static int costliest_first(const void *a, const void *b)
{
    const struct costed_block *x = a, *y = b;
    if (x->cost != y->cost)
        return x->cost > y->cost ? -1 : 1;
    return x->block < y->block ? -1 : x->block > y->block;
}

/* Longest processing time first (Graham 1969). */
static souk_status assign_by_cost(struct souk_partition *p, int ranks, const int64_t *cost)
{
    struct costed_block *order = souk_alloc_array((size_t)p->blocks, sizeof *order);
    int64_t *load = souk_zalloc_array((size_t)ranks, sizeof *load);
    if (!order || !load) {
        free(order);
        free(load);
        return SOUK_ENOMEM;
    }
    for (int64_t b = 0; b < p->blocks; b++)
        order[b] = (struct costed_block){cost[b], b};
    qsort(order, (size_t)p->blocks, sizeof *order, costliest_first);
    for (int64_t k = 0; k < p->blocks; k++) {
        int least = 0;
        for (int r = 1; r < ranks; r++)
            if (load[r] < load[least])
                least = r;
        p->owner[order[k].block] = least;
        load[least] += order[k].cost + 1;
    }
    free(order);
    free(load);
    return SOUK_OK;
}

double souk_partition_imbalance(const struct souk_partition *p, int ranks, const int64_t *cost)
{
    double largest = 0, all = 0;
    for (int r = 0; r < ranks; r++) {
        double load = 0;
        for (int64_t b = 0; b < p->blocks; b++)
            if (p->owner[b] == r)
                load += (double)cost[b];
        largest = load > largest ? load : largest;
        all += load;
    }
    return all > 0 ? largest * ranks / all : 1;
}

static souk_status number_local_rows(struct souk_partition *p, const struct souk_comm *comm)
{
    int64_t *next = souk_zalloc_array((size_t)comm->size, sizeof *next);
    if (!next)
        return SOUK_ENOMEM;
    for (int64_t b = 0; b < p->blocks; b++) {
        p->local_start[b] = next[p->owner[b]];
        next[p->owner[b]] += p->block_row[b + 1] - p->block_row[b];
        if (p->owner[b] == comm->rank)
            p->owned_block[p->owned++] = b;
    }
    p->local_rows = next[comm->rank];
    free(next);
    return SOUK_OK;
}

souk_status souk_partition_assign(struct souk_partition *p, const struct souk_comm *comm,
                                  const int64_t *cost, enum souk_partition_rule rule,
                                  struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (rule == SOUK_PARTITION_COST)
        status = assign_by_cost(p, comm->size, cost);
    for (int64_t b = 0; b < p->blocks && rule != SOUK_PARTITION_COST; b++) {
        if (rule == SOUK_PARTITION_LOPSIDED)
            p->owner[b] = b % 5 == 0 ? (int32_t)(b / 5 % comm->size) : 0;
        else
            p->owner[b] = (int32_t)(b % (comm->size > 1 ? comm->size - 1 : 1));
    }
    if (!status)
        status = number_local_rows(p, comm);
    if (status)
        return souk_fail(err, status, "no memory for the partition");
    p->imbalance = souk_partition_imbalance(p, comm->size, cost);
    return SOUK_OK;
}

/* Index of the last start that is not after `value`, skipping empty ranges. */
static int64_t find_range(const int64_t *starts, int64_t count, int64_t value)
{
    int64_t low = 0, high = count;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (starts[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t souk_partition_block(const struct souk_partition *p, int64_t row)
{
    const int64_t part = find_range(p->first, p->parts, row);
    return p->part_block[part] + (row - p->first[part]) / SOUK_BLOCK_ROWS;
}

int souk_partition_part(const struct souk_partition *p, int64_t block)
{
    return (int)find_range(p->part_block, p->parts, block);
}
