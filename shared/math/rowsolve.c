#include "shared/math/rowsolve.h"

#include "shared/base/memory.h"
#include "shared/math/rowsolve_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>

static bool has_half_precision;

/* clang 14 does not know the feature by its name. Before main(): the instruction is a slow one. */
__attribute__((constructor)) static void look_for_half_precision(void)
{
    unsigned a, b, c, d;
    has_half_precision = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}
#endif

const struct souk_rowsolve_kernels *souk_rowsolve_kernels(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
        return &souk_rowsolve_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_half_precision)
        return &souk_rowsolve_avx2;
#endif
    return &souk_rowsolve_plain;
}

const char *souk_rowsolve_kernel_name(void)
{
    return souk_rowsolve_kernels()->name;
}

souk_status souk_rowscratch_init(struct souk_rowscratch *s, int width, int block, int64_t longest)
{
    const size_t n = (size_t)width, side = (size_t)(block < width ? block : width);
    s->matrix = souk_alloc_aligned(side * side, sizeof *s->matrix);
    s->pairs = souk_alloc_aligned(side * n, sizeof *s->pairs);
    s->panel = souk_alloc_aligned(2 * SOUK_ROWSOLVE_PANEL * n, sizeof *s->panel);
    s->vectors = souk_alloc_aligned(4 * n, sizeof *s->vectors);
    s->of_pairs = souk_alloc_array(2 * ((size_t)longest + 3), sizeof *s->of_pairs);
    return s->matrix && s->pairs && s->panel && s->vectors && s->of_pairs ? SOUK_OK : SOUK_ENOMEM;
}

void souk_rowscratch_fini(struct souk_rowscratch *s)
{
    free(s->matrix);
    free(s->pairs);
    free(s->panel);
    free(s->vectors);
    free(s->of_pairs);
    *s = (struct souk_rowscratch){0};
}

souk_status souk_rowsolve_cholesky(const struct souk_rowproblem *p, struct souk_rowscratch *s,
                                   float *x)
{
    return souk_rowsolve_kernels()->cholesky(p, s, x);
}

souk_status souk_rowsolve_cg(const struct souk_rowproblem *p, int steps, struct souk_rowscratch *s,
                             float *x)
{
    souk_rowsolve_kernels()->cg(p, steps, s, x);
    return SOUK_OK;
}

souk_status souk_rowsolve_ialspp(const struct souk_rowproblem *p, int block,
                                 struct souk_rowscratch *s, float *x)
{
    return souk_rowsolve_kernels()->ialspp(p, block, s, x);
}

void souk_rowsolve_halve(const float *row, int width, float scale, uint16_t *halves)
{
    souk_rowsolve_kernels()->halve(row, width, scale, halves);
}

static void reference_equations(const struct souk_rowproblem *p, double *matrix, double *rhs)
{
    const int d = p->width;
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++)
            matrix[i * d + j] = i == j ? (double)p->diagonal[i] + (double)p->ridge : 0;
    for (int64_t k = 0; k < p->count; k++) {
        const float *y = p->factors + (size_t)p->column[k] * (size_t)p->stride;
        for (int i = 0; i < d; i++) {
            rhs[i] += (double)p->b[k] * y[i];
            for (int j = 0; j < d; j++)
                matrix[i * d + j] += (double)p->a[k] * y[i] * y[j];
        }
    }
}

/* Lower Cholesky factor in place, then both substitutions. */
static bool reference_solve(double *m, double *x, int d)
{
    for (int i = 0; i < d; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = m[i * d + j];
            for (int k = 0; k < j; k++)
                sum -= m[i * d + k] * m[j * d + k];
            if (i == j && !(sum > 0))
                return false;
            m[i * d + j] = i == j ? sqrt(sum) : sum / m[j * d + j];
        }
    }
    for (int i = 0; i < d; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= m[i * d + k] * x[k];
        x[i] /= m[i * d + i];
    }
    for (int i = d - 1; i >= 0; i--) {
        for (int k = i + 1; k < d; k++)
            x[i] -= m[k * d + i] * x[k];
        x[i] /= m[i * d + i];
    }
    return true;
}

souk_status souk_rowsolve_reference(const struct souk_rowproblem *p, float *x)
{
    const size_t d = (size_t)p->width;
    double *matrix = souk_zalloc_array(d * d, sizeof *matrix);
    double *rhs = souk_zalloc_array(d, sizeof *rhs);
    souk_status status = matrix && rhs ? SOUK_OK : SOUK_ENOMEM;

    memset(x, 0, (size_t)p->width * sizeof *x);
    if (status || p->count == 0)
        goto out;
    reference_equations(p, matrix, rhs);
    if (!reference_solve(matrix, rhs, p->width)) {
        status = SOUK_ENUMERIC;
        goto out;
    }
    for (int i = 0; i < p->width; i++)
        x[i] = (float)rhs[i];
out:
    free(matrix);
    free(rhs);
    return status;
}
