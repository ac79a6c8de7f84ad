/** @file
 *  The status numbers of replies, pinned: docs/wire-format.md lists them.
 */
#ifndef SOUK_WIRE_WIRESTATUS_H
#define SOUK_WIRE_WIRESTATUS_H

#define SOUK_WIRE_STATUS_LIST(X)                                                                   \
    X(OK, 0, "ok")                                                                                 \
    X(MALFORMED, 1, "malformed")                                                                   \
    X(TOO_LARGE, 2, "too_large")                                                                   \
    X(UNKNOWN_VERSION, 3, "unknown_version")                                                       \
    X(UNKNOWN_OPERATION, 4, "unknown_operation")                                                   \
    X(BAD_FIELD, 5, "bad_field")                                                                   \
    X(NOT_FOUND, 6, "not_found")                                                                   \
    X(NO_SUCH_MODEL, 7, "no_such_model")                                                           \
    X(UNAVAILABLE, 8, "unavailable")                                                               \
    X(TOPOLOGY, 9, "topology")                                                                     \
    X(DEADLINE, 10, "deadline")                                                                    \
    X(OVERLOADED, 11, "overloaded")                                                                \
    X(DRAINING, 12, "draining")                                                                    \
    X(INTERNAL, 13, "internal")                                                                    \
    X(REFUSED, 14, "refused")                                                                      \
    X(UNAUTHORIZED, 15, "unauthorized")                                                            \
    X(FORBIDDEN, 16, "forbidden")                                                                  \
    X(RATE_LIMITED, 17, "rate_limited")

enum souk_wire_status {
#define X(name, value, text) SOUK_WIRE_##name = (value),
    SOUK_WIRE_STATUS_LIST(X)
#undef X
};

/** "not_found"; "unknown" for a number outside the list. */
const char *souk_wire_status_name(int status);

#endif
