/** @file
 *  What the operations of libsouk-client share; private to it.
 */
#ifndef SOUK_CLIENT_CLIENTCALL_H
#define SOUK_CLIENT_CLIENTCALL_H

#include "serve/client/lane.h"
#include "serve/client/souk_client.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <jansson.h>
#include <stddef.h>

enum { SOUK_CLIENT_TIMEOUT_MS = 2000 };

static inline int64_t souk_client_timeout(const struct souk_query *q)
{
    return q->timeout_ms > 0 ? q->timeout_ms : SOUK_CLIENT_TIMEOUT_MS;
}

static inline struct souk_client_terms souk_client_terms_of(const struct souk_query *q)
{
    return (struct souk_client_terms){.deadline_ms = q->deadline_ms > 0 ? q->deadline_ms
                                                                        : souk_client_timeout(q),
                                      .timeout_ms = souk_client_timeout(q),
                                      .idempotent = true};
}

/** Begin the lane's request, with the client's token where it has one: `fields` more follow, and
 *  souk_client_call() adds the deadline. */
struct souk_writer *souk_client_begin(struct souk_client *c, int lane, const char *operation,
                                      size_t fields);

/** Write a query as the lane's next request. @param id_key `user` or `item` */
void souk_client_write_query(struct souk_client *c, int lane, const char *operation,
                             const char *id_key, const struct souk_query *q);

/** Send the lane's request, take the reply, which is valid until the next request of the lane. Goes
 *  on to the next proxy where one cannot be reached, drains or, with terms->idempotent, is lost.
 *  @return as souk_lane_ended() has it */
souk_status souk_client_call(struct souk_client *c, int lane, const struct souk_client_terms *terms,
                             const void **bytes, size_t *len,
                             struct souk_error *err) SOUK_MUST_CHECK;

/** The same, without waiting: `ended` is called once, by a thread of nng's as a rule. */
void souk_client_start(struct souk_client *c, int lane, const struct souk_client_terms *terms,
                       souk_lane_ended *ended, void *context);

/** What the lane keeps for a list that was begun. */
struct souk_client_listing {
    const char *reply_key; /**< `user_id` or `item_id` */
    souk_client_answered *answered;
    void *context;
};
struct souk_client_listing *souk_client_listing(struct souk_client *c, int lane);

/** What the lane keeps for events that are under way. */
struct souk_client_sending {
    souk_client_sent *sent;
    void *context;
    enum souk_sent *fates; /**< [count], the caller's */
    int count;
};
struct souk_client_sending *souk_client_sending(struct souk_client *c, int lane);

/** A text field, copied to *at with a NUL, *at moved behind it; NULL where there is none. */
const char *souk_client_copy_text(const struct souk_message *m, const char *key, char **at);

/** What a message holds; owned by the caller, json_decref(); NULL when memory is out. */
json_t *souk_client_json(const msgpack_object *o);

/** A reply's status, with its text in err. */
souk_status souk_client_status(int64_t found, const char *error,
                               struct souk_error *err) SOUK_MUST_CHECK;

#endif
