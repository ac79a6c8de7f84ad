/** @file
 *  Histories that are given with the question (cases.h), told to the model as serving would.
 *
 *      history of a case   = its training items and the given ones, joined (historyrule.h)
 *      model with factors  : the user's factors are folded in from that history (foldin.h)
 *      model of neighbours : scores by that history
 *      others              : popularity, without what is in the history
 *
 *  The items are streamed past twice: given ids become rows, then the rows of histories that are
 *  folded in become factors. Of these a rank keeps what its cases need.
 */
#ifndef SOUK_EVALUATE_GIVEN_H
#define SOUK_EVALUATE_GIVEN_H

#include "train/evaluate/visitors.h"

/** Collective. @param visitors as loaded; changed
 *  @return SOUK_OK; SOUK_ENUMERIC where a user cannot be folded in; SOUK_EFORMAT for parameters
 *          that do not say how; SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_given_tell_all(const struct souk_comm *comm, const struct souk_part_source *source,
                                const struct souk_cases *cases, struct souk_visitors *visitors,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
