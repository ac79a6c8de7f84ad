/* Lambdarank's kernels for AVX-512. */
#if defined(__x86_64__)
#include "train/ranker/lambdakernels_vec.h"

const struct souk_lambda_kernels souk_lambda_avx512 = {"avx512", rank, pairs};
#else
typedef int souk_lambda_avx512_is_empty;
#endif
