#include "shared/data/interactions.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An event of one user, on its way to a pair. */
struct event_ref {
    int64_t item, index;
};

static int by_item_then_index(const void *a, const void *b)
{
    const struct event_ref *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct souk_interaction_rule souk_interaction_rule_default(const struct souk_dataset *d)
{
    struct souk_interaction_rule rule = {.weighting = d->weighting};
    for (int i = 0; i < d->type_count; i++)
        rule.type_weight[i] = d->types[i].weight;
    return rule;
}

static int find_type(const struct souk_dataset *d, const char *name, size_t len)
{
    for (int i = 0; i < d->type_count; i++)
        if (strlen(d->types[i].name) == len && memcmp(d->types[i].name, name, len) == 0)
            return i;
    return -1;
}

souk_status souk_interaction_rule_parse(struct souk_interaction_rule *rule,
                                        const struct souk_dataset *d, const char *text,
                                        struct souk_error *err)
{
    while (*text) {
        const size_t len = strcspn(text, "=,");
        char *end = NULL;
        if (text[len] != '=')
            return souk_fail(err, SOUK_EUSAGE, "event weights: '%.*s' has no '=WEIGHT'", (int)len,
                             text);
        const int type = find_type(d, text, len);
        if (type < 0)
            return souk_fail(err, SOUK_EUSAGE, "event weights: the dataset has no event '%.*s'",
                             (int)len, text);
        const double weight = strtod(text + len + 1, &end);
        if (end == text + len + 1 || (*end && *end != ',') || !isfinite(weight) || weight < 0)
            return souk_fail(err, SOUK_EUSAGE,
                             "event weights: '%s' does not begin with a number >= 0",
                             text + len + 1);
        rule->type_weight[type] = weight;
        text = *end == ',' ? end + 1 : end;
    }
    return SOUK_OK;
}

static int64_t distinct(int64_t *values, int64_t count)
{
    int64_t n = 0;
    qsort(values, (size_t)count, sizeof *values, by_number);
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || values[i] != values[i - 1])
            n++;
    return n;
}

static bool is_rating(const struct souk_interaction_rule *rule)
{
    return rule->weighting == SOUK_WEIGHT_LAST || rule->weighting == SOUK_WEIGHT_MEAN;
}

/* Events of a user ascend by time, and so do refs. */
static double rate(const struct souk_dataset_part *part, const struct souk_interaction_rule *rule,
                   const struct event_ref *refs, int64_t count)
{
    double sum = 0;
    if (rule->weighting == SOUK_WEIGHT_LAST)
        return (double)part->value[refs[count - 1].index];
    for (int64_t i = 0; i < count; i++)
        sum += (double)part->value[refs[i].index];
    return sum / (double)count;
}

/* The weight of refs[0..count), all of one item. @param orders scratch [count] */
static double weigh(const struct souk_dataset_part *part, const struct souk_interaction_rule *rule,
                    const struct event_ref *refs, int64_t count, int64_t *orders)
{
    double sum = 0;
    int64_t order_count = 0;
    if (is_rating(rule))
        return rate(part, rule, refs, count);
    for (int64_t i = 0; i < count; i++) {
        const int64_t e = refs[i].index;
        if (rule->weighting == SOUK_WEIGHT_VALUES && part->value)
            sum += part->value[e];
        else if (rule->weighting == SOUK_WEIGHT_ORDERS && part->order)
            orders[order_count++] = part->order[e];
        else
            sum += rule->type_weight[part->type[e]];
    }
    return order_count > 0 ? (double)distinct(orders, order_count) : sum;
}

static void append_pair(struct souk_interactions *out, const struct souk_dataset_part *part,
                        const struct event_ref *refs, int64_t count, double weight)
{
    const int64_t at = out->count;
    int64_t last = part->time_ms[refs[0].index];
    for (int64_t i = 1; i < count; i++)
        if (part->time_ms[refs[i].index] > last)
            last = part->time_ms[refs[i].index];
    out->item[at] = refs[0].item;
    out->weight[at] = (float)weight;
    out->last_ms[at] = last;
    out->events[at] = (int32_t)(count < INT32_MAX ? count : INT32_MAX);
    out->count++;
}

/* All pairs of one user. @param refs, orders scratch [events of the user] */
static void aggregate_user(const struct souk_dataset_part *part,
                           const struct souk_interaction_rule *rule, int64_t user,
                           struct event_ref *refs, int64_t *orders, struct souk_interactions *out)
{
    int64_t n = 0, start = 0;
    for (int64_t e = part->event_offsets[user]; e < part->event_offsets[user + 1]; e++)
        if (rule->type_weight[part->type[e]] > 0)
            refs[n++] = (struct event_ref){part->item[e], e};
    qsort(refs, (size_t)n, sizeof *refs, by_item_then_index);
    for (int64_t i = 1; i <= n; i++) {
        if (i < n && refs[i].item == refs[start].item)
            continue;
        const double weight = weigh(part, rule, refs + start, i - start, orders);
        if (weight > 0 || is_rating(rule))
            append_pair(out, part, refs + start, i - start, weight);
        start = i;
    }
}

static int64_t longest_history(const struct souk_dataset_part *part)
{
    int64_t longest = 0;
    for (int64_t u = 0; u < part->users.count; u++)
        if (part->event_offsets[u + 1] - part->event_offsets[u] > longest)
            longest = part->event_offsets[u + 1] - part->event_offsets[u];
    return longest;
}

souk_status souk_interactions_of_part(const struct souk_dataset_part *part,
                                      const struct souk_interaction_rule *rule,
                                      struct souk_interactions *out, struct souk_error *err)
{
    const size_t events = (size_t)part->event_count;
    const size_t longest = (size_t)longest_history(part);
    souk_status status = SOUK_OK;
    if (is_rating(rule) && !part->value) {
        *out = (struct souk_interactions){0};
        return souk_fail(err, SOUK_EUSAGE,
                         "the dataset has no ratings: ingest it with --value-column");
    }
    struct event_ref *refs = souk_alloc_array(longest, sizeof *refs);
    int64_t *orders = souk_alloc_array(longest, sizeof *orders);

    *out = (struct souk_interactions){.rows = part->users.count};
    out->offsets = souk_zalloc_array((size_t)part->users.count + 1, sizeof *out->offsets);
    out->item = souk_alloc_array(events, sizeof *out->item);
    out->weight = souk_alloc_array(events, sizeof *out->weight);
    out->last_ms = souk_alloc_array(events, sizeof *out->last_ms);
    out->events = souk_alloc_array(events, sizeof *out->events);
    if (!refs || !orders || !out->offsets || !out->item || !out->weight || !out->last_ms ||
        !out->events) {
        status = souk_fail(err, SOUK_ENOMEM, "no memory to aggregate %lld events",
                           (long long)part->event_count);
        souk_interactions_fini(out);
        goto out;
    }
    for (int64_t user = 0; user < out->rows; user++) {
        aggregate_user(part, rule, user, refs, orders, out);
        out->offsets[user + 1] = out->count;
    }
out:
    free(refs);
    free(orders);
    return status;
}

void souk_interactions_fini(struct souk_interactions *m)
{
    free(m->offsets);
    free(m->item);
    free(m->weight);
    free(m->last_ms);
    free(m->events);
    *m = (struct souk_interactions){0};
}
