/** @file
 *  The ranks of a node: those that share its memory, and hold what they need of others once.
 *
 *  Without sharing every rank is a node of its own; nothing else in the program asks which it is.
 */
#ifndef SOUK_COMM_NODE_H
#define SOUK_COMM_NODE_H

#include "train/comm/comm.h"

struct souk_node {
    struct souk_comm comm; /**< the node's ranks, in the order of their global ranks */
    int *node_of;          /**< [all ranks], the lowest rank of each rank's node */
};

/** Collective. @param share false: every rank is a node of its own
 *  @param ranks_at_most 0, or split a node into several of so many ranks (tests; NUMA domains)
 *  @param node empty with souk_node_fini(), also after a failure */
souk_status souk_node_init_all(struct souk_node *node, const struct souk_comm *comm, bool share,
                               int ranks_at_most, struct souk_error *err) SOUK_MUST_CHECK;
void souk_node_fini(struct souk_node *node);

#endif
