#include "train/als/halves.h"

#include "shared/math/rowsolve.h"

#include <math.h>

/* A row's largest element is then below 2^14, a factor of four below what overflows. Behind the
 * bounds no factors are that train; the square of a unit is a float. */
float souk_halves_unit(double norm)
{
    int exponent = 0;
    frexp(sqrt(norm), &exponent);
    exponent = exponent < -40 ? -40 : exponent > 60 ? 60 : exponent;
    return ldexpf(1, exponent - 14);
}

/* @param first, count rows of the matrix */
static void copy_rows(const struct souk_side *side, int64_t first, int64_t count)
{
    const size_t at = (size_t)first * (size_t)side->stride;
    const int64_t floats = count * side->stride;
    for (int64_t i = 0; i < floats; i += side->stride)
        souk_rowsolve_halve(side->matrix + at + i, side->stride, 1 / side->unit,
                            side->halves + at + i);
}

void souk_halves_copy_own(const struct souk_side *side, int64_t first, int64_t count)
{
    if (side->halves && !side->spill.data)
        copy_rows(side, (side->own - side->matrix) / side->stride + first, count);
}

souk_status souk_halves_copy_chunk_all(struct souk_side *side,
                                       const struct souk_rowexchange *gather, int chunk,
                                       struct souk_error *err)
{
    const struct souk_ghostlist *list = &gather->list;
    const int64_t *group = list->group + chunk * list->comm->size;
    const int64_t first = group[0], count = group[list->comm->size] - first;
    const int ranks = list->node->comm.size, rank = list->node->comm.rank;
    const int64_t mine = count * rank / ranks, end = count * (rank + 1) / ranks;
    if (!side->halves || count == 0)
        return SOUK_OK;
    const int64_t at = list->node_rows + first;
#pragma omp parallel for default(none) shared(side, at, mine, end) schedule(static)
    for (int64_t i = mine; i < end; i++)
        copy_rows(side, at + i, 1);
    return souk_nodematrix_fence_all(gather->matrix, err);
}
