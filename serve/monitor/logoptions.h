/** @file
 *  Options of what a serving process logs: rows for its table.
 */
#ifndef SOUK_MONITOR_LOGOPTIONS_H
#define SOUK_MONITOR_LOGOPTIONS_H

#include "shared/base/log.h"
#include "shared/base/options.h"

#include <stdint.h>

struct souk_log_options {
    int64_t slow_ms;
    int level; /**< enum souk_log_level */
};

/** @param o a struct souk_log_options */
#define SOUK_LOG_ROWS(o)                                                                           \
    {"slow",                                                                                       \
     0,                                                                                            \
     SOUK_OPTION_DURATION,                                                                         \
     &(o).slow_ms,                                                                                 \
     "100ms",                                                                                      \
     0,                                                                                            \
     1e9,                                                                                          \
     NULL,                                                                                         \
     "DURATION",                                                                                   \
     "log what takes so long or longer, ten lines a second at most; 0: nothing",                   \
     false},                                                                                       \
    {                                                                                              \
        "log-level", 0, SOUK_OPTION_CHOICE, &(o).level, "info", 0, 0, "debug|info|warn|error",     \
            NULL, "lowest level that is logged; debug: every request and question", false          \
    }

#endif
