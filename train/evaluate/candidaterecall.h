/** @file
 *  What the candidate sources of a two-stage model bring: the ranker cannot recommend what no
 *  source names.
 *
 *      set of k     the first k distinct items of a source's lists, taken in turn: plain, lifted,
 *                   plain, ...; of the union: in turn from the lists of all sources
 *      as asked     the candidates that the model's quotas make, which are what is ranked
 *      adds         recall that these would lose without the source
 *
 *  Recall as that of lists: mean over users of the headline of the share of their targets. The
 *  lists are made again, as deep as the largest set, for some thousand users at a time.
 */
#ifndef SOUK_EVALUATE_CANDIDATERECALL_H
#define SOUK_EVALUATE_CANDIDATERECALL_H

#include "train/evaluate/candidates.h"
#include "train/evaluate/measure.h"

enum {
    SOUK_CANDIDATE_SIZES = 4,
    SOUK_CANDIDATE_SETS_MAX = SOUK_SOURCES_MAX + 3, /**< sources, popular, repeats, the union */
};
extern const int souk_candidate_sizes[SOUK_CANDIDATE_SIZES]; /**< 50, 100, 200, 500 */

struct souk_candidate_set {
    char name[SOUK_NAME_MAX_BYTES + 1];
    double recall[SOUK_CANDIDATE_SIZES]; /**< NaN without users, as the next one */
    double asked, added;
    double items; /**< of a user as asked, mean */
};

struct souk_candidate_recalls {
    int count; /**< the union is the last; 0: not a two-stage model */
    int64_t users, targets;
    struct souk_candidate_set set[SOUK_CANDIDATE_SETS_MAX];
};

/** Collective. Takes 8 bytes for each item on every rank meanwhile.
 *  @return SOUK_OK, SOUK_ENOMEM, what reading returns; the same on every rank */
souk_status souk_candidate_recall_all(const struct souk_comm *comm,
                                      const struct souk_part_source *source,
                                      const struct souk_candidates *candidates,
                                      const struct souk_measure *measure,
                                      struct souk_candidate_recalls *out,
                                      struct souk_error *err) SOUK_MUST_CHECK;

#endif
