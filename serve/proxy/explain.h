/** @file
 *  The operation `explain`: why items score as they do for a visitor of a two-stage model.
 */
#ifndef SOUK_PROXY_EXPLAIN_H
#define SOUK_PROXY_EXPLAIN_H

#include "serve/proxy/job.h"

/** Answer it, or leave the job stale. Always writes a reply but then. */
void souk_job_explain(struct souk_job *j);

#endif
