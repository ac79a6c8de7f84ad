#include "train/evaluate/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_int(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

souk_status souk_cutoffs_parse(const char *text, struct souk_cutoffs *out, struct souk_error *err)
{
    *out = (struct souk_cutoffs){0};
    for (const char *at = text;; at++) {
        char *end = NULL;
        const long k = *at >= '0' && *at <= '9' ? strtol(at, &end, 10) : 0;
        if (k < 1 || k > SOUK_K_MAX || (*end && *end != ','))
            return souk_fail(err, SOUK_EUSAGE,
                             "--k '%.64s': expected numbers from 1 to %d such as 5,10,20", text,
                             SOUK_K_MAX);
        if (out->count == SOUK_KS_MAX)
            return souk_fail(err, SOUK_EUSAGE, "--k takes at most %d numbers", SOUK_KS_MAX);
        out->k[out->count++] = (int)k;
        at = end;
        if (!*at)
            break;
    }
    qsort(out->k, (size_t)out->count, sizeof *out->k, compare_int);
    for (int c = 1; c < out->count; c++) {
        if (out->k[c] == out->k[c - 1])
            return souk_fail(err, SOUK_EUSAGE, "--k names %d twice", out->k[c]);
    }
    return SOUK_OK;
}

const char *souk_metric_key(enum souk_metric metric)
{
    static const char *const keys[] = {
#define X(name, key, bound) key,
        SOUK_METRIC_LIST(X)
#undef X
    };
    return keys[metric];
}

double souk_metric_bound(enum souk_metric metric, int k)
{
    const double bounds[] = {
#define X(name, key, bound) bound,
        SOUK_METRIC_LIST(X)
#undef X
    };
    return bounds[metric];
}

/* Sums over a list as far as it was read, and what each k makes of them. */
struct hit_sums {
    int64_t hits, unpopular;
    double gain, precisions, first;
};

static double ideal_gain(int64_t hits)
{
    double gain = 0;
    for (int64_t i = 1; i <= hits; i++)
        gain += 1 / log2((double)i + 1);
    return gain;
}

static void set_hit_metrics(const struct hit_sums *s, int k, int64_t targets,
                            struct souk_metric_value *out)
{
    const int64_t most = targets < k ? targets : k;
    out[SOUK_METRIC_RECALL] = (struct souk_metric_value){(double)s->hits / (double)targets, 1};
    out[SOUK_METRIC_PRECISION] = (struct souk_metric_value){(double)s->hits / k, 1};
    out[SOUK_METRIC_HIT_RATE] = (struct souk_metric_value){s->hits > 0, 1};
    out[SOUK_METRIC_NDCG] = (struct souk_metric_value){s->gain / ideal_gain(most), 1};
    out[SOUK_METRIC_MAP] = (struct souk_metric_value){s->precisions / (double)most, 1};
    out[SOUK_METRIC_MRR] = (struct souk_metric_value){s->first, 1};
    out[SOUK_METRIC_SERENDIPITY] = (struct souk_metric_value){(double)s->unpopular, s->hits};
}

void souk_metrics_of_hits(const struct souk_cutoffs *cutoffs, const bool *hit,
                          const int64_t *position, int count, int64_t targets,
                          struct souk_metric_value *out)
{
    struct hit_sums s = {0};
    int i = 0;
    for (int c = 0; c < cutoffs->count; c++, out += SOUK_METRICS) {
        const int k = cutoffs->k[c];
        for (; i < k && i < count; i++) {
            if (!hit[i])
                continue;
            s.hits++;
            s.gain += 1 / log2(i + 2.0);
            s.precisions += (double)s.hits / (i + 1);
            if (s.hits == 1)
                s.first = 1.0 / (i + 1);
        }
        s.unpopular = 0; /* what counts as popular grows with k */
        for (int j = 0; j < i; j++)
            s.unpopular += hit[j] && position[j] > k;
        set_hit_metrics(&s, k, targets, out);
    }
}

/* Sums over the pairs of a list as far as it was read. */
struct pair_sums {
    double surprise;
    int directions;     /* items with factors */
    double own_squares; /* sum of the squared lengths of their directions: 1 each, or 0 */
    double distances;   /* sum of 1 - cosine of category paths */
    int64_t pairs;      /* over which `distances` runs */
};

static void add_item(const struct souk_metric_context *context,
                     const struct souk_listed_item *items, int i, double *sum, struct pair_sums *s)
{
    const struct souk_listed_item *item = &items[i];
    const double events = item->events > 0 ? (double)item->events : 1;
    const double all = context->training_events > 0 ? (double)context->training_events : 1;
    s->surprise += log2(all / events);
    if (item->direction) {
        s->directions++;
        for (int f = 0; f < context->factors; f++) {
            sum[f] += item->direction[f];
            s->own_squares += (double)item->direction[f] * item->direction[f];
        }
    }
    for (int j = 0; item->category >= 0 && j < i; j++) {
        if (items[j].category < 0)
            continue;
        s->distances +=
            1 - souk_categories_cosine(context->categories, item->category, items[j].category);
        s->pairs++;
    }
}

/* The cosines of all pairs at once: |sum of directions|^2 - sum of |direction|^2, halved. */
static struct souk_metric_value factor_diversity(const struct pair_sums *s, const double *sum,
                                                 int factors)
{
    if (s->directions < 2)
        return (struct souk_metric_value){0, 0};
    double square = 0;
    for (int f = 0; f < factors; f++)
        square += sum[f] * sum[f];
    const double ordered_pairs = (double)s->directions * (s->directions - 1);
    return (struct souk_metric_value){1 - (square - s->own_squares) / ordered_pairs, 1};
}

void souk_metrics_of_items(const struct souk_metric_context *context,
                           const struct souk_listed_item *items, int count, double *scratch,
                           struct souk_metric_value *out)
{
    struct pair_sums s = {0};
    memset(scratch, 0, (size_t)context->factors * sizeof *scratch);
    int i = 0;
    for (int c = 0; c < context->cutoffs->count; c++, out += SOUK_METRICS) {
        for (; i < context->cutoffs->k[c] && i < count; i++)
            add_item(context, items, i, scratch, &s);
        out[SOUK_METRIC_NOVELTY] = (struct souk_metric_value){s.surprise, i};
        out[SOUK_METRIC_DIVERSITY] = factor_diversity(&s, scratch, context->factors);
        out[SOUK_METRIC_CATEGORY_DIVERSITY] =
            s.pairs ? (struct souk_metric_value){s.distances / (double)s.pairs, 1}
                    : (struct souk_metric_value){0, 0};
    }
}
