#include "train/evaluate/summary.h"

#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/math/fixed.h"
#include "train/evaluate/coverage.h"
#include "train/evaluate/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One array of integers, so that one reduction adds it up:
 *
 *      users, targets        [sets] each
 *      value, weight         [sets][cutoffs x metrics] each
 *      value, weight         [main sets][replicates][cutoffs x metrics] each
 */
struct tally {
    int64_t *sums;
    int64_t *users, *targets, *value, *weight, *boot_value, *boot_weight; /* into sums */
};

struct shape {
    const struct souk_measure *measure;
    const struct souk_bootstrap *bootstrap;
    int64_t cells; /* cutoffs x metrics */
    int64_t length;
    int *shift; /* [cells] */
};

/* A replicate weighs a user at most this often: Poisson(1) by inversion of 53 bits stays below. */
enum { WEIGHT_MAX = 32 };

static souk_status shape_init(struct shape *s, int64_t users, struct souk_error *err)
{
    const struct souk_cutoffs *cutoffs = s->measure->context.cutoffs;
    s->cells = (int64_t)cutoffs->count * SOUK_METRICS;
    s->length = 2 * SOUK_SETS * (1 + s->cells) +
                2 * (int64_t)SOUK_SETS_MAIN * s->bootstrap->replicates * s->cells;
    s->shift = souk_alloc_array((size_t)s->cells, sizeof *s->shift);
    if (!s->shift)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for sums");
    for (int64_t i = 0; i < s->cells; i++) {
        const double bound =
            souk_metric_bound((enum souk_metric)(i % SOUK_METRICS), cutoffs->k[i / SOUK_METRICS]);
        s->shift[i] = souk_fixed_shift(bound, WEIGHT_MAX * (users > 0 ? users : 1));
    }
    return SOUK_OK;
}

static souk_status tally_init(struct tally *t, const struct shape *s)
{
    t->sums = souk_zalloc_array((size_t)s->length, sizeof *t->sums);
    if (!t->sums)
        return SOUK_ENOMEM;
    t->users = t->sums;
    t->targets = t->users + SOUK_SETS;
    t->value = t->targets + SOUK_SETS;
    t->weight = t->value + SOUK_SETS * s->cells;
    t->boot_value = t->weight + SOUK_SETS * s->cells;
    t->boot_weight = t->boot_value + SOUK_SETS_MAIN * s->bootstrap->replicates * s->cells;
    return SOUK_OK;
}

/* What one thread needs. */
struct worker {
    struct tally tally;
    struct souk_probe probe;
    struct souk_metric_value *metrics; /* [cells] */
    int64_t *fixed, *weight;           /* [cells] */
    uint8_t *times;                    /* [replicates] how often each has the user */
};

static void worker_fini(struct worker *w)
{
    free(w->tally.sums);
    souk_probe_fini(&w->probe);
    free(w->metrics);
    free(w->fixed);
    free(w->weight);
    free(w->times);
}

static souk_status worker_init(struct worker *w, const struct shape *s)
{
    w->metrics = souk_alloc_array((size_t)s->cells, sizeof *w->metrics);
    w->fixed = souk_alloc_array((size_t)s->cells, sizeof *w->fixed);
    w->weight = souk_alloc_array((size_t)s->cells, sizeof *w->weight);
    w->times = souk_alloc_array((size_t)s->bootstrap->replicates, sizeof *w->times);
    if (!w->metrics || !w->fixed || !w->weight || !w->times)
        return SOUK_ENOMEM;
    const souk_status status = tally_init(&w->tally, s);
    return status == SOUK_OK ? souk_probe_init(&w->probe, s->measure) : status;
}

static void draw_times(struct worker *w, const struct shape *s, int64_t at)
{
    const char *id = souk_idtable_get(&s->measure->cases->users, at);
    const uint64_t hash = souk_hash_bytes(id, strlen(id));
    for (int r = 0; r < s->bootstrap->replicates; r++)
        w->times[r] = (uint8_t)souk_random_poisson1(s->bootstrap->seed, hash, (uint64_t)r);
}

/* Adds as often as the replicate has the user, once on average: 64-bit products do not vectorise.
 */
static void resample(struct worker *w, const struct shape *s, int set)
{
    for (int r = 0; r < s->bootstrap->replicates; r++) {
        const int64_t at = ((int64_t)set * s->bootstrap->replicates + r) * s->cells;
        int64_t *value = w->tally.boot_value + at, *weight = w->tally.boot_weight + at;
        for (int t = 0; t < w->times[r]; t++) {
            for (int64_t i = 0; i < s->cells; i++) {
                value[i] += w->fixed[i];
                weight[i] += w->weight[i];
            }
        }
    }
}

static void count_case(struct worker *w, const struct shape *s, int64_t at)
{
    souk_probe_look(&w->probe, s->measure, at);
    draw_times(w, s, at);
    for (int set = 0; set < SOUK_SETS; set++) {
        const int64_t targets = souk_measure_targets(s->measure, &s->measure->sets[set], at);
        if (targets == 0)
            continue;
        souk_measure_case(s->measure, &w->probe, &s->measure->sets[set], targets, w->metrics);
        w->tally.users[set]++;
        w->tally.targets[set] += targets;
        for (int64_t i = 0; i < s->cells; i++) {
            w->fixed[i] = souk_fixed_from(w->metrics[i].value, s->shift[i]);
            w->weight[i] = w->metrics[i].weight;
            w->tally.value[set * s->cells + i] += w->fixed[i];
            w->tally.weight[set * s->cells + i] += w->weight[i];
        }
        if (set < SOUK_SETS_MAIN)
            resample(w, s, set);
    }
}

/* The sums over this rank's cases, in the tally of the first worker. */
static souk_status count_cases(const struct shape *s, struct tally *out, struct souk_error *err)
{
    const int threads = souk_thread_count();
    const int64_t count = s->measure->cases->count;
    struct worker *workers = souk_zalloc_array((size_t)threads, sizeof *workers);
    souk_status status = workers ? SOUK_OK : SOUK_ENOMEM;
    for (int t = 0; t < threads && status == SOUK_OK; t++)
        status = worker_init(&workers[t], s);
    if (status != SOUK_OK) {
        status =
            souk_fail(err, status, "out of memory for the sums of %d threads and %d replicates",
                      threads, s->bootstrap->replicates);
        goto out;
    }
#pragma omp parallel for default(none) shared(workers, s, count) schedule(dynamic, 16)
    for (int64_t at = 0; at < count; at++)
        count_case(&workers[souk_thread_number()], s, at);
    for (int t = 1; t < threads; t++) {
        for (int64_t i = 0; i < s->length; i++)
            workers[0].tally.sums[i] += workers[t].tally.sums[i];
    }
    *out = workers[0].tally;
    workers[0].tally = (struct tally){0};
out:
    for (int t = 0; workers && t < threads; t++)
        worker_fini(&workers[t]);
    free(workers);
    return status;
}

static double quotient(int64_t value, int64_t weight, int shift)
{
    return weight > 0 ? souk_fixed_to(value, shift) / (double)weight : NAN;
}

static int compare_double(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quantile of sorted values, linear between neighbours. */
static double quantile(const double *sorted, int count, double q)
{
    const double at = q * (count - 1);
    const int below = (int)floor(at), above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

void souk_interval_of(double *values, int count, struct souk_figure *figure)
{
    int kept = 0;
    for (int r = 0; r < count; r++)
        if (!isnan(values[r]))
            values[kept++] = values[r];
    figure->low = figure->high = NAN;
    if (kept == 0)
        return;
    qsort(values, (size_t)kept, sizeof *values, compare_double);
    figure->low = quantile(values, kept, .025);
    figure->high = quantile(values, kept, .975);
}

/* Every replicate's figures of a main set, and the intervals out of them. @param scratch
 * [replicates] */
static souk_status set_replicates(const struct shape *s, const struct tally *t, int set,
                                  double *scratch, struct souk_set_summary *sum)
{
    const int replicates = s->bootstrap->replicates;
    size_t values = 0;
    if (!souk_mul_size((size_t)replicates, (size_t)s->cells, &values))
        return SOUK_ENOMEM;
    sum->replicates = souk_alloc_array(values, sizeof *sum->replicates);
    if (!sum->replicates)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < (int64_t)values; i++) {
        const int64_t at = (int64_t)set * (int64_t)values + i;
        sum->replicates[i] =
            quotient(t->boot_value[at], t->boot_weight[at], s->shift[i % s->cells]);
    }
    for (int64_t i = 0; i < s->cells; i++) {
        for (int r = 0; r < replicates; r++)
            scratch[r] = sum->replicates[r * s->cells + i];
        souk_interval_of(scratch, replicates, &sum->figures[i]);
    }
    return SOUK_OK;
}

static souk_status fill_summary(const struct shape *s, const struct tally *t,
                                struct souk_summary *out, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    double *scratch = souk_alloc_array((size_t)s->bootstrap->replicates, sizeof *scratch);
    for (int set = 0; set < SOUK_SETS && status == SOUK_OK; set++) {
        struct souk_set_summary *sum = &out->sets[set];
        sum->users = t->users[set];
        sum->targets = t->targets[set];
        sum->figures = souk_alloc_array((size_t)s->cells, sizeof *sum->figures);
        if (!sum->figures || !scratch) {
            status = souk_fail(err, SOUK_ENOMEM, "out of memory for figures");
            break;
        }
        for (int64_t i = 0; i < s->cells; i++) {
            const int64_t at = set * s->cells + i;
            sum->figures[i] =
                (struct souk_figure){quotient(t->value[at], t->weight[at], s->shift[i]), NAN, NAN};
        }
        if (set < SOUK_SETS_MAIN && set_replicates(s, t, set, scratch, sum) != SOUK_OK)
            status = souk_fail(err, SOUK_ENOMEM, "out of memory for replicates");
    }
    free(scratch);
    return status;
}

static souk_status add_coverage_all(const struct souk_comm *comm, const struct souk_measure *m,
                                    struct souk_summary *out, struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int set = 0; set < SOUK_SETS_MAIN && status == SOUK_OK; set++) {
        double *coverage = souk_alloc_array((size_t)m->context.cutoffs->count, sizeof *coverage);
        if (!coverage)
            status = souk_fail(err, SOUK_ENOMEM, "out of memory for coverage");
        status = souk_status_agree_all(comm, status, err);
        out->sets[set].coverage = coverage;
        if (status == SOUK_OK)
            status = souk_coverage_all(comm, m, &m->sets[set], coverage, err);
    }
    return status;
}

souk_status souk_summary_make_all(const struct souk_comm *comm, const struct souk_measure *measure,
                                  const struct souk_bootstrap *bootstrap, struct souk_summary *out,
                                  struct souk_error *err)
{
    struct shape shape = {.measure = measure, .bootstrap = bootstrap};
    struct tally total = {0};
    int64_t users = measure->cases->count;
    *out = (struct souk_summary){0};
    souk_status status = souk_sum_i64_all(comm, &users, 1, err);
    if (status == SOUK_OK)
        status = shape_init(&shape, users, err);
    if (status == SOUK_OK)
        status = count_cases(&shape, &total, err);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(comm, total.sums, shape.length, err);
    if (status == SOUK_OK)
        status = souk_status_agree_all(comm, fill_summary(&shape, &total, out, err), err);
    if (status == SOUK_OK)
        status = add_coverage_all(comm, measure, out, err);
    if (status != SOUK_OK)
        souk_summary_fini(out);
    free(total.sums);
    free(shape.shift);
    return status;
}

void souk_summary_fini(struct souk_summary *s)
{
    for (int set = 0; set < SOUK_SETS; set++) {
        free(s->sets[set].figures);
        free(s->sets[set].coverage);
        free(s->sets[set].replicates);
    }
    *s = (struct souk_summary){0};
}
