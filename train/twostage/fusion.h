/** @file
 *  Late fusion: how the trees' score and the sources' are added up, by users that the trees have
 *  not seen, for visitors with a long and with a short history apart.
 *
 *      score = forest + weight * log(source)         stagescore.h
 */
#ifndef SOUK_TWOSTAGE_FUSION_H
#define SOUK_TWOSTAGE_FUSION_H

#include "shared/score/stagerules.h"
#include "train/comm/comm.h"
#include "train/twostage/heldout.h"

/** NDCG@10 of the users' candidates: by the best single source, by the trees, by both. */
struct souk_fusion_figures {
    int64_t groups;
    double source, forest, both;
};

struct souk_fusion {
    struct souk_blend blend[SOUK_SEGMENTS];
    struct souk_fusion_figures figures[SOUK_SEGMENTS];
};

/** Collective. A segment of too few users takes over what the other one has.
 *  @param rules cold_items counts
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_fusion_choose_all(const struct souk_comm *comm, const struct souk_heldout *h,
                                   const struct souk_model_stages *stages,
                                   const struct souk_stage_rules *rules, struct souk_fusion *out,
                                   struct souk_error *err) SOUK_MUST_CHECK;

#endif
