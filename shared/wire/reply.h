/** @file
 *  What every request and every reply has: version, operation, id, status, model, time.
 */
#ifndef SOUK_WIRE_REPLY_H
#define SOUK_WIRE_REPLY_H

#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <stdint.h>

enum { SOUK_WIRE_ID_MAX = 64, SOUK_WIRE_OPERATION_MAX = 32 };

/** A request that was taken in. Texts point into the request's bytes. */
struct souk_request {
    struct souk_message message;
    const char *id, *operation;
    size_t id_len, operation_len;
    int64_t deadline_ms; /**< left when it arrived; -1: none was given */
    int64_t shard;       /**< that is asked, echoed; -1: none was given */
    int64_t start_us;    /**< when it arrived, monotonic */
};

/** Parse a request and its common fields. On failure an error reply is written.
 *  Empty with souk_request_fini() in both cases.
 *  @return false: the reply is there, all is done */
bool souk_request_parse(struct souk_request *r, const void *bytes, size_t len,
                        struct souk_writer *reply);
void souk_request_fini(struct souk_request *r);

bool souk_request_is(const struct souk_request *r, const char *operation);

/** Begin a good reply: `fields` more follow. @param model its id, or NULL */
void souk_reply_begin(struct souk_writer *reply, const struct souk_request *r, const char *model,
                      size_t fields);

/** Begin an error reply: `fields` more follow. Whatever was written before is discarded. */
void souk_reply_error_begin(struct souk_writer *reply, const struct souk_request *r,
                            enum souk_wire_status status, size_t fields, const char *error);

/** A whole error reply. Whatever was written before is discarded. */
void souk_reply_error(struct souk_writer *reply, const struct souk_request *r,
                      enum souk_wire_status status, const char *fmt, ...) SOUK_PRINTF(4, 5);

#endif
