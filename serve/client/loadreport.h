/** @file
 *  What a run of load came to: counts, latencies, and whether it kept what was asked of it.
 */
#ifndef SOUK_CLIENT_LOADREPORT_H
#define SOUK_CLIENT_LOADREPORT_H

#include "shared/base/status.h"
#include "shared/wire/wirestatus.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SOUK_LOAD_STATUSES = SOUK_WIRE_INTERNAL + 1,
    SOUK_LOAD_LATE_US = 5000,       /**< behind the deadline: late */
    SOUK_LOAD_VERY_LATE_US = 50000, /**< behind the deadline: never */
    SOUK_LOAD_BEHIND_US = 5000,     /**< sent so long after it was due: the load's own fault */
};

struct souk_samples {
    int64_t *us; /**< [count] */
    size_t count, room;
};

/** Of one lane, or of all. */
struct souk_load_counts {
    int64_t sent;
    int64_t
        by_status[SOUK_LOAD_STATUSES]; /**< replies, 0: answers; the last for unknown ones too */
    int64_t no_reply;                  /**< until the timeout */
    int64_t no_connection;
    int64_t unreadable;               /**< replies that are none */
    int64_t partial, degraded, whole; /**< of the answers; whole: neither */
    int64_t checked;                  /**< answers compared with a reference */
    int64_t wrong, mixed, unknown_version;
    int64_t late, very_late; /**< any end later than the deadline; very_late are late, too */
    int64_t behind;
    struct souk_samples answered, refused; /**< from when it was due to the answer, to an error */
    struct souk_samples server;            /**< that the proxy says an answer took */
    char first_error[256];                 /**< of the first that had no answer */
    char first_wrong[160];                 /**< user and version of the first wrong answer */
};

/** What a run must keep; souk_load_judge(). Wrong answers, mixed versions and versions without a
 *  reference always fail it. */
struct souk_load_limits {
    double min_whole; /**< share of all requests answered, whole and right */
    double max_late;  /**< share of all requests that end later than deadline + 5 ms; below 1, none
                           may end later than + 50 ms */
};

struct souk_load_report {
    struct souk_load_counts counts;
    int64_t longest_gap_ms; /**< longest time without an answer */
    double seconds;
};

/** @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_samples_add(struct souk_samples *s, int64_t us) SOUK_MUST_CHECK;

/** The value that a share q of the samples does not exceed (nearest rank); 0 without samples.
 *  @param s sorted */
int64_t souk_samples_quantile(const struct souk_samples *s, double q);

/** Add one lane's. @return SOUK_OK, SOUK_ENOMEM, SOUK_ELIMIT */
souk_status souk_load_counts_add(struct souk_load_counts *to,
                                 const struct souk_load_counts *from) SOUK_MUST_CHECK;
void souk_load_counts_sort(struct souk_load_counts *c);
void souk_load_counts_fini(struct souk_load_counts *c);

/** On stdout. @param json one line of JSON, else a table */
void souk_load_print(const struct souk_load_report *r, bool json);

/** @return SOUK_OK; SOUK_ELIMIT with the first promise that was broken */
souk_status souk_load_judge(const struct souk_load_report *r, const struct souk_load_limits *limits,
                            struct souk_error *err) SOUK_MUST_CHECK;

#endif
