/** @file
 *  What the operations of libsouk-client share; private to it.
 */
#ifndef SOUK_CLIENT_CLIENTCALL_H
#define SOUK_CLIENT_CLIENTCALL_H

#include "serve/client/souk_client.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <stddef.h>

enum { SOUK_CLIENT_TIMEOUT_MS = 2000 };

static inline int64_t souk_client_timeout(const struct souk_query *q)
{
    return q->timeout_ms > 0 ? q->timeout_ms : SOUK_CLIENT_TIMEOUT_MS;
}

/** When a call ends, and whether it may run twice. */
struct souk_client_terms {
    int64_t deadline_ms; /**< told to the fleet; after a lost connection, what is left of it */
    int64_t timeout_ms;  /**< the caller waits so long */
    bool idempotent;     /**< a request that may have run is repeated elsewhere */
};

static inline struct souk_client_terms souk_client_terms_of(const struct souk_query *q)
{
    return (struct souk_client_terms){.deadline_ms = q->deadline_ms > 0 ? q->deadline_ms
                                                                        : souk_client_timeout(q),
                                      .timeout_ms = souk_client_timeout(q),
                                      .idempotent = true};
}

/** The lane's request, emptied: begin it with a map of one field more than follow, for
 *  souk_client_call() adds the deadline. */
struct souk_writer *souk_client_request(struct souk_client *c, int lane);

/** Write a query as the lane's next request. @param id_key `user` or `item` */
void souk_client_write_query(struct souk_client *c, int lane, const char *operation,
                             const char *id_key, const struct souk_query *q);

/** Send the lane's request, take the reply, which is valid until the next call of the lane. Goes on
 *  to the next proxy where one cannot be reached, drains or, with terms->idempotent, is lost.
 *  @return SOUK_OK (also for a reply with an error status), SOUK_ETIMEDOUT, SOUK_EUNAVAILABLE (no
 *          proxy is connected; or the connection was lost and the request may have run) */
souk_status souk_client_call(struct souk_client *c, int lane, const struct souk_client_terms *terms,
                             const void **bytes, size_t *len,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** A text field, copied to *at with a NUL, *at moved behind it; NULL where there is none. */
const char *souk_client_copy_text(const struct souk_message *m, const char *key, char **at);

/** A reply's status, with its text in err. */
souk_status souk_client_status(int64_t found, const char *error,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
