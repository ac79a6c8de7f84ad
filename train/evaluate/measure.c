#include "train/evaluate/measure.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"

#include <stdlib.h>
#include <string.h>

souk_status souk_probe_init(struct souk_probe *p, const struct souk_measure *m)
{
    const size_t depth = (size_t)souk_cutoffs_largest(m->context.cutoffs);
    const size_t values = (size_t)m->context.cutoffs->count * SOUK_METRICS;
    int64_t most = 0;
    for (int64_t at = 0; at < m->cases->count; at++) {
        const int64_t own = m->cases->target_offsets[at + 1] - m->cases->target_offsets[at];
        most = own > most ? own : most;
    }
    *p = (struct souk_probe){0};
    p->target_row = souk_alloc_array((size_t)most, sizeof *p->target_row);
    p->target_events = souk_alloc_array((size_t)most, sizeof *p->target_events);
    p->items = souk_alloc_array(depth, sizeof *p->items);
    p->position = souk_alloc_array(depth, sizeof *p->position);
    p->hit_events = souk_alloc_array(depth, sizeof *p->hit_events);
    p->hit = souk_alloc_array(depth, sizeof *p->hit);
    p->sum = souk_alloc_array((size_t)m->context.factors, sizeof *p->sum);
    p->list = souk_zalloc_array(values, sizeof *p->list);
    if (p->target_row && p->target_events && p->items && p->position && p->hit_events && p->hit &&
        p->sum && p->list)
        return SOUK_OK;
    souk_probe_fini(p);
    return SOUK_ENOMEM;
}

void souk_probe_fini(struct souk_probe *p)
{
    free(p->target_row);
    free(p->target_events);
    free(p->items);
    free(p->position);
    free(p->hit_events);
    free(p->hit);
    free(p->sum);
    free(p->list);
    *p = (struct souk_probe){0};
}

/* Targets ascend by part and id, hence those that the model knows ascend by its rows. */
static int64_t list_targets(struct souk_probe *p, const struct souk_measure *m, int64_t at)
{
    const struct souk_cases *c = m->cases;
    int64_t count = 0;
    for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++) {
        if (m->ranking->wanted_row[c->target[t]] < 0)
            continue;
        p->target_row[count] = m->ranking->wanted_row[c->target[t]];
        p->target_events[count++] = m->ranking->wanted_events[c->target[t]];
    }
    return count;
}

void souk_probe_look(struct souk_probe *p, const struct souk_measure *m, int64_t at)
{
    const struct souk_topk *list = souk_ranking_list(m->ranking, at);
    const int64_t targets = list_targets(p, m, at);
    p->history = souk_visitors_history(m->visitors, at);
    p->count = list->count;
    for (int i = 0; i < list->count; i++) {
        const int64_t row = list->hits[i].item;
        const int64_t t = souk_rows_lower_bound(p->target_row, targets, row);
        const bool is_target = t < targets && p->target_row[t] == row;
        p->items[i] = souk_ranking_item(m->ranking, row);
        p->position[i] = p->items[i].popular_position;
        p->hit_events[i] = is_target ? p->target_events[t] : -1;
    }
    souk_metrics_of_items(&m->context, p->items, p->count, p->sum, p->list);
}

int64_t souk_measure_targets(const struct souk_measure *m, const struct souk_set *set, int64_t at)
{
    const struct souk_cases *c = m->cases;
    int64_t count = 0;
    if (!souk_set_has_user(set, souk_visitors_history(m->visitors, at),
                           m->visitors->is_trained[at]))
        return 0;
    for (int64_t t = c->target_offsets[at]; t < c->target_offsets[at + 1]; t++)
        count += souk_set_has_target(set, m->ranking->wanted_events[c->target[t]]);
    return count;
}

void souk_measure_case(const struct souk_measure *m, struct souk_probe *p,
                       const struct souk_set *set, int64_t targets, struct souk_metric_value *out)
{
    const struct souk_cutoffs *cutoffs = m->context.cutoffs;
    for (int i = 0; i < p->count; i++)
        p->hit[i] = p->hit_events[i] >= 0 && souk_set_has_target(set, p->hit_events[i]);
    memcpy(out, p->list, (size_t)cutoffs->count * SOUK_METRICS * sizeof *out);
    souk_metrics_of_hits(cutoffs, p->hit, p->position, p->count, targets, out);
}
