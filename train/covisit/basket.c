#include "train/covisit/basket.h"

#include "shared/base/memory.h"
#include "shared/data/interactions.h"
#include "train/comm/holdout.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An item of the basket that is being filled. */
struct met {
    int64_t item, first_ms, last_ms;
    double weight;
};

struct filling {
    const struct souk_ratings *ratings;
    const struct souk_basket_rule *rule;
    struct souk_interaction_rule types;
    struct souk_baskets *out;
    struct met *met; /* [cap] */
    size_t count, cap;
    int64_t *slot; /* [items], where met[] has it; else anything */
};

/* One user: the events in the dataset, and the row in the ratings. */
struct visitor {
    const struct souk_dataset_part *events;
    int64_t first, end; /* events */
    const int64_t *row; /* [row_count], model item rows, ascending */
    int64_t row_count;
};

static bool has_item(const struct visitor *v, int64_t item)
{
    int64_t low = 0, high = v->row_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (v->row[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < v->row_count && v->row[low] == item;
}

/* Model row of an event that counts, else -1. */
static int64_t counted_item(const struct filling *f, const struct visitor *v, int64_t e)
{
    const int64_t item = f->ratings->item_row[v->events->item[e]];
    if (item < 0 || !(f->types.type_weight[v->events->type[e]] > 0))
        return -1;
    return has_item(v, item) ? item : -1;
}

static souk_status meet(struct filling *f, int64_t item, const struct visitor *v, int64_t e)
{
    const double weight = f->types.type_weight[v->events->type[e]];
    const int64_t slot = f->slot[item];
    if ((size_t)slot < f->count && f->met[slot].item == item) {
        f->met[slot].weight += weight;
        f->met[slot].last_ms = v->events->time_ms[e];
        return SOUK_OK;
    }
    const souk_status status =
        souk_grow(&f->met, &f->cap, f->count + 1, SIZE_MAX / 256, sizeof *f->met);
    if (status)
        return status;
    f->slot[item] = (int64_t)f->count;
    f->met[f->count++] = (struct met){item, v->events->time_ms[e], v->events->time_ms[e], weight};
    return SOUK_OK;
}

static float strength_of(const struct filling *f, const struct met *m, double basket_weight)
{
    const struct souk_basket_rule *r = f->rule;
    double strength = sqrt(basket_weight);
    if (r->power > 0)
        strength *= pow(m->weight, r->power);
    if (r->half_life_ms > 0)
        strength *= exp2(-.5 * (double)(r->newest_ms - m->last_ms) / (double)r->half_life_ms);
    return strength < (double)FLT_MAX ? (float)strength : FLT_MAX;
}

/* Append the basket, and begin another one. */
static souk_status close_basket(struct filling *f, double basket_weight)
{
    struct souk_baskets *out = f->out;
    uint32_t moment = 0;
    const souk_status status = souk_grow(&out->entry, &out->cap, out->count + f->count,
                                         SIZE_MAX / 256, sizeof *out->entry);
    for (size_t i = 0; i < f->count && !status; i++) {
        moment += i > 0 && f->met[i].first_ms != f->met[i - 1].first_ms;
        out->entry[out->count++] = (struct souk_basket_entry){
            f->met[i].item, strength_of(f, &f->met[i], basket_weight), i == 0, moment & INT32_MAX};
    }
    f->count = 0;
    return status;
}

static bool begins_session(const struct filling *f, const struct visitor *v, int64_t e)
{
    const struct souk_dataset_part *p = v->events;
    if (f->rule->session_gap_ms > 0)
        return p->time_ms[e] - p->time_ms[e - 1] > f->rule->session_gap_ms;
    return p->session[e] != p->session[e - 1];
}

static souk_status add_visitor(struct filling *f, const struct visitor *v, bool by_session,
                               double basket_weight)
{
    souk_status status = SOUK_OK;
    for (int64_t e = v->first; e < v->end && !status; e++) {
        const int64_t item = counted_item(f, v, e);
        if (by_session && e > v->first && begins_session(f, v, e))
            status = close_basket(f, basket_weight);
        if (!status && item >= 0)
            status = meet(f, item, v, e);
    }
    return status ? status : close_basket(f, basket_weight);
}

/* The users of the ratings are some of those of the dataset, in the same order. */
static souk_status add_part(struct filling *f, const struct souk_dataset_part *events,
                            const struct souk_ratings_part *rated)
{
    souk_status status = SOUK_OK;
    for (int64_t u = 0, row = 0; u < events->users.count && row < rated->users.count; u++) {
        if (strcmp(souk_idtable_get(&events->users, u), souk_idtable_get(&rated->users, row)) != 0)
            continue;
        const struct visitor v = {events, events->event_offsets[u], events->event_offsets[u + 1],
                                  rated->item + rated->offsets[row],
                                  rated->offsets[row + 1] - rated->offsets[row]};
        row++;
        if (f->rule->session_weight > 0)
            status = add_visitor(f, &v, true, f->rule->session_weight);
        if (!status && f->rule->user_weight > 0)
            status = add_visitor(f, &v, false, f->rule->user_weight);
        if (status)
            return status;
    }
    return SOUK_OK;
}

static souk_status load_part(struct filling *f, const struct souk_dataset *dataset,
                             const struct souk_ratings_rule *loaded,
                             const struct souk_ratings_part *rated, struct souk_error *err)
{
    struct souk_dataset_part events;
    souk_status status = souk_dataset_read_part(dataset, rated->part, SOUK_READ_EVENTS,
                                                loaded->window, &events, err);
    if (status)
        return status;
    souk_holdout_trim(&events, loaded->holdout);
    status = add_part(f, &events, rated);
    if (status)
        status = souk_fail(err, status, "no memory for the baskets of part %d", rated->part);
    souk_dataset_part_fini(&events);
    return status;
}

souk_status souk_baskets_load(const struct souk_dataset *dataset,
                              const struct souk_ratings_rule *loaded,
                              const struct souk_ratings *ratings,
                              const struct souk_basket_rule *rule, struct souk_baskets *out,
                              struct souk_error *err)
{
    struct filling f = {.ratings = ratings,
                        .rule = rule,
                        .types = souk_interaction_rule_default(dataset),
                        .out = out};
    souk_status status = SOUK_OK;
    *out = (struct souk_baskets){0};
    f.slot = souk_zalloc_array((size_t)ratings->item_first[ratings->parts], sizeof *f.slot);
    if (!f.slot)
        status = souk_fail(err, SOUK_ENOMEM, "no memory for the baskets");
    if (!status && loaded->event_weights)
        status = souk_interaction_rule_parse(&f.types, dataset, loaded->event_weights, err);
    for (int k = 0; k < ratings->local_count && !status; k++)
        status = load_part(&f, dataset, loaded, &ratings->local[k], err);
    free(f.met);
    free(f.slot);
    if (status)
        souk_baskets_fini(out);
    return status;
}

void souk_baskets_fini(struct souk_baskets *b)
{
    free(b->entry);
    *b = (struct souk_baskets){0};
}
