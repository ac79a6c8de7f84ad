/** @file
 *  The operations that HTTP offers, and the message that each becomes (docs/wire-format.md).
 */
#ifndef SOUK_HTTP_OPERATIONS_H
#define SOUK_HTTP_OPERATIONS_H

#include "serve/http/eventfaults.h"
#include "serve/http/requestfields.h"

enum souk_http_op {
    SOUK_HTTP_RECOMMEND,     /**< by a body */
    SOUK_HTTP_RECOMMEND_URL, /**< by a URL */
    SOUK_HTTP_SIMILAR,
    SOUK_HTTP_EXPLAIN,
    SOUK_HTTP_EVENTS,
    SOUK_HTTP_USER_STATS,
    SOUK_HTTP_HEALTH,
    SOUK_HTTP_OPERATIONS,
};

struct souk_http_operation {
    const char *wire; /**< `op` of the message */
    const struct souk_field *fields;
    bool is_events; /**< one event, or several: each is judged for itself */
};

extern const struct souk_http_operation souk_http_operations[SOUK_HTTP_OPERATIONS];

/** What comes with every message. Borrowed. */
struct souk_http_sender {
    const char *id;    /**< of the request */
    const char *token; /**< [token_len]; NULL: none was sent */
    size_t token_len;
};

/** Write the message of a request.
 *  @param body   as it came; parameters of the URL are fields of it. Not changed
 *  @param faults of events, each of which is then an empty map in the message, so that the reply
 *                has as many results as there are events; NULL where it is not `events`
 *  @return false: *fault says why */
bool souk_http_operation_write(const struct souk_http_operation *o,
                               const struct souk_http_sender *sender, json_t *body,
                               struct souk_writer *w, struct souk_event_faults *faults,
                               struct souk_field_fault *fault);

#endif
