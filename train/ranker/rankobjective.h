/** @file
 *  What the ranker's trees descend: losses of one query group, as gradients and Hessian diagonals
 *  by document.
 *
 *      labels, scores of a group [n]  ->  gradient [n], hessian [n]      d loss / d score, >= 0
 *
 *  The output of a group is a function of (objective, labels, scores, seed, iteration, the group's
 *  global number): it does not depend on ranks, threads, or what was computed before. Formulas and
 *  sources are in docs/objectives.md; s is a raw score, y a label, D = options.sigmoid * (s_i -
 * s_j):
 *
 *  lambdarank         sum over y_i > y_j of |change of NDCG| log(1 + e^-D)       (Burges 2010)
 *  yetirank           the same with weights from neighbours in noisy orders      (Gulin et al.
 * 2011) yetirank-pairwise  yetirank, with leaf values from its pairwise system (leafsystem.h)
 *  pairlogit          sum over y_i > y_j of log(1 + e^-D)                  (Burges et al. 2005)
 *  queryrmse          1/2 sum (y - s - mean of group (y - s))^2
 *  logistic           -y log p - (1 - y) log(1 - p), p = 1 / (1 + e^(-sigmoid s)); rows stand alone
 *  rmse               1/2 (y - s)^2; rows stand alone
 */
#ifndef SOUK_RANKER_RANKOBJECTIVE_H
#define SOUK_RANKER_RANKOBJECTIVE_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum souk_rankobjective_kind {
    SOUK_RANK_LAMBDARANK,
    SOUK_RANK_YETIRANK,
    SOUK_RANK_YETIRANK_PAIRWISE,
    SOUK_RANK_PAIRLOGIT,
    SOUK_RANK_QUERYRMSE,
    SOUK_RANK_LOGISTIC,
    SOUK_RANK_RMSE,
    SOUK_RANK_OBJECTIVES
};

/** Labels of lambdarank are integers up to this: the gain 2^label - 1 stays an exact double. */
enum { SOUK_RANK_MAX_GRADE = 31 };

/** The noise that yetirank adds to scores before it sorts them. */
enum souk_rank_noise {
    SOUK_RANK_LOGISTIC_NOISE, /**< the paper's */
    SOUK_RANK_GUMBEL_NOISE    /**< orders follow Plackett and Luce */
};

struct souk_rankobjective {
    enum souk_rankobjective_kind kind;
    double sigmoid;             /**< steepness of every logistic; > 0 */
    int truncation;             /**< lambdarank: one of a pair is among the first of these; >= 1 */
    bool normalise;             /**< lambdarank: scale by score gaps and by the group's total */
    int permutations;           /**< yetirank: orders drawn per group and iteration; >= 1 */
    double decay;               /**< yetirank: weight of position k is decay^k; in (0, 1] */
    enum souk_rank_noise noise; /**< yetirank */
    uint64_t seed;
};

/** The objective of this name with the defaults: sigmoid 1, truncation 30, normalise, 10
 *  permutations, decay .85, logistic noise, seed 0.
 *  @return SOUK_OK, SOUK_EUSAGE (the message lists the names) */
souk_status souk_rankobjective_find(const char *name, struct souk_rankobjective *objective,
                                    struct souk_error *err) SOUK_MUST_CHECK;

const char *souk_rankobjective_name(enum souk_rankobjective_kind kind);

/** @return SOUK_OK, SOUK_EUSAGE (an option out of its range) */
souk_status souk_rankobjective_check(const struct souk_rankobjective *objective,
                                     struct souk_error *err) SOUK_MUST_CHECK;

/** Whether these labels suit the objective: finite; grades for lambdarank; 0 to 1 for logistic.
 *  @param label [n]; @param first_row global number of label[0], for the message
 *  @return SOUK_OK, SOUK_EFORMAT */
souk_status souk_rankobjective_check_labels(const struct souk_rankobjective *objective,
                                            const float *label, int64_t n, int64_t first_row,
                                            struct souk_error *err) SOUK_MUST_CHECK;

/** Whether rows stand alone: any cut of them into groups then gives the same gradients. */
bool souk_rankobjective_is_pointwise(const struct souk_rankobjective *objective);

/** Whether leaf values come from souk_leafsystem_solve() rather than -G / (H + lambda). */
bool souk_rankobjective_has_leaf_system(const struct souk_rankobjective *objective);

/** The constant that all scores start from. @param mean_label over all training rows */
double souk_rankobjective_initial(const struct souk_rankobjective *objective, double mean_label);

/** A raw score as a prediction: the probability for logistic, the score itself for the others. */
double souk_rankobjective_transform(const struct souk_rankobjective *objective, double score);

/** Documents of a group: `winner` should stand above `loser`. */
struct souk_rankpair {
    int32_t winner, loser;
    double weight; /**< > 0 */
};

/** Room for one thread's work on a group; nothing is allocated per group. */
struct souk_rankscratch {
    int capacity;                /**< documents */
    double *key;                 /**< [capacity] */
    int32_t *order, *spare;      /**< [capacity] */
    struct souk_rankpair *pairs; /**< [capacity] */
};

/** @param capacity documents of the largest group of this rank, >= 0
 *  @param scratch  souk_rankscratch_fini() it, also after a failure
 *  @return SOUK_OK, SOUK_ENOMEM */
souk_status souk_rankscratch_init(struct souk_rankscratch *scratch, int capacity,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_rankscratch_fini(struct souk_rankscratch *scratch);

/** One query group; the arrays are borrowed. */
struct souk_rankgroup {
    const float *label;  /**< [n], checked by souk_rankobjective_check_labels() */
    const double *score; /**< [n], raw */
    int n;               /**< 0 <= n <= the scratch's capacity */
    int64_t number;      /**< global, so that draws do not depend on ranks */
};

/** Derivatives of the group's loss. Threads may share the objective, not the scratch.
 *  @param iteration trees grown so far
 *  @param gradient, hessian [n], written; hessian >= 0
 *  @return SOUK_OK, SOUK_ENUMERIC (a score is not finite); the outputs are then undefined */
souk_status souk_rankobjective_gradients(const struct souk_rankobjective *objective,
                                         struct souk_rankscratch *scratch,
                                         const struct souk_rankgroup *group, int64_t iteration,
                                         double *gradient, double *hessian,
                                         struct souk_error *err) SOUK_MUST_CHECK;

#endif
