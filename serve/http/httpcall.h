/** @file
 *  One HTTP request under way, and the pool that such calls come from.
 *
 *      taken -> begun (head) -> body ... -> asked (workforce) -> answered -> replied -> given back
 *
 *  A call belongs to the epoll thread of its connection, but from souk_workforce_take() to its
 *  answer, when it is the workforce's.
 */
#ifndef SOUK_HTTP_HTTPCALL_H
#define SOUK_HTTP_HTTPCALL_H

#include "serve/http/accesslog.h"
#include "serve/http/eventfaults.h"
#include "serve/http/httphead.h"
#include "serve/http/httpmetrics.h"
#include "serve/http/httpserver.h"
#include "serve/http/pages.h"
#include "serve/http/largebodies.h"
#include "serve/http/peers.h"
#include "serve/http/replyjson.h"
#include "serve/http/callid.h"
#include "serve/http/routes.h"
#include "serve/net/hostport.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    SOUK_HTTP_BODIES_MAX = 64 << 20, /**< bytes of bodies that are held at once, of all clients */
    SOUK_HTTP_PARAMETERS_MAX = 32,   /**< of a URL */
};

/** What is sent. Texts are literals, or live as long as the call. */
struct souk_http_reply {
    unsigned code;
    const void *bytes; /**< [len] */
    size_t len;
    const char *type, *encoding, *etag; /**< NULL: none */
    int64_t retry_after_s;              /**< 0: not said */
    bool closes;                        /**< the connection */
};

enum souk_http_step {
    SOUK_HTTP_OPEN,  /**< nobody has been asked */
    SOUK_HTTP_ASKED, /**< and the connection goes on */
    SOUK_HTTP_WAITS, /**< the connection is suspended */
    SOUK_HTTP_READY, /**< the reply is there */
};

struct souk_http_call {
    struct souk_task task; /**< first: the workforce gives it back */
    struct souk_http *http;
    struct souk_http_call *next; /**< of the pool, or of largebodies.h */
    struct MHD_Connection *connection;
    struct souk_peer *peer;
    atomic_int step;
    bool has_begun;
    bool is_rejected;             /**< the reply is there; the body goes by before it is sent */
    bool is_cut;                  /**< it was sent in the middle of the body */
    int64_t start_us, arrived_us; /**< its first line, all of it */
    const char *method;
    char *uri; /**< [uri_len], as it was sent, from the first byte to the last */
    size_t uri_len, uri_cap;
    char *query; /**< in uri */
    struct souk_http_head head;
    const struct souk_route *route; /**< NULL: there is none */
    const char *part;               /**< [part_len] of the path, in braces in the route's */
    size_t part_len;
    char *body; /**< [body_len] */
    size_t body_len, body_cap;
    bool body_refused; /**< no memory for it */
    size_t received;   /**< of the body, kept or not */
    char id[SOUK_HTTP_ID_BYTES + 1];
    struct souk_writer message;
    struct souk_event_faults faults;
    struct souk_http_reply reply;
    struct souk_json_text text;
    char *zipped;
    size_t zipped_cap;
};

struct souk_http {
    const struct souk_http_options *options;
    const char *version;
    struct souk_workforce *force;
    souk_monitor_ready ready;
    void *ready_context;
    struct MHD_Daemon *daemon;
    pthread_t loop; /**< runs it */
    bool is_looping;
    int wake_fd; /**< an eventfd: look again; -1: none */
    atomic_bool is_awake, is_over;
    int fd; /**< that it listens on, until the daemon has it */
    char address[SOUK_HOSTPORT_BYTES];
    char *cert, *key;
    struct souk_peers peers;
    struct souk_http_metrics metrics;
    struct souk_access_log log;
    struct souk_pages pages;
    struct souk_call_ids ids;
    struct souk_large_bodies large;
    _Atomic int64_t body_bytes;
    atomic_int calls; /**< under way */
    atomic_bool drains;
    pthread_mutex_t pool_lock;
    struct souk_http_call *pool;
};

/** A call for a new request. @param uri as it was sent @return NULL: no memory */
struct souk_http_call *souk_http_call_take(struct souk_http *h, struct MHD_Connection *connection,
                                           const char *uri) SOUK_MUST_CHECK;

/** What it holds much of is freed, the rest stays for the next one. */
void souk_http_call_give(struct souk_http_call *c);
void souk_http_calls_free(struct souk_http *h);

/** Put a part of the body behind what is there.
 *  @return false: there is no memory for it, or too much is held already */
bool souk_http_call_take_body(struct souk_http_call *c, const char *bytes, size_t len);

#endif
