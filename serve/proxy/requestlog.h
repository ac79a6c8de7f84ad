/** @file
 *  What a request leaves in the proxy's log: a line where it was slow, with the time of each stage,
 *  and one for every request at DEBUG. Never a user's id.
 *
 *      slow_request id="shop-17" request_id=5f.. op=recommend status=ok total_ms=131.0
 *          queue_ms=12.1 profile_ms=3.0 scan_ms=115.2 merge_ms=.3 skipped=0
 */
#ifndef SOUK_PROXY_REQUESTLOG_H
#define SOUK_PROXY_REQUESTLOG_H

#include "serve/monitor/slowlog.h"
#include "serve/proxy/job.h"

/** Before the first step of a job: it gets its request_id, and its stages count from 0. */
void souk_request_log_begin(struct souk_job *j);

/** When the reply is there. */
void souk_request_log_end(struct souk_slow_log *slow, const struct souk_job *j);

#endif
