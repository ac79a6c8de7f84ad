#include "train/twostage/itemfacts.h"

#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/math/fixed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One sum or extreme over the events of an item, from which columns are made. */
enum base {
    USERS,  /* users with the item, each by the age of the last event */
    BUYERS, /* events of wanted types, by age */
    EVENTS, /* all events, by age */
    FIRST,  /* age of the first event */
    LAST,   /* age of the last event, as what LONG_AGO_MS has more: the larger the younger */
    VALUE,  /* sum of values */
    VALUED, /* events with a value */
};

static const int64_t LONG_AGO_MS = INT64_C(1) << 50;

struct sum {
    const char *name;
    enum base base;
    double half_life_days; /* 0: no decay */
};

static const struct sum sums[] = {
    {"users", USERS, 0},       {"users_56d", USERS, 56}, {"users_28d", USERS, 28},
    {"users_14d", USERS, 14},  {"users_7d", USERS, 7},   {"users_3d", USERS, 3},
    {"users_1d", USERS, 1},    {"targets", BUYERS, 0},   {"targets_28d", BUYERS, 28},
    {"targets_7d", BUYERS, 7}, {"events", EVENTS, 0},    {"first", FIRST, 0},
    {"last", LAST, 0},         {"value", VALUE, 0},      {"valued", VALUED, 0},
};
enum { SUMS = sizeof sums / sizeof sums[0] };

/* A column out of the sums: itself, or a ratio of two. */
struct column {
    const char *name;
    const char *numerator, *denominator;
};

static const struct column columns_table[] = {
    {"users", "users", NULL},
    {"users_56d", "users_56d", NULL},
    {"users_28d", "users_28d", NULL},
    {"users_14d", "users_14d", NULL},
    {"users_7d", "users_7d", NULL},
    {"users_3d", "users_3d", NULL},
    {"users_1d", "users_1d", NULL},
    {"targets_28d", "targets_28d", NULL},
    {"targets_7d", "targets_7d", NULL},
    {"conversion", "targets", "events"},
    {"trend_56d", "users_56d", "users"},
    {"trend_28d", "users_28d", "users"},
    {"trend_7d", "users_7d", "users"},
    {"trend_7d_28d", "users_7d", "users_28d"},
    {"events_per_user", "events", "users"},
    {"age_days", "first", NULL},
    {"idle_days", "last", NULL},
    {"mean_value", "value", "valued"},
};
enum { COLUMNS = sizeof columns_table / sizeof columns_table[0] };

int souk_item_facts_count(void)
{
    return COLUMNS;
}

const char *souk_item_facts_name(int column)
{
    return columns_table[column].name;
}

struct work {
    const struct souk_comm *comm;
    const struct souk_ratings *ratings;
    const struct souk_user_events *events;
    const struct souk_event_type *types;
    int64_t cut_ms;
    int shift, value_shift;
    int64_t *total; /* [items], of the sum at hand */
    float **sums;   /* [local_count] of [SUMS x items of the part] */
};

static double decay(const struct work *w, const struct sum *sum, int64_t ms)
{
    const double days = (double)(w->cut_ms - ms) / (double)SOUK_MS_PER_DAY;
    return sum->half_life_days > 0 ? exp2(-days / sum->half_life_days) : 1;
}

static void add_pairs(const struct work *w, const struct sum *sum)
{
    for (int k = 0; k < w->ratings->local_count; k++) {
        const struct souk_ratings_part *p = &w->ratings->local[k];
        for (int64_t i = 0; i < p->offsets[p->users.count]; i++)
            w->total[p->item[i]] += souk_fixed_from(decay(w, sum, p->last_ms[i]), w->shift);
    }
}

static void add_event(const struct work *w, const struct sum *sum, const struct souk_user_events *e,
                      int64_t at)
{
    int64_t *total = &w->total[e->item[at]];
    const int64_t age_ms = w->cut_ms - e->ms[at];
    switch (sum->base) {
    case BUYERS:
        if (w->types[e->type[at]].is_target)
            *total += souk_fixed_from(decay(w, sum, e->ms[at]), w->shift);
        break;
    case EVENTS:
        *total += souk_fixed_from(decay(w, sum, e->ms[at]), w->shift);
        break;
    case LAST:
        *total = LONG_AGO_MS - age_ms > *total ? LONG_AGO_MS - age_ms : *total;
        break;
    case FIRST:
        *total = age_ms > *total ? age_ms : *total;
        break;
    case VALUE:
        *total += souk_fixed_from(e->value[at], w->value_shift);
        break;
    case VALUED:
        *total += souk_fixed_from(e->value[at] != 0, w->shift);
        break;
    case USERS:
        break;
    }
}

static void add_events(const struct work *w, const struct sum *sum)
{
    for (int k = 0; k < w->ratings->local_count; k++) {
        const struct souk_user_events *e = &w->events[k];
        for (int64_t at = 0; at < e->offsets[w->ratings->local[k].users.count]; at++)
            add_event(w, sum, e, at);
    }
}

static float value_of(const struct work *w, const struct sum *sum, int64_t total)
{
    if (sum->base == FIRST)
        return (float)((double)total / (double)SOUK_MS_PER_DAY);
    if (sum->base == LAST) /* 0: no event */
        return total > 0 ? (float)((double)(LONG_AGO_MS - total) / (double)SOUK_MS_PER_DAY) : NAN;
    return (float)souk_fixed_to(total, sum->base == VALUE ? w->value_shift : w->shift);
}

static souk_status sum_all(const struct work *w, int index, struct souk_error *err)
{
    const struct sum *sum = &sums[index];
    const int64_t items = w->ratings->item_first[w->ratings->parts];
    memset(w->total, 0, (size_t)items * sizeof *w->total);
    if (sum->base == USERS)
        add_pairs(w, sum);
    else
        add_events(w, sum);
    const souk_status status = sum->base == FIRST || sum->base == LAST
                                   ? souk_max_i64_all(w->comm, w->total, items, err)
                                   : souk_sum_i64_all(w->comm, w->total, items, err);
    for (int k = 0; k < w->ratings->local_count && !status; k++) {
        const struct souk_ratings_part *p = &w->ratings->local[k];
        for (int64_t i = 0; i < p->items.count; i++)
            w->sums[k][index * p->items.count + i] =
                value_of(w, sum, w->total[w->ratings->item_first[p->part] + i]);
    }
    return status;
}

static int sum_index(const char *name)
{
    int i = 0;
    while (i < SUMS && strcmp(sums[i].name, name) != 0)
        i++;
    return i;
}

/* 0 / 0 is not known. */
static void make_column(const struct column *c, const float *of_sums, int64_t items, float *out)
{
    const float *over = c->denominator ? of_sums + sum_index(c->denominator) * items : NULL;
    const float *under = of_sums + sum_index(c->numerator) * items;
    for (int64_t i = 0; i < items; i++)
        out[i] = !over ? under[i] : over[i] > 0 ? under[i] / over[i] : NAN;
}

static souk_status allocate(struct work *w, float **columns, struct souk_error *err)
{
    const struct souk_ratings *r = w->ratings;
    bool good = true;
    w->total = souk_alloc_array((size_t)r->item_first[r->parts], sizeof *w->total);
    w->sums = souk_zalloc_array((size_t)r->local_count, sizeof *w->sums);
    for (int k = 0; k < r->local_count && w->sums; k++) {
        const size_t items = (size_t)r->local[k].items.count;
        w->sums[k] = souk_alloc_array(items * SUMS, sizeof **w->sums);
        columns[k] = souk_alloc_array(items * COLUMNS, sizeof **columns);
        good = good && w->sums[k] && columns[k];
    }
    if (!good || !w->total || !w->sums)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for the facts of the items");
    return SOUK_OK;
}

/* Scales that no sum overflows. */
static souk_status scale_all(struct work *w, struct souk_error *err)
{
    int64_t most[2] = {0, 1};
    double largest = 1;
    for (int k = 0; k < w->ratings->local_count; k++) {
        const int64_t events = w->events[k].offsets[w->ratings->local[k].users.count];
        most[0] += events;
        for (int64_t at = 0; at < events; at++)
            largest = fabs((double)w->events[k].value[at]) > largest
                          ? fabs((double)w->events[k].value[at])
                          : largest;
    }
    souk_status status = souk_sum_i64_all(w->comm, most, 1, err);
    if (!status)
        status = souk_max_f64_all(w->comm, &largest, 1, err);
    if (most[0] < w->ratings->pairs)
        most[0] = w->ratings->pairs;
    w->shift = souk_fixed_shift(1, most[0] > 0 ? most[0] : 1);
    w->value_shift = souk_fixed_shift(largest, most[0] > 0 ? most[0] : 1);
    return status;
}

souk_status souk_item_facts_all(const struct souk_comm *comm, const struct souk_ratings *ratings,
                                const struct souk_user_events *events,
                                const struct souk_event_type *types, int64_t cut_ms,
                                float **columns, struct souk_error *err)
{
    struct work w = {
        .comm = comm, .ratings = ratings, .events = events, .types = types, .cut_ms = cut_ms};
    for (int k = 0; k < ratings->local_count; k++)
        columns[k] = NULL;
    souk_status status = souk_status_agree_all(comm, allocate(&w, columns, err), err);
    if (!status)
        status = scale_all(&w, err);
    for (int s = 0; s < SUMS && !status; s++)
        status = sum_all(&w, s, err);
    for (int k = 0; k < ratings->local_count && !status; k++) {
        const int64_t items = ratings->local[k].items.count;
        for (int c = 0; c < COLUMNS; c++)
            make_column(&columns_table[c], w.sums[k], items, columns[k] + c * items);
    }
    for (int k = 0; k < ratings->local_count && w.sums; k++)
        free(w.sums[k]);
    for (int k = 0; k < ratings->local_count && status; k++) {
        free(columns[k]);
        columns[k] = NULL;
    }
    free(w.sums);
    free(w.total);
    return status;
}
