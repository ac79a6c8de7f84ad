/* Lambdarank's kernels for any CPU. */
#include "train/ranker/lambdakernels_vec.h"

const struct souk_lambda_kernels souk_lambda_plain = {"plain", rank, pairs};
