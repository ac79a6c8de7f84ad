/** @file
 *  From the distributed inverse P of EASE to rows of neighbours at the ranks that store them.
 *
 *      P_ij, i > j, of the lower triangle  ->  entry i of item j: -P_ij / P_jj
 *                                          ->  entry j of item i: -P_ij / P_ii
 *
 *  Items go in panels of numbers t, t + panels, t + 2 panels, ...: numbers ascend with parts, and
 *  so each panel is spread over all ranks.
 */
#ifndef SOUK_LINEAR_NEIGHBOURROWS_H
#define SOUK_LINEAR_NEIGHBOURROWS_H

#include "train/linear/ease.h"

/** Collective. @param inverse lower triangle of P [selected x selected], diagonal positive
 *  @param keep entries of a row, by magnitude, the lower item first where they tie; 0: all
 *  @param panel_bytes that a rank sends in a panel, and receives, in the mean over ranks
 *  @param out  as for souk_ease_all() */
souk_status souk_neighbour_rows_all(const struct souk_comm *comm,
                                    const struct souk_ratings *ratings,
                                    const struct souk_itemselection *selection,
                                    const struct souk_blockmatrix *inverse, int64_t keep,
                                    int64_t panel_bytes, struct souk_neighbour_rows *out,
                                    struct souk_error *err) SOUK_MUST_CHECK;

#endif
