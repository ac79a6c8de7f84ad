/** @file
 *  Errors as problem details (RFC 9457), and which of them a reply's status is.
 *
 *      {"type": "urn:souk:problem:invalid-field", "title": "A field is not valid", "status": 400,
 *       "detail": "'n_items' must be a whole number from 1 to 1000", "field": "n_items",
 *       "request_id": "..."}
 */
#ifndef SOUK_HTTP_PROBLEM_H
#define SOUK_HTTP_PROBLEM_H

#include "serve/http/jsontext.h"

#define SOUK_PROBLEM_CONTENT_TYPE "application/problem+json"

/* name, code, the end of its type, title */
#define SOUK_PROBLEM_LIST(X)                                                                       \
    X(MALFORMED, 400, "malformed-request", "The request is malformed")                             \
    X(INVALID_FIELD, 400, "invalid-field", "A field is not valid")                                 \
    X(UNAUTHORIZED, 401, "unauthorized", "A valid token is needed")                                \
    X(FORBIDDEN, 403, "forbidden", "The token does not allow this")                                \
    X(NOT_FOUND, 404, "not-found", "Nobody knows the user or the item")                            \
    X(NO_SUCH_PATH, 404, "no-such-path", "There is nothing here")                                  \
    X(METHOD_NOT_ALLOWED, 405, "method-not-allowed", "The method is not allowed here")             \
    X(LENGTH_REQUIRED, 411, "length-required", "The length of the body is missing")                \
    X(TOO_LARGE, 413, "too-large", "The body is too large")                                        \
    X(MEDIA_TYPE, 415, "unsupported-media-type", "The body must be JSON, not compressed")          \
    X(UNSERVABLE, 422, "unservable", "The request cannot be served")                               \
    X(RATE_LIMITED, 429, "rate-limited", "Too many requests")                                      \
    X(INTERNAL, 500, "internal", "Something went wrong in the service")                            \
    X(NOT_IMPLEMENTED, 501, "not-implemented", "This service does not offer that")                 \
    X(UNAVAILABLE, 503, "unavailable", "The service cannot answer at the moment")                  \
    X(OVERLOADED, 503, "overloaded", "The service has too much to do")                             \
    X(DEADLINE, 504, "deadline", "The answer would come too late")

enum souk_problem {
#define X(name, code, type, title) SOUK_PROBLEM_##name,
    SOUK_PROBLEM_LIST(X)
#undef X
        SOUK_PROBLEMS,
};

unsigned souk_problem_code(enum souk_problem p);

/** Whether the client is told when to come again. */
bool souk_problem_may_pass(enum souk_problem p);

/** @param status of a reply (wirestatus.h), not ok */
enum souk_problem souk_problem_of_status(int status);

/** Seconds for Retry-After: rounded up, at least 1. @param retry_after_ms < 0: not known */
int64_t souk_problem_retry_after_s(int64_t retry_after_ms);

/** Write the whole document. @param field "" : none @param request_id "" : none */
void souk_problem_write(enum souk_problem p, const char *field, const char *detail,
                        const char *request_id, struct souk_json_text *t);

#endif
