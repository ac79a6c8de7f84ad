#include "train/content/textneighbours.h"

#include "shared/base/memory.h"
#include "train/content/tokencount.h"

#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* The documents of one part on every rank. */
struct passing {
    int64_t items, entries;
    int64_t *row;     /* [items], model rows */
    int64_t *offsets; /* [items + 1] */
    uint64_t *token;  /* [entries] */
    float *weight;    /* [entries] */
};

struct posting {
    int64_t item; /* of the passing part */
    float weight;
};

/* Own tokens by number, and who of the passing part has them. */
struct lookup {
    const struct souk_documents *documents;
    struct souk_token_counts tokens; /* of this rank's items: numbers only */
    int64_t *number;                 /* [own entries] */
    int64_t *first;                  /* [tokens + 2] */
    struct posting *posting;
    int64_t *own_row; /* [own items], model rows */
};

static int thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

static void passing_fini(struct passing *p)
{
    free(p->row);
    free(p->offsets);
    free(p->token);
    free(p->weight);
    *p = (struct passing){0};
}

static souk_status passing_init(struct passing *p)
{
    p->row = souk_alloc_array((size_t)p->items, sizeof *p->row);
    p->offsets = souk_zalloc_array((size_t)p->items + 1, sizeof *p->offsets);
    p->token = souk_alloc_array((size_t)p->entries, sizeof *p->token);
    p->weight = souk_alloc_array((size_t)p->entries, sizeof *p->weight);
    return p->row && p->offsets && p->token && p->weight ? SOUK_OK : SOUK_ENOMEM;
}

static bool passes(const struct souk_ratings *ratings, const struct souk_documents *d, bool seen,
                   int64_t row, int64_t own)
{
    return (ratings->item_pairs[row] > 0) == seen && d->offsets[own + 1] > d->offsets[own];
}

/* What of a local part passes by. @param p NULL arrays: only count */
static void fill(const struct souk_ratings *ratings, const struct souk_documents *d, int local,
                 bool seen, struct passing *p)
{
    const int64_t first_row = ratings->item_first[ratings->local[local].part];
    p->items = p->entries = 0;
    for (int64_t own = d->part_first[local]; own < d->part_first[local + 1]; own++) {
        const int64_t row = first_row + own - d->part_first[local];
        const int64_t from = d->offsets[own], count = d->offsets[own + 1] - from;
        if (!passes(ratings, d, seen, row, own))
            continue;
        if (p->row) {
            p->row[p->items] = row;
            memcpy(p->token + p->entries, d->token + from, (size_t)count * sizeof *p->token);
            memcpy(p->weight + p->entries, d->weight + from, (size_t)count * sizeof *p->weight);
            p->offsets[p->items + 1] = p->entries + count;
        }
        p->items++;
        p->entries += count;
    }
}

static int find_local(const struct souk_ratings *ratings, int part)
{
    for (int k = 0; k < ratings->local_count; k++)
        if (ratings->local[k].part == part)
            return k;
    return -1;
}

static souk_status pass_part_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                 const struct souk_documents *d, int part, bool seen,
                                 struct passing *p, struct souk_error *err)
{
    const int root = souk_part_rank(comm, part), local = find_local(ratings, part);
    int64_t sizes[2] = {0, 0};
    *p = (struct passing){0};
    if (local >= 0) {
        fill(ratings, d, local, seen, p);
        sizes[0] = p->items;
        sizes[1] = p->entries;
    }
    souk_status status = souk_broadcast_all(comm, sizes, (int64_t)sizeof sizes, root, err);
    if (status)
        return status;
    p->items = sizes[0];
    p->entries = sizes[1];
    status = passing_init(p);
    if (status)
        status = souk_fail(err, status, "no memory for the tokens of part %d", part);
    status = souk_status_agree_all(comm, status, err);
    if (!status && local >= 0)
        fill(ratings, d, local, seen, p);
    if (!status)
        status = souk_broadcast_all(comm, p->row, p->items * (int64_t)sizeof *p->row, root, err);
    if (!status)
        status = souk_broadcast_all(comm, p->offsets, (p->items + 1) * (int64_t)sizeof *p->offsets,
                                    root, err);
    if (!status)
        status =
            souk_broadcast_all(comm, p->token, p->entries * (int64_t)sizeof *p->token, root, err);
    if (!status)
        status =
            souk_broadcast_all(comm, p->weight, p->entries * (int64_t)sizeof *p->weight, root, err);
    return status;
}

/* Lists of the passing part by own token: counts, then starts, then what they start. */
static souk_status post(struct lookup *l, const struct passing *p)
{
    const size_t tokens = l->tokens.count;
    memset(l->first, 0, (tokens + 2) * sizeof *l->first);
    int64_t *number = souk_alloc_array((size_t)p->entries, sizeof *number);
    free(l->posting);
    l->posting = souk_alloc_array((size_t)p->entries, sizeof *l->posting);
    if (!number || !l->posting) {
        free(number);
        return SOUK_ENOMEM;
    }
    for (int64_t e = 0; e < p->entries; e++) {
        number[e] = souk_token_counts_find(&l->tokens, p->token[e]);
        if (number[e] >= 0)
            l->first[number[e] + 2]++;
    }
    for (size_t t = 0; t < tokens; t++)
        l->first[t + 2] += l->first[t + 1];
    for (int64_t i = 0; i < p->items; i++)
        for (int64_t e = p->offsets[i]; e < p->offsets[i + 1]; e++)
            if (number[e] >= 0)
                l->posting[l->first[number[e] + 1]++] = (struct posting){i, p->weight[e]};
    free(number);
    return SOUK_OK;
}

/* Cosines of one own item with those of the passing part that share a token.
 * @param sums [items of the part], 0 before and after; @return how many are in out */
static int64_t multiply(const struct lookup *l, const struct passing *p, int64_t own, double *sums,
                        struct souk_neighbour *out)
{
    const struct souk_documents *d = l->documents;
    int64_t count = 0, kept = 0;
    for (int64_t e = d->offsets[own]; e < d->offsets[own + 1]; e++) {
        const int64_t t = l->number[e];
        for (int64_t k = l->first[t]; k < l->first[t + 1]; k++) {
            const int64_t item = l->posting[k].item;
            if (sums[item] == 0)
                out[count++].item = item;
            sums[item] += (double)d->weight[e] * (double)l->posting[k].weight;
        }
    }
    for (int64_t k = 0; k < count; k++) {
        const int64_t item = out[k].item;
        const float weight = (float)sums[item];
        sums[item] = 0;
        if (weight > 0 && p->row[item] != l->own_row[own])
            out[kept++] = (struct souk_neighbour){p->row[item], weight};
    }
    return kept;
}

static souk_status offer_part(const struct lookup *l, const struct passing *p,
                              struct souk_best_lists *best)
{
    const size_t threads = (size_t)souk_neighbour_threads();
    const size_t width = (size_t)(p->items + best->keep);
    size_t entries = 0;
    double *sums = NULL;
    struct souk_neighbour *out = NULL;
    if (souk_mul_size(threads, width, &entries)) {
        sums = souk_zalloc_array(entries, sizeof *sums);
        out = souk_alloc_array(entries, sizeof *out);
    }
    const bool is_there = sums && out;
    const int64_t items = is_there ? best->items : 0;
#pragma omp parallel for default(none) shared(l, p, best, sums, out, width, items)                 \
    schedule(dynamic, 16)
    for (int64_t own = 0; own < items; own++) {
        const size_t first = (size_t)thread_number() * width;
        const int64_t count = multiply(l, p, own, sums + first, out + first);
        souk_best_lists_offer(best, own, out + first, count);
    }
    free(sums);
    free(out);
    return is_there ? SOUK_OK : SOUK_ENOMEM;
}

static void lookup_fini(struct lookup *l)
{
    souk_token_counts_fini(&l->tokens);
    free(l->number);
    free(l->first);
    free(l->posting);
    free(l->own_row);
}

static void number_rows(const struct souk_ratings *ratings, const struct souk_documents *d,
                        int64_t *own_row)
{
    for (int k = 0; k < ratings->local_count; k++)
        for (int64_t own = d->part_first[k]; own < d->part_first[k + 1]; own++)
            own_row[own] = ratings->item_first[ratings->local[k].part] + own - d->part_first[k];
}

static souk_status lookup_init_all(const struct souk_comm *comm, struct lookup *l,
                                   const struct souk_ratings *ratings, struct souk_error *err)
{
    const struct souk_documents *d = l->documents;
    const size_t entries = (size_t)d->offsets[d->items];
    uint64_t *tokens = souk_alloc_array(entries, sizeof *tokens);
    souk_status status = SOUK_OK;
    l->number = souk_alloc_array(entries, sizeof *l->number);
    l->own_row = souk_alloc_array((size_t)d->items, sizeof *l->own_row);
    if (!tokens || !l->number || !l->own_row)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %zu tokens", entries);
    else if (entries > 0)
        memcpy(tokens, d->token, entries * sizeof *tokens);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_token_counts_all(comm, tokens, entries, &l->tokens, err);
    free(tokens);
    if (status)
        return status;
    l->first = souk_zalloc_array(l->tokens.count + 2, sizeof *l->first);
    if (!l->first)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %zu tokens", l->tokens.count);
    for (size_t e = 0; e < entries && !status; e++)
        l->number[e] = souk_token_counts_find(&l->tokens, d->token[e]);
    if (!status)
        number_rows(ratings, d, l->own_row);
    return souk_status_agree_all(comm, status, err);
}

souk_status souk_text_neighbours_all(const struct souk_comm *comm,
                                     const struct souk_ratings *ratings,
                                     const struct souk_documents *documents, bool seen,
                                     struct souk_best_lists *best, struct souk_error *err)
{
    struct lookup l = {.documents = documents};
    souk_status status = lookup_init_all(comm, &l, ratings, err);
    for (int part = 0; part < ratings->parts && !status; part++) {
        struct passing p;
        status = pass_part_all(comm, ratings, documents, part, seen, &p, err);
        if (!status) {
            status = post(&l, &p);
            if (!status)
                status = offer_part(&l, &p, best);
            if (status)
                status = souk_fail(err, status, "no memory for the neighbours of part %d", part);
            status = souk_status_agree_all(comm, status, err);
        }
        passing_fini(&p);
    }
    lookup_fini(&l);
    return status;
}
