#include "shared/data/rowlength.h"

#include "shared/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>

souk_status souk_rowlength_write(struct souk_h5 *h5, const char *name, const int64_t *offsets,
                                 int64_t rows, struct souk_error *err)
{
    int64_t *lengths = souk_alloc_array((size_t)rows, sizeof *lengths);
    souk_status status;
    if (!lengths)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %" PRId64 " row lengths", rows);
    for (int64_t i = 0; i < rows; i++)
        lengths[i] = offsets[i + 1] - offsets[i];
    status = souk_h5_write(h5, name, SOUK_H5_I64, lengths, rows, 0, 1, err);
    free(lengths);
    return status;
}

souk_status souk_rowlength_read(struct souk_h5 *h5, const char *name, int64_t rows,
                                int64_t **offsets, int64_t *total, struct souk_error *err)
{
    int64_t *starts = souk_zalloc_array((size_t)rows + 1, sizeof *starts);
    souk_status status;
    *offsets = NULL;
    *total = 0;
    if (!starts)
        return souk_fail(err, SOUK_ENOMEM, "no memory for %" PRId64 " row offsets", rows);
    status = souk_h5_read(h5, name, SOUK_H5_I64, starts + 1, rows, 0, 1, err);
    for (int64_t i = 0; i < rows && !status; i++)
        if (starts[i + 1] < 0 || __builtin_add_overflow(starts[i], starts[i + 1], &starts[i + 1]))
            status = souk_fail(err, SOUK_EFORMAT,
                               "%s: the length of row %" PRId64 " is out of range", name, i);
    if (status) {
        free(starts);
        return status;
    }
    *offsets = starts;
    *total = starts[rows];
    return SOUK_OK;
}
