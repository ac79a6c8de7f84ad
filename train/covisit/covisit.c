#include "train/covisit/covisit.h"

#include "shared/base/log.h"
#include "shared/base/memory.h"
#include "shared/math/fixed.h"
#include "train/covisit/basketexchange.h"
#include "train/covisit/cooccurrence.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* What a run goes through. */
struct covisit {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_covisit_parameters *parameters;
    int64_t items;
    struct souk_baskets baskets;
    struct souk_cooccurrence_rule rule;
    double *source_norm, *target_norm; /* [items] */
    bool *wanted;                      /* [items] */
};

static souk_status find_newest_all(const struct covisit *c, int64_t *newest_ms,
                                   struct souk_error *err)
{
    *newest_ms = INT64_MIN;
    for (int k = 0; k < c->ratings->local_count; k++) {
        const struct souk_ratings_part *p = &c->ratings->local[k];
        for (int64_t at = 0; at < p->offsets[p->users.count]; at++)
            *newest_ms = p->last_ms[at] > *newest_ms ? p->last_ms[at] : *newest_ms;
    }
    return souk_max_i64_all(c->comm, newest_ms, 1, err);
}

static souk_status load_all(struct covisit *c, const struct souk_dataset *dataset,
                            const struct souk_ratings_rule *loaded, struct souk_error *err)
{
    const struct souk_covisit_parameters *p = c->parameters;
    struct souk_basket_rule rule = {
        .session_weight = p->scope == SOUK_COVISIT_USER ? 0 : 1,
        .user_weight = p->scope == SOUK_COVISIT_BOTH   ? p->user_weight
                       : p->scope == SOUK_COVISIT_USER ? 1
                                                       : 0,
        .power = p->power,
        .half_life_ms = p->half_life_ms,
        .session_gap_ms = p->session_gap_ms,
    };
    const souk_status status = find_newest_all(c, &rule.newest_ms, err);
    if (status)
        return status;
    return souk_status_agree_all(
        c->comm, souk_baskets_load(dataset, loaded, c->ratings, &rule, &c->baskets, err), err);
}

/* Baskets, those that the reach cuts, and the longest, of all ranks. */
static souk_status describe_all(const struct covisit *c, int64_t *basket_count,
                                struct souk_error *err)
{
    int64_t sums[3] = {0, 0, (int64_t)c->baskets.count}, longest = 0;
    for (size_t at = 0, end; at < c->baskets.count; at = end) {
        end = souk_basket_end(&c->baskets, at);
        const int64_t length = (int64_t)(end - at);
        sums[0]++;
        sums[1] += length - 1 > c->rule.reach;
        longest = length > longest ? length : longest;
    }
    souk_status status = souk_sum_i64_all(c->comm, sums, 3, err);
    if (!status)
        status = souk_max_i64_all(c->comm, &longest, 1, err);
    if (status)
        return status;
    souk_log(SOUK_LOG_INFO, "baskets", "count=%" PRId64 " entries=%" PRId64 " longest=%" PRId64,
             sums[0], sums[2], longest);
    if (sums[1] > 0)
        souk_log(SOUK_LOG_INFO, "capped",
                 "baskets=%" PRId64 " reach=%" PRId64
                 " note=\"pairs further apart in them do not count\"",
                 sums[1], c->rule.reach);
    *basket_count = sums[0];
    return SOUK_OK;
}

/* The scale at which sums over all baskets are exact. */
static souk_status choose_scale_all(struct covisit *c, struct souk_error *err)
{
    double bound = 0;
    int64_t baskets = 0;
    for (size_t e = 0; e < c->baskets.count; e++)
        bound = fmax(bound, (double)c->baskets.entry[e].strength);
    bound *= bound;
    souk_status status = souk_max_f64_all(c->comm, &bound, 1, err);
    if (!status)
        status = describe_all(c, &baskets, err);
    if (status)
        return status;
    if (!(bound < 1e30))
        return souk_fail(
            err, SOUK_ENUMERIC,
            "the event weights of a basket are too large: take a smaller --pair-power");
    c->rule.shift = souk_fixed_shift(bound, baskets > 0 ? baskets : 1);
    c->rule.scale = ldexp(1, c->rule.shift);
    return SOUK_OK;
}

static double norm_of(int64_t sum, int shift, double exponent)
{
    return sum > 0 ? pow(souk_fixed_to(sum, shift), -exponent) : 0;
}

/* Both powers of n_i, the same on every rank. */
static souk_status make_norms_all(struct covisit *c, struct souk_error *err)
{
    const struct souk_covisit_parameters *p = c->parameters;
    int64_t *sums = souk_zalloc_array((size_t)c->items, sizeof *sums);
    souk_status status = SOUK_OK;
    c->source_norm = souk_alloc_array((size_t)c->items, sizeof *c->source_norm);
    c->target_norm = souk_alloc_array((size_t)c->items, sizeof *c->target_norm);
    if (!sums || !c->source_norm || !c->target_norm)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %" PRId64 " items", c->items);
    status = souk_status_agree_all(c->comm, status, err);
    for (size_t e = 0; e < c->baskets.count && !status; e++) {
        const double strength = (double)c->baskets.entry[e].strength;
        sums[c->baskets.entry[e].item] += (int64_t)(strength * strength * c->rule.scale + .5);
    }
    if (!status)
        status = souk_sum_i64_all(c->comm, sums, c->items, err);
    for (int64_t i = 0; i < c->items && !status; i++) {
        c->source_norm[i] = norm_of(sums[i], c->rule.shift, p->source_exponent);
        c->target_norm[i] = norm_of(sums[i], c->rule.shift, p->exponent);
    }
    c->rule.source_norm = c->source_norm;
    c->rule.target_norm = c->target_norm;
    free(sums);
    return status;
}

/* Rows of this rank's items of a panel, out of the baskets that have come. */
static souk_status make_rows(struct covisit *c, const struct souk_basket_exchange *x, int panel,
                             const struct souk_baskets *received, struct souk_neighbour_rows *out,
                             struct souk_error *err)
{
    struct souk_cooccurrence pairs;
    const int32_t mine = (int32_t)(panel * c->comm->size + c->comm->rank);
    for (int64_t i = 0; i < c->items; i++)
        c->wanted[i] = x->place[i] == mine;
    souk_status status =
        souk_cooccurrence_init(&pairs, &c->rule, received, c->items, c->wanted, err);
    const struct souk_neighbour_source source = {souk_cooccurrence_candidates, &pairs,
                                                 c->parameters->neighbours};
    for (int k = 0; k < c->ratings->local_count && !status; k++) {
        const struct souk_ratings_part *p = &c->ratings->local[k];
        const int64_t first = souk_basket_panel_first(p->items.count, panel, x->panels);
        const int64_t end = souk_basket_panel_first(p->items.count, panel + 1, x->panels);
        status =
            souk_neighbour_rows_add(out, c->ratings, p->part, first, end - first, &source, err);
    }
    souk_cooccurrence_fini(&pairs);
    return status;
}

static souk_status make_panels_all(struct covisit *c, struct souk_neighbour_rows *out,
                                   struct souk_error *err)
{
    struct souk_basket_exchange exchange;
    souk_status status = souk_basket_exchange_plan_all(c->comm, c->ratings, &c->baskets,
                                                       c->parameters->buffer_bytes, &exchange, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "exchange", "panels=%d mib_per_rank=%.1f", exchange.panels,
                 (double)exchange.largest * (double)sizeof(struct souk_basket_entry) / 1048576);
    for (int t = 0; t < exchange.panels && !status; t++) {
        struct souk_baskets received;
        status = souk_basket_exchange_all(&exchange, t, &received, err);
        if (!status)
            status = souk_status_agree_all(c->comm, make_rows(c, &exchange, t, &received, out, err),
                                           err);
        souk_baskets_fini(&received);
    }
    souk_basket_exchange_fini(&exchange);
    return status;
}

souk_status souk_covisit_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                             const struct souk_ratings_rule *loaded, struct souk_ratings *ratings,
                             const struct souk_covisit_parameters *parameters,
                             struct souk_neighbour_rows *out, struct souk_error *err)
{
    struct covisit c = {.comm = comm,
                        .ratings = ratings,
                        .parameters = parameters,
                        .items = ratings->item_first[ratings->parts],
                        .rule = {.window = parameters->window,
                                 .reach = parameters->reach > 0 ? parameters->reach : INT64_MAX}};
    souk_status status = souk_neighbour_rows_init(out, ratings, err);
    c.wanted = souk_alloc_array((size_t)c.items, sizeof *c.wanted);
    if (!status && !c.wanted)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for %" PRId64 " items", c.items);
    status = souk_status_agree_all(comm, status, err);
    if (!status)
        status = load_all(&c, dataset, loaded, err);
    if (!status)
        status = choose_scale_all(&c, err);
    if (!status)
        status = make_norms_all(&c, err);
    if (!status)
        status = make_panels_all(&c, out, err);
    if (!status)
        status = souk_neighbour_rows_close_all(comm, out, ratings, err);
    souk_baskets_fini(&c.baskets);
    free(c.source_norm);
    free(c.target_norm);
    free(c.wanted);
    if (status)
        souk_neighbour_rows_fini(out);
    return status;
}
