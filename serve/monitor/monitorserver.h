/** @file
 *  The monitoring port of a process: plain HTTP, without secrets and without changes.
 *
 *      GET /metrics    200, Prometheus' text format
 *      GET /livez      200 while the process can answer at all: restart it where this fails
 *      GET /readyz     200 where it takes requests, else 503 with the reason: send it none
 *
 *  One thread answers. Bounded: SOUK_MONITOR_CONNECTIONS_MAX connections, of which each has
 *  SOUK_MONITOR_HEADER_BYTES for its request (431 beyond) and is closed after SOUK_MONITOR_IDLE_S
 *  without a byte; bodies are not read. Whoever would be one too many waits in the backlog.
 */
#ifndef SOUK_MONITOR_MONITORSERVER_H
#define SOUK_MONITOR_MONITORSERVER_H

#include "serve/monitor/metric.h"
#include "shared/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SOUK_MONITOR_CONNECTIONS_MAX = 32,
    SOUK_MONITOR_HEADER_BYTES = 8192,
    SOUK_MONITOR_IDLE_S = 5,
};

/** Whether the process takes requests. Called by the monitor's thread.
 *  @param reason [size] where it does not: one line */
typedef bool (*souk_monitor_ready)(void *context, char *reason, size_t size);

struct souk_monitor;

/** Listen and answer.
 *  @param address "HOST:PORT", "[::1]:PORT"; port 0: any free one; "none": no monitor, *out is NULL
 *  @param metrics outlives the monitor, as does what its collectors use
 *  @return SOUK_OK, SOUK_EUSAGE (not an address), SOUK_EEXIST (in use), SOUK_EIO, SOUK_ENOMEM */
souk_status souk_monitor_start(const char *address, struct souk_metrics *metrics,
                               souk_monitor_ready ready, void *context, struct souk_monitor **out,
                               struct souk_error *err) SOUK_MUST_CHECK;

/** Where it listens, with the port that was found: "127.0.0.1:9101"; "none" for NULL. */
const char *souk_monitor_address(const struct souk_monitor *m);

/** NULL is fine. */
void souk_monitor_stop(struct souk_monitor *m);

#endif
