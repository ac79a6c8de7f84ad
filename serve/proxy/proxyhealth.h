/** @file
 *  The operation `health` of a proxy.
 */
#ifndef SOUK_PROXY_PROXYHEALTH_H
#define SOUK_PROXY_PROXYHEALTH_H

#include "serve/proxy/job.h"

/** Write the reply. @param in_full false: only whether requests are answered */
void souk_job_health(struct souk_job *j, bool in_full);

#endif
