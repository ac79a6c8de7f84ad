/** @file
 *  The dot product that every score goes through: one fixed order on every instruction set.
 *
 *  Lane l of 16 accumulates acc[l] = fmaf(a[16k + l], b[16k + l], acc[l]) for k ascending; the
 * lanes are then added in a fixed tree: l with l + 8, + 4, + 2, + 1. `n` is a multiple of 16; rows
 * are zero-padded to it, which changes no bit. souk_dot_reference() is the plain twin.
 */
#ifndef SOUK_MATH_DOT_H
#define SOUK_MATH_DOT_H

#include <stdbool.h>
#include <stdint.h>

/** sum a[i] * b[i]. @param a, b [n], n a multiple of 16; any alignment */
float souk_dot(const float *a, const float *b, int n);

/** out[r] = dot(rows[r], b), the same bits as souk_dot(). @param rows [count x stride] */
void souk_dot_rows(const float *rows, int64_t count, int stride, const float *b, int n, float *out);

/** Euclidean length of a [n], through souk_dot(). */
float souk_norm(const float *a, int n);

/** The oracle of all of these, in plain C with fmaf(). */
float souk_dot_reference(const float *a, const float *b, int n);

/** Which kernels run: "avx512", "avx2" or "plain". Chosen before main() from what the CPU has. */
const char *souk_dot_kernel(void);

/** For tests and benchmarks: run the kernels of this name from now on. Not thread-safe.
 *  @return false when this CPU, or this build, does not have them; nothing changes then */
bool souk_dot_select(const char *name);

#endif
