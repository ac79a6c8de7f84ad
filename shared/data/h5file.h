/** @file
 *  Souk's HDF5 files: sealed, chunked, checked.
 *
 *      byte 0    "souk-h5 1\n" "kind dataset-part\n" "bytes 0000000000123456\n" "xxh3
 * 0123456789abcdef\n" NUL-padded to 512: the user block, written last byte 512  HDF5 superblock ...
 * end of file: `bytes` of it, whose XXH3-64 is `xxh3`
 *
 *  The seal is verified before the HDF5 library sees a byte, so that a truncated or flipped file is
 *  refused with its reason. h5dump and h5py read such files as they are. Datasets are fixed-length,
 *  chunked, with shuffle and fletcher32; an empty dataset is stored contiguous without filters.
 *
 *  Uses the serial HDF5, which is thread-safe. Functions name the file and the dataset in errors.
 */
#ifndef SOUK_DATA_H5FILE_H
#define SOUK_DATA_H5FILE_H

#include "shared/base/status.h"
#include "shared/data/idtable.h"

#include <stdbool.h>
#include <stdint.h>

enum souk_h5_type { SOUK_H5_U8, SOUK_H5_I32, SOUK_H5_I64, SOUK_H5_F32, SOUK_H5_F64 };

struct souk_h5;

/** Create `path` (truncated). @param kind goes into the seal: "model-part" */
souk_status souk_h5_create(const char *path, const char *kind, struct souk_h5 **out,
                           struct souk_error *err) SOUK_MUST_CHECK;

/** Close a created file: flush, seal, sync. On failure the file is closed all the same.
 *  @param size_bytes of the whole file
 *  @param digest XXH3-64 of the seal, which states the content's own: what a manifest records of a
 *         part, and what covers every byte of it in one pass */
souk_status souk_h5_seal(struct souk_h5 *h5, int64_t *size_bytes, uint64_t *digest,
                         struct souk_error *err) SOUK_MUST_CHECK;

/** Open for reading after verifying the seal and the kind; and, when `digest` is not NULL, that the
 *  file has this size and its seal this digest.
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (not a Souk file), SOUK_EINTEGRITY (size
 *          or digest differ, another kind), SOUK_EVERSION, SOUK_ENOMEM */
souk_status souk_h5_open(const char *path, const char *kind, const int64_t *size_bytes,
                         const uint64_t *digest, struct souk_h5 **out,
                         struct souk_error *err) SOUK_MUST_CHECK;

/** Close without sealing (a reader, or a failed writer). NULL is fine. */
void souk_h5_close(struct souk_h5 *h5);

/** Write [rows] (columns = 0) or [rows x columns] at an absolute path; groups are made as needed.
 *  @param stride elements from one row to the next in memory, >= columns (1 for columns = 0) */
souk_status souk_h5_write(struct souk_h5 *h5, const char *name, enum souk_h5_type type,
                          const void *data, int64_t rows, int64_t columns, int64_t stride,
                          struct souk_error *err) SOUK_MUST_CHECK;

/** Shape of a dataset: columns 0 for one dimension. */
souk_status souk_h5_shape(struct souk_h5 *h5, const char *name, int64_t *rows, int64_t *columns,
                          struct souk_error *err) SOUK_MUST_CHECK;

bool souk_h5_has(struct souk_h5 *h5, const char *name);

/** Read a dataset that must have this shape and this class of type into `data` (strided as above).
 *  @return SOUK_OK, SOUK_EFORMAT (absent, other shape or type), SOUK_EINTEGRITY (checksum) */
souk_status souk_h5_read(struct souk_h5 *h5, const char *name, enum souk_h5_type type, void *data,
                         int64_t rows, int64_t columns, int64_t stride,
                         struct souk_error *err) SOUK_MUST_CHECK;

/** As souk_h5_read() for one dimension of any length up to max_rows, into new memory that the
 *  caller frees (aligned to SOUK_ALIGNMENT). SOUK_ELIMIT when longer. */
souk_status souk_h5_read_new(struct souk_h5 *h5, const char *name, enum souk_h5_type type,
                             int64_t max_rows, void **data, int64_t *rows,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** Ids as fixed-length UTF-8 strings of `width` bytes, NUL-padded: [count]. The width is the same
 *  in all parts of a version, so that virtual datasets can join them. */
souk_status souk_h5_write_ids(struct souk_h5 *h5, const char *name, const struct souk_idtable *ids,
                              int width, struct souk_error *err) SOUK_MUST_CHECK;

/** Read ids and check that they are valid and strictly ascending. */
souk_status souk_h5_read_ids(struct souk_h5 *h5, const char *name, struct souk_idtable *ids,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** A virtual dataset over dataset `source` of files[0..parts), rows concatenated; missing parts
 * read as NaN, -1 or "". @param type of the elements; @param id_width > 0: strings of that width;
 *  @param rows [parts] of each part */
souk_status souk_h5_write_virtual(struct souk_h5 *h5, const char *name, const char *source,
                                  const char *const *files, int parts, const int64_t *rows,
                                  int64_t columns, enum souk_h5_type type, int id_width,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
