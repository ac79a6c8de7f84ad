/** @file
 *  Requests under way to several peers at once, of one thread that waits for whichever ends first.
 *
 *      begin(k) --> sending --> receiving --> ended --> wait() gives k: idle again
 *                      |            |           |
 *                      +------------+-----------+-----> drop(k): idle; what still comes is lost
 *
 *  Each peer has one flight, with a context of its own on the peer's socket. nng's threads move it
 *  on; the owner is woken only by an end. Only one thread may call the functions of a set, but for
 *  souk_waitset_close(). Peers may come and go: a flight that was closed can be opened again.
 */
#ifndef SOUK_NET_WAITSET_H
#define SOUK_NET_WAITSET_H

#include "serve/net/caller.h"

#include <pthread.h>

struct souk_waitset;

enum souk_flight_state {
    SOUK_FLIGHT_IDLE,
    SOUK_FLIGHT_SENDING,
    SOUK_FLIGHT_RECEIVING,
    SOUK_FLIGHT_ENDED
};

struct souk_flight {
    struct souk_waitset *set;
    int index;
    nng_ctx context;
    nng_aio *aio;   /**< NULL: not open */
    nng_msg *reply; /**< of the last end that was good */
    int64_t deadline_us;
    enum souk_flight_state state; /**< under the set's lock, like all below */
    bool dropped;
    souk_status status; /**< how it ended */
};

/** A piece of a request. */
struct souk_piece {
    const void *bytes;
    size_t len;
};

struct souk_waitset {
    int count;
    struct souk_flight *flight; /**< [count] */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int *ended; /**< [ended_count], in the order of their ends */
    int ended_count;
};

/** The struct must not move. @return SOUK_OK, SOUK_ENOMEM; on failure fini is harmless */
souk_status souk_waitset_init(struct souk_waitset *w, int count,
                              struct souk_error *err) SOUK_MUST_CHECK;

/** Close all flights, whatever they are doing. */
void souk_waitset_fini(struct souk_waitset *w);

/** Say which peer flight k goes to. @param caller must outlive the set, or the flight's closing */
souk_status souk_waitset_open(struct souk_waitset *w, int k, struct souk_caller *caller,
                              struct souk_error *err) SOUK_MUST_CHECK;
bool souk_waitset_is_open(const struct souk_waitset *w, int k);

/** Close flight k, which has ended or was dropped; waits until it is idle. Harmless where it is not
 *  open. By any thread, while the owner leaves this flight alone. */
void souk_waitset_close(struct souk_waitset *w, int k);

/** Send. The flight must be idle; its earlier reply is freed.
 *  @param pieces [count], sent one behind the other; copied
 *  @param deadline_us monotonic: then it ends with SOUK_ETIMEDOUT
 *  @return SOUK_OK, SOUK_ENOMEM: nothing was sent */
souk_status souk_waitset_begin(struct souk_waitset *w, int k, const struct souk_piece *pieces,
                               int count, int64_t deadline_us) SOUK_MUST_CHECK;

/** Wait for the next end.
 *  @param status SOUK_OK (the reply at *bytes is valid until the flight begins again or closes),
 *                SOUK_ETIMEDOUT, SOUK_EUNAVAILABLE (connection lost), SOUK_ENOMEM
 *  @return the flight that ended; -1: none until `until_us` */
int souk_waitset_wait(struct souk_waitset *w, int64_t until_us, souk_status *status,
                      const void **bytes, size_t *len);

/** Take the reply of a flight that has just ended well: free it with nng_msg_free(). */
nng_msg *souk_waitset_take_reply(struct souk_waitset *w, int k);

/** Give up a flight that was begun: it will not end. */
void souk_waitset_drop(struct souk_waitset *w, int k);

#endif
