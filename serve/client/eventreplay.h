/** @file
 *  Many events to a fleet, many at once: each is sent again until it is acknowledged.
 */
#ifndef SOUK_CLIENT_EVENTREPLAY_H
#define SOUK_CLIENT_EVENTREPLAY_H

#include "serve/client/souk_client.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_event_replay {
    const struct souk_visitor_event *events; /**< [count], with ids */
    int64_t count;
    int in_flight;       /**< requests at most, as many as the client has lanes */
    int batch;           /**< events in a request, 1 to 1000 */
    int64_t timeout_ms;  /**< of one try */
    int64_t patience_ms; /**< give up when nothing was acknowledged for so long */
    bool quiet;
};

struct souk_event_replayed {
    int64_t fates[SOUK_SENT_FATES]; /**< events by fate */
    int64_t retries;                /**< requests that were sent again */
    double seconds;
};

/** @return SOUK_OK: all are acknowledged, invalid ones too; SOUK_EUNAVAILABLE (patience is over),
 *          SOUK_EINVAL (refused for good), SOUK_EINTERRUPTED, SOUK_ENOMEM */
souk_status souk_event_replay_run(struct souk_client *client, const struct souk_event_replay *plan,
                                  struct souk_event_replayed *out,
                                  struct souk_error *err) SOUK_MUST_CHECK;

#endif
