/** @file
 *  The round of a one-stage model, and of what is popular: all shards scan their items.
 */
#ifndef SOUK_PROXY_ONESTAGE_H
#define SOUK_PROXY_ONESTAGE_H

#include "serve/proxy/job.h"

/** By the visitor's factors, or history, or by popularity; without what was seen.
 *  @return false: an error reply is there; or the job is stale */
bool souk_job_scan(struct souk_job *j, struct souk_result *result);

#endif
