#include "shared/math/rowproduct.h"

#include "shared/math/rowsolve_table.h"

void souk_rowproduct_pack(const float *matrix, int d, int width, float *panels)
{
    souk_rowsolve_kernels()->pack_panels(matrix, d, width, panels);
}

void souk_rowproduct(const float *panels, int width, float *rows, int stride, int64_t count,
                     float *scratch)
{
    souk_rowsolve_kernels()->multiply_rows(panels, width, rows, stride, count, scratch);
}
