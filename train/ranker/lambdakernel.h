/** @file
 *  Lambdarank's gradients at speed: what lambdarank.c computes, in floats, sixteen pairs at a time.
 *
 *  lambdarank.c is the clear version, and the oracle of the tests: gradients agree to about 1e-5 of
 *  the largest of a group. The kernels, one for each instruction set, do the same operations in the
 *  same order, without fused ones: they agree to the bit.
 */
#ifndef SOUK_RANKER_LAMBDAKERNEL_H
#define SOUK_RANKER_LAMBDAKERNEL_H

#include "train/ranker/rankobjective.h"

enum { SOUK_LAMBDA_LANES = 16 };

/** Room for one thread's group; arrays are padded to whole vectors. */
struct souk_lambdawork {
    int capacity;
    float *discount;         /**< [capacity], by position */
    float *score, *gain;     /**< [capacity], in the order of scores */
    float *position;         /**< [capacity], discount by position; infinite behind the group */
    float *lambda, *hessian; /**< [capacity], in the order of scores */
    float *key;              /**< [capacity], scores in the order of documents */
    int32_t *order, *spare;  /**< [capacity] */
};

/** @param capacity documents of the largest group
 *  @param work free with souk_lambdawork_fini(), also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_lambdawork_init(struct souk_lambdawork *work, int capacity,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_lambdawork_fini(struct souk_lambdawork *work);

/** Gradients of a group under SOUK_RANK_LAMBDARANK. A score that is not finite makes gradients that
 *  are not.
 *  @param gradient, hessian [group->n], written */
void souk_lambdakernel_gradients(const struct souk_rankobjective *o, struct souk_lambdawork *work,
                                 const struct souk_rankgroup *group, double *gradient,
                                 double *hessian);

/** Use the kernels of this name ("avx512", "avx2", "plain") from now on, for tests.
 *  @return false where there are none, or the CPU lacks what they need */
bool souk_lambdakernel_select(const char *name);

#endif
