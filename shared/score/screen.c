#include "shared/score/screen.h"

#include "shared/base/cpukernels.h"
#include "shared/base/memory.h"
#include "shared/score/screenkernel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_MAX = 127, CODE_OFFSET = 128, TOGETHER = 4 };

#define VALUE_MAX 1e15f  /* squares of it stay finite, and so does every bound */
#define VALUE_MIN 1e-15f /* what is smaller is left to |dx| */
#define SLACK 2e-5       /* of |x|: rounding in a score of up to 4096 factors, and in its bound */

/* ---- kernels ---- */

void souk_screen_find_plain(const unsigned char *blocks, int64_t block_count, int stride,
                            const struct souk_screen_vector *v, const float *norm, float threshold,
                            uint16_t *mask)
{
    for (int64_t b = 0; b < block_count; b++) {
        const unsigned char *block = blocks + (size_t)b * souk_screen_block_bytes(stride);
        const struct souk_screen_tail *tail =
            (const void *)(block + SOUK_SCREEN_ROWS * (size_t)stride);
        mask[b] = 0;
        for (int r = 0; r < SOUK_SCREEN_ROWS; r++) {
            int32_t dot = -v->offset;
            for (int k = 0; k < stride; k++)
                dot += block[(k / TOGETHER * SOUK_SCREEN_ROWS + r) * TOGETHER + k % TOGETHER] *
                       v->code[k];
            const float bound = tail->scale[r] * v->scale * (float)dot +
                                tail->error[r] * v->length + tail->length[r] * v->error;
            const float least = norm ? threshold * norm[b * SOUK_SCREEN_ROWS + r] : threshold;
            mask[b] |= (uint16_t)(!(bound < least) << r);
        }
    }
}

/* The plain build is slower than scoring in full: it is for tests. */
static const struct souk_cpukernels choices[] = {
#if defined(__x86_64__)
    {"avx512vnni", (const void *)souk_screen_find_avx512vnni},
#endif
    {NULL, NULL},
};

static souk_screen_kernel kernel;

__attribute__((constructor)) static void select_best(void)
{
    kernel = (souk_screen_kernel)souk_cpukernels_find(choices, NULL);
}

bool souk_screen_select(const char *name)
{
    if (!name)
        select_best();
    else if (strcmp(name, "plain") == 0)
        kernel = souk_screen_find_plain;
    else if (souk_cpukernels_find(choices, name))
        kernel = (souk_screen_kernel)souk_cpukernels_find(choices, name);
    else
        return false;
    return true;
}

bool souk_screen_is_wanted(void)
{
    return kernel != NULL;
}

/* ---- codes ---- */

/* What a row or a vector is in 8 bits. Lengths are rounded up. */
struct coded {
    float scale, error, length, whole; /* whole: of the row itself */
};

static float rounded_up(double value)
{
    return nextafterf((float)value, INFINITY);
}

static bool is_small(const float *values, int64_t count)
{
    bool small = true;
    for (int64_t i = 0; i < count; i++)
        small &= fabsf(values[i]) <= VALUE_MAX; /* false for NaN */
    return small;
}

static struct coded encode(const float *x, int n, int8_t *code)
{
    float largest = 0;
    double missed = 0, kept = 0, whole = 0;
    for (int k = 0; k < n; k++)
        largest = fmaxf(largest, fabsf(x[k]));
    const float scale = largest < VALUE_MIN ? 0 : largest / CODE_MAX;
    for (int k = 0; k < n; k++) {
        const int q = scale > 0 ? (int)lrintf(x[k] / scale) : 0;
        code[k] = (int8_t)(q > CODE_MAX ? CODE_MAX : q < -CODE_MAX ? -CODE_MAX : q);
        const double here = (double)scale * code[k], off = x[k] - here;
        missed += off * off;
        kept += here * here;
        whole += (double)x[k] * x[k];
    }
    return (struct coded){.scale = scale,
                          .error = rounded_up(sqrt(missed) + SLACK * sqrt(whole)),
                          .length = rounded_up(sqrt(kept)),
                          .whole = rounded_up(sqrt(whole))};
}

static void put_row(unsigned char *block, int stride, int r, const float *x)
{
    struct souk_screen_tail *tail = (void *)(block + SOUK_SCREEN_ROWS * (size_t)stride);
    int8_t code[SOUK_FACTORS_MAX];
    const struct coded c = encode(x, stride, code);
    for (int k = 0; k < stride; k++)
        block[(k / TOGETHER * SOUK_SCREEN_ROWS + r) * TOGETHER + k % TOGETHER] =
            (unsigned char)(code[k] + CODE_OFFSET);
    tail->scale[r] = c.scale;
    tail->error[r] = c.error;
    tail->length[r] = c.length;
}

/* ---- the screen ---- */

static int64_t blocks_of(int64_t count)
{
    return (count + SOUK_SCREEN_ROWS - 1) / SOUK_SCREEN_ROWS;
}

int64_t souk_screen_bytes(int64_t count, int stride)
{
    return blocks_of(count) * (int64_t)souk_screen_block_bytes(stride);
}

souk_status souk_screen_init(struct souk_screen *out, const float *rows, int64_t count, int stride)
{
    assert(stride % SOUK_SCREEN_ROWS == 0 && stride <= SOUK_FACTORS_MAX);
    *out = (struct souk_screen){.stride = stride};
    if (count == 0 || !is_small(rows, count * stride))
        return SOUK_OK;
    const size_t block_bytes = souk_screen_block_bytes(stride);
    out->blocks = souk_alloc_aligned((size_t)blocks_of(count), block_bytes);
    if (!out->blocks)
        return SOUK_ENOMEM;
    memset(out->blocks + (size_t)(blocks_of(count) - 1) * block_bytes, 0, block_bytes);
    for (int64_t i = 0; i < count; i++)
        put_row(out->blocks + (size_t)(i / SOUK_SCREEN_ROWS) * block_bytes, stride,
                (int)(i % SOUK_SCREEN_ROWS), rows + i * stride);
    return SOUK_OK;
}

void souk_screen_fini(struct souk_screen *s)
{
    free(s->blocks);
    *s = (struct souk_screen){0};
}

bool souk_screen_vector_init(struct souk_screen_vector *out, const float *vector, int stride)
{
    if (!is_small(vector, stride))
        return false;
    const struct coded c = encode(vector, stride, out->code);
    out->scale = c.scale;
    out->length = c.whole;
    out->error = c.error;
    out->offset = 0;
    for (int k = 0; k < stride; k++)
        out->offset += CODE_OFFSET * out->code[k];
    return true;
}

void souk_screen_find(const struct souk_screen *s, const struct souk_screen_vector *v,
                      int64_t first, int64_t count, const float *norm, float threshold,
                      uint16_t *mask)
{
    const int64_t block_count = blocks_of(count);
    assert(first % SOUK_SCREEN_ROWS == 0);
    kernel(s->blocks + (size_t)(first / SOUK_SCREEN_ROWS) * souk_screen_block_bytes(s->stride),
           block_count, s->stride, v, norm ? norm + first : NULL, threshold, mask);
    if (count % SOUK_SCREEN_ROWS != 0)
        mask[block_count - 1] &= (uint16_t)((1U << count % SOUK_SCREEN_ROWS) - 1);
}
