/** @file
 *  Events since training in the question of a one-stage model: the visitor is answered from the
 *  whole history (docs/adr/0015-fold-in.md).
 *
 *      home shard  -> profile: rows, weights         (userprofile.h; nothing of somebody new)
 *      all shards  -> resolve: rows of new items, vectors of the whole history
 *      here        -> whole history (shared/score/wholehistory.h)
 *                       factors:    fold-in (shared/score/foldin.h) -> vector
 *                       neighbours: the history and its weights
 *                       neither:    nothing but what must not be in the list
 */
#ifndef SOUK_PROXY_VISITORFOLD_H
#define SOUK_PROXY_VISITORFOLD_H

#include "serve/proxy/job.h"

/** Change what the profile says of the visitor; nothing where nothing has happened lately. Where a
 *  solve cannot be had (a shard is missing, no solution), the trained factors stay, and the answer
 *  is degraded.
 *  @return false: an error reply is there; or the job is stale */
bool souk_job_fold_in(struct souk_job *j);

#endif
