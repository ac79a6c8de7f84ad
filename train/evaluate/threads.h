/** @file
 *  How many threads a parallel region has, and which one this is: 1 and 0 without OpenMP.
 */
#ifndef SOUK_EVALUATE_THREADS_H
#define SOUK_EVALUATE_THREADS_H

#ifdef _OPENMP
#include <omp.h>
#endif

static inline int souk_thread_count(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static inline int souk_thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

#endif
