/** @file
 *  Replies as JSON: the message's fields under the names that HTTP has for them.
 *
 *  What is nil is absent, as is what is of the protocol only (`v`, `id`, `status`). Floats stay the
 *  same numbers (jsontext.h).
 */
#ifndef SOUK_HTTP_REPLYJSON_H
#define SOUK_HTTP_REPLYJSON_H

#include "serve/http/eventfaults.h"
#include "serve/http/operations.h"
#include "serve/http/problem.h"
#include "shared/wire/message.h"

/** What became of a request. */
struct souk_http_outcome {
    bool is_problem;
    enum souk_problem problem; /**< where it is one; the text is not written then */
    char field[96], detail[256];
    int64_t retry_after_ms; /**< -1: not said */
};

/** Write a reply.
 *  @param faults of events that could not be read (operations.h); else NULL
 *  @param version of the program, in `health` */
void souk_reply_json_write(enum souk_http_op op, const void *reply, size_t len,
                           const struct souk_event_faults *faults, const char *version,
                           struct souk_json_text *t, struct souk_http_outcome *out);

#endif
