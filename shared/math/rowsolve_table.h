/** @file
 *  The kernels of one instruction set; internal to rowsolve.
 */
#ifndef SOUK_MATH_ROWSOLVE_TABLE_H
#define SOUK_MATH_ROWSOLVE_TABLE_H

#include "shared/math/rowsolve.h"

enum { SOUK_ROWSOLVE_PANEL = 48 }; /**< pairs that are packed before they are multiplied */

struct souk_rowsolve_kernels {
    const char *name;
    souk_status (*cholesky)(const struct souk_rowproblem *, struct souk_rowscratch *, float *);
    void (*cg)(const struct souk_rowproblem *, int, struct souk_rowscratch *, float *);
    souk_status (*ialspp)(const struct souk_rowproblem *, int, struct souk_rowscratch *, float *);
    void (*halve)(const float *, int, float, uint16_t *);
    void (*pack_panels)(const float *, int, int, float *);
    void (*multiply_rows)(const float *, int, float *, int, int64_t, float *);
};

/** Those that suit this processor best. */
const struct souk_rowsolve_kernels *souk_rowsolve_kernels(void);

extern const struct souk_rowsolve_kernels souk_rowsolve_plain;
extern const struct souk_rowsolve_kernels souk_rowsolve_avx2;
extern const struct souk_rowsolve_kernels souk_rowsolve_avx512;

#endif
