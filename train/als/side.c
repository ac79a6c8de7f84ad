#include "train/als/side.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/model/modelfile.h"

#include <stdlib.h>
#include <string.h>

/* Pairs per row of both sides are known to the parts' ranks only: sum block costs over ranks. */
static souk_status partition_side_all(const struct souk_comm *comm,
                                      const struct souk_ratings *ratings, enum souk_side_kind kind,
                                      const struct souk_sides_plan *plan, struct souk_side *s,
                                      struct souk_error *err)
{
    const double pair_cost = plan->pair_cost, row_cost = plan->row_cost;
    const int64_t *first = kind == SOUK_SIDE_USERS ? ratings->user_first : ratings->item_first;
    int64_t *cost = NULL;
    souk_status status = souk_partition_init(&s->partition, first, ratings->parts, err);
    s->rows = first[ratings->parts];
    if (!status && !(cost = souk_zalloc_array((size_t)s->partition.blocks, sizeof *cost)))
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the partition");
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    for (int k = 0; k < ratings->local_count && kind == SOUK_SIDE_USERS; k++) {
        const struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t u = 0; u < p->users.count; u++)
            cost[souk_partition_block(&s->partition, first[p->part] + u)] +=
                (int64_t)(pair_cost * (double)(p->offsets[u + 1] - p->offsets[u]) + row_cost);
    }
    if (kind == SOUK_SIDE_USERS)
        status = souk_sum_i64_all(comm, cost, s->partition.blocks, err);
    for (int64_t i = 0; i < s->rows && kind == SOUK_SIDE_ITEMS; i++)
        cost[souk_partition_block(&s->partition, i)] +=
            (int64_t)(pair_cost * (double)ratings->item_pairs[i] + row_cost);
    if (!status)
        status = souk_status_agree_all(
            comm, souk_partition_assign(&s->partition, comm, cost, plan->rule, err), err);
out:
    free(cost);
    return status;
}

/* The lists of one batch; its columns become rows of the node's matrix of the other side. */
static souk_status build_batch_all(const struct souk_comm *comm, struct souk_side *s,
                                   const struct souk_side *other, const struct souk_node *node,
                                   int batch, const struct souk_pair *pairs, struct souk_error *err)
{
    struct souk_ghostlist *list = &s->gather[batch].list;
    const int64_t *rows = s->schedule.batch_row + batch;
    const int64_t first = s->offsets[rows[0]], end = s->offsets[rows[1]];
    struct souk_neededrow *needed = NULL;
    int64_t distinct = 0;
    souk_status status =
        souk_schedule_needed(pairs + first, end - first, other->rows, &needed, &distinct);
    if (status)
        souk_fail(err, status, "no memory for %lld pairs", (long long)(end - first));
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_ghostlist_init_all(list, comm, node, &other->partition, s->schedule.chunks,
                                         needed, distinct, err);
    free(needed);
    if (status)
        return status;
    if (list->node_rows + list->ghosts > INT32_MAX)
        status =
            souk_fail(err, SOUK_ELIMIT, "more than 2^31 factor rows on a node: use more nodes");
    for (int64_t i = first; i < end && !status; i++) {
        s->column[i] = (int32_t)souk_ghostlist_find(list, pairs[i].column);
        s->weight[i] = pairs[i].weight;
    }
    if (!status)
        souk_schedule_order(&s->schedule, batch, s->offsets, s->column, list);
    souk_ghostlist_forget(list);
    return souk_status_agree_all(comm, status, err);
}

/* The largest batch decides how many ghosts and how large buffers there must be. */
static void measure_batches(struct souk_side *s, const struct souk_sides_plan *plan)
{
    for (int b = 0; b < s->schedule.batches; b++) {
        const struct souk_ghostlist *list = &s->gather[b].list;
        const int64_t send = souk_rowexchange_send_buffer_bytes(list, plan->wire, plan->columns);
        const int64_t recv = souk_rowexchange_recv_buffer_bytes(list, plan->wire, plan->columns);
        s->ghosts = list->ghosts > s->ghosts ? list->ghosts : s->ghosts;
        s->send_bytes = send > s->send_bytes ? send : s->send_bytes;
        s->recv_bytes = recv > s->recv_bytes ? recv : s->recv_bytes;
        if (plan->ghosts_that_fit == SOUK_SCHEDULE_UNLIMITED)
            s->elsewhere = list->elsewhere;
    }
}

static souk_status allocate_pairs(struct souk_side *s, int64_t count, bool some_held,
                                  struct souk_error *err)
{
    for (int64_t r = 0; r < s->partition.local_rows; r++) {
        const int64_t length = s->offsets[r + 1] - s->offsets[r];
        s->longest = length > s->longest ? length : s->longest;
    }
    s->column = souk_alloc_array((size_t)count, sizeof *s->column);
    s->weight = souk_alloc_array((size_t)count, sizeof *s->weight);
    s->gather = souk_zalloc_array((size_t)s->schedule.batches, sizeof *s->gather);
    s->held = some_held ? souk_alloc_array((size_t)count, sizeof *s->held) : NULL;
    return s->column && s->weight && s->gather && (s->held || !some_held)
               ? SOUK_OK
               : souk_fail(err, SOUK_ENOMEM, "no memory for %lld pairs", (long long)count);
}

/* Fill in one side's rows; what it needs of the other side follows from them. */
static souk_status build_rows_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                  enum souk_side_kind kind, const struct souk_sides_plan *plan,
                                  const struct souk_node *node, struct souk_side sides[2],
                                  struct souk_error *err)
{
    struct souk_side *s = &sides[kind], *other = &sides[!kind];
    struct souk_pair *pairs = NULL;
    int64_t count = 0, longest = 0;
    souk_status status =
        souk_pairs_send_all(comm, ratings, kind, &s->partition, &pairs, &count, err);
    if (status)
        goto out;
    s->offsets = souk_zalloc_array((size_t)s->partition.local_rows + 1, sizeof *s->offsets);
    status = s->offsets ? souk_pairs_sort(&s->partition, &pairs, count, s->offsets) : SOUK_ENOMEM;
    if (status)
        souk_fail(err, status, "no memory for %lld pairs", (long long)count);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_schedule_init_all(&s->schedule, comm, pairs, s->offsets,
                                        s->partition.local_rows, &other->partition, plan->chunks,
                                        plan->ghosts_that_fit, &s->elsewhere, &longest, err);
    if (!status)
        status = souk_status_agree_all(comm, allocate_pairs(s, count, plan->heldout.share > 0, err),
                                       err);
    for (int64_t i = 0; i < count && !status && s->held; i++)
        s->held[i] = souk_pair_is_held(&plan->heldout, kind, &pairs[i]);
    for (int b = 0; b < s->schedule.batches && !status; b++)
        status = build_batch_all(comm, s, other, node, b, pairs, err);
    if (!status)
        measure_batches(s, plan);
out:
    free(pairs);
    return status;
}

int64_t souk_side_bytes(const struct souk_side *s, const struct souk_side *other)
{
    const int64_t row = s->stride * (int64_t)sizeof(float), rows = s->partition.local_rows;
    const int64_t pair = s->held ? 9 : 8;
    return rows * row + other->ghosts * row + s->send_bytes + s->recv_bytes +
           s->offsets[rows] * pair + rows * 16;
}

/* The node's matrix of a side: its ranks' own rows, and the ghosts that the other side's rows need.
 */
static souk_status allocate_matrix_all(const struct souk_comm *comm, const struct souk_node *node,
                                       struct souk_side *s, const struct souk_side *other,
                                       bool *shared_short, struct souk_error *err)
{
    const struct souk_ghostlist *list = &other->gather[0].list;
    const size_t stride = (size_t)s->stride;
    const int64_t first = list->base[comm->rank], rows = list->node_rows + other->ghosts;
    size_t floats = 0;
    souk_status status = SOUK_OK;
    int64_t is_short;
    if (!souk_mul_size((size_t)rows, stride, &floats))
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld factor rows", (long long)rows);
    status = souk_status_agree_all(&node->comm, status, err);
    if (!status)
        status = souk_nodematrix_init_all(&s->storage, node, floats, (size_t)first * stride,
                                          (size_t)s->partition.local_rows * stride,
                                          (size_t)list->node_rows * stride, shared_short, err);
    is_short = *shared_short;
    s->own_first = first;
    s->matrix = s->storage.values;
    status = souk_status_agree_all(comm, status, err);
    /* The agreed status may be another node's: so must be the reason. */
    const souk_status reduced = souk_max_i64_all(comm, &is_short, 1, err);
    *shared_short = is_short;
    return reduced ? reduced : status;
}

static souk_status bind_all(const struct souk_comm *comm, const struct souk_sides_plan *plan,
                            struct souk_side *s, struct souk_side *other, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    s->send_buffer = souk_alloc_array((size_t)s->send_bytes, 1);
    s->recv_buffer = souk_alloc_array((size_t)s->recv_bytes, 1);
    if (!s->send_buffer || !s->recv_buffer)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld bytes to send and receive",
                           (long long)(s->send_bytes + s->recv_bytes));
    for (int b = 0; b < s->schedule.batches && !status; b++)
        status = souk_rowexchange_bind(&s->gather[b], &other->storage, plan->columns, s->stride,
                                       plan->wire, s->send_buffer, s->recv_buffer, err);
    return souk_status_agree_all(comm, status, err);
}

/* The largest part of a rank's memory: say how much before it is taken. */
static souk_status report_memory_all(const struct souk_comm *comm, const struct souk_node *node,
                                     const struct souk_side sides[2], struct souk_error *err)
{
    int64_t bytes = souk_side_bytes(&sides[0], &sides[1]) + souk_side_bytes(&sides[1], &sides[0]);
    souk_status status = souk_max_i64_all(comm, &bytes, 1, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "memory",
                 "bytes_per_rank_at_most=%lld users=%lld items=%lld ranks_of_node=%d batches=%d,%d",
                 (long long)bytes, (long long)sides[0].rows, (long long)sides[1].rows,
                 node->comm.size, sides[0].schedule.batches, sides[1].schedule.batches);
    return status;
}

static souk_status build_sides_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                   const struct souk_sides_plan *plan, const struct souk_node *node,
                                   struct souk_side sides[2], bool *shared_short,
                                   struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int k = 0; k < 2 && !status; k++) {
        sides[k] = (struct souk_side){.stride = souk_factor_stride(plan->columns)};
        status = partition_side_all(comm, ratings, (enum souk_side_kind)k, plan, &sides[k], err);
    }
    for (int k = 0; k < 2 && !status; k++)
        status = build_rows_all(comm, ratings, (enum souk_side_kind)k, plan, node, sides, err);
    if (!status)
        status = report_memory_all(comm, node, sides, err);
    for (int k = 0; k < 2 && !status; k++)
        status = allocate_matrix_all(comm, node, &sides[k], &sides[!k], shared_short, err);
    for (int k = 0; k < 2 && !status; k++)
        status = bind_all(comm, plan, &sides[k], &sides[!k], err);
    return status;
}

souk_status souk_sides_init_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                const struct souk_sides_plan *plan, struct souk_node *node,
                                struct souk_side sides[2], struct souk_error *err)
{
    bool shared_short = false;
    souk_status status =
        souk_node_init_all(node, comm, plan->shared_memory, plan->ranks_per_node, err);
    if (!status)
        status = build_sides_all(comm, ratings, plan, node, sides, &shared_short, err);
    if (!status || !shared_short)
        return status;
    if (comm->rank == 0)
        souk_log(SOUK_LOG_WARN, "memory", "%s: every rank holds its rows for itself", err->msg);
    souk_sides_fini_all(sides);
    souk_node_fini(node);
    status = souk_node_init_all(node, comm, false, 0, err);
    return status ? status : build_sides_all(comm, ratings, plan, node, sides, &shared_short, err);
}

static void side_fini(struct souk_side *s)
{
    for (int b = 0; b < s->schedule.batches && s->gather; b++)
        souk_rowexchange_fini(&s->gather[b]);
    souk_schedule_fini(&s->schedule);
    souk_partition_fini(&s->partition);
    free(s->gather);
    free(s->send_buffer);
    free(s->recv_buffer);
    free(s->offsets);
    free(s->column);
    free(s->weight);
    free(s->held);
}

void souk_sides_fini_all(struct souk_side sides[2])
{
    for (int k = 0; k < 2; k++)
        side_fini(&sides[k]); /* requests before the memory that they write */
    for (int k = 0; k < 2; k++) {
        souk_nodematrix_fini_all(&sides[k].storage);
        sides[k] = (struct souk_side){0};
    }
}
