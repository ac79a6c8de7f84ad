/** @file
 *  Row lengths on disk, row offsets in memory: offsets of a matrix cut into parts do not
 * concatenate, lengths do.
 */
#ifndef SOUK_DATA_ROWLENGTH_H
#define SOUK_DATA_ROWLENGTH_H

#include "shared/base/status.h"
#include "shared/data/h5file.h"

#include <stdint.h>

/** Write offsets [rows + 1] as lengths [rows], int64. */
souk_status souk_rowlength_write(struct souk_h5 *h5, const char *name, const int64_t *offsets,
                                 int64_t rows, struct souk_error *err) SOUK_MUST_CHECK;

/** Read lengths [rows], check that none is negative and their sum fits, and return offsets.
 *  @param offsets [rows + 1], owned by the caller, free(); @param total its last entry */
souk_status souk_rowlength_read(struct souk_h5 *h5, const char *name, int64_t rows,
                                int64_t **offsets, int64_t *total,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
