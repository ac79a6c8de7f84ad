/** @file
 *  The kernels behind lambdakernel.h, one table per instruction set. Private to train/ranker.
 */
#ifndef SOUK_RANKER_LAMBDAKERNELS_H
#define SOUK_RANKER_LAMBDAKERNELS_H

#include "train/ranker/lambdakernel.h"

struct souk_lambda_pairs {
    int n, top; /**< documents; positions of which one is in every pair */
    float sigmoid;
    float gap; /**< added to the score gap that divides a pair's weight */
    bool by_gap;
};

struct souk_lambda_kernels {
    const char *name;
    /** work->order from work->key [n], padded by -inf: descending, equal ones by document. */
    void (*rank)(struct souk_lambdawork *work, int n);
    /** Add all pairs into work->lambda and ->hessian, zeroed. @return sum of |lambda| over them */
    float (*pairs)(struct souk_lambdawork *work, const struct souk_lambda_pairs *p);
};

extern const struct souk_lambda_kernels souk_lambda_plain;
#if defined(__x86_64__)
extern const struct souk_lambda_kernels souk_lambda_avx2;
extern const struct souk_lambda_kernels souk_lambda_avx512;
#endif

#endif
