/** @file
 *  The operation `explain`: why items score as they do for a visitor of a two-stage model; and the
 *  same in a list, for its first SOUK_WIRE_EXPLAIN_MAX items.
 */
#ifndef SOUK_PROXY_EXPLAIN_H
#define SOUK_PROXY_EXPLAIN_H

#include "serve/proxy/job.h"

/** Answer it, or leave the job stale. Always writes a reply but then. */
void souk_job_explain(struct souk_job *j);

/** Whether the list may be explained, where that is asked for. @return false: an error reply is
 *  there */
bool souk_job_may_explain(struct souk_job *j);

/** Ask about the items of the list, where that is asked for, and note what the shards say. A list
 *  of what is popular comes without.
 *  @return false: an error reply is there; or the job is stale */
bool souk_job_explain_list(struct souk_job *j);

/** What was noted of the item at a place of the list: one MessagePack map. @return NULL: nothing */
const void *souk_job_explanation(const struct souk_job *j, int place, size_t *len);

#endif
