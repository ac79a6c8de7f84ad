/** @file
 *  Status codes, and the error that a failing function leaves for its caller.
 *
 *  Every fallible function returns a souk_status (SOUK_OK is 0) and takes a `struct souk_error *`
 *  as its last argument. The message names the thing and the place, lower-case and without a full
 *  stop: `events.csv:1042: timestamp '14x' is not a number`. `err` may be NULL where the caller
 *  needs no text.
 */
#ifndef SOUK_BASE_STATUS_H
#define SOUK_BASE_STATUS_H

#define SOUK_STATUS_LIST(X)                                                                        \
    X(OK, 0, "ok")                                                                                 \
    X(EINVAL, 1, "invalid argument")                                                               \
    X(ENOMEM, 2, "out of memory")                                                                  \
    X(EIO, 3, "input/output error")                                                                \
    X(EFORMAT, 4, "malformed input")                                                               \
    X(EINTEGRITY, 5, "damaged or mismatched file")                                                 \
    X(EVERSION, 6, "unsupported version")                                                          \
    X(ENOTFOUND, 7, "not found")                                                                   \
    X(EEXIST, 8, "already exists")                                                                 \
    X(ELIMIT, 9, "over a limit")                                                                   \
    X(ENUMERIC, 10, "numerical failure")                                                           \
    X(EINTERRUPTED, 11, "interrupted")                                                             \
    X(ETIMEDOUT, 12, "timed out")                                                                  \
    X(EUNAVAILABLE, 13, "peer unavailable")                                                        \
    X(ECOMM, 14, "communication failure")                                                          \
    X(EUSAGE, 15, "usage error")

typedef enum souk_status {
#define X(name, value, text) SOUK_##name = (value),
    SOUK_STATUS_LIST(X)
#undef X
} souk_status;

#define SOUK_MUST_CHECK __attribute__((warn_unused_result))
#define SOUK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

struct souk_error {
    souk_status status;
    char msg[256];
};

/** A short fixed text for a status; "unknown status" for a value outside the list. */
const char *souk_status_text(souk_status status);

/** The exit code that STYLE's table gives: 0 ok, 2 usage, 3 bad input, 4 interrupted, else 1. */
int souk_exit_code(souk_status status);

/** Record a failure and return its status, so that a caller writes `return souk_fail(err, ...)`.
 *  A message longer than the field is cut. @param err may be NULL */
souk_status souk_fail(struct souk_error *err, souk_status status, const char *fmt, ...)
    SOUK_PRINTF(3, 4);

/** As souk_fail() with SOUK_EIO (SOUK_ENOTFOUND for ENOENT) and `: strerror(errno)` appended. */
souk_status souk_fail_errno(struct souk_error *err, const char *fmt, ...) SOUK_PRINTF(2, 3);

/** Put `prefix: ` before the message that is already there, and return `status`, the callee's.
 *  For a caller that knows the place (a file, a part) where its callee knew only the reason. */
souk_status souk_error_prefix(struct souk_error *err, souk_status status, const char *fmt, ...)
    SOUK_PRINTF(3, 4);

#endif
