/** @file
 *  The seal of Souk's HDF5 files: the 512 bytes before the HDF5 superblock (see h5file.h).
 */
#ifndef SOUK_DATA_H5SEAL_H
#define SOUK_DATA_H5SEAL_H

#include "shared/base/status.h"

#include <stdint.h>

enum { SOUK_H5_SEAL_BYTES = 512 };

/** Hash what lies behind the seal, write the seal, sync the file.
 *  @param size_bytes of the whole file; @param digest of the seal */
souk_status souk_h5seal_write(const char *path, const char *kind, int64_t *size_bytes,
                              uint64_t *digest, struct souk_error *err) SOUK_MUST_CHECK;

/** Check that the file is whole: its kind, its size, its content's hash.
 *  @param size_bytes of the whole file; @param digest of the seal; both are filled in */
souk_status souk_h5seal_verify(const char *path, const char *kind, int64_t *size_bytes,
                               uint64_t *digest, struct souk_error *err) SOUK_MUST_CHECK;

#endif
