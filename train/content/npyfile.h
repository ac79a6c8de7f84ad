/** @file
 *  A matrix in numpy's file format (NEP 1), versions 1 and 2, one row at a time.
 */
#ifndef SOUK_CONTENT_NPYFILE_H
#define SOUK_CONTENT_NPYFILE_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct souk_npy {
    FILE *file;
    const char *path; /**< borrowed */
    int64_t rows, columns;
    int64_t data; /**< where the values begin, bytes */
    bool is_double;
};

/** Two dimensions, '<f4' or '<f8', C order; the file is as long as its header says.
 *  @param path outlives npy
 *  @param npy  close with souk_npy_close(), also after a failure
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT */
souk_status souk_npy_open(struct souk_npy *npy, const char *path,
                          struct souk_error *err) SOUK_MUST_CHECK;
void souk_npy_close(struct souk_npy *npy);

/** @param out     [columns]
 *  @param scratch [columns]
 *  @return SOUK_OK, SOUK_EIO, SOUK_EFORMAT (a value that is not finite: names row and column) */
souk_status souk_npy_read_row(struct souk_npy *npy, int64_t row, double *scratch, float *out,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
