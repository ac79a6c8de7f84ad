/** @file
 *  A matrix of floats that the ranks of a node hold once.
 *
 *      rank 0 of the node        rank 1 ...      all
 *      [ its own rows          | its own rows  | rows of other nodes ]   one array, one base
 * address
 *
 *  On a node of several ranks it is an MPI-3 shared window, locked for all while it lives: its
 *  ranks read each other's rows in place, and souk_nodematrix_fence_all() stands between a write
 *  and another rank's read. On a node of one rank it is ordinary memory.
 */
#ifndef SOUK_COMM_NODEMATRIX_H
#define SOUK_COMM_NODEMATRIX_H

#include "train/comm/node.h"

struct souk_nodematrix {
    const struct souk_node *node;
    float *values;
    size_t bytes; /**< of the whole array */
    MPI_Win window;
};

/** Collective on the node's ranks. Zeroed and aligned; a rank touches its own stretch first, so
 * that its pages are near to it. Huge pages are asked for in
 * private memory only: a shared window takes what the system's shmem_enabled gives.
 *  @param floats of the whole array, the same on all ranks of the node
 *  @param first, count this rank's own stretch, in floats
 *  @param common where the stretch of all begins: own stretches lie before it
 *  @return SOUK_OK; SOUK_ENOMEM with a message of its own where shared memory is what is short, and
 *          *shared_short is then true */
souk_status souk_nodematrix_init_all(struct souk_nodematrix *m, const struct souk_node *node,
                                     size_t floats, size_t first, size_t count, size_t common,
                                     bool *shared_short, struct souk_error *err) SOUK_MUST_CHECK;
void souk_nodematrix_fini_all(struct souk_nodematrix *m);

/** Collective on the node's ranks: what any of them wrote before is read by all of them after. */
souk_status souk_nodematrix_fence_all(struct souk_nodematrix *m,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
