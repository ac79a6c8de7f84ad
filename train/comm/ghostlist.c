#include "train/comm/ghostlist.h"

#include "shared/base/memory.h"

#include <stdlib.h>

/* A needed row on its way to the rank that receives it, and then to its owner. */
struct request {
    int64_t row, pairs;
    int32_t owner, chunk;
};

static int owner_of(const struct souk_ghostlist *list, int64_t row)
{
    return list->partition->owner[souk_partition_block(list->partition, row)];
}

static int by_row(const void *a, const void *b)
{
    const struct request *x = a, *y = b;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Within an owner: the rows that most pairs name first. */
static int by_owner_and_pairs(const void *a, const void *b)
{
    const struct request *x = a, *y = b;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    if (x->pairs != y->pairs)
        return x->pairs > y->pairs ? -1 : 1;
    return by_row(a, b);
}

static int by_owner_and_chunk(const void *a, const void *b)
{
    const struct request *x = a, *y = b;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    if (x->chunk != y->chunk)
        return x->chunk < y->chunk ? -1 : 1;
    return by_row(a, b);
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Where the own rows of the node's ranks lie. @param rows [ranks] scratch, zeroed */
static void place_own_rows(struct souk_ghostlist *list, bool copy_own, int64_t *rows)
{
    const struct souk_partition *p = list->partition;
    const int *node_of = list->node->node_of;
    for (int64_t b = 0; b < p->blocks; b++)
        rows[p->owner[b]] += p->block_row[b + 1] - p->block_row[b];
    for (int r = 0; r < list->comm->size; r++) {
        const bool here = node_of[r] == node_of[list->comm->rank] && !copy_own;
        list->base[r] = here ? list->node_rows : -1;
        list->node_rows += here ? rows[r] : 0;
    }
}

/* Rows of other nodes to the rank of this node that will receive them.
 *  @param counts [2 x node's ranks] scratch, zeroed; @param merged owned by the caller */
static souk_status deal_needed_all(struct souk_ghostlist *list, const struct souk_neededrow *needed,
                                   int64_t count, int64_t *counts, struct request **merged,
                                   int64_t *total, struct souk_error *err)
{
    const struct souk_comm *node = &list->node->comm;
    struct request *dealt = souk_alloc_array((size_t)count, sizeof *dealt);
    int64_t *next = counts + node->size, at = 0;
    void *received = NULL;
    souk_status status =
        dealt ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for %lld rows", (long long)count);
    status = souk_status_agree_all(list->comm, status, err);
    if (status)
        goto out;
    for (int64_t i = 0; i < count; i++) {
        const int owner = owner_of(list, needed[i].row);
        list->elsewhere += owner != list->comm->rank;
        counts[owner % node->size] += list->base[owner] < 0;
    }
    for (int r = 0; r < node->size; at += counts[r++])
        next[r] = at;
    for (int64_t i = 0; i < count; i++) {
        const int owner = owner_of(list, needed[i].row);
        if (list->base[owner] < 0)
            dealt[next[owner % node->size]++] =
                (struct request){needed[i].row, needed[i].pairs, owner, 0};
    }
    status = souk_exchange_all(node, dealt, counts, sizeof *dealt, &received, next, err);
    for (int r = 0; r < node->size && !status; r++)
        *total += next[r];
    *merged = received;
out:
    free(dealt);
    return status;
}

/* Each row once, by owner and chunk, ascending. @return rows left */
static int64_t cut_chunks(struct request *rows, int64_t count, int chunks)
{
    int64_t kept = 0, first = 0;
    qsort(rows, (size_t)count, sizeof *rows, by_row);
    for (int64_t i = 0; i < count; i++) {
        if (kept > 0 && rows[kept - 1].row == rows[i].row)
            rows[kept - 1].pairs += rows[i].pairs;
        else
            rows[kept++] = rows[i];
    }
    qsort(rows, (size_t)kept, sizeof *rows, by_owner_and_pairs);
    while (first < kept) {
        int64_t end = first;
        while (end < kept && rows[end].owner == rows[first].owner)
            end++;
        for (int64_t i = first; i < end; i++)
            rows[i].chunk = (int32_t)((i - first) * chunks / (end - first));
        first = end;
    }
    qsort(rows, (size_t)kept, sizeof *rows, by_owner_and_chunk);
    return kept;
}

/* Requests into groups: a stable counting sort. @param peer of each request's group; NULL: its
 * owner
 *  @param row [count] @param group [chunks x ranks + 1], zeroed @param next scratch of that size */
static void group_requests(const struct souk_ghostlist *list, const struct request *requests,
                           const int64_t *per_peer, int64_t count, int64_t *row, int64_t *group,
                           int64_t *next)
{
    const int size = list->comm->size, groups = list->chunks * size;
    for (int pass = 0; pass < 2; pass++) {
        int peer = 0;
        int64_t left = per_peer ? per_peer[0] : 0;
        for (int64_t i = 0; i < count; i++, left--) {
            while (per_peer && left == 0)
                left = per_peer[++peer];
            const int g = requests[i].chunk * size + (per_peer ? peer : requests[i].owner);
            if (pass == 0)
                group[g + 1]++;
            else
                row[next[g]++] = requests[i].row;
        }
        for (int g = 0; g < groups && pass == 0; g++) {
            group[g + 1] += group[g];
            next[g] = group[g];
        }
    }
}

/* Tell the owners; what they hear is what they will send.
 * @param rows [count], by owner @param counts [2 x ranks] scratch, zeroed */
static souk_status ask_owners_all(struct souk_ghostlist *list, const struct request *rows,
                                  int64_t count, int64_t *counts, int64_t *next,
                                  struct souk_error *err)
{
    const int size = list->comm->size;
    int64_t total = 0;
    void *asked = NULL;
    souk_status status;
    for (int64_t i = 0; i < count; i++)
        counts[rows[i].owner]++;
    status = souk_exchange_all(list->comm, rows, counts, sizeof *rows, &asked, counts + size, err);
    if (status)
        return status;
    for (int r = 0; r < size; r++)
        total += counts[size + r];
    list->send_row = souk_alloc_array((size_t)total, sizeof *list->send_row);
    if (list->send_row) {
        group_requests(list, asked, counts + size, total, list->send_row, list->send_group, next);
        for (int64_t i = 0; i < total; i++)
            list->send_row[i] = souk_partition_local(
                list->partition, souk_partition_block(list->partition, list->send_row[i]),
                list->send_row[i]);
    } else {
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld rows to send", (long long)total);
    }
    free(asked);
    return souk_status_agree_all(list->comm, status, err);
}

/* Own rows that are ghosts are copied: nobody sends them. */
static int64_t drop_own(const struct souk_ghostlist *list, struct request *rows, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++)
        if (rows[i].owner != list->comm->rank)
            rows[kept++] = rows[i];
    return kept;
}

static souk_status list_own(struct souk_ghostlist *list, struct souk_error *err)
{
    const int size = list->comm->size, rank = list->comm->rank;
    int64_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1 && !(list->self_row = souk_alloc_array((size_t)count, sizeof(int64_t))))
            return souk_fail(err, SOUK_ENOMEM, "no memory for %lld rows", (long long)count);
        count = 0;
        for (int c = 0; c < list->chunks; c++)
            for (int64_t i = list->group[c * size + rank]; i < list->group[c * size + rank + 1];
                 i++, count++)
                if (pass == 1)
                    list->self_row[count] = souk_partition_local(
                        list->partition, souk_partition_block(list->partition, list->row[i]),
                        list->row[i]);
    }
    return SOUK_OK;
}

/* Every rank of the node learns where all of the node's ghosts are. */
static souk_status share_ghosts_all(struct souk_ghostlist *list, const struct request *rows,
                                    int64_t count, int64_t *counts, int64_t *next,
                                    struct souk_error *err)
{
    const struct souk_comm *node = &list->node->comm;
    void *all = NULL;
    souk_status status = souk_gather_all(node, rows, count, sizeof *rows, &all, counts, err);
    if (status)
        return status;
    for (int r = 0; r < node->size; r++)
        list->ghosts += counts[r];
    list->row = souk_alloc_array((size_t)list->ghosts, sizeof *list->row);
    if (list->row)
        group_requests(list, all, NULL, list->ghosts, list->row, list->group, next);
    else
        status =
            souk_fail(err, SOUK_ENOMEM, "no memory for %lld needed rows", (long long)list->ghosts);
    free(all);
    return status;
}

souk_status souk_ghostlist_init_all(struct souk_ghostlist *list, const struct souk_comm *comm,
                                    const struct souk_node *node,
                                    const struct souk_partition *partition, int chunks,
                                    bool copy_own, struct souk_neededrow *needed, int64_t count,
                                    struct souk_error *err)
{
    const size_t ranks = (size_t)comm->size, groups = (size_t)chunks * ranks;
    int64_t *counts = souk_zalloc_array(8 * ranks, sizeof *counts);
    int64_t *next = souk_zalloc_array(groups + 1, sizeof *next);
    struct request *rows = NULL;
    int64_t kept = 0;
    souk_status status = SOUK_OK;

    *list = (struct souk_ghostlist){
        .comm = comm, .node = node, .partition = partition, .chunks = chunks};
    list->base = souk_alloc_array(ranks, sizeof *list->base);
    list->group = souk_zalloc_array(groups + 1, sizeof *list->group);
    list->send_group = souk_zalloc_array(groups + 1, sizeof *list->send_group);
    if (!counts || !next || !list->base || !list->group || !list->send_group)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the rows that this rank needs");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    place_own_rows(list, copy_own, counts);
    status = deal_needed_all(list, needed, count, counts + 2 * ranks, &rows, &kept, err);
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    kept = cut_chunks(rows, kept, chunks);
    status = souk_status_agree_all(
        comm, share_ghosts_all(list, rows, kept, counts + 6 * ranks, next, err), err);
    if (!status)
        status = souk_status_agree_all(comm, list_own(list, err), err);
    if (status)
        goto out;
    kept = drop_own(list, rows, kept);
    status = ask_owners_all(list, rows, kept, counts + 4 * ranks, next, err);
out:
    free(counts);
    free(next);
    free(rows);
    if (status)
        souk_ghostlist_fini(list);
    return status;
}

void souk_ghostlist_fini(struct souk_ghostlist *list)
{
    free(list->base);
    free(list->row);
    free(list->group);
    free(list->send_row);
    free(list->send_group);
    free(list->self_row);
    *list = (struct souk_ghostlist){0};
}

void souk_ghostlist_forget(struct souk_ghostlist *list)
{
    free(list->row);
    list->row = NULL;
}

int64_t souk_ghostlist_find(const struct souk_ghostlist *list, int64_t row)
{
    const int size = list->comm->size;
    const int64_t block = souk_partition_block(list->partition, row);
    const int owner = list->partition->owner[block];
    if (list->base[owner] >= 0)
        return list->base[owner] + souk_partition_local(list->partition, block, row);
    for (int c = 0; c < list->chunks; c++) {
        const int64_t *group = list->group + c * size + owner;
        const int64_t *found = bsearch(&row, list->row + group[0], (size_t)(group[1] - group[0]),
                                       sizeof row, ascending);
        if (found)
            return list->node_rows + (found - list->row);
    }
    return -1;
}

int souk_ghostlist_chunk(const struct souk_ghostlist *list, int64_t matrix_row)
{
    const int64_t ghost = matrix_row - list->node_rows;
    int chunk = 0;
    while (chunk + 1 < list->chunks && ghost >= list->group[(chunk + 1) * list->comm->size])
        chunk++;
    return chunk;
}
