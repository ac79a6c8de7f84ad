/* Lambdarank's kernels for AVX2. */
#if defined(__x86_64__)
#include "train/ranker/lambdakernels_vec.h"

const struct souk_lambda_kernels souk_lambda_avx2 = {"avx2", rank, pairs};
#else
typedef int souk_lambda_avx2_is_empty;
#endif
