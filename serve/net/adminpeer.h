/** @file
 *  A connection to the admin listener of a replica or a proxy, one request at a time.
 */
#ifndef SOUK_NET_ADMINPEER_H
#define SOUK_NET_ADMINPEER_H

#include "serve/net/caller.h"
#include "shared/wire/message.h"
#include "shared/wire/writer.h"

#include <stdbool.h>

struct souk_admin_peer {
    struct souk_caller caller;
    struct souk_call call;
    struct souk_message reply;
    bool replied; /**< `reply` is to be emptied */
};

/** Begin to connect; does not wait. The struct must not move.
 *  @return SOUK_OK, SOUK_EUSAGE (not an address), SOUK_ENOMEM */
souk_status souk_admin_peer_open(struct souk_admin_peer *p, const char *url,
                                 struct souk_error *err) SOUK_MUST_CHECK;
void souk_admin_peer_close(struct souk_admin_peer *p);

/** Ask, once it is connected, for which 2 s are waited at most.
 *  @param timeout_ms of the answer
 *  @param reply      valid until the next question
 *  @return SOUK_OK; SOUK_EUNAVAILABLE (no connection, or it was lost); SOUK_ETIMEDOUT;
 *          SOUK_EFORMAT (a reply with an error status: the text is the peer's; or none at all) */
souk_status souk_admin_peer_ask(struct souk_admin_peer *p, const struct souk_writer *request,
                                int64_t timeout_ms, const struct souk_message **reply,
                                struct souk_error *err) SOUK_MUST_CHECK;

#endif
