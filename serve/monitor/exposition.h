/** @file
 *  Prometheus' text format (version 0.0.4): families of samples into one growing text.
 *
 *      # HELP souk_requests_total Requests answered.            souk_exposition_family()
 *      # TYPE souk_requests_total counter
 *      souk_requests_total{op="recommend",status="ok"} 17       souk_exposition_integer()
 *
 *  Names are ours and must be as the format takes them. Values of labels are anybody's: they are
 *  escaped, and what is neither ASCII nor printable becomes `?`.
 */
#ifndef SOUK_MONITOR_EXPOSITION_H
#define SOUK_MONITOR_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUK_EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum { SOUK_EXPOSITION_BYTES_MAX = 16 << 20 };

enum souk_metric_type { SOUK_METRIC_COUNTER, SOUK_METRIC_GAUGE, SOUK_METRIC_HISTOGRAM };

/** A list of them ends with a name that is NULL; no list is no label. */
struct souk_label {
    const char *name, *value;
};

/** Zeroed to begin with. */
struct souk_exposition {
    char *text; /**< [length], not ended by NUL */
    size_t length, room;
    bool failed;        /**< memory, or SOUK_EXPOSITION_BYTES_MAX, ran out: the text is not whole */
    const char *family; /**< begun last; borrowed */
};

void souk_exposition_fini(struct souk_exposition *e);

/** Begin a family: its samples follow, then the next one. @param name outlives them */
void souk_exposition_family(struct souk_exposition *e, const char *name, enum souk_metric_type type,
                            const char *help);

/** A sample of the family. @param suffix of its name: "", "_bucket" ..
 *  @param decimals the value is value / 10^decimals, and is written exactly; 0 to 9 */
void souk_exposition_integer(struct souk_exposition *e, const char *suffix,
                             const struct souk_label *labels, int64_t value, int decimals);

/** The same with a value that reads back as the same double. */
void souk_exposition_real(struct souk_exposition *e, const char *suffix,
                          const struct souk_label *labels, double value);

/** What souk_exposition_integer() writes for the value. @param text [SOUK_DECIMAL_BYTES] */
enum { SOUK_DECIMAL_BYTES = 48 };
void souk_exposition_decimal(int64_t value, int decimals, char *text);

#endif
