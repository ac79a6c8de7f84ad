/** @file
 *  Scores of many rows by a forest: the bits of souk_forest_predict(), several times faster.
 *
 *  The plan of QuickScorer (Lucchese et al. 2015), over blocks of rows as in its vectorised forms:
 *
 *      leaves of a tree, left to right      0  1  2  3 ... 30
 *      a row starts with                    1  1  1  1 ... 1     one bit a leaf
 *      a node that sends the row right      clears the leaves on its left
 *      the row's leaf is                    the first bit that is left
 *
 *  First each value becomes its position among the thresholds of its feature, so that a node is one
 *  comparison of 16-bit integers, for 64 rows at a time; a missing value gets the position that
 *  sends it to its default side. Then no node waits for another, and nothing branches on data. The
 *  time grows with the leaves, not with the depth: good up to some hundred leaves a tree.
 */
#ifndef SOUK_SCORE_FORESTSCORER_H
#define SOUK_SCORE_FORESTSCORER_H

#include "shared/score/forest.h"

struct souk_forestscorer;

/** Lay a forest out. @param f borrowed until souk_forestscorer_free()
 *  @param out immutable, threads share it; NULL on failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_forestscorer_new(const struct souk_forest *f, struct souk_forestscorer **out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_forestscorer_free(struct souk_forestscorer *s);

/** Bytes of scratch that a thread needs, from souk_alloc_aligned(bytes, 1). */
size_t souk_forestscorer_scratch_bytes(const struct souk_forestscorer *s);

/** Score rows; allocates nothing. Thread-safe with a scratch for each thread.
 *  @param rows [count x stride], the first `features` of a row count; NaN is a missing value
 *  @param out  [count], the bits of souk_forest_predict() */
void souk_forestscorer_score(const struct souk_forestscorer *s, const double *rows, int64_t count,
                             int64_t stride, void *scratch, double *out);

/** The same for rows of floats: features as the stages keep them. */
void souk_forestscorer_score_floats(const struct souk_forestscorer *s, const float *rows,
                                    int64_t count, int64_t stride, void *scratch, double *out);

/** Which kernels run: "avx512", "avx2" or "plain". Chosen before main() from what the CPU has. */
const char *souk_forestscorer_kernel(void);

/** For tests and benchmarks: run the kernels of this name from now on. Not thread-safe.
 *  @return false when this CPU, or this build, does not have them; nothing changes then */
bool souk_forestscorer_select(const char *name);

#endif
