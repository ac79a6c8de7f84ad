/** @file
 *  Options that narrow a list, and say what a visitor without a history prefers.
 */
#ifndef SOUK_CLIENT_NARROWOPTIONS_H
#define SOUK_CLIENT_NARROWOPTIONS_H

#include "serve/client/souk_client.h"
#include "shared/base/options.h"

/** Targets of the rows below; plain data, all 0 at first. */
struct souk_narrow_options {
    const char *categories, *exclude, *preferred; /**< ids, separated by comma */
    const char *price_min, *price_max;            /**< numbers */
    bool available, metadata;
};

/** Rows of a table of options. @param o a struct souk_narrow_options lvalue */
#define SOUK_NARROW_ROWS(o)                                                                        \
    {"filter-category",                                                                            \
     0,                                                                                            \
     SOUK_OPTION_TEXT,                                                                             \
     &(o).categories,                                                                              \
     NULL,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "ID,...",                                                                                     \
     "only items of one of these categories and below",                                            \
     false},                                                                                       \
        {"price-min",                                                                              \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).price_min,                                                                           \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "PRICE",                                                                                  \
         "only items that cost so much at least",                                                  \
         false},                                                                                   \
        {"price-max",                                                                              \
         0,                                                                                        \
         SOUK_OPTION_TEXT,                                                                         \
         &(o).price_max,                                                                           \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         "PRICE",                                                                                  \
         "only items that cost so much at most",                                                   \
         false},                                                                                   \
        {"available",                                                                              \
         0,                                                                                        \
         SOUK_OPTION_FLAG,                                                                         \
         &(o).available,                                                                           \
         NULL,                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "only items that are not known to be unavailable",                                        \
         false},                                                                                   \
        {"exclude", 0,    SOUK_OPTION_TEXT, &(o).exclude,          NULL, 0,                        \
         0,         NULL, "ID,...",         "none of these items", false},                         \
    {                                                                                              \
        "metadata", 0, SOUK_OPTION_FLAG, &(o).metadata, NULL, 0, 0, NULL, NULL,                    \
            "with what is known of the items", false                                               \
    }
#define SOUK_PREFER_ROW(o)                                                                         \
    {                                                                                              \
        "prefer-category", 0, SOUK_OPTION_TEXT, &(o).preferred, NULL, 0, 0, NULL, "ID,...",        \
            "categories that a visitor without a history prefers", false                           \
    }

/** What the options ask for, with the lists cut into ids. */
struct souk_narrowed {
    struct souk_narrow filters, preferences;
    char *text[3];
    const char **ids[3];
};

/** Put it into a query, which it must outlive.
 *  @param n free with souk_narrowed_fini(), also after a failure
 *  @return SOUK_OK, SOUK_EUSAGE (a price that is no number), SOUK_ENOMEM */
souk_status souk_narrow_query(const struct souk_narrow_options *o, struct souk_narrowed *n,
                              struct souk_query *query, struct souk_error *err) SOUK_MUST_CHECK;
void souk_narrowed_fini(struct souk_narrowed *n);

#endif
