#include "train/covisit/cooccurrence.h"

#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <stdlib.h>

static int64_t number_wanted(struct souk_cooccurrence *c, const bool *wanted)
{
    int64_t count = 0;
    for (int64_t i = 0; i < c->items; i++)
        c->place[i] = wanted[i] ? count++ : -1;
    return count;
}

/* Positions by item: counts, then starts, then what they start. */
static souk_status list_positions(struct souk_cooccurrence *c, int64_t wanted)
{
    const struct souk_basket_entry *entry = c->baskets->entry;
    c->first = souk_zalloc_array((size_t)wanted + 2, sizeof *c->first);
    if (!c->first)
        return SOUK_ENOMEM;
    for (size_t e = 0; e < c->baskets->count; e++)
        if (c->place[entry[e].item] >= 0)
            c->first[c->place[entry[e].item] + 2]++;
    for (int64_t k = 0; k < wanted; k++)
        c->first[k + 2] += c->first[k + 1];
    c->at = souk_alloc_array((size_t)c->first[wanted + 1], sizeof *c->at);
    if (!c->at)
        return SOUK_ENOMEM;
    for (size_t e = 0; e < c->baskets->count; e++)
        if (c->place[entry[e].item] >= 0)
            c->at[c->first[c->place[entry[e].item] + 1]++] = (int64_t)e;
    return SOUK_OK;
}

souk_status souk_cooccurrence_init(struct souk_cooccurrence *out,
                                   const struct souk_cooccurrence_rule *rule,
                                   const struct souk_baskets *baskets, int64_t items,
                                   const bool *wanted, struct souk_error *err)
{
    size_t sums = 0;
    souk_status status = SOUK_ENOMEM;
    *out = (struct souk_cooccurrence){.rule = rule, .baskets = baskets, .items = items};
    out->place = souk_alloc_array((size_t)items, sizeof *out->place);
    if (souk_mul_size((size_t)items, (size_t)souk_neighbour_threads(), &sums))
        out->sums = souk_zalloc_array(sums, sizeof *out->sums);
    if (out->place && out->sums)
        status = list_positions(out, number_wanted(out, wanted));
    return status
               ? souk_fail(err, status, "no memory for the pairs of %lld items", (long long)items)
               : SOUK_OK;
}

void souk_cooccurrence_fini(struct souk_cooccurrence *c)
{
    free(c->place);
    free(c->first);
    free(c->at);
    free(c->sums);
    *c = (struct souk_cooccurrence){0};
}

/* Count a pair, b behind a or before it. @return whether it is the first of its item */
static bool add_pair(const struct souk_cooccurrence_rule *r, const struct souk_basket_entry *a,
                     const struct souk_basket_entry *b, int64_t *sums)
{
    const int64_t distance = labs((long)a->moment - (long)b->moment);
    double value = (double)a->strength * (double)b->strength;
    if (r->window > 0 && distance > r->window)
        return false;
    if (r->window > 0 && distance > 1)
        value *= 1 - (double)(distance - 1) / (double)r->window;
    const int64_t fixed = (int64_t)(value * r->scale + .5);
    const bool is_first = sums[b->item] == 0 && fixed > 0;
    sums[b->item] += fixed;
    return is_first;
}

/* All pairs of the entry at `at` with those of its basket. @return items in out so far */
static int64_t add_around(const struct souk_cooccurrence *c, int64_t at, int64_t *sums,
                          struct souk_neighbour *out, int64_t count)
{
    const struct souk_cooccurrence_rule *r = c->rule;
    const struct souk_basket_entry *e = c->baskets->entry + at;
    const int64_t behind = (int64_t)c->baskets->count - at;
    for (int64_t d = 1; d <= r->reach && !e[1 - d].begins; d++)
        if (add_pair(r, e, e - d, sums))
            out[count++].item = e[-d].item;
    for (int64_t d = 1; d <= r->reach && d < behind && !e[d].begins; d++)
        if (add_pair(r, e, e + d, sums))
            out[count++].item = e[d].item;
    return count;
}

int64_t souk_cooccurrence_candidates(void *context, int thread, int64_t row,
                                     struct souk_neighbour *out)
{
    const struct souk_cooccurrence *c = context;
    const int64_t place = c->place[row];
    int64_t *sums = c->sums + thread * c->items;
    int64_t count = 0, kept = 0;
    for (int64_t k = c->first[place]; k < c->first[place + 1]; k++)
        count = add_around(c, c->at[k], sums, out, count);
    for (int64_t k = 0; k < count; k++) {
        const int64_t item = out[k].item;
        const float weight = (float)(souk_fixed_to(sums[item], c->rule->shift) *
                                     (c->rule->source_norm[item] * c->rule->target_norm[row]));
        sums[item] = 0;
        if (weight > 0)
            out[kept++] = (struct souk_neighbour){item, weight};
    }
    return kept;
}
