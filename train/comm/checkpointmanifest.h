/** @file
 *  The manifest of a checkpoint: what it is of, and whether it is of this run. Internal to
 *  checkpoint.c.
 */
#ifndef SOUK_COMM_CHECKPOINTMANIFEST_H
#define SOUK_COMM_CHECKPOINTMANIFEST_H

#include "shared/data/dataset.h"
#include "train/comm/checkpoint.h"

#include <jansson.h>

/** @param files [parts] @return owned by the caller; NULL when memory is out */
json_t *souk_checkpoint_manifest(const struct souk_checkpoint *state,
                                 const struct souk_checkpoint_progress *progress,
                                 const struct souk_part_file *files);

/** Check that a manifest is of this state, and take from it what it knows.
 *  @param path  for messages
 *  @param files [parts], owned by the caller, free()
 *  @return SOUK_OK; SOUK_EVERSION, SOUK_EFORMAT, SOUK_EINTEGRITY (another kind, other data,
 *          parameters or shape), SOUK_ENOMEM */
souk_status souk_checkpoint_manifest_read(const char *path, json_t *manifest,
                                          const struct souk_checkpoint *state,
                                          struct souk_checkpoint_progress *progress,
                                          struct souk_part_file **files,
                                          struct souk_error *err) SOUK_MUST_CHECK;

#endif
