/** @file
 *  The first round of a request: what the home shard knows of the user, or of the item.
 */
#ifndef SOUK_PROXY_USERPROFILE_H
#define SOUK_PROXY_USERPROFILE_H

#include "serve/proxy/job.h"

/** The user's factors, history and events; nothing of one who is erased. A home shard that does not
 * answer makes the answer degraded: the user is served as if unknown. @return false: an error reply
 * is there; or stale */
bool souk_job_get_profile(struct souk_job *j);

/** The item's factors at unit length, or the item as a history, for `similar`.
 *  @return false: an error reply is there; or stale */
bool souk_job_get_item(struct souk_job *j);

#endif
