#include "train/linear/itemgram.h"

#include "shared/base/memory.h"

#include <stdlib.h>

/* One pair on its way. A user's cells stand together, ascending by number. */
struct cell {
    int64_t user;
    int32_t number;
    float x;
};

/* Where a rank stands in its users. */
struct cursor {
    int part; /* index into ratings->local */
    int64_t user;
};

struct batch {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_itemselection *selection;
    struct souk_blockmatrix *gram;
    int64_t batch_cells;
    int64_t *counts; /* [2 x ranks]: sent, received */
    int64_t *next;   /* [ranks] */
};

static bool at_end(const struct batch *b, const struct cursor *c)
{
    return c->part >= b->ratings->local_count;
}

static void advance(const struct batch *b, struct cursor *c)
{
    c->user++;
    while (!at_end(b, c) && c->user >= b->ratings->local[c->part].users.count) {
        c->part++;
        c->user = 0;
    }
}

/* Whether the process `rank` holds a row or a column of this number. */
static bool wants(const struct batch *b, int rank, int32_t number)
{
    const struct souk_grid *g = b->gram->grid;
    return souk_block_owner(number, b->gram->block, g->rows) == rank / g->columns ||
           souk_block_owner(number, b->gram->block, g->columns) == rank % g->columns;
}

/* Count the cells of a user into b->counts, or put them where b->next says when `out` is there. */
static int64_t send_user(struct batch *b, const struct cursor *c, struct cell *out)
{
    const struct souk_ratings_part *p = &b->ratings->local[c->part];
    const int64_t user = b->ratings->user_first[p->part] + c->user;
    int64_t sent = 0;
    for (int64_t at = p->offsets[c->user]; at < p->offsets[c->user + 1]; at++) {
        const int32_t number = b->selection->number[p->item[at]];
        for (int rank = 0; number >= 0 && rank < b->comm->size; rank++) {
            if (!wants(b, rank, number))
                continue;
            sent++;
            if (out)
                out[b->next[rank]++] = (struct cell){user, number, p->weight[at]};
            else
                b->counts[rank]++;
        }
    }
    return sent;
}

/* The cells of the next users of this rank, by the rank that they go to.
 * @param cells owned by the caller, free() */
static souk_status fill_batch(struct batch *b, struct cursor *c, struct cell **cells,
                              struct souk_error *err)
{
    struct cursor end = *c;
    int64_t total = 0;
    for (int r = 0; r < b->comm->size; r++)
        b->counts[r] = 0;
    for (; !at_end(b, &end) && total < b->batch_cells; advance(b, &end))
        total += send_user(b, &end, NULL);
    *cells = souk_alloc_array((size_t)total, sizeof **cells);
    if (!*cells)
        return souk_fail(err, SOUK_ENOMEM, "no memory to send %lld ratings", (long long)total);
    b->next[0] = 0;
    for (int r = 1; r < b->comm->size; r++)
        b->next[r] = b->next[r - 1] + b->counts[r - 1];
    for (; c->part != end.part || c->user != end.user; advance(b, c))
        send_user(b, c, *cells);
    return SOUK_OK;
}

/* Local positions of a user's cells in this process's rows and columns. */
struct side {
    int64_t count;
    int64_t *local;
    int32_t *number;
    double *x;
};

static souk_status side_init(struct side *s, int64_t longest)
{
    s->local = souk_alloc_array((size_t)longest, sizeof *s->local);
    s->number = souk_alloc_array((size_t)longest, sizeof *s->number);
    s->x = souk_alloc_array((size_t)longest, sizeof *s->x);
    return s->local && s->number && s->x ? SOUK_OK : SOUK_ENOMEM;
}

static void side_fini(struct side *s)
{
    free(s->local);
    free(s->number);
    free(s->x);
}

static void side_fill(struct side *s, const struct cell *cells, int64_t count, int64_t block,
                      int at, int processes)
{
    s->count = 0;
    for (int64_t k = 0; k < count; k++) {
        if (souk_block_owner(cells[k].number, block, processes) != at)
            continue;
        s->local[s->count] = souk_block_local(cells[k].number, block, processes);
        s->number[s->count] = cells[k].number;
        s->x[s->count++] = (double)cells[k].x;
    }
}

static void add_user(struct souk_blockmatrix *gram, const struct side *rows,
                     const struct side *columns)
{
    int64_t first = 0;
    for (int64_t j = 0; j < columns->count; j++) {
        double *column = gram->local + (size_t)columns->local[j] * (size_t)gram->leading;
        while (first < rows->count && rows->number[first] < columns->number[j])
            first++;
        for (int64_t i = first; i < rows->count; i++)
            column[rows->local[i]] += rows->x[i] * columns->x[j];
    }
}

static int64_t group_length(const struct cell *cells, int64_t at, int64_t count)
{
    int64_t end = at + 1;
    while (end < count && cells[end].user == cells[at].user)
        end++;
    return end - at;
}

static souk_status add_cells(struct souk_blockmatrix *gram, const struct cell *cells, int64_t count,
                             struct souk_error *err)
{
    const struct souk_grid *g = gram->grid;
    struct side rows = {0}, columns = {0};
    int64_t longest = 0;
    souk_status status;
    for (int64_t at = 0; at < count; at += group_length(cells, at, count)) {
        const int64_t length = group_length(cells, at, count);
        longest = length > longest ? length : longest;
    }
    status = side_init(&rows, longest);
    if (!status)
        status = side_init(&columns, longest);
    for (int64_t at = 0, length; at < count && !status; at += length) {
        length = group_length(cells, at, count);
        side_fill(&rows, cells + at, length, gram->block, g->row, g->rows);
        side_fill(&columns, cells + at, length, gram->block, g->column, g->columns);
        add_user(gram, &rows, &columns);
    }
    side_fini(&rows);
    side_fini(&columns);
    return status ? souk_fail(err, status, "no memory to add %lld ratings", (long long)count)
                  : SOUK_OK;
}

static int64_t total_received(const struct batch *b)
{
    int64_t total = 0;
    for (int r = 0; r < b->comm->size; r++)
        total += b->counts[b->comm->size + r];
    return total;
}

/* @param more set to 0 when no rank has users left */
static souk_status add_batch_all(struct batch *b, struct cursor *c, int64_t *more,
                                 struct souk_error *err)
{
    struct cell *cells = NULL;
    void *received = NULL;
    souk_status status = souk_status_agree_all(b->comm, fill_batch(b, c, &cells, err), err);
    if (!status)
        status = souk_exchange_all(b->comm, cells, b->counts, sizeof *cells, &received,
                                   b->counts + b->comm->size, err);
    free(cells);
    if (!status)
        status = souk_status_agree_all(b->comm,
                                       add_cells(b->gram, received, total_received(b), err), err);
    free(received);
    *more = !at_end(b, c);
    return status ? status : souk_max_i64_all(b->comm, more, 1, err);
}

souk_status souk_itemgram_add_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                  const struct souk_itemselection *selection, int64_t batch_bytes,
                                  struct souk_blockmatrix *gram, struct souk_error *err)
{
    struct batch b = {.comm = comm,
                      .ratings = ratings,
                      .selection = selection,
                      .gram = gram,
                      .batch_cells = batch_bytes / (int64_t)sizeof(struct cell) + 1};
    struct cursor c = {0, -1};
    int64_t more = 1;
    souk_status status = SOUK_OK;

    b.counts = souk_zalloc_array(2 * (size_t)comm->size, sizeof *b.counts);
    b.next = souk_zalloc_array((size_t)comm->size, sizeof *b.next);
    if (!b.counts || !b.next)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the Gram matrix");
    status = souk_status_agree_all(comm, status, err);
    if (!at_end(&b, &c))
        advance(&b, &c);
    while (!status && more)
        status = add_batch_all(&b, &c, &more, err);
    free(b.counts);
    free(b.next);
    return status;
}
