#include "shared/score/forestscorer.h"

#include "shared/base/cpukernels.h"
#include "shared/base/memory.h"
#include "shared/score/forestlayout.h"

#include <stdlib.h>
#include <string.h>

enum { WALKED_ROWS = 8 }; /* fewer than these are walked: a block costs the same for one row */

struct souk_forestscorer {
    const struct souk_forest *forest;
    struct souk_forestlayout layout;
    bool walks; /* a feature has too many thresholds for 16 bits */
};

static const struct souk_forest_kernels *kernels = &souk_forest_plain;

/* Best first. */
static const struct souk_cpukernels choices[] = {
#if defined(__x86_64__)
    {"avx512", &souk_forest_avx512},
    {"avx2", &souk_forest_avx2},
#endif
    {"plain", &souk_forest_plain},
    {NULL, NULL},
};

bool souk_forestscorer_select(const char *name)
{
    const struct souk_forest_kernels *found = souk_cpukernels_find(choices, name);
    if (found)
        kernels = found;
    return found != NULL;
}

/* Before main(), hence before any thread: the table needs no lock. */
__attribute__((constructor)) static void select_best(void)
{
    kernels = souk_cpukernels_find(choices, NULL);
}

const char *souk_forestscorer_kernel(void)
{
    return kernels->name;
}

souk_status souk_forestscorer_new(const struct souk_forest *f, struct souk_forestscorer **out,
                                  struct souk_error *err)
{
    struct souk_forestscorer *s = souk_zalloc_array(1, sizeof *s);
    souk_status status = SOUK_ENOMEM;
    *out = NULL;
    if (s)
        status = souk_forestlayout_init(&s->layout, f);
    if (status == SOUK_OK || status == SOUK_ELIMIT) {
        s->walks = status == SOUK_ELIMIT;
        s->forest = f;
        *out = s;
        return SOUK_OK;
    }
    free(s);
    return souk_fail(err, status, "no memory to lay out %d trees", f->trees);
}

void souk_forestscorer_free(struct souk_forestscorer *s)
{
    if (!s)
        return;
    souk_forestlayout_fini(&s->layout);
    free(s);
}

/* Every array of a block is a multiple of SOUK_ALIGNMENT long. */
static size_t bytes_of(size_t lines, size_t element)
{
    return lines * SOUK_BLOCK_ROWS * element;
}

/* The block's arrays in the scratch. @return bytes of all */
static size_t place_block(const struct souk_forestlayout *l, char *at, struct souk_scoreblock *b)
{
    const size_t codes = bytes_of((size_t)(l->columns + l->most_categories), sizeof *b->code);
    const size_t categories = bytes_of((size_t)l->category_features, sizeof *b->category);
    const size_t reals = bytes_of(1, sizeof *b->value);
    if (at)
        *b = (struct souk_scoreblock){.code = (void *)at,
                                      .category = (void *)(at + codes),
                                      .value = (void *)(at + codes + categories),
                                      .sum = (void *)(at + codes + categories + reals)};
    return codes + categories + 2 * reals;
}

/* Behind the block: rows that come as floats, in double. */
size_t souk_forestscorer_scratch_bytes(const struct souk_forestscorer *s)
{
    return place_block(&s->layout, NULL, NULL) +
           bytes_of((size_t)s->forest->features, sizeof(double));
}

void souk_forestscorer_score(const struct souk_forestscorer *s, const double *rows, int64_t count,
                             int64_t stride, void *scratch, double *out)
{
    const double *row[SOUK_BLOCK_ROWS];
    struct souk_scoreblock block;
    int64_t done = 0;
    place_block(&s->layout, scratch, &block);
    while (!s->walks && count - done >= WALKED_ROWS) {
        const int64_t left = count - done;
        const int64_t real = left < SOUK_BLOCK_ROWS ? left : SOUK_BLOCK_ROWS;
        for (int64_t r = 0; r < SOUK_BLOCK_ROWS; r++) /* a last row again fills the block */
            row[r] = rows + (done + (r < real ? r : real - 1)) * stride;
        kernels->score(&s->layout, row, &block);
        memcpy(out + done, block.sum, (size_t)real * sizeof *out);
        done += real;
    }
    for (; done < count; done++)
        out[done] = souk_forest_predict(s->forest, rows + done * stride);
}

void souk_forestscorer_score_floats(const struct souk_forestscorer *s, const float *rows,
                                    int64_t count, int64_t stride, void *scratch, double *out)
{
    const int64_t features = s->forest->features;
    double *wide = (double *)((char *)scratch + place_block(&s->layout, NULL, NULL));
    for (int64_t done = 0; done < count; done += SOUK_BLOCK_ROWS) {
        const int64_t left = count - done, n = left < SOUK_BLOCK_ROWS ? left : SOUK_BLOCK_ROWS;
        for (int64_t r = 0; r < n; r++)
            for (int64_t f = 0; f < features; f++)
                wide[r * features + f] = (double)rows[(done + r) * stride + f];
        souk_forestscorer_score(s, wide, n, features, scratch, out + done);
    }
}
