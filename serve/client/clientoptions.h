/** @file
 *  Options that several commands of souk share.
 */
#ifndef SOUK_CLIENT_CLIENTOPTIONS_H
#define SOUK_CLIENT_CLIENTOPTIONS_H

#include "serve/client/souk_client.h"
#include "serve/net/netoptions.h"
#include "shared/base/options.h"

#include <stdint.h>

/** Rows of a table of options; `o` has the members of the same names. */
#define SOUK_PROXY_ROW(o)                                                                          \
    {                                                                                              \
        "proxy", 'p', SOUK_OPTION_TEXT, &(o).proxy, "tcp://127.0.0.1:7100", 0, 0, NULL, "URL,...", \
            "addresses of proxies", false                                                          \
    }
#define SOUK_TOKEN_FILE_ROW(o)                                                                     \
    {                                                                                              \
        "token-file", 0, SOUK_OPTION_TEXT, &(o).token_file, NULL, 0, 0, NULL, "FILE",              \
            "token to show to proxies that want one; default: the variable SOUK_TOKEN", false      \
    }
#define SOUK_TIMEOUT_ROW(o)                                                                        \
    {                                                                                              \
        "timeout", 't', SOUK_OPTION_DURATION, &(o).timeout_ms, "2s", 1, 60000, NULL, "DURATION",   \
            "give up after this", false                                                            \
    }
#define SOUK_MOMENT_ROW(o)                                                                         \
    {                                                                                              \
        "moment", 0, SOUK_OPTION_TEXT, &(o).moment, NULL, 0, 0, NULL, "TIME",                      \
            "when the visitor asks (2011-11-09T08:26, or milliseconds since 1970): now", false     \
    }
#define SOUK_EVENTS_ROW(o)                                                                         \
    {                                                                                              \
        "events", 'e', SOUK_OPTION_TEXT, &(o).events, NULL, 0, 0, NULL, "ITEM=TYPE[@TIME],...",    \
            "what the visitor has done lately: now, or at the time", false                         \
    }
#define SOUK_END_ROW                                                                               \
    {                                                                                              \
        NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false                       \
    }

/** @param text as --moment takes it; NULL: *ms is 0
 *  @return SOUK_OK, SOUK_EUSAGE */
souk_status souk_moment_parse(const char *text, int64_t *ms,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Events that a text lists. */
struct souk_event_list {
    struct souk_context_event *events; /**< [count] */
    int count;
    char *text; /**< that they point into */
};

/** @param text as --events takes it; NULL: none
 *  @param out  free with souk_event_list_fini(), also after a failure
 *  @return SOUK_OK, SOUK_EUSAGE (an entry that is not ITEM=TYPE[@TIME]), SOUK_ENOMEM */
souk_status souk_event_list_parse(const char *text, struct souk_event_list *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;
void souk_event_list_fini(struct souk_event_list *list);

#endif
