/** @file
 *  A thread that reads long bodies: some milliseconds of JSON must not hold up the epoll thread,
 * and with it everybody else. Short ones are read where they arrive.
 */
#ifndef SOUK_HTTP_LARGEBODIES_H
#define SOUK_HTTP_LARGEBODIES_H

#include "shared/base/status.h"

#include <pthread.h>
#include <stdbool.h>

enum { SOUK_LARGE_BODY_BYTES = 8 << 10 }; /**< longer ones are large: a tenth of a millisecond */

struct souk_http_call;

/** Read its body and ask for it; called by the thread. */
typedef void (*souk_large_body_reader)(struct souk_http_call *call);

struct souk_large_bodies {
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t thread;
    bool is_started, ends;
    souk_large_body_reader read;
    struct souk_http_call *first, *last; /* by their `next` */
};

/** @param b zeroed @return SOUK_OK, SOUK_EIO */
souk_status souk_large_bodies_start(struct souk_large_bodies *b, souk_large_body_reader read,
                                    struct souk_error *err) SOUK_MUST_CHECK;

/** Thread-safe. The connection is suspended. */
void souk_large_bodies_put(struct souk_large_bodies *b, struct souk_http_call *call);

/** What is there is read first. Harmless where it was not started. */
void souk_large_bodies_stop(struct souk_large_bodies *b);

#endif
