/** @file
 *  The dot product's kernels, one table per instruction set. Private to shared/math and its tests.
 *
 *  A table is picked once, by plain code: ifuncs and target_clones run before the sanitizers are
 *  ready and crash under them.
 */
#ifndef SOUK_MATH_DOT_KERNELS_H
#define SOUK_MATH_DOT_KERNELS_H

#include <stdint.h>

struct souk_dot_kernels {
    const char *name;
    float (*dot)(const float *a, const float *b, int n);
    void (*rows)(const float *rows, int64_t count, int stride, const float *b, int n, float *out);
};

extern const struct souk_dot_kernels souk_dot_plain;
#if defined(__x86_64__)
extern const struct souk_dot_kernels souk_dot_avx2;   /**< AVX2 and FMA */
extern const struct souk_dot_kernels souk_dot_avx512; /**< AVX-512F */
#endif

#endif
