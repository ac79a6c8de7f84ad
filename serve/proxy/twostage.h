/** @file
 *  The rounds of a two-stage model (docs/two-stage.md):
 *
 *      all shards -> candidates (lists) -> merge -> heads and rows
 *      all shards -> rank (scores of the candidates that each owns) -> merge
 */
#ifndef SOUK_PROXY_TWOSTAGE_H
#define SOUK_PROXY_TWOSTAGE_H

#include "serve/proxy/job.h"

/** Whether the model is of two stages and the visitor has an event by the moment: else what is
 *  popular is the answer. */
bool souk_job_is_staged(const struct souk_job *j);

/** `warm` where a history answers, else `cold`. */
const char *souk_job_user_type(const struct souk_job *j);

/** The first round, into the workspace's candidates.
 *  @return false: an error reply is there; or the job is stale */
bool souk_job_find_candidates(struct souk_job *j);

/** Write what every round says of the visitor: SOUK_WIRE_EVENT_FIELDS + 1 fields. */
void souk_job_put_visitor(struct souk_job *j);

/** Write the heads of the candidates' lists: one field. */
void souk_job_put_best(struct souk_job *j);

/** Both rounds. As above. */
bool souk_job_rank(struct souk_job *j, struct souk_result *result);

#endif
