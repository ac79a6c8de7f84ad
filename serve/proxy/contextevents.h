/** @file
 *  Events since training in the question of a two-stage model, and where they come from for all
 *  models.
 */
#ifndef SOUK_PROXY_CONTEXTEVENTS_H
#define SOUK_PROXY_CONTEXTEVENTS_H

#include "serve/proxy/job.h"

/** Take in the request's `events`, which count as of the moment where they have no time, and the
 *  visitor's stored ones. A store that cannot be read makes the answer degraded. Where the request
 *  names no moment it is not before the latest stored event: clocks of proxies differ a little.
 *  @return false: an error reply is there */
bool souk_job_take_lately(struct souk_job *j);

/** The end of the data that the job's model was trained on; 0: not known. */
int64_t souk_job_data_until_ms(const struct souk_job *j);

/** Ask the shards which row an item has and which number a type; with more fields where they were
 *  announced. @param fields that follow, beside `items` and `types` */
void souk_job_start_resolve(struct souk_job *j, size_t fields);

/** Read rows and types out of a shard's answer; those of items that it has not stay as they are.
 *  @param row, type [lately.count] @return false: it cannot be used */
bool souk_job_read_resolved(const struct souk_job *j, const struct souk_message *m, int64_t *row,
                            uint8_t *type);

/** Refuse the request for one of its events. @return false */
bool souk_job_refuse_event(struct souk_job *j, const struct souk_lately_event *e,
                           const char *reason);

/** Add them to the model's events of the visitor. Items that the model does not know are left out;
 *  those of a shard that does not answer too, and the answer is degraded; and stored events of a
 *  type that the model does not know, nor any of its class.
 *  @return false: an error reply is there; or the job is stale */
bool souk_job_add_lately(struct souk_job *j);

enum { SOUK_TYPE_UNKNOWN = 255 };

#endif
