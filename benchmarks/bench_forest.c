/* Scores of a request's candidates by the ranker: a forest over ROWS rows, on one thread, by the
 * plain walk and by every kernel that this CPU has. One JSON line each; `wrong_bits` counts scores
 * that differ from the plain walk. The last line explains rows instead (TreeSHAP); its `residual`
 * is the largest |sum of contributions - score|.
 *
 *     bench_forest [ROWS [TREES [LEAVES [FEATURES [CATEGORICAL]]]]]
 */
#include "shared/base/clock.h"
#include "shared/base/memory.h"
#include "shared/score/forestscorer.h"
#include "shared/score/treeshap.h"
#include "souk_version.h"
#include "tests/support/random_forest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UPS = 3, REPETITIONS = 41, SHAP_REPETITIONS = 11, SHAP_ROWS = 20 };

struct bench {
    struct souk_random_forest made;
    struct souk_forest forest;
    struct souk_forestscorer *scorer;
    struct souk_treeshap shap;
    struct souk_shap_step *path;
    int64_t count;
    double *rows, *walked, *out, *phi;
    void *scratch;
};

static souk_status make(struct bench *b, struct souk_error *err)
{
    const int features = b->made.features;
    souk_status status = souk_random_forest_make(&b->made, &b->forest, err);
    if (status == SOUK_OK)
        status = souk_forestscorer_new(&b->forest, &b->scorer, err);
    if (status == SOUK_OK)
        status = souk_treeshap_init(&b->shap, &b->forest, err);
    if (status != SOUK_OK)
        return status;
    b->rows = souk_alloc_array((size_t)(b->count * features), sizeof *b->rows);
    b->walked = souk_alloc_array((size_t)b->count, sizeof *b->walked);
    b->out = souk_alloc_array((size_t)b->count, sizeof *b->out);
    b->phi = souk_alloc_array((size_t)features + 1, sizeof *b->phi);
    b->path = souk_alloc_array(b->shap.scratch_steps, sizeof *b->path);
    b->scratch = souk_alloc_aligned(souk_forestscorer_scratch_bytes(b->scorer), 1);
    if (!b->rows || !b->walked || !b->out || !b->phi || !b->path || !b->scratch)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %lld rows", (long long)b->count);
    for (int64_t n = 0; n < b->count; n++)
        souk_random_forest_row(&b->made, (uint64_t)n, b->rows + n * features);
    return SOUK_OK;
}

static void walk(struct bench *b)
{
    for (int64_t n = 0; n < b->count; n++)
        b->walked[n] = souk_forest_predict(&b->forest, b->rows + n * b->made.features);
}

static void score(struct bench *b)
{
    souk_forestscorer_score(b->scorer, b->rows, b->count, b->made.features, b->scratch, b->out);
}

static void explain(struct bench *b)
{
    for (int64_t n = 0; n < SHAP_ROWS && n < b->count; n++)
        souk_treeshap_explain(&b->shap, b->rows + n * b->made.features, b->path, b->phi);
}

static int compare_i64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void time_runs(struct bench *b, void (*run)(struct bench *), int repetitions, int64_t *us)
{
    for (int r = -WARM_UPS; r < repetitions; r++) {
        const int64_t start = souk_monotonic_us();
        run(b);
        if (r >= 0)
            us[r] = souk_monotonic_us() - start;
    }
    qsort(us, (size_t)repetitions, sizeof *us, compare_i64);
}

static void report(const struct bench *b, const char *name, int64_t rows, const int64_t *us,
                   int repetitions, const char *check, double found)
{
    const int64_t median = us[repetitions / 2];
    printf("{\"bench\": \"forest\", \"commit\": \"%s\", \"kernel\": \"%s\", \"threads\": 1, "
           "\"seed\": %llu, \"rows\": %lld, \"trees\": %d, \"leaves\": %d, \"features\": %d, "
           "\"categorical\": %g, \"repetitions\": %d, \"us_min\": %lld, \"us_median\": %lld, "
           "\"us_p95\": %lld, \"ns_per_row\": %.0f, \"%s\": %g}\n",
           SOUK_GIT_HASH, name, (unsigned long long)b->made.seed, (long long)rows, b->made.trees,
           b->made.leaves, b->made.features, b->made.categorical, repetitions, (long long)us[0],
           (long long)median, (long long)us[repetitions * 95 / 100],
           1e3 * (double)us[0] / (double)rows, check, found);
}

static double count_wrong_bits(const struct bench *b)
{
    double wrong = 0;
    for (int64_t n = 0; n < b->count; n++)
        wrong += memcmp(&b->out[n], &b->walked[n], sizeof *b->out) != 0;
    return wrong;
}

static double residual_of_shap(struct bench *b)
{
    double worst = 0;
    for (int64_t n = 0; n < SHAP_ROWS && n < b->count; n++) {
        double sum = -b->walked[n];
        souk_treeshap_explain(&b->shap, b->rows + n * b->made.features, b->path, b->phi);
        for (int i = 0; i <= b->made.features; i++)
            sum += b->phi[i];
        worst = fmax(worst, fabs(sum));
    }
    return worst;
}

static void run_all(struct bench *b)
{
    static const char *const kernels[] = {"plain", "avx2", "avx512"};
    const int64_t explained = b->count < SHAP_ROWS ? b->count : SHAP_ROWS;
    int64_t us[REPETITIONS];
    time_runs(b, walk, REPETITIONS, us);
    report(b, "walk", b->count, us, REPETITIONS, "wrong_bits", 0);
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        if (!souk_forestscorer_select(kernels[k]))
            continue;
        time_runs(b, score, REPETITIONS, us);
        report(b, kernels[k], b->count, us, REPETITIONS, "wrong_bits", count_wrong_bits(b));
    }
    time_runs(b, explain, SHAP_REPETITIONS, us);
    report(b, "treeshap", explained, us, SHAP_REPETITIONS, "residual", residual_of_shap(b));
}

int main(int argc, char **argv)
{
    struct bench b = {.made = {.seed = 1,
                               .trees = argc > 2 ? atoi(argv[2]) : 100,
                               .leaves = argc > 3 ? atoi(argv[3]) : 31,
                               .features = argc > 4 ? atoi(argv[4]) : 50,
                               .categorical = argc > 5 ? atof(argv[5]) : .04,
                               .thresholds = 200,
                               .missing = .05},
                      .count = argc > 1 ? atoll(argv[1]) : 512};
    struct souk_error err = {0};
    if (b.count < 1 || b.made.trees < 1 || b.made.leaves < 1 || b.made.features < 1) {
        fprintf(stderr, "usage: bench_forest [ROWS [TREES [LEAVES [FEATURES [CATEGORICAL]]]]]\n");
        return 2;
    }
    const souk_status status = make(&b, &err);
    if (status == SOUK_OK)
        run_all(&b);
    else
        fprintf(stderr, "bench_forest: %s\n", err.msg);
    souk_treeshap_fini(&b.shap);
    souk_forestscorer_free(b.scorer);
    souk_forest_fini(&b.forest);
    free(b.path);
    free(b.rows);
    free(b.walked);
    free(b.out);
    free(b.phi);
    free(b.scratch);
    return souk_exit_code(status);
}
