/** @file
 *  Which rows of other nodes a node needs, where they lie in its matrix, and who sends them.
 *
 *      matrix of a node   [ own rows of its rank 0 | of rank 1 | ... | ghosts ]
 *      ghosts             [ chunk 0: of owner 0, of owner 1, ... | chunk 1: of owner 0, ... ]
 *      a group            the ghosts of one chunk and one owner, ascending: one message
 *
 *  A node needs a row once, whichever of its ranks use it; one rank of the node receives all that
 *  comes from an owner. The rows that most pairs name are in the first chunk, so that many rows can
 *  be solved before the last has come.
 */
#ifndef SOUK_COMM_GHOSTLIST_H
#define SOUK_COMM_GHOSTLIST_H

#include "train/comm/node.h"
#include "train/comm/partition.h"

/** A row that this rank needs, and by how many pairs (any measure that orders rows will do). */
struct souk_neededrow {
    int64_t row, pairs;
};

struct souk_ghostlist {
    const struct souk_comm *comm;
    const struct souk_node *node;
    const struct souk_partition *partition;
    int chunks;
    int64_t *base;       /**< [ranks], matrix row of a rank's first own row; -1: of another node */
    int64_t node_rows;   /**< own rows of the node's ranks: the first ghost's matrix row */
    int64_t ghosts;      /**< of the node */
    int64_t *row;        /**< [ghosts], global; NULL after souk_ghostlist_forget() */
    int64_t *group;      /**< [chunks x ranks + 1], first ghost of each group */
    int64_t *send_row;   /**< [send_group[chunks x ranks]], local rows in the order they are sent */
    int64_t *send_group; /**< [chunks x ranks + 1], by chunk and by rank that receives */
    int64_t
        *self_row; /**< own rows that are ghosts too: local rows, in the order of their groups */
    int64_t elsewhere; /**< rows of other ranks that this rank needs: of the node's too */
};

/** Collective.
 *  @param copy_own own rows are ghosts too, which the rank sends to itself: with an own matrix that
 * is not in memory (nodes of one rank only)
 *  @param needed [count], each row once, own rows may be among them; reordered by the call
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT, SOUK_ECOMM; the same on every rank */
souk_status souk_ghostlist_init_all(struct souk_ghostlist *list, const struct souk_comm *comm,
                                    const struct souk_node *node,
                                    const struct souk_partition *partition, int chunks,
                                    bool copy_own, struct souk_neededrow *needed, int64_t count,
                                    struct souk_error *err) SOUK_MUST_CHECK;
void souk_ghostlist_fini(struct souk_ghostlist *list);

/** Row of the node's matrix that holds a global row. The row was in `needed`, or is this node's. */
int64_t souk_ghostlist_find(const struct souk_ghostlist *list, int64_t row);

/** The chunk after which a matrix row is there; 0 also for rows of this node. */
int souk_ghostlist_chunk(const struct souk_ghostlist *list, int64_t matrix_row);

/** Give up what only souk_ghostlist_find() needs. */
void souk_ghostlist_forget(struct souk_ghostlist *list);

static inline bool souk_ghostlist_receives(const struct souk_ghostlist *list, int owner)
{
    return owner % list->node->comm.size == list->node->comm.rank;
}

#endif
