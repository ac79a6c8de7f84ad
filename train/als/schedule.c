#include "train/als/schedule.h"

#include "shared/base/memory.h"

#include <limits.h>
#include <stdlib.h>

/* Rows that a batch needs, counted while it grows. */
struct cutter {
    const struct souk_comm *comm;
    const struct souk_partition *columns;
    int32_t *batch_of; /* [all columns], the last batch that needed it, from 1; 0: none yet */
    int64_t needed;    /* of the batch that grows */
    int64_t elsewhere;
};

static bool is_elsewhere(const struct cutter *c, int64_t column)
{
    return c->columns->owner[souk_partition_block(c->columns, column)] != c->comm->rank;
}

/* What a row adds to the batch. */
static int64_t count_new(const struct cutter *c, const struct souk_pair *pairs, int64_t count,
                         int32_t batch)
{
    int64_t fresh = 0;
    for (int64_t i = 0; i < count; i++)
        fresh += c->batch_of[pairs[i].column] != batch;
    return fresh;
}

static void take_row(struct cutter *c, const struct souk_pair *pairs, int64_t count, int32_t batch)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t *last = &c->batch_of[pairs[i].column];
        if (*last != batch) {
            c->elsewhere += *last == 0 && is_elsewhere(c, pairs[i].column);
            c->needed++;
            *last = batch;
        }
    }
}

/* @param batch_row [rows + 1] @return batches, and the most rows that one row needs in *longest */
static int cut_rows(struct cutter *c, const struct souk_pair *pairs, const int64_t *offsets,
                    int64_t rows, int64_t fit, int64_t *batch_row, int64_t *longest)
{
    int batches = 1;
    batch_row[0] = 0;
    for (int64_t r = 0; r < rows; r++) {
        const struct souk_pair *row = pairs + offsets[r];
        const int64_t count = offsets[r + 1] - offsets[r];
        const int64_t fresh = count_new(c, row, count, batches);
        if (c->needed + fresh > fit && c->needed > 0) {
            batch_row[batches++] = r;
            c->needed = 0;
        }
        take_row(c, row, count, batches);
        const int64_t alone = batch_row[batches - 1] == r ? c->needed : fresh;
        *longest = alone > *longest ? alone : *longest;
    }
    return batches;
}

static souk_status cut_all(struct souk_schedule *s, const struct souk_comm *comm,
                           const struct souk_pair *pairs, const int64_t *offsets, int64_t rows,
                           const struct souk_partition *columns, int64_t fit, int64_t *elsewhere,
                           int64_t *longest, struct souk_error *err)
{
    const int64_t all = columns->block_row[columns->blocks];
    struct cutter c = {.comm = comm, .columns = columns};
    int64_t most[2] = {1, 0};
    souk_status status = SOUK_OK;
    c.batch_of = souk_zalloc_array((size_t)all, sizeof *c.batch_of);
    if (!c.batch_of)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to cut rows into batches");
    else
        most[0] = cut_rows(&c, pairs, offsets, rows, fit, s->batch_row, &most[1]);
    const int64_t mine = most[0];
    free(c.batch_of);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_max_i64_all(comm, most, 2, err);
    if (status)
        return status;
    *elsewhere = c.elsewhere;
    *longest = most[1];
    if (most[1] > fit || most[0] > INT_MAX)
        return souk_fail(err, SOUK_ELIMIT, "a row needs %lld rows, %lld fit", (long long)most[1],
                         (long long)fit);
    int64_t *grown = realloc(s->batch_row, ((size_t)most[0] + 1) * sizeof *grown);
    if (!grown)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %lld batches", (long long)most[0]);
    else
        s->batch_row = grown;
    for (int64_t b = mine; b <= most[0] && grown; b++)
        grown[b] = rows;
    s->batches = (int)most[0];
    return souk_status_agree_all(comm, status, err);
}

souk_status souk_schedule_init_all(struct souk_schedule *s, const struct souk_comm *comm,
                                   const struct souk_pair *pairs, const int64_t *offsets,
                                   int64_t rows, const struct souk_partition *columns, int chunks,
                                   int64_t fit, int64_t *elsewhere, int64_t *longest,
                                   struct souk_error *err)
{
    souk_status status;
    *s = (struct souk_schedule){.batches = 1, .chunks = chunks};
    s->batch_row = souk_zalloc_array((size_t)rows + 2, sizeof *s->batch_row);
    s->order = souk_zalloc_array((size_t)rows, sizeof *s->order);
    status = s->batch_row && s->order
                 ? SOUK_OK
                 : souk_fail(err, SOUK_ENOMEM, "no memory for %lld rows", (long long)rows);
    status = souk_status_agree_all(comm, status, err);
    if (status)
        return status;
    s->batch_row[1] = rows;
    if (fit != SOUK_SCHEDULE_UNLIMITED)
        status = cut_all(s, comm, pairs, offsets, rows, columns, fit, elsewhere, longest, err);
    if (status)
        return status;
    s->ready = souk_zalloc_array((size_t)s->batches * (size_t)chunks + 1, sizeof *s->ready);
    if (!s->ready)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %d batches", s->batches);
    return souk_status_agree_all(comm, status, err);
}

void souk_schedule_fini(struct souk_schedule *s)
{
    free(s->batch_row);
    free(s->order);
    free(s->ready);
    *s = (struct souk_schedule){0};
}

souk_status souk_schedule_needed(const struct souk_pair *pairs, int64_t count, int64_t all_rows,
                                 struct souk_neededrow **rows, int64_t *distinct)
{
    uint16_t *seen = souk_zalloc_array((size_t)all_rows, sizeof *seen);
    int64_t n = 0;
    *rows = NULL;
    *distinct = 0;
    if (!seen)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < count; i++) {
        uint16_t *times = &seen[pairs[i].column];
        n += *times == 0;
        *times = (uint16_t)(*times + (*times < UINT16_MAX));
    }
    *rows = souk_alloc_array((size_t)n, sizeof **rows);
    for (int64_t row = 0; row < all_rows && *rows; row++)
        if (seen[row])
            (*rows)[(*distinct)++] = (struct souk_neededrow){row, seen[row]};
    free(seen);
    return *rows ? SOUK_OK : SOUK_ENOMEM;
}

static int last_chunk(const int64_t *offsets, const int32_t *column, int64_t row,
                      const struct souk_ghostlist *list)
{
    int32_t furthest = 0;
    for (int64_t i = offsets[row]; i < offsets[row + 1]; i++)
        furthest = column[i] > furthest ? column[i] : furthest;
    return souk_ghostlist_chunk(list, furthest);
}

void souk_schedule_order(struct souk_schedule *s, int batch, const int64_t *offsets,
                         const int32_t *column, const struct souk_ghostlist *list)
{
    int64_t at = s->batch_row[batch];
    s->ready[batch * s->chunks] = at;
    for (int c = 0; c < s->chunks; c++) {
        for (int64_t r = s->batch_row[batch]; r < s->batch_row[batch + 1]; r++)
            if (last_chunk(offsets, column, r, list) == c)
                s->order[at++] = r;
        s->ready[batch * s->chunks + c + 1] = at;
    }
}
