#include "shared/score/profile.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { EVENTS_MAX = 1 << 24 };
static const double RECENT_MS = SOUK_MS_PER_DAY;
static const double RECENT_HALF_LIFE_DAYS = 28; /* of an item's `recent` */
static const double SESSION_GAP_MS = 30 * 60 * 1000;

/* Events by item, and by time within one. Keys are unique, so any sort gives the one order. */
struct souk_profile_key {
    int64_t item, at;
};

void souk_profile_init(struct souk_profile *p)
{
    *p = (struct souk_profile){0};
}

void souk_profile_fini(struct souk_profile *p)
{
    free(p->item);
    free(p->facts);
    free(p->weight);
    free(p->order);
    free(p->values);
    free(p->day);
    *p = (struct souk_profile){0};
}

static souk_status make_room(struct souk_profile *p, int64_t events)
{
    size_t item = (size_t)p->capacity, facts = item, weight = item, order = item, day = item;
    souk_status status = souk_grow(&p->item, &item, (size_t)events, EVENTS_MAX, sizeof *p->item);
    if (!status)
        status = souk_grow(&p->facts, &facts, (size_t)events, EVENTS_MAX, sizeof *p->facts);
    if (!status)
        status = souk_grow(&p->weight, &weight, (size_t)events, EVENTS_MAX, sizeof *p->weight);
    if (!status)
        status = souk_grow(&p->order, &order, (size_t)events, EVENTS_MAX, sizeof *p->order);
    if (!status)
        status = souk_grow(&p->day, &day, (size_t)events, EVENTS_MAX, sizeof *p->day);
    if (!status)
        p->capacity = (int64_t)day;
    return status;
}

/* Exact for times within 2^53 of 1970; those of a damaged file may be any, and must not overflow.
 */
static double ms_between(int64_t from_ms, int64_t until_ms)
{
    return (double)until_ms - (double)from_ms;
}

static float days_between(int64_t from_ms, int64_t until_ms)
{
    return (float)(ms_between(from_ms, until_ms) / (double)SOUK_MS_PER_DAY);
}

static int by_item(const void *a, const void *b)
{
    const struct souk_profile_key *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void add_event(struct souk_profile *p, const struct souk_visit *v, int64_t at)
{
    const struct souk_event_type *type = &v->stages->types[v->type[at]];
    struct souk_profile_item *facts = &p->facts[p->count - 1];
    facts->weight += (float)type->weight;
    facts->events += 1;
    facts->targets += type->is_target;
    facts->idle_days = days_between(v->ms[at], p->moment_ms);
    facts->recent += (float)exp2(-ms_between(v->ms[at], p->moment_ms) /
                                 (RECENT_HALF_LIFE_DAYS * (double)SOUK_MS_PER_DAY));
    facts->value += v->value[at];
    facts->valued += v->value[at] != 0;
}

static void fill_items(struct souk_profile *p, const struct souk_visit *v, int64_t events)
{
    p->count = 0;
    for (int64_t at = 0; at < events; at++)
        p->order[at] = (struct souk_profile_key){v->item[at], at};
    if (events > 0)
        qsort(p->order, (size_t)events, sizeof *p->order, by_item);
    for (int64_t k = 0; k < events; k++) {
        if (k == 0 || p->order[k].item != p->order[k - 1].item) {
            p->item[p->count] = p->order[k].item;
            p->facts[p->count++] = (struct souk_profile_item){0};
        }
        add_event(p, v, p->order[k].at);
    }
}

static void fill_figures(struct souk_profile *p, const struct souk_visit *v, int64_t events)
{
    double value = 0, valued = 0;
    p->events = (float)events;
    p->days = 0;
    p->targets = p->recent_events = p->sessions = 0;
    for (int64_t at = 0; at < events; at++) {
        p->targets += v->stages->types[v->type[at]].is_target;
        p->sessions += at == 0 || ms_between(v->ms[at - 1], v->ms[at]) > SESSION_GAP_MS;
        p->recent_events += ms_between(v->ms[at], v->ms[events - 1]) <= RECENT_MS;
        if (at == 0 || souk_day_of_ms(v->ms[at]) != p->day[p->days - 1])
            p->day[p->days++] = souk_day_of_ms(v->ms[at]);
        value += v->value[at];
        valued += v->value[at] != 0;
    }
    p->mean_value = valued > 0 ? (float)(value / valued) : NAN;
    p->age_days = events > 0 ? days_between(v->ms[0], p->moment_ms) : NAN;
    p->idle_days = events > 0 ? days_between(v->ms[events - 1], p->moment_ms) : NAN;
}

/* The visitor's items by their value of one level, from place `first`. @return how many values */
static int64_t fill_level(struct souk_profile *p, const struct souk_levels *levels, int level,
                          int64_t first)
{
    int64_t known = 0, count = 0;
    for (int64_t i = 0; i < p->count; i++) {
        const int32_t value = souk_level_of(levels, level, p->item[i]);
        if (value >= 0)
            p->order[known++] = (struct souk_profile_key){value, i};
    }
    if (known > 0)
        qsort(p->order, (size_t)known, sizeof *p->order, by_item);
    for (int64_t k = 0; k < known; k++) {
        const struct souk_profile_item *facts = &p->facts[p->order[k].at];
        if (k == 0 || p->order[k].item != p->order[k - 1].item)
            p->values[first + count++] =
                (struct souk_profile_value){.value = (int32_t)p->order[k].item};
        struct souk_profile_value *v = &p->values[first + count - 1];
        v->items += 1;
        v->recent += facts->recent;
        v->spent += facts->value;
        v->spent_count += facts->valued;
    }
    return count;
}

static void fill_shares(struct souk_profile_value *values, int64_t count)
{
    float total = 0;
    for (int64_t i = 0; i < count; i++)
        total += values[i].recent;
    for (int64_t i = 0; i < count; i++)
        values[i].share = total > 0 ? values[i].recent / total : 0;
}

static souk_status fill_values(struct souk_profile *p, const struct souk_levels *levels)
{
    size_t capacity = (size_t)p->value_capacity;
    const souk_status status = souk_grow(&p->values, &capacity, (size_t)(levels->count * p->count),
                                         (size_t)SOUK_LEVELS_MAX * EVENTS_MAX, sizeof *p->values);
    if (status)
        return status;
    p->value_capacity = (int64_t)capacity;
    p->value_first[0] = 0;
    for (int l = 0; l < SOUK_LEVELS_MAX; l++) {
        const int64_t first = p->value_first[l];
        p->value_first[l + 1] = first + (l < levels->count ? fill_level(p, levels, l, first) : 0);
        if (p->value_first[l + 1] > first) /* there may be no array at all */
            fill_shares(p->values + first, p->value_first[l + 1] - first);
    }
    return SOUK_OK;
}

souk_status souk_profile_fill(struct souk_profile *p, const struct souk_visit *v, int64_t moment_ms)
{
    int64_t events = v->count;
    while (events > 0 && v->ms[events - 1] > moment_ms)
        events--;
    const souk_status status = make_room(p, events);
    if (status)
        return status;
    p->moment_ms = moment_ms;
    fill_items(p, v, events);
    fill_figures(p, v, events);
    return fill_values(p, &v->stages->levels);
}

void souk_profile_weigh(struct souk_profile *p, const struct souk_profile_rule *rule)
{
    for (int64_t i = 0; i < p->count; i++) {
        const struct souk_profile_item *f = &p->facts[i];
        p->weight[i] = rule->power == 0 ? 1 : powf(f->weight, rule->power);
        if (rule->half_life_days > 0)
            p->weight[i] *= exp2f(-f->idle_days / rule->half_life_days);
    }
}

const struct souk_profile_value *souk_profile_of_value(const struct souk_profile *p, int level,
                                                       int32_t value)
{
    int64_t low = p->value_first[level], high = p->value_first[level + 1];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (p->values[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->value_first[level + 1] && p->values[low].value == value ? &p->values[low]
                                                                            : NULL;
}

int64_t souk_profile_find(const struct souk_profile *p, int64_t item)
{
    int64_t low = 0, high = p->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (p->item[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->count && p->item[low] == item ? low : -1;
}
