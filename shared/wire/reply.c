#include "shared/wire/reply.h"

#include "shared/base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEADLINE_MAX_MS = 60000 };

bool souk_request_parse(struct souk_request *r, const void *bytes, size_t len,
                        struct souk_writer *reply)
{
    char reason[128];
    int64_t version = -1;
    enum souk_wire_status status;

    *r = (struct souk_request){
        .id = "", .operation = "", .deadline_ms = -1, .shard = -1, .start_us = souk_monotonic_us()};
    status = souk_message_parse(&r->message, bytes, len, reason, sizeof reason);
    if (status != SOUK_WIRE_OK) {
        souk_reply_error(reply, r, status, "%s", reason);
        return false;
    }
    if (!souk_message_text(&r->message, "id", SOUK_WIRE_ID_MAX, &r->id, &r->id_len)) {
        souk_reply_error(reply, r, SOUK_WIRE_BAD_FIELD, "'id' is not a text of up to %d bytes",
                         SOUK_WIRE_ID_MAX);
        return false;
    }
    if (!souk_message_int(&r->message, "v", 0, INT32_MAX, &version) ||
        version != SOUK_WIRE_VERSION) {
        souk_reply_error(reply, r, SOUK_WIRE_UNKNOWN_VERSION, "'v' must be %d", SOUK_WIRE_VERSION);
        return false;
    }
    if (!souk_message_text(&r->message, "op", SOUK_WIRE_OPERATION_MAX, &r->operation,
                           &r->operation_len) ||
        !souk_message_int(&r->message, "deadline_ms", 0, DEADLINE_MAX_MS, &r->deadline_ms) ||
        !souk_message_int(&r->message, "shard", 0, INT32_MAX, &r->shard)) {
        souk_reply_error(
            reply, r, SOUK_WIRE_BAD_FIELD,
            "'op' must be a text, 'deadline_ms' a number from 0 to %d, 'shard' a number",
            DEADLINE_MAX_MS);
        return false;
    }
    return true;
}

void souk_request_fini(struct souk_request *r)
{
    souk_message_fini(&r->message);
}

bool souk_request_is(const struct souk_request *r, const char *operation)
{
    return strlen(operation) == r->operation_len &&
           memcmp(operation, r->operation, r->operation_len) == 0;
}

static void put_shard(struct souk_writer *reply, const struct souk_request *r)
{
    if (r->shard >= 0)
        souk_writer_put_int(reply, "shard", r->shard);
}

void souk_reply_begin(struct souk_writer *reply, const struct souk_request *r, const char *model,
                      size_t fields)
{
    souk_writer_clear(reply);
    souk_writer_map(reply, 4 + (r->shard >= 0) + (model != NULL) + fields);
    souk_writer_put_int(reply, "v", SOUK_WIRE_VERSION);
    souk_writer_put_text(reply, "id", r->id, r->id_len);
    souk_writer_put_int(reply, "status", SOUK_WIRE_OK);
    souk_writer_put_int(reply, "took_us", souk_monotonic_us() - r->start_us);
    put_shard(reply, r);
    if (model)
        souk_writer_put_string(reply, "model", model);
}

void souk_reply_error_begin(struct souk_writer *reply, const struct souk_request *r,
                            enum souk_wire_status status, size_t fields, const char *error)
{
    souk_writer_clear(reply);
    reply->status = status;
    souk_writer_map(reply, 5 + (r->shard >= 0) + fields);
    souk_writer_put_int(reply, "v", SOUK_WIRE_VERSION);
    souk_writer_put_text(reply, "id", r->id, r->id_len);
    souk_writer_put_int(reply, "status", status);
    souk_writer_put_int(reply, "took_us", souk_monotonic_us() - r->start_us);
    put_shard(reply, r);
    souk_writer_put_string(reply, "error", error);
}

void souk_reply_error(struct souk_writer *reply, const struct souk_request *r,
                      enum souk_wire_status status, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    souk_reply_error_begin(reply, r, status, 0, text);
}
