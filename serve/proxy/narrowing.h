/** @file
 *  What narrows a list, and what a visitor without a history prefers: `category`, `filters`,
 *  `preferences`, taken in and handed to the shards as they came.
 */
#ifndef SOUK_PROXY_NARROWING_H
#define SOUK_PROXY_NARROWING_H

#include "serve/proxy/job.h"

/** Take the fields in, and refuse filters by what the model in view does not know.
 *  @param preferred whether the operation takes `preferences` @return false: an error reply is
 *         there */
bool souk_job_take_narrowing(struct souk_job *j, bool preferred);

/** Fields that souk_job_put_narrowing() writes. @param preferred of a question that may be answered
 *         by what is popular */
size_t souk_job_narrowing_fields(const struct souk_job *j, bool preferred);
void souk_job_put_narrowing(struct souk_job *j, bool preferred);

/** `filters` and `preferences` as bytes, for a key.
 *  @param bytes [size] @return their number, -1: they are more */
int64_t souk_job_narrowing_bytes(const struct souk_job *j, unsigned char *bytes, size_t size);

#endif
