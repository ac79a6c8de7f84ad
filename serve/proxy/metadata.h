/** @file
 *  A last round of a list that wants metadata: each shard describes the items that it holds.
 */
#ifndef SOUK_PROXY_METADATA_H
#define SOUK_PROXY_METADATA_H

#include "serve/proxy/job.h"

/** Ask the shards of the merged list's items, where the request wants it. A shard that does not
 *  answer has missed the round; its items are not described.
 *  @return false: the job is stale */
bool souk_job_describe(struct souk_job *j);

/** What is said of the next item of the list: call it for each of them, from the first on, after
 *  souk_job_describe(). Valid until the next question. @return a map; NULL: nothing */
const msgpack_object *souk_job_next_metadata(struct souk_job *j, const char *id);

#endif
