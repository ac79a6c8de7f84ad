/** @file
 *  The moment that divides training from test, from a share of the events.
 */
#ifndef SOUK_INGEST_SPLITPOINT_H
#define SOUK_INGEST_SPLITPOINT_H

#include "train/comm/comm.h"
#include "train/ingest/placement.h"

#include <stdint.h>

/** Collective. The latest time before which at most this share of all events lies: the time of
 *  event number floor(share * events) in the order of time. Events at that very time are test.
 *  @param share in (0, 1), agrees on all ranks; @param first_ms, last_ms of all events
 *  @return SOUK_OK, SOUK_ENOMEM, SOUK_ECOMM; the same on every rank */
souk_status souk_split_of_share_all(const struct souk_comm *comm, const struct souk_placement *p,
                                    double share, int64_t first_ms, int64_t last_ms,
                                    int64_t *split_ms, struct souk_error *err) SOUK_MUST_CHECK;

#endif
