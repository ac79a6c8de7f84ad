/** @file
 *  A forest as text, in the format of LightGBM's model files (v3 is read too, v4 is written).
 *
 *      tree                          header: KEY=VALUE lines up to the first tree
 *      version=v4
 *      ...
 *      tree_sizes=3376 3377          bytes of each tree's block
 *
 *      Tree=0                        a block: KEY=VALUE lines, arrays separated by blanks
 *      num_leaves=31
 *      ...
 *      end of trees
 *
 *      feature_importances:          then text that is kept as it is
 *      parameters: ... end of parameters
 *
 *  One score per row: num_class and num_tree_per_iteration are 1; trees with linear leaves and
 *  averaged forests are refused. Thresholds and leaves are written with 17 digits, so that reading
 *  gives the same bits; gains and inner values with 6, as LightGBM does. What was written once is
 *  written again as the same bytes, and so are LightGBM's own files; lines that nothing here reads
 *  are kept. docs/forest.md has the details.
 */
#ifndef SOUK_SCORE_FORESTTEXT_H
#define SOUK_SCORE_FORESTTEXT_H

#include "shared/score/forest.h"

/** Bytes of a model's text. */
#define SOUK_FORESTTEXT_MAX ((size_t)1 << 30)

/** Read a forest from memory: untrusted, checked whole.
 *  @param text [len], no NUL needed behind it; @param name stands in messages, `name:line: ...`
 *  @param f    overwritten; free with souk_forest_fini(); empty on failure
 *  @return SOUK_OK, SOUK_EFORMAT, SOUK_EVERSION (a version or kind of model that is not read),
 *          SOUK_ELIMIT, SOUK_ENOMEM */
souk_status souk_forest_parse(struct souk_forest *f, const char *text, size_t len, const char *name,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Write a forest to memory. @param text [*len] and a NUL, free() it; NULL on failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_forest_format(const struct souk_forest *f, char **text, size_t *len,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** souk_forest_parse() of a file. @return as it, and SOUK_ENOTFOUND, SOUK_EIO */
souk_status souk_forest_read(struct souk_forest *f, const char *path,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** souk_forest_format() into a file, which appears whole or not at all.
 *  @return SOUK_OK, SOUK_ENOMEM, and what souk_staging_begin() returns */
souk_status souk_forest_write(const struct souk_forest *f, const char *path,
                              struct souk_error *err) SOUK_MUST_CHECK;

#endif
