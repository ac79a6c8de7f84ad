/** @file
 *  Connections that were refused or closed, by reason: counted, and logged once a minute.
 *
 *      nng's log (TLS handshakes) --+
 *      doorkeeper (doorkeeper.h) ---+--> counts --> souk_connections_refused_total{reason}
 *                                            \----> a line in the log, once a minute and reason
 *
 *  nng tells of a failed handshake in its log only, not of which socket it was: the counts of TLS
 *  are the process's, and in a proxy hold its own connections to replicas that failed so. nng has
 *  one logger, therefore the counts are one of a process. Everything is thread-safe.
 */
#ifndef SOUK_NET_REFUSALS_H
#define SOUK_NET_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUK_REFUSAL_LIST(X)                                                                       \
    X(NO_CERTIFICATE, "no_certificate") /* the peer has shown none */                              \
    X(CERTIFICATE, "certificate")       /* of another CA, out of date, revoked, of another name */ \
    X(NOT_TLS, "not_tls")               /* plain text on a TLS port */                             \
    X(HANDSHAKE, "handshake")           /* any other failure of TLS, as a version too old */       \
    X(STALLED, "stalled")               /* TLS was not there within 10 s */                        \
    X(PROTOCOL, "protocol")             /* not nng's REQ */                                        \
    X(LIMIT, "limit")                   /* --connections are there already */                      \
    X(IDLE, "idle")                     /* closed: no request for --idle-time */

enum souk_refusal {
#define X(name, text) SOUK_REFUSAL_##name,
    SOUK_REFUSAL_LIST(X)
#undef X
        SOUK_REFUSALS
};

/** The reason as labels and logs have it. */
const char *souk_refusal_name(enum souk_refusal reason);

void souk_refusals_count(enum souk_refusal reason);
uint64_t souk_refusals_counted(enum souk_refusal reason);

/** Whether a line is due: some were counted since the last one, which is a minute ago.
 *  @param since out: how many since the last line */
bool souk_refusals_due(enum souk_refusal reason, int64_t now_us, uint64_t *since);

/** Count failed handshakes from now on. */
void souk_refusals_watch_tls(void);

/** The reason of a failed handshake from what mbed TLS says of it.
 *  @return SOUK_REFUSALS: a handshake that had failed already says so again */
enum souk_refusal souk_refusals_tls_reason(const char *text);

/** What mbed TLS said of the last handshake that failed for a reason, or (SOUK_REFUSALS) for any.
 *  @param text [size]; left as it is where none did */
void souk_refusals_said(enum souk_refusal reason, char *text, size_t size);

#endif
