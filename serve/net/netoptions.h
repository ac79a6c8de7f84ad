/** @file
 *  Options of who listens and who dials: rows of a table of options (shared/base/options.h).
 */
#ifndef SOUK_NET_NETOPTIONS_H
#define SOUK_NET_NETOPTIONS_H

#include "serve/net/doorkeeper.h"
#include "serve/net/tlsconfig.h"
#include "shared/base/options.h"

#define SOUK_NET_ROW(name, type, target, fallback, least, most, unit, help)                        \
    {                                                                                              \
        name, 0, type, &(target), fallback, least, most, NULL, unit, help, false                   \
    }
#define SOUK_NET_TEXT_ROW(name, target, unit, help)                                                \
    SOUK_NET_ROW(name, SOUK_OPTION_TEXT, target, NULL, 0, 0, unit, help)

/** @param t struct souk_tls_files, or a client's struct souk_client_tls */
#define SOUK_TLS_ROWS(t)                                                                           \
    SOUK_NET_TEXT_ROW("tls-cert", (t).cert, "FILE",                                                \
                      "certificate of this process for tls+tcp:// (PEM, then intermediate ones)"), \
        SOUK_NET_TEXT_ROW("tls-key", (t).key, "FILE", "its private key (PEM, no pass phrase)"),    \
        SOUK_NET_TEXT_ROW("tls-ca", (t).ca, "FILE",                                                \
                          "CAs whose certificates are believed, and their CRLs (PEM)"),            \
        SOUK_NET_TEXT_ROW("tls-name", (t).name, "NAME",                                            \
                          "name that certificates of listeners must be for; default: the host of " \
                          "the URL")

/** Who may come in, and how. */
struct souk_listen_options {
    struct souk_tls_files tls;
    struct souk_door_limits limits;
    bool insecure;
};

/** @param l struct souk_listen_options */
#define SOUK_LISTEN_ROWS(l)                                                                        \
    SOUK_TLS_ROWS((l).tls),                                                                        \
        SOUK_NET_ROW("insecure", SOUK_OPTION_FLAG, (l).insecure, NULL, 0, 0, NULL,                 \
                     "listen without TLS where a network can reach it"),                           \
        SOUK_NET_ROW("connections", SOUK_OPTION_INT, (l).limits.connections, "16384", 1, 1e6, "N", \
                     "connections that may be there; what comes then is closed"),                  \
        SOUK_NET_ROW("idle-time", SOUK_OPTION_DURATION, (l).limits.idle_ms, "5m", 0, 1e9,          \
                     "DURATION",                                                                   \
                     "close a connection that brings no whole request for so long; 0: never")

/** Before anything is loaded: whether the URL may be listened on, the files of TLS, and as many
 *  file descriptors as there may be.
 *  @param o its limits.connections become fewer where the descriptors do not suffice, and
 *           `connections_set` is false
 *  @param tls free with souk_tls_free(); NULL: none, and on failure
 *  @return those of souk_listen_address_check(), souk_descriptors_raise() and souk_tls_load() */
souk_status souk_listen_prepare(struct souk_listen_options *o, const char *url,
                                bool connections_set, struct souk_tls **tls,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
