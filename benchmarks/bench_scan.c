/* The scan that answers a request: top 10 of 50,000 items, on one thread, by every kernel that this
 * CPU has, and with most items told apart by an 8-bit copy first (screen.h). One JSON line each;
 * `wrong_bits` counts scores that differ from the plain twin, `wrong_hits` places of the list that
 * differ from the first kernel's, and `residual` is the largest |score - score in double| / sum |a
 * b|.
 *
 *     bench_scan [ITEMS [FACTORS]]
 */
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/math/dot.h"
#include "shared/score/shard.h"
#include "souk_version.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 10, WARM_UPS = 3, REPETITIONS = 41, ID_STRIDE = 24, SEED = 1 };

struct bench {
    struct souk_item_filter filter;
    int64_t items;
    int factors, stride;
    struct souk_model model;
    struct souk_model_part part;
    struct souk_shard shard;
    float *norm, *user;
    struct souk_screen screen;
    struct souk_hit first[TOP]; /* the list of the first kernel; no id: none yet */
    int64_t item_first[2];
    float **norms;
};

static souk_status make_shard(struct bench *b)
{
    b->stride = souk_factor_stride(b->factors);
    const size_t floats = (size_t)b->items * (size_t)b->stride;
    b->part.item_factors = souk_alloc_aligned(floats, sizeof(float));
    b->user = souk_alloc_aligned((size_t)b->stride, sizeof(float));
    if (!b->part.item_factors || !b->user ||
        souk_idtable_init(&b->part.items, b->items, ID_STRIDE) != SOUK_OK)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < b->items; i++) {
        snprintf(b->part.items.bytes + i * ID_STRIDE, ID_STRIDE, "%lld", (long long)i);
        for (int f = 0; f < b->factors; f++)
            b->part.item_factors[i * b->stride + f] =
                (float)souk_random_normal(SEED, (uint64_t)i, (uint64_t)f);
    }
    for (int f = 0; f < b->factors; f++)
        b->user[f] = (float)souk_random_normal(SEED + 1, 0, (uint64_t)f);
    b->part.factors = b->factors;
    b->part.stride = b->stride;
    b->item_first[1] = b->items;
    b->model = (struct souk_model){.parts = 1, .item_first = b->item_first};
    b->norms = &b->norm;
    b->shard = (struct souk_shard){.model = &b->model,
                                   .shards = 1,
                                   .part_count = 1,
                                   .parts = &b->part,
                                   .item_norm = b->norms,
                                   .item_count = b->items};
    return SOUK_OK;
}

/* Ten categories under each of ten roots, prices, and every tenth item unavailable; a filter by all
 * of it, which lets about a quarter in. */
static souk_status make_filter(struct bench *b)
{
    enum { ROOTS = 10, CATEGORIES = ROOTS + 10 * ROOTS };
    static int32_t parents[CATEGORIES];
    static struct souk_attribute columns[] = {{.name = "price"}, {.name = "available"}};
    for (int c = 0; c < CATEGORIES; c++)
        parents[c] = c < ROOTS ? -1 : c % ROOTS;
    b->model.categories = (struct souk_categories){.ids = {.count = CATEGORIES}, .parent = parents};
    b->part.category = souk_alloc_array((size_t)b->items, sizeof *b->part.category);
    for (int c = 0; c < 2; c++)
        columns[c].numbers = souk_alloc_array((size_t)b->items, sizeof(double));
    if (!b->part.category || !columns[0].numbers || !columns[1].numbers)
        return SOUK_ENOMEM;
    for (int64_t i = 0; i < b->items; i++) {
        b->part.category[i] = (int32_t)(souk_random_bits(SEED, (uint64_t)i, 1000) % CATEGORIES);
        columns[0].numbers[i] = (double)(souk_random_bits(SEED, (uint64_t)i, 1001) % 1000);
        columns[1].numbers[i] = i % 10 != 0;
    }
    b->part.attributes = (struct souk_attributes){2, columns};
    souk_item_filter_init(&b->filter);
    b->filter.by_price = b->filter.available = true;
    b->filter.price_max = 550;
    return souk_item_filter_by_category(&b->filter, &b->model.categories,
                                        (const int32_t[]){0, 1, 2, 3, 4}, 5);
}

static int compare_i64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void time_scans(const struct bench *b, const struct souk_item_filter *filter,
                       struct souk_topk *best, int64_t *us)
{
    const struct souk_scan scan = {.vector = b->user, .filter = filter};
    for (int r = -WARM_UPS; r < REPETITIONS; r++) {
        souk_topk_clear(best);
        const int64_t start = souk_monotonic_us();
        souk_shard_scan(&b->shard, &scan, best);
        if (r >= 0)
            us[r] = souk_monotonic_us() - start;
    }
    qsort(us, REPETITIONS, sizeof *us, compare_i64);
}

/* Against the plain twin, and against the sum in double. */
static void check_scores(const struct bench *b, int64_t *wrong_bits, double *residual)
{
    for (int64_t i = 0; i < b->items; i++) {
        const float *row = b->part.item_factors + i * b->stride;
        const float plain = souk_dot_reference(row, b->user, b->stride);
        float score = 0;
        double exact = 0, size = 0;
        souk_dot_rows(row, 1, b->stride, b->user, b->stride, &score);
        *wrong_bits += memcmp(&score, &plain, sizeof score) != 0;
        for (int f = 0; f < b->factors; f++) {
            exact += (double)row[f] * b->user[f];
            size += fabs((double)row[f] * b->user[f]);
        }
        *residual = fmax(*residual, fabs(score - exact) / size);
    }
}

static void name_cpu(char *name, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(name, size, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon) {
            snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n\""), colon + 2);
            break;
        }
    }
    if (f)
        fclose(f);
}

static int64_t count_wrong_hits(struct bench *b, struct souk_topk *best)
{
    int64_t wrong = 0;
    souk_topk_sort(best);
    if (!b->first[0].id)
        memcpy(b->first, best->hits, (size_t)best->count * sizeof *best->hits);
    for (int i = 0; i < best->count; i++)
        wrong += best->hits[i].item != b->first[i].item || best->hits[i].score != b->first[i].score;
    return wrong;
}

/* Times of filtered scans, then of whole ones, whose hits stay. */
static void report(struct bench *b, struct souk_topk *best)
{
    int64_t filtered[REPETITIONS], us[REPETITIONS];
    time_scans(b, &b->filter, best, filtered);
    time_scans(b, NULL, best, us);
    const int64_t bytes = b->shard.screens ? souk_screen_bytes(b->items, b->stride)
                                           : b->items * b->stride * (int64_t)sizeof(float);
    int64_t wrong_bits = 0;
    double residual = 0;
    char cpu[128];
    name_cpu(cpu, sizeof cpu);
    check_scores(b, &wrong_bits, &residual);
    const double median = (double)us[REPETITIONS / 2];
    printf("{\"bench\": \"scan\", \"commit\": \"%s\", \"cpu\": \"%s\", \"kernel\": \"%s\", "
           "\"threads\": 1, \"seed\": %d, \"items\": %lld, \"factors\": %d, \"top\": %d, "
           "\"repetitions\": %d, \"us_min\": %lld, \"us_median\": %.0f, \"us_p95\": %lld, "
           "\"filtered_us_min\": %lld, \"filtered_us_median\": %lld, "
           "\"per_second\": %.0f, \"gb_per_second\": %.1f, \"wrong_bits\": %lld, "
           "\"wrong_hits\": %lld, \"residual\": %.2g}\n",
           SOUK_GIT_HASH, cpu, b->shard.screens ? "8-bit screen" : souk_dot_kernel(), SEED,
           (long long)b->items, b->factors, TOP, REPETITIONS, (long long)us[0], median,
           (long long)us[REPETITIONS * 95 / 100], (long long)filtered[0],
           (long long)filtered[REPETITIONS / 2], 1e6 / median, (double)bytes / 1e3 / median,
           (long long)wrong_bits, (long long)count_wrong_hits(b, best), residual);
}

int main(int argc, char **argv)
{
    static const char *const kernels[] = {"avx512", "avx2", "plain"};
    struct bench b = {.items = argc > 1 ? atoll(argv[1]) : 50000,
                      .factors = argc > 2 ? atoi(argv[2]) : 128};
    struct souk_topk best = {0};
    if (b.items < 1 || b.factors < 1 || b.factors > SOUK_FACTORS_MAX) {
        fprintf(stderr, "usage: bench_scan [ITEMS [FACTORS]]\n");
        return 2;
    }
    if (make_shard(&b) != SOUK_OK || make_filter(&b) != SOUK_OK ||
        souk_topk_init(&best, TOP) != SOUK_OK) {
        fprintf(stderr, "bench_scan: out of memory\n");
        return 1;
    }
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        if (!souk_dot_select(kernels[k]))
            continue;
        report(&b, &best);
    }
    souk_dot_select(kernels[0]);
    if (souk_screen_is_wanted() &&
        souk_screen_init(&b.screen, b.part.item_factors, b.items, b.stride) == SOUK_OK) {
        b.shard.screens = &b.screen;
        report(&b, &best);
        souk_screen_fini(&b.screen);
    }
    souk_topk_fini(&best);
    souk_idtable_fini(&b.part.items);
    free(b.part.item_factors);
    free(b.user);
    free(b.part.category);
    free(b.part.attributes.of[0].numbers);
    free(b.part.attributes.of[1].numbers);
    souk_item_filter_fini(&b.filter);
    return 0;
}
