/** @file
 *  One frame of `souk-proxyctl top` as text. Pure: what is seen comes as parameters.
 *
 *      souk-proxyctl top  1 proxy, every 1 s  2026-11-26T08:00:00Z
 *
 *      proxy                      req/s   err/s     p50     p99 hedge/s retry/s  part/s
 *      ipc:///run/souk/p0        1234.5     0.0   1.2ms   9.9ms    12.0     0.0     0.0
 *        ready, model 0123456789abcdef; 12 busy, 3 waiting, 40 connections
 *
 *      replicas as ipc:///run/souk/p0 sees them
 *      shard replica              state     open  latency  back in models
 *          0 tcp://10.0.0.1:7101  ready        3    1.2ms        - 01234567
 */
#ifndef SOUK_PROXYCTL_TOPFRAME_H
#define SOUK_PROXYCTL_TOPFRAME_H

#include "serve/proxyctl/fleetstatus.h"

#include <stddef.h>

enum { SOUK_FRAME_WIDTH_MIN = 80, SOUK_FRAME_WIDTH_MAX = 250 };

/** A proxy at two moments. */
struct souk_watched_proxy {
    const char *url;
    struct souk_fleet_status before, now; /**< without figures: it has not answered */
    char error[256];                      /**< why it has not; empty: it has */
};

/** Lines that end in LF, none longer than the width, no more of them than the height.
 *  @param title  the first line
 *  @param width  columns; below SOUK_FRAME_WIDTH_MIN lines are cut
 *  @param height lines; what does not fit is counted in the last one; 0: all
 *  @return free with free(); NULL: no memory */
char *souk_top_frame(const struct souk_watched_proxy *proxies, int count, const char *title,
                     int width, int height) SOUK_MUST_CHECK;

/** A duration in at most 7 characters: 950us, 1.2ms, 34ms, 5.0s, >10s, -. @param text [16] */
void souk_top_duration(int64_t us, char text[16]);

#endif
