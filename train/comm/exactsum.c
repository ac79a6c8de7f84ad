#include "train/comm/exactsum.h"

#include "shared/math/fixed.h"

#include <math.h>

souk_status souk_exact_sum_all(const struct souk_comm *comm, const double *values, int64_t count,
                               int64_t total, double *sum, struct souk_error *err)
{
    double bound = 0;
    int64_t fixed = 0;
    souk_status status;
    for (int64_t i = 0; i < count; i++) {
        const double size =
            isfinite(values[i]) ? fabs(values[i]) : INFINITY; /* no NaN into a MAX */
        bound = size > bound ? size : bound;
    }
    status = souk_max_f64_all(comm, &bound, 1, err);
    if (status)
        return status;
    if (!isfinite(bound))
        return souk_fail(err, SOUK_ENUMERIC, "the loss is no longer finite");
    const int shift = souk_fixed_shift(bound, total > 0 ? total : 1);
    for (int64_t i = 0; i < count; i++)
        fixed += souk_fixed_from(values[i], shift);
    status = souk_sum_i64_all(comm, &fixed, 1, err);
    *sum = souk_fixed_to(fixed, shift);
    return status;
}
