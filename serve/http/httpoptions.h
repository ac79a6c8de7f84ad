/** @file
 *  Options of the HTTP listener: rows of a table of options (shared/base/options.h).
 */
#ifndef SOUK_HTTP_HTTPOPTIONS_H
#define SOUK_HTTP_HTTPOPTIONS_H

#include "serve/net/netoptions.h"

#include <stdint.h>

/** What one client may cost. */
struct souk_http_limits {
    int64_t connections;  /**< that may be open; who comes then waits */
    int64_t of_address;   /**< from one address; 0: any number */
    int64_t header_bytes; /**< of a request's head: 431 beyond */
    int64_t body_bytes;   /**< 413 beyond */
    int64_t idle_ms;      /**< between requests, and to take an answer */
    int64_t arrival_ms;   /**< for a head, and for a body, to be there whole */
};

struct souk_http_options {
    const char *listen;     /**< HOST:PORT; NULL: no HTTP */
    const char *cert, *key; /**< of TLS; both or none */
    const char *cors;       /**< origins whose pages may call, by comma; NULL: none */
    const char *access_log; /**< FILE, or - for standard output; NULL: none */
    struct souk_http_limits limits;
};

/** @param h struct souk_http_options */
#define SOUK_HTTP_ROWS(h)                                                                          \
    SOUK_NET_TEXT_ROW("http", (h).listen, "HOST:PORT",                                             \
                      "also answer over HTTP here (port 0: any); none by default"),                \
        SOUK_NET_TEXT_ROW("http-tls-cert", (h).cert, "FILE",                                       \
                          "certificate for HTTPS (PEM, then intermediate ones)"),                  \
        SOUK_NET_TEXT_ROW("http-tls-key", (h).key, "FILE",                                         \
                          "its private key (PEM, no pass phrase)"),                                \
        SOUK_NET_ROW("http-connections", SOUK_OPTION_INT, (h).limits.connections, "16384", 1, 1e6, \
                     "N", "HTTP connections that may be there; who comes then waits"),             \
        SOUK_NET_ROW("http-connections-each", SOUK_OPTION_INT, (h).limits.of_address, "0", 0, 1e6, \
                     "N", "of them from one address; 0: any number"),                              \
        SOUK_NET_ROW("http-header", SOUK_OPTION_BYTES, (h).limits.header_bytes, "16K", 2048,       \
                     1048576, "BYTES", "longest head of a request"),                               \
        SOUK_NET_ROW("http-body", SOUK_OPTION_BYTES, (h).limits.body_bytes, "1M", 1024, 4194304,   \
                     "BYTES", "longest body of a request"),                                        \
        SOUK_NET_ROW(                                                                              \
            "http-idle-time", SOUK_OPTION_DURATION, (h).limits.idle_ms, "60s", 1000, 1e9,          \
            "DURATION",                                                                            \
            "close a connection that brings no request, or takes no answer, for so long"),         \
        SOUK_NET_ROW("http-header-time", SOUK_OPTION_DURATION, (h).limits.arrival_ms, "10s", 100,  \
                     1e9, "DURATION",                                                              \
                     "close a connection whose request takes longer to arrive: its head, its "     \
                     "body"),                                                                      \
        SOUK_NET_TEXT_ROW("cors", (h).cors, "ORIGIN[,ORIGIN]",                                     \
                          "let pages of these origins call over HTTP; * for all"),                 \
        SOUK_NET_TEXT_ROW("access-log", (h).access_log, "FILE|-",                                  \
                          "a line for each HTTP request; - is standard output")

#endif
