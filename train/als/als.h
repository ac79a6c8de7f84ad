/** @file
 *  Alternating least squares over the ranks of a communicator.
 *
 *      epoch:  eigenbasis of Gram(items), items' rows to the ranks that need them  ->  own users
 *              eigenbasis of Gram(users), users' rows to the ranks that need them  ->  own items
 *              loss = trace form of the sum over all cells + observed pairs + ridge
 *
 *  The same data, seed, parameters, build and instruction set give the same bits on any number of
 *  ranks and threads: a row's arithmetic depends on the row alone, sums over rows are exact.
 */
#ifndef SOUK_ALS_ALS_H
#define SOUK_ALS_ALS_H

#include "shared/model/modelfile.h"
#include "train/als/basis.h"
#include "train/als/gram.h"
#include "train/als/objective.h"
#include "train/als/side.h"

enum souk_solver { SOUK_SOLVER_CHOLESKY, SOUK_SOLVER_CG, SOUK_SOLVER_IALSPP };

struct souk_als_parameters {
    int factors, epochs, cg_steps;
    int block; /**< of ialspp, multiple of 16 */
    uint64_t seed;
    enum souk_solver solver;
    enum souk_partition_rule partition;
    bool shared_memory;   /**< the ranks of a node hold one copy */
    int ranks_per_node;   /**< 0; else nodes are made of so many ranks (tests) */
    int chunks;           /**< of an exchange; 0: 1 */
    enum souk_wire wire;  /**< bf16: rows from other nodes are rounded, and with them the model */
    int64_t memory_limit; /**< bytes of a rank, 0: none */
    const char *scratch;  /**< folder for what does not fit; borrowed */
    struct souk_objective objective;
    double validation_share; /**< explicit: of the ratings, held out */
};

/** Columns that the solver reads of a row: the factors, and for `explicit` a constant. */
static inline int souk_als_width(const struct souk_als_parameters *p)
{
    return souk_factor_stride(p->factors + (p->objective.kind == SOUK_OBJECTIVE_EXPLICIT));
}

/** Columns of a side's matrix; `explicit` keeps a bias behind what the solver reads. */
static inline int souk_als_columns(const struct souk_als_parameters *p)
{
    return p->objective.kind == SOUK_OBJECTIVE_EXPLICIT ? souk_als_width(p) + 1 : p->factors;
}

/** Columns of the model (explicit.h). */
static inline int souk_als_model_columns(const struct souk_als_parameters *p)
{
    return p->factors + (p->objective.kind == SOUK_OBJECTIVE_EXPLICIT ? 2 : 0);
}

/** What one epoch did; seconds are the largest of all ranks. */
struct souk_als_epoch {
    int epoch;
    double loss;
    double seconds;
    double solve_seconds; /**< solving rows */
    double basis_seconds; /**< Gram matrices, their eigenvectors, turning rows */
    double wait_seconds;  /**< until other ranks' rows are here */
    double loss_seconds;  /**< the pairs' part of the loss, of this rank; not in `seconds` */
    int64_t bytes_sent;   /**< factor rows, all ranks */
    int64_t volume_bytes; /**< rows of other ranks that each rank needs, in fp32, all ranks: what is
                             sent without shared memory, bf16 and batches */
    double rmse, mae;     /**< explicit: of the ratings trained on */
    double validation_rmse, validation_mae;
    int64_t validation_pairs; /**< explicit: ratings held out */
};

struct souk_explicit;

struct souk_als {
    const struct souk_comm *comm;
    struct souk_als_parameters parameters;
    struct souk_node node;
    struct souk_side sides[2]; /**< by souk_side_kind */
    struct souk_basis basis;   /**< that the factors of both sides are in */
    double *grams[2];          /**< [d x d] of each side, as of its last change */
    float *diagonal;           /**< [stride], what the rows that are being solved share */
    struct souk_gram gram;
    int64_t
        *block_us[2]; /**< [blocks] of each side, microseconds of own rows; NULL: not measured */
    double *of_item;  /**< [own items], loss of their pairs */
    struct souk_explicit *explicit; /**< private to explicit.c; NULL for other objectives. With it
                                         there is no basis, Gram matrix or diagonal */
};

/** Collective. Bring the ratings to their owners and draw the initial factors, a function of the
 *  seed and of each id.
 *  @param als free with souk_als_fini(), also after a failure */
souk_status souk_als_init_all(struct souk_als *als, const struct souk_comm *comm,
                              const struct souk_ratings *ratings,
                              const struct souk_als_parameters *parameters,
                              struct souk_error *err) SOUK_MUST_CHECK;
void souk_als_fini(struct souk_als *als);

/** Collective. Both sides from the ratings, spread by cost; by block_us where it is there. */
souk_status souk_als_build_all(struct souk_als *als, const struct souk_ratings *ratings,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. From the next epoch on, measure what each block of rows costs (block_us). */
souk_status souk_als_measure_all(struct souk_als *als, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. One epoch.
 *  @return SOUK_OK, SOUK_ENUMERIC (names the row), SOUK_ENOMEM, SOUK_ECOMM; the same on all ranks
 */
souk_status souk_als_epoch_all(struct souk_als *als, struct souk_als_epoch *report,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. After own rows were written from outside (a checkpoint, an earlier model): bring up
 * to date what the next epoch starts from. */
souk_status souk_als_refresh_all(struct souk_als *als, struct souk_error *err) SOUK_MUST_CHECK;

/** Collective. Bring one side's factors back to the ranks of their parts, in the model's form: in
 * the basis in which the initial factors were drawn; of `explicit` as explicit.h says.
 *  @param rows [parts] of [rows of the part x stride], NULL for parts of other ranks; empty with
 *         souk_blockrows_free() */
souk_status souk_als_collect_all(const struct souk_als *als, enum souk_side_kind kind, float **rows,
                                 struct souk_error *err) SOUK_MUST_CHECK;

#endif
