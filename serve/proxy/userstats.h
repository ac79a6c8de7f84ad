/** @file
 *  The operation `user_stats`: what the model and the store of events know of a visitor
 *  (docs/wire-format.md). What neither of them can tell is left out.
 */
#ifndef SOUK_PROXY_USERSTATS_H
#define SOUK_PROXY_USERSTATS_H

#include "serve/proxy/job.h"

enum { SOUK_SESSION_MS = 30 * 60 * 1000 }; /**< what was done this long ago is of the session */

/** Answer it. */
void souk_job_user_stats(struct souk_job *j);

#endif
