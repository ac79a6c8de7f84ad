#include "shared/math/dot.h"

#include "shared/math/dot_kernels.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

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

/* NULL when the CPU lacks what the kernels of this name need. */
static const struct souk_dot_kernels *kernels_of(const char *name)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (strcmp(name, souk_dot_avx512.name) == 0)
        return __builtin_cpu_supports("avx512f") ? &souk_dot_avx512 : NULL;
    if (strcmp(name, souk_dot_avx2.name) == 0) {
        const int has_both = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        return has_both ? &souk_dot_avx2 : NULL;
    }
#endif
    return strcmp(name, souk_dot_plain.name) == 0 ? &souk_dot_plain : NULL;
}

bool souk_dot_select(const char *name)
{
    const struct souk_dot_kernels *found = kernels_of(name);
    if (found)
        kernels = found;
    return found != NULL;
}

/* Before main(), hence before any thread: the table needs no lock. */
__attribute__((constructor)) static void select_best(void)
{
    static const char *const best_first[] = {"avx512", "avx2", "plain"};
    size_t i = 0;
    while (!souk_dot_select(best_first[i]))
        i++;
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
