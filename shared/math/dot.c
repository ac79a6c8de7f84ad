#include "shared/math/dot.h"

#include "shared/base/cpukernels.h"
#include "shared/math/dot_kernels.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

enum { LANES = 16 };

static const struct souk_dot_kernels *kernels = &souk_dot_plain;

float souk_dot_reference(const float *a, const float *b, int n)
{
    float lane[LANES] = {0};
    for (int k = 0; k < n; k += LANES) {
        for (int l = 0; l < LANES; l++)
            lane[l] = fmaf(a[k + l], b[k + l], lane[l]);
    }
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int l = 0; l < half; l++)
            lane[l] += lane[l + half];
    }
    return lane[0];
}

static void rows_plain(const float *rows, int64_t count, int stride, const float *b, int n,
                       float *out)
{
    for (int64_t r = 0; r < count; r++)
        out[r] = souk_dot_reference(rows + r * stride, b, n);
}

const struct souk_dot_kernels souk_dot_plain = {"plain", souk_dot_reference, rows_plain};

/* Best first. */
static const struct souk_cpukernels choices[] = {
#if defined(__x86_64__)
    {"avx512", &souk_dot_avx512},
    {"avx2", &souk_dot_avx2},
#endif
    {"plain", &souk_dot_plain},
    {NULL, NULL},
};

bool souk_dot_select(const char *name)
{
    const struct souk_dot_kernels *found = souk_cpukernels_find(choices, name);
    if (found)
        kernels = found;
    return found != NULL;
}

/* Before main(), hence before any thread: the table needs no lock. */
__attribute__((constructor)) static void select_best(void)
{
    kernels = souk_cpukernels_find(choices, NULL);
}

const char *souk_dot_kernel(void)
{
    return kernels->name;
}

float souk_dot(const float *a, const float *b, int n)
{
    assert(n % LANES == 0);
    return kernels->dot(a, b, n);
}

void souk_dot_rows(const float *rows, int64_t count, int stride, const float *b, int n, float *out)
{
    assert(n % LANES == 0 && stride >= n);
    kernels->rows(rows, count, stride, b, n, out);
}

float souk_norm(const float *a, int n)
{
    return sqrtf(souk_dot(a, a, n));
}
