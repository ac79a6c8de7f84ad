/** @file
 *  The state of a training stage on disk, and back on any number of ranks.
 *
 *      DIR/checkpoint.h5     manifest (JSON): kind, data, parameters, epoch, progress, layout,
 * digests; global arrays DIR/part-0000.h5      rows of the part, one dataset for each named matrix
 *      ...
 *
 *  A new checkpoint grows beside DIR and takes its place when it is whole and synced
 *  (shared/base/staging.h): the one before it stays until then. Its bytes are a function of the
 * state alone, not of the ranks. docs/checkpoints.md is the specification.
 *
 *  A stage describes its state once, by the structs below, and both saves and restores through
 * them.
 */
#ifndef SOUK_COMM_CHECKPOINT_H
#define SOUK_COMM_CHECKPOINT_H

#include "shared/data/h5file.h"
#include "train/comm/partition.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_CHECKPOINT_SCHEMA = 1 };

/** A global array: the same on every rank; written by rank 0, restored to all. */
struct souk_checkpoint_array {
    const char *name;       /**< "basis" */
    enum souk_h5_type type; /**< SOUK_H5_I64 or SOUK_H5_F64 */
    int64_t rows, columns;  /**< columns 0: one dimension */
    void *data;             /**< [rows x columns] */
};

/** A matrix whose rows are spread over the ranks by blocks; stored by part. */
struct souk_checkpoint_rows {
    const char *name; /**< "users" */
    const struct souk_partition *partition;
    int columns, stride;
    float *matrix; /**< [local rows x stride]; zero behind the columns */
};

/** All borrowed. */
struct souk_checkpoint {
    const char *kind;            /**< "als" */
    uint64_t dataset_digest;     /**< a checkpoint of other data is refused */
    const char *parameters_json; /**< one object: whatever the result depends on */
    const struct souk_checkpoint_array *arrays;
    const struct souk_checkpoint_rows *rows; /**< at least one; all of as many parts */
    int array_count, rows_count;
};

/** How far the state is. */
struct souk_checkpoint_progress {
    int64_t epoch;
    char *json; /**< the stage's own notes (losses so far); of a restored one owned by the caller */
};

/** Collective. Remove what a killed writer left beside DIR, put back what it had moved aside, and
 *  see that a checkpoint can be written there.
 *  @param found receives, on every rank, whether there is a checkpoint
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENOTFOUND (no parent folder), SOUK_EEXIST (DIR is somebody
 *          else's), SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_checkpoint_prepare_all(const struct souk_comm *comm, const char *path, bool *found,
                                        struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Replace the checkpoint at `path`. On failure the one before it is still there.
 *  @param bytes receives its size; the same on every rank
 *  @return SOUK_OK, SOUK_EIO, SOUK_ENUMERIC (a value is not finite), SOUK_ENOMEM, SOUK_ECOMM; the
 *          same on every rank */
souk_status souk_checkpoint_save_all(const struct souk_comm *comm, const char *path,
                                     const struct souk_checkpoint *state,
                                     const struct souk_checkpoint_progress *progress,
                                     int64_t *bytes, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Fill the arrays and matrices of `state` from the checkpoint at `path`.
 *  @param progress zeroed on failure; free progress->json
 *  @return SOUK_OK; SOUK_EINTEGRITY (damaged; or of other data, parameters or shape: the message
 * says which), SOUK_EVERSION, SOUK_EFORMAT, SOUK_ENOTFOUND, SOUK_ENOMEM, SOUK_ECOMM; the same on
 *          every rank. After a failure the state is undefined */
souk_status souk_checkpoint_load_all(const struct souk_comm *comm, const char *path,
                                     const struct souk_checkpoint *state,
                                     struct souk_checkpoint_progress *progress,
                                     struct souk_error *err) SOUK_MUST_CHECK;

#endif
