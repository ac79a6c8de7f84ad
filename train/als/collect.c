#include "train/als/als.h"
#include "train/als/explicit.h"
#include "train/comm/blockrows.h"

/* One part's rows into the model's form. */
static souk_status to_model(const struct souk_als *als, enum souk_side_kind kind, float *rows,
                            int64_t count)
{
    if (!als->explicit)
        return souk_basis_turn_back(&als->basis, rows, count);
    for (int64_t r = 0; r < count; r++)
        souk_explicit_to_model(als, kind, rows + (size_t)r * (size_t)als->sides[kind].stride);
    return SOUK_OK;
}

souk_status souk_als_collect_all(const struct souk_als *als, enum souk_side_kind kind, float **rows,
                                 struct souk_error *err)
{
    const struct souk_side *side = &als->sides[kind];
    const struct souk_partition *p = &side->partition;
    souk_status status =
        souk_blockrows_collect_all(als->comm, p, souk_side_row(side, 0), side->stride, rows, err);
    if (status)
        return status;
    for (int part = 0; part < p->parts && !status; part++)
        if (rows[part])
            status = to_model(als, kind, rows[part], p->first[part + 1] - p->first[part]);
    if (status)
        souk_fail(err, status, "no memory to turn the factors back");
    status = souk_status_agree_all(als->comm, status, err);
    if (status)
        souk_blockrows_free(rows, p->parts);
    return status;
}
