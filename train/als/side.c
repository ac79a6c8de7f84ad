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
    if (plan->cost[kind])
        memcpy(cost, plan->cost[kind], (size_t)s->partition.blocks * sizeof *cost);
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

/* Whether own rows and pairs live in files, and how many rows a batch may need then. */
struct layout {
    bool spilled;
    int64_t fit;
};

/* The lists of one batch; its columns become rows of the node's matrix of the other side. */
static souk_status build_batch_all(const struct souk_comm *comm, struct souk_side *s,
                                   const struct souk_side *other, const struct souk_node *node,
                                   const struct layout *layout, int batch,
                                   const struct souk_pair *pairs, struct souk_error *err)
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
                                         layout->spilled, needed, distinct, err);
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
static void measure_batches(struct souk_side *s, const struct souk_sides_plan *plan,
                            const struct layout *layout)
{
    for (int b = 0; b < s->schedule.batches; b++) {
        const struct souk_ghostlist *list = &s->gather[b].list;
        const int64_t send =
            souk_rowexchange_send_buffer_bytes(list, plan->wire, plan->columns, layout->spilled);
        const int64_t recv = souk_rowexchange_recv_buffer_bytes(list, plan->wire, plan->columns);
        s->ghosts = list->ghosts > s->ghosts ? list->ghosts : s->ghosts;
        s->send_bytes = send > s->send_bytes ? send : s->send_bytes;
        s->recv_bytes = recv > s->recv_bytes ? recv : s->recv_bytes;
        s->list_bytes += list->send_group[list->chunks * list->comm->size] * 8;
        if (!layout->spilled)
            s->elsewhere = list->elsewhere;
    }
}

/* Bytes of own rows, columns and weights: what a spill holds. Rows first, for their alignment. */
static int64_t data_bytes(const struct souk_side *s)
{
    return s->partition.local_rows * s->stride * (int64_t)sizeof(float) +
           s->offsets[s->partition.local_rows] * 8;
}

static souk_status allocate_pairs(struct souk_side *s, const struct souk_sides_plan *plan,
                                  const struct layout *layout, int64_t count,
                                  struct souk_error *err)
{
    const int64_t rows = s->partition.local_rows;
    souk_status status = SOUK_OK;
    for (int64_t r = 0; r < rows; r++) {
        const int64_t length = s->offsets[r + 1] - s->offsets[r];
        s->longest = length > s->longest ? length : s->longest;
    }
    s->gather = souk_zalloc_array((size_t)s->schedule.batches, sizeof *s->gather);
    if (layout->spilled) {
        status = souk_spill_init(&s->spill, plan->scratch, (size_t)data_bytes(s), err);
        if (!status) {
            s->own = s->spill.data;
            s->column = (int32_t *)(void *)(s->own + (size_t)rows * (size_t)s->stride);
            s->weight = (float *)(void *)(s->column + count);
        }
    } else {
        s->column = souk_alloc_array((size_t)count, sizeof *s->column);
        s->weight = souk_alloc_array((size_t)count, sizeof *s->weight);
    }
    s->held = plan->heldout.share > 0 ? souk_alloc_array((size_t)count, sizeof *s->held) : NULL;
    if (!status &&
        (!s->column || !s->weight || !s->gather || (!s->held && plan->heldout.share > 0)))
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld pairs", (long long)count);
    return status;
}

/* Fill in one side's rows; what it needs of the other side follows from them.
 * @param longest the most rows that one row needs, kept up */
static souk_status build_rows_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                  enum souk_side_kind kind, const struct souk_sides_plan *plan,
                                  const struct layout *layout, const struct souk_node *node,
                                  struct souk_side sides[2], int64_t *longest,
                                  struct souk_error *err)
{
    struct souk_side *s = &sides[kind], *other = &sides[!kind];
    struct souk_pair *pairs = NULL;
    int64_t count = 0, most = 0;
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
                                        layout->fit, &s->elsewhere, &most, err);
    *longest = most > *longest ? most : *longest;
    if (!status)
        status = souk_status_agree_all(comm, allocate_pairs(s, plan, layout, count, err), err);
    for (int64_t i = 0; i < count && !status && s->held; i++)
        s->held[i] = souk_pair_is_held(&plan->heldout, kind, &pairs[i]);
    for (int b = 0; b < s->schedule.batches && !status; b++)
        status = build_batch_all(comm, s, other, node, layout, b, pairs, err);
    if (!status)
        measure_batches(s, plan, layout);
out:
    free(pairs);
    return status;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Bytes of lists and offsets: in memory in every layout. */
static int64_t index_bytes(const struct souk_side *s)
{
    return s->partition.local_rows * 16 + s->list_bytes +
           (int64_t)s->schedule.batches * s->schedule.chunks * 8 +
           (s->held ? s->offsets[s->partition.local_rows] : 0);
}

/* What a rank holds at most, over the ranks. Spilled sides use one window in turn. */
static souk_status measure_all(const struct souk_comm *comm, const struct souk_side sides[2],
                               const struct layout *layout, bool halves, int64_t *bytes,
                               struct souk_error *err)
{
    const int64_t half = halves ? sides[0].stride * (int64_t)sizeof(uint16_t) : 0;
    const int64_t row = sides[0].stride * (int64_t)sizeof(float) + half;
    const int64_t windows[2] = {sides[0].ghosts * row, sides[1].ghosts * row};
    *bytes = index_bytes(&sides[0]) + index_bytes(&sides[1]) +
             larger(sides[0].send_bytes, sides[1].send_bytes) +
             larger(sides[0].recv_bytes, sides[1].recv_bytes);
    *bytes += layout->spilled
                  ? larger(windows[0], windows[1])
                  : windows[0] + windows[1] + data_bytes(&sides[0]) + data_bytes(&sides[1]) +
                        half * (sides[0].partition.local_rows + sides[1].partition.local_rows);
    return souk_max_i64_all(comm, bytes, 1, err);
}

static souk_status build_lists_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                   const struct souk_sides_plan *plan, const struct layout *layout,
                                   const struct souk_node *node, struct souk_side sides[2],
                                   int64_t *bytes, int64_t *longest, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    souk_sides_fini_all(sides);
    for (int k = 0; k < 2 && !status; k++) {
        sides[k] = (struct souk_side){.stride = souk_factor_stride(plan->columns)};
        status = partition_side_all(comm, ratings, (enum souk_side_kind)k, plan, &sides[k], err);
    }
    for (int k = 0; k < 2 && !status; k++)
        status = build_rows_all(comm, ratings, (enum souk_side_kind)k, plan, layout, node, sides,
                                longest, err);
    return status ? status : measure_all(comm, sides, layout, plan->halves, bytes, err);
}

/* Floats of a matrix of so many rows, and of the halves behind it. */
static souk_status matrix_floats(int64_t rows, int stride, bool halves, size_t *floats,
                                 struct souk_error *err)
{
    size_t half = 0;
    if (!souk_mul_size((size_t)rows, (size_t)stride, floats) ||
        (halves && !souk_mul_size((size_t)rows, (size_t)stride / 2, &half)) ||
        *floats > SIZE_MAX - half)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld factor rows", (long long)rows);
    *floats += half;
    return SOUK_OK;
}

static uint16_t *halves_behind(float *matrix, int64_t rows, int stride)
{
    return (uint16_t *)(void *)(matrix + (size_t)rows * (size_t)stride);
}

/* The node's matrix of a side: its ranks' own rows, and the ghosts that the other side's rows need.
 */
static souk_status allocate_matrix_all(const struct souk_comm *comm, const struct souk_node *node,
                                       struct souk_side *s, const struct souk_side *other,
                                       bool halves, bool *shared_short, struct souk_error *err)
{
    const struct souk_ghostlist *list = &other->gather[0].list;
    const size_t stride = (size_t)s->stride, own = (size_t)s->partition.local_rows;
    const int64_t first = list->base[comm->rank], rows = list->node_rows + other->ghosts;
    size_t floats = 0;
    int64_t is_short;
    souk_status status = matrix_floats(rows, s->stride, halves, &floats, err);
    status = souk_status_agree_all(&node->comm, status, err);
    if (!status)
        status = souk_nodematrix_init_all(&s->storage, node, floats, (size_t)first * stride,
                                          own * stride, (size_t)list->node_rows * stride,
                                          shared_short, err);
    is_short = *shared_short;
    s->matrix = s->storage.values;
    if (!status && halves)
        s->halves = halves_behind(s->matrix, rows, s->stride);
    if (!status)
        s->own = s->matrix + (size_t)first * stride;
    status = souk_status_agree_all(comm, status, err);
    /* The agreed status may be another node's: so must be the reason. */
    const souk_status reduced = souk_max_i64_all(comm, &is_short, 1, err);
    *shared_short = is_short;
    return reduced ? reduced : status;
}

/* One buffer for what both sides need, in turn: own rows are in the spills. */
static souk_status allocate_window_all(const struct souk_comm *comm, const struct souk_node *node,
                                       bool halves, struct souk_side sides[2],
                                       struct souk_error *err)
{
    const int64_t rows = larger(sides[0].ghosts, sides[1].ghosts);
    bool shared_short;
    size_t floats = 0;
    souk_status status = matrix_floats(rows, sides[0].stride, halves, &floats, err);
    if (!status)
        status =
            souk_nodematrix_init_all(&sides[0].storage, node, floats, 0, 0, 0, &shared_short, err);
    for (int k = 0; k < 2; k++)
        sides[k].matrix = sides[0].storage.values;
    for (int k = 0; k < 2 && !status && halves; k++)
        sides[k].halves = halves_behind(sides[0].matrix, rows, sides[0].stride);
    return souk_status_agree_all(comm, status, err);
}

/* Exchanges never overlap: one pair of buffers, held by the first side, serves all. */
static souk_status bind_all(const struct souk_comm *comm, const struct souk_sides_plan *plan,
                            const struct layout *layout, struct souk_side sides[2],
                            struct souk_error *err)
{
    const int64_t send = larger(sides[0].send_bytes, sides[1].send_bytes);
    const int64_t recv = larger(sides[0].recv_bytes, sides[1].recv_bytes);
    souk_status status = SOUK_OK;
    sides[0].send_buffer = souk_alloc_array((size_t)send, 1);
    sides[0].recv_buffer = souk_alloc_array((size_t)recv, 1);
    if (!sides[0].send_buffer || !sides[0].recv_buffer)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld bytes to send and receive",
                           (long long)(send + recv));
    for (int k = 0; k < 2; k++) {
        struct souk_side *s = &sides[k], *other = &sides[!k];
        struct souk_nodematrix *matrix = layout->spilled ? &sides[0].storage : &other->storage;
        for (int b = 0; b < s->schedule.batches && !status; b++)
            status = souk_rowexchange_bind(&s->gather[b], matrix, other->own, plan->columns,
                                           s->stride, plan->wire, layout->spilled,
                                           sides[0].send_buffer, sides[0].recv_buffer, err);
    }
    return souk_status_agree_all(comm, status, err);
}

static souk_status allocate_all(const struct souk_comm *comm, const struct souk_sides_plan *plan,
                                const struct layout *layout, const struct souk_node *node,
                                struct souk_side sides[2], bool *shared_short,
                                struct souk_error *err)
{
    souk_status status = SOUK_OK;
    if (layout->spilled)
        status = allocate_window_all(comm, node, plan->halves, sides, err);
    for (int k = 0; k < 2 && !status && !layout->spilled; k++)
        status =
            allocate_matrix_all(comm, node, &sides[k], &sides[!k], plan->halves, shared_short, err);
    return status ? status : bind_all(comm, plan, layout, sides, err);
}

/* Every rank a node of its own, own rows and pairs in files, batches that fit. How much others ask
 * for at a time is known afterwards only: try with less until it fits. */
static souk_status build_within_limit_all(const struct souk_comm *comm,
                                          const struct souk_ratings *ratings,
                                          const struct souk_sides_plan *plan,
                                          struct souk_node *node, struct souk_side sides[2],
                                          struct layout *layout, struct souk_error *err)
{
    const int64_t row = souk_factor_stride(plan->columns) * (int64_t)sizeof(float);
    int64_t bytes = plan->memory_limit + 1, longest = 0;
    souk_status status = SOUK_OK;
    souk_sides_fini_all(sides);
    souk_node_fini(node);
    status = souk_node_init_all(node, comm, false, 0, err);
    *layout = (struct layout){true, plan->memory_limit / row};
    while (!status && bytes > plan->memory_limit && layout->fit > 0) {
        status = build_lists_all(comm, ratings, plan, layout, node, sides, &bytes, &longest, err);
        if (!status && bytes > plan->memory_limit)
            layout->fit = layout->fit * 4 / 5;
    }
    if (status == SOUK_ELIMIT || (!status && bytes > plan->memory_limit)) {
        int64_t needed = larger(2 * longest, layout->fit) * row;
        for (int k = 0; k < 2; k++)
            needed += sides[k].partition.local_rows * 32;
        if (souk_max_i64_all(comm, &needed, 1, err) != SOUK_OK)
            return SOUK_ECOMM;
        status = souk_fail(err, SOUK_ELIMIT,
                           "--memory-limit: one row needs %lld rows of the other side: %lld bytes "
                           "a rank would do",
                           (long long)longest, (long long)needed);
    }
    return status;
}

static void report_layout(const struct souk_side sides[2], const struct layout *layout,
                          const struct souk_node *node, int64_t need, int64_t bytes)
{
    souk_log(SOUK_LOG_INFO, "memory",
             "bytes_per_rank_at_most=%lld users=%lld items=%lld ranks_of_node=%d", (long long)need,
             (long long)sides[0].rows, (long long)sides[1].rows, node->comm.size);
    if (layout->spilled)
        souk_log(SOUK_LOG_INFO, "memory_limit",
                 "bytes_per_rank_at_most=%lld user_batches=%d item_batches=%d rows_per_batch=%lld",
                 (long long)bytes, sides[0].schedule.batches, sides[1].schedule.batches,
                 (long long)layout->fit);
}

souk_status souk_sides_init_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                const struct souk_sides_plan *plan, struct souk_node *node,
                                struct souk_side sides[2], struct souk_error *err)
{
    struct layout layout = {false, SOUK_SCHEDULE_UNLIMITED};
    bool shared_short = false;
    int64_t need = 0, bytes = 0, longest = 0;
    souk_status status =
        souk_node_init_all(node, comm, plan->shared_memory, plan->ranks_per_node, err);
    if (!status)
        status = build_lists_all(comm, ratings, plan, &layout, node, sides, &need, &longest, err);
    if (!status && plan->memory_limit > 0 && need > plan->memory_limit)
        status = build_within_limit_all(comm, ratings, plan, node, sides, &layout, err);
    if (!status)
        status = measure_all(comm, sides, &layout, plan->halves, &bytes, err);
    if (!status) {
        report_layout(sides, &layout, node, need, bytes);
        status = allocate_all(comm, plan, &layout, node, sides, &shared_short, err);
    }
    if (!status || !shared_short)
        return status;
    if (comm->rank == 0)
        souk_log(SOUK_LOG_WARN, "memory", "%s: every rank holds its rows for itself", err->msg);
    const struct souk_sides_plan alone = {.columns = plan->columns,
                                          .cost = {plan->cost[0], plan->cost[1]},
                                          .rule = plan->rule,
                                          .pair_cost = plan->pair_cost,
                                          .row_cost = plan->row_cost,
                                          .chunks = plan->chunks,
                                          .wire = plan->wire,
                                          .halves = plan->halves,
                                          .memory_limit = plan->memory_limit,
                                          .scratch = plan->scratch};
    souk_sides_fini_all(sides);
    souk_node_fini(node);
    return souk_sides_init_all(comm, ratings, &alone, node, sides, err);
}

static void side_fini(struct souk_side *s)
{
    for (int b = 0; b < s->schedule.batches && s->gather; b++)
        souk_rowexchange_fini(&s->gather[b]);
    souk_schedule_fini(&s->schedule);
    souk_partition_fini(&s->partition);
    free(s->gather);
    free(s->offsets);
    free(s->send_buffer);
    free(s->recv_buffer);
    if (!s->spill.data) {
        free(s->column);
        free(s->weight);
    }
    souk_spill_fini(&s->spill);
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

void souk_sides_release(const struct souk_side sides[2])
{
    for (int k = 0; k < 2; k++)
        souk_spill_release(&sides[k].spill);
}
