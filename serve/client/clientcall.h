/** @file
 *  What the operations of libsouk-client share; private to it.
 */
#ifndef SOUK_CLIENT_CLIENTCALL_H
#define SOUK_CLIENT_CLIENTCALL_H

#include "serve/client/souk_client.h"
#include "shared/wire/message.h"

#include <stddef.h>

enum { SOUK_CLIENT_TIMEOUT_MS = 2000 };

static inline int64_t souk_client_timeout(const struct souk_query *q)
{
    return q->timeout_ms > 0 ? q->timeout_ms : SOUK_CLIENT_TIMEOUT_MS;
}

/** Write a query as the lane's next request. @param id_key `user` or `item` */
void souk_client_write_query(struct souk_client *c, int lane, const char *operation,
                             const char *id_key, const struct souk_query *q);

/** Send the lane's request, take the reply, which is valid until the next call of the lane. */
souk_status souk_client_call(struct souk_client *c, int lane, int64_t timeout_ms,
                             const void **bytes, size_t *len,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** A text field, copied to *at with a NUL, *at moved behind it; NULL where there is none. */
const char *souk_client_copy_text(const struct souk_message *m, const char *key, char **at);

/** A reply's status, with its text in err. */
souk_status souk_client_status(int64_t found, const char *error,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
