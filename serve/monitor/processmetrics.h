/** @file
 *  What every process says of itself, under the names that Prometheus' own libraries use: processor
 *  time, memory, file descriptors, start; and the build.
 */
#ifndef SOUK_MONITOR_PROCESSMETRICS_H
#define SOUK_MONITOR_PROCESSMETRICS_H

#include "serve/monitor/metric.h"

struct souk_process_metrics {
    const char *program;
    double start_s; /**< since 1970 */
};

/** Add them. @param p outlives the metrics @param program "souk-replica": a literal */
void souk_process_metrics_init(struct souk_process_metrics *p, struct souk_metrics *m,
                               const char *program);

#endif
