/** @file
 *  Which of several builds of the same kernels this processor runs.
 *
 *      "avx512vnni"  and VNNI: dot products of 8-bit numbers
 *      "avx512"   AVX-512 F, BW, DQ and VL, beside the next         (x86-64-v4)
 *      "avx2"     AVX2, FMA and BMI                                 (x86-64-v3)
 *      "plain"    what the compiler takes for granted
 */
#ifndef SOUK_BASE_CPUKERNELS_H
#define SOUK_BASE_CPUKERNELS_H

/** One build: a table of functions, whose type the caller knows. */
struct souk_cpukernels {
    const char *name; /**< one of the above */
    const void *table;
};

/** Thread-safe.
 *  @param choices best first, up to one without a name
 *  @param name    that is wanted; NULL: the best that runs
 *  @return its table; NULL where this processor, or this build, does not have it */
const void *souk_cpukernels_find(const struct souk_cpukernels *choices, const char *name);

#endif
