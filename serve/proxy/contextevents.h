/** @file
 *  Events that a request brings: what the visitor did since training, or somebody new did at all.
 */
#ifndef SOUK_PROXY_CONTEXTEVENTS_H
#define SOUK_PROXY_CONTEXTEVENTS_H

#include "serve/proxy/job.h"

/** Take in the request's `events`; they count as of the moment where they have no time.
 *  @return false: an error reply is there */
bool souk_job_take_context(struct souk_job *j);

/** Add them to the visitor's events in the workspace: the shards say which row an item has, and
 *  which number a type. Items that the model does not know are left out; those of a shard that does
 *  not answer too, and the answer is degraded.
 *  @return false: an error reply is there; or the job is stale */
bool souk_job_add_context(struct souk_job *j);

#endif
