/** @file
 *  category_tree.csv (categoryid, parentid; a root has no parent) -> the category tree.
 */
#ifndef SOUK_INGEST_CATEGORYTREE_H
#define SOUK_INGEST_CATEGORYTREE_H

#include "shared/data/category.h"
#include "train/comm/comm.h"

/** Collective: rank 0 reads, checks and keeps the tree; the others get an empty one.
 *  A parent that has no row of its own becomes a root.
 *  @return SOUK_OK, SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (with file:line; a cycle), SOUK_ENOMEM
 */
souk_status souk_category_tree_read_all(const struct souk_comm *comm, const char *path,
                                        struct souk_categories *out,
                                        struct souk_error *err) SOUK_MUST_CHECK;

#endif
