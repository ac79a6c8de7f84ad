#include "train/content/tokencount.h"

#include "shared/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* A token on its way to the rank that counts it, and the answer. */
struct counted {
    uint64_t token;
    int64_t items;
};

/* Ascending, by one byte of all eight at a time, the lowest first. */
static souk_status sort_tokens(uint64_t *tokens, size_t count)
{
    uint64_t *other = souk_alloc_array(count, sizeof *other);
    uint64_t *from = tokens, *to = other;
    if (!other)
        return SOUK_ENOMEM;
    for (int shift = 0; shift < 64; shift += 8) {
        size_t start[257] = {0};
        for (size_t i = 0; i < count; i++)
            start[(from[i] >> shift & 255) + 1]++;
        for (int byte = 0; byte < 256; byte++)
            start[byte + 1] += start[byte];
        for (size_t i = 0; i < count; i++)
            to[start[from[i] >> shift & 255]++] = from[i];
        uint64_t *const swapped = from;
        from = to;
        to = swapped;
    }
    free(other);
    return SOUK_OK;
}

/* Runs of equal tokens -> distinct ones with their lengths. */
static souk_status count_own(const uint64_t *tokens, size_t count, struct souk_token_counts *out)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || tokens[i] != tokens[i - 1];
    out->token = souk_alloc_array(distinct, sizeof *out->token);
    out->items = souk_alloc_array(distinct, sizeof *out->items);
    if (!out->token || !out->items)
        return SOUK_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || tokens[i] != tokens[i - 1]) {
            out->token[out->count] = tokens[i];
            out->items[out->count++] = 0;
        }
        out->items[out->count - 1]++;
    }
    return SOUK_OK;
}

static int owner_of(const struct souk_comm *comm, uint64_t token)
{
    return (int)(token % (uint64_t)comm->size);
}

/* @param next [ranks], where those of a rank begin; moved on */
static void pack(const struct souk_comm *comm, const struct souk_token_counts *c, int64_t *next,
                 struct counted *out)
{
    for (size_t i = 0; i < c->count; i++)
        out[next[owner_of(comm, c->token[i])]++] = (struct counted){c->token[i], c->items[i]};
}

static int by_token(const void *a, const void *b)
{
    const struct counted *const *x = a, *const *y = b;
    return ((*x)->token > (*y)->token) - ((*x)->token < (*y)->token);
}

/* Every count of a token becomes the sum of the counts of that token. */
static souk_status add_up(struct counted *all, int64_t count)
{
    struct counted **sorted = souk_alloc_array((size_t)count, sizeof *sorted);
    if (!sorted)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < count; i++)
        sorted[i] = &all[i];
    if (count > 1)
        qsort(sorted, (size_t)count, sizeof *sorted, by_token);
    for (int64_t i = 0, end; i < count; i = end) {
        int64_t sum = 0;
        for (end = i; end < count && sorted[end]->token == sorted[i]->token; end++)
            sum += sorted[end]->items;
        for (int64_t k = i; k < end; k++)
            sorted[k]->items = sum;
    }
    free(sorted);
    return SOUK_OK;
}

static int64_t total(const int64_t *counts, int ranks)
{
    int64_t sum = 0;
    for (int r = 0; r < ranks; r++)
        sum += counts[r];
    return sum;
}

/* The counts of this rank's tokens become those of all ranks: there and back. */
static souk_status exchange_all(const struct souk_comm *comm, struct souk_token_counts *c,
                                struct souk_error *err)
{
    const size_t ranks = (size_t)comm->size;
    int64_t *sent = souk_zalloc_array(4 * ranks, sizeof *sent);
    struct counted *own = souk_alloc_array(c->count, sizeof *own);
    void *asked = NULL, *answered = NULL;
    souk_status status = SOUK_OK;
    if (!sent || !own)
        status = souk_fail(err, SOUK_ENOMEM, "no memory to count %zu tokens", c->count);
    status = souk_status_agree_all(comm, status, err);
    if (status)
        goto out;
    int64_t *received = sent + ranks, *returned = received + ranks, *next = returned + ranks;
    for (size_t i = 0; i < c->count; i++)
        sent[owner_of(comm, c->token[i])]++;
    for (size_t r = 1; r < ranks; r++)
        next[r] = next[r - 1] + sent[r - 1];
    pack(comm, c, next, own);
    status = souk_exchange_all(comm, own, sent, sizeof *own, &asked, received, err);
    if (status)
        goto out;
    status = add_up(asked, total(received, comm->size));
    if (status)
        status = souk_fail(err, status, "no memory to count tokens");
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = souk_exchange_all(comm, asked, received, sizeof *own, &answered, returned, err);
    if (status)
        goto out;
    const struct counted *answer = answered; /* in the order of `own`: by rank, then by token */
    memset(next, 0, ranks * sizeof *next);
    for (size_t r = 1; r < ranks; r++)
        next[r] = next[r - 1] + sent[r - 1];
    for (size_t i = 0; i < c->count; i++)
        c->items[i] = answer[next[owner_of(comm, c->token[i])]++].items;
out:
    free(sent);
    free(own);
    free(asked);
    free(answered);
    return status;
}

/* Open addressing: tokens are hashes already. */
static souk_status make_table(struct souk_token_counts *c)
{
    size_t slots = 2;
    while (slots < 2 * c->count)
        slots *= 2;
    c->mask = slots - 1;
    c->slot = souk_zalloc_array(slots, sizeof *c->slot);
    if (!c->slot)
        return SOUK_ENOMEM;
    for (size_t i = 0; i < c->count; i++) {
        uint64_t at = c->token[i] & c->mask;
        while (c->slot[at])
            at = (at + 1) & c->mask;
        c->slot[at] = (int64_t)i + 1;
    }
    return SOUK_OK;
}

souk_status souk_token_counts_all(const struct souk_comm *comm, uint64_t *tokens, size_t count,
                                  struct souk_token_counts *out, struct souk_error *err)
{
    *out = (struct souk_token_counts){0};
    souk_status status = sort_tokens(tokens, count);
    if (!status)
        status = count_own(tokens, count, out);
    if (!status)
        status = make_table(out);
    if (status)
        status = souk_fail(err, status, "no memory to count %zu tokens", count);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = exchange_all(comm, out, err);
    if (status)
        souk_token_counts_fini(out);
    return status;
}

void souk_token_counts_fini(struct souk_token_counts *c)
{
    free(c->token);
    free(c->items);
    free(c->slot);
    *c = (struct souk_token_counts){0};
}

int64_t souk_token_counts_find(const struct souk_token_counts *c, uint64_t token)
{
    uint64_t at = token & c->mask;
    while (c->slot[at] && c->token[c->slot[at] - 1] != token)
        at = (at + 1) & c->mask;
    return c->slot[at] - 1;
}
