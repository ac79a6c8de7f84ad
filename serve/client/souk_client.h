/** @file
 *  libsouk-client: ask a fleet for recommendations.
 *
 *      struct souk_client *client;
 *      struct souk_answer answer;
 *      struct souk_query query = {.id = "17850", .n = 10};
 *      if (souk_client_new("tcp://10.0.0.1:7100,tcp://10.0.0.2:7100", 1, &client, &err) != 0 ||
 *          souk_client_recommend(client, 0, &query, &answer, &err) != 0)
 *          ... err.msg ...
 *      else
 *          ... answer.items[0].id ...
 *      souk_answer_fini(&answer);
 *      souk_client_free(client);
 *
 *  A client has lanes: each carries one request at a time, and lanes may be used by different
 *  threads at once. Lane l asks proxy l modulo their number, and the next one where that one is not
 *  connected, cannot be sent to, answers that it drains, or is lost with the request under way: a
 *  request that may have run is repeated only where that does no harm, which is true of all below.
 *  A proxy that drains, or let a request time out, is left alone for a second, if there is another.
 */
#ifndef SOUK_CLIENT_H
#define SOUK_CLIENT_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_client;

/** Who we are, for proxies at "tls+tcp://HOST:PORT": PEM files, all three. Proxies take nobody
 *  without a certificate of their CA, and must show one that is for HOST. */
struct souk_client_tls {
    const char *cert, *key, *ca; /**< paths; NULL in all of them: no TLS */
    const char *name;            /**< that proxies' certificates must be for; NULL: HOST */
};

/** A connection that was lost, or that a proxy closed because it asked nothing for long
 *  (--idle-time), is made anew by itself, and no call fails for it as long as its time lasts.
 *  @param addresses of proxies, separated by comma; @param lanes requests under way at once
 *  @param out owned by the caller, free with souk_client_free(); NULL on failure
 *  @return SOUK_OK, SOUK_EUSAGE (no address, or one with TLS), SOUK_ENOMEM */
souk_status souk_client_new(const char *addresses, int lanes, struct souk_client **out,
                            struct souk_error *err) SOUK_MUST_CHECK;

/** The same with TLS. @param tls borrowed for the call, which reads its files; NULL: no TLS
 *  @return also SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT, SOUK_EINTEGRITY: a file of `tls`, named in
 *          err; SOUK_EUSAGE: some of the three files are missing */
souk_status souk_client_new_tls(const char *addresses, int lanes, const struct souk_client_tls *tls,
                                struct souk_client **out, struct souk_error *err) SOUK_MUST_CHECK;

/** Show a token with every request from now on (docs/security.md). No request may be under way.
 *  @param token copied, and overwritten when the client is freed; NULL: none
 *  @return SOUK_OK, SOUK_EUSAGE (more than 1024 bytes), SOUK_ENOMEM */
souk_status souk_client_set_token(struct souk_client *client, const char *token,
                                  struct souk_error *err) SOUK_MUST_CHECK;

/** The same with the first word of a file. @param path NULL: the environment's SOUK_TOKEN, where it
 *  is set and not empty, else none
 *  @return also SOUK_ENOTFOUND, SOUK_EIO, SOUK_EFORMAT (the file holds none) */
souk_status souk_client_load_token(struct souk_client *client, const char *path,
                                   struct souk_error *err) SOUK_MUST_CHECK;

/** No request may be under way. */
void souk_client_free(struct souk_client *client);

/** What a visitor did lately, told with the question. */
struct souk_context_event {
    const char *item, *type; /**< type: one of the event types that the model was trained on */
    int64_t ms;              /**< since 1970 UTC; 0: at the moment of the question */
    double value;            /**< revenue or the like; 0: none */
};

/** What narrows a list, or what a visitor without a history prefers (docs/wire-format.md). */
struct souk_narrow {
    const char *const *categories; /**< [category_count], any of them; 0: all */
    int category_count;            /**< at most 1000 */
    double price_min, price_max;   /**< NaN: no bound */
    bool available;                /**< not what is known to be unavailable; of filters only */
    const char *const *exclude;    /**< [exclude_count] items; of filters only */
    int exclude_count;             /**< at most 10000 */
};

struct souk_query {
    const char *id;       /**< of the user, or of the item of `similar` */
    int64_t n;            /**< 1 to 1000; the server refuses others */
    const char *category; /**< only items under it; NULL: all */
    bool include_seen;
    int64_t timeout_ms;    /**< the caller waits so long; 0: 2000 */
    int64_t deadline_ms;   /**< the fleet is told to answer in; 0: timeout_ms */
    double min_confidence; /**< end the list where confidence does not exceed it; 0: do not */
    int64_t moment_ms;     /**< when the visitor asks, for two-stage models; 0: now */
    const struct souk_context_event *events;
    int event_count;                                 /**< at most 1000 */
    const char *const *items;                        /**< of `explain` */
    int item_count;                                  /**< 1 to 50 */
    const struct souk_narrow *filters, *preferences; /**< NULL: none */
    bool include_metadata;
};

struct souk_answer_item {
    const char *id;
    float score;
    double confidence, probability; /**< NaN: the model does not say */
    const char *metadata;           /**< a JSON object; NULL: none, or not asked for */
};

/** Texts live until souk_answer_fini(). */
struct souk_answer {
    int64_t status; /**< enum souk_wire_status */
    const char *error, *id, *user_type, *model, *request_id, *source;
    int count;
    struct souk_answer_item *items;
    int64_t total_candidates_scored, took_us;
    int64_t moment_ms; /**< of a two-stage model's answer, else 0 */
    int64_t age_ms;    /**< since it was computed for somebody else; -1: it was computed now */
    bool partial, degraded;
    bool guaranteed; /**< whether min_confidence promises anything (docs/confidence.md) */
    double coverage;
    void *memory; /**< private */
};

/** @param answer filled in on SOUK_OK; empty with souk_answer_fini() in all cases
 *  @return SOUK_OK, SOUK_ETIMEDOUT, SOUK_EUNAVAILABLE (no proxy is connected), SOUK_EFORMAT (the
 *          reply is not one), SOUK_ENOTFOUND and SOUK_EINVAL (also a token that is not taken) for
 *          an error reply of that meaning, SOUK_EUNAVAILABLE for others; err then holds the
 *          server's text */
souk_status souk_client_recommend(struct souk_client *client, int lane,
                                  const struct souk_query *query, struct souk_answer *answer,
                                  struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_client_similar(struct souk_client *client, int lane,
                                const struct souk_query *query, struct souk_answer *answer,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_answer_fini(struct souk_answer *answer);

/** How a request that was begun has ended. The lane is free again, and may begin the next one.
 *  @param answer empty where there is none; gone when the function returns
 *  @param status, err as souk_client_recommend() has them */
typedef void souk_client_answered(void *context, souk_status status,
                                  const struct souk_answer *answer, const struct souk_error *err);

/** Ask, and do not wait: `answered` is called once, by a thread of the library's as a rule, by the
 *  caller's where not even a try could be made. It must not block: other requests wait for it.
 *  @param query borrowed for the call */
void souk_client_recommend_begin(struct souk_client *client, int lane,
                                 const struct souk_query *query, souk_client_answered *answered,
                                 void *context);

/** What a visitor did. */
struct souk_visitor_event {
    const char *user, *item, *type;
    const char *event_id;   /**< makes it unique, so that it may be sent again; NULL: the proxy's */
    const char *request_id; /**< of the recommendation that led to it; NULL: none */
    int64_t ms;             /**< since 1970 UTC; 0: now */
    double value;           /**< revenue or the like; 0: none */
};

enum souk_sent {
    SOUK_SENT_STORED,
    SOUK_SENT_DUPLICATE, /**< an event with this id is there already */
    SOUK_SENT_ERASED,    /**< not stored: the visitor was erased since */
    SOUK_SENT_INVALID,   /**< not stored: something is wrong with it */
    SOUK_SENT_FATES
};

/** "stored" .. */
const char *souk_sent_name(enum souk_sent fate);

/** Send events: they are durable when this returns SOUK_OK. Events with an event_id may be sent
 *  again after any other status, until one is SOUK_OK.
 *  @param count 1 to 1000 @param timeout_ms 0: 2000 @param fates [count], out
 *  @return as souk_client_recommend(); SOUK_EUNAVAILABLE also where they cannot be stored now */
souk_status souk_client_send(struct souk_client *client, int lane,
                             const struct souk_visitor_event *events, int count, int64_t timeout_ms,
                             enum souk_sent *fates, struct souk_error *err) SOUK_MUST_CHECK;

/** The same without waiting, as souk_client_recommend_begin(). @param events borrowed for the call,
 *  @param fates until the end */
typedef void souk_client_sent(void *context, souk_status status, const struct souk_error *err);
void souk_client_send_begin(struct souk_client *client, int lane,
                            const struct souk_visitor_event *events, int count, int64_t timeout_ms,
                            enum souk_sent *fates, souk_client_sent *sent, void *context);

/** A feature of an item as the ranker saw it, and what it adds to the forest's term (its Shapley
 *  value). */
struct souk_share {
    const char *name;
    float value; /**< NaN: missing */
    double contribution;
};

/** Why an item scores as it does: score = forest + blend * base, and forest = expectation + the sum
 *  of the contributions. */
struct souk_explanation {
    const char *item;
    bool candidate; /**< a source named it; only such items are recommended */
    float score;
    double forest, base;
    int count;
    struct souk_share *features; /**< [count], largest contribution first, whatever its sign */
};

/** Texts live until souk_explained_fini(). */
struct souk_explained {
    int64_t status; /**< enum souk_wire_status */
    const char *error, *user_type, *model;
    int64_t moment_ms, took_us;
    bool partial, degraded;
    double expectation, blend;
    int count; /**< as many as the query has items; 0 for a visitor without events */
    struct souk_explanation *items;
    void *memory; /**< private */
};

/** Explain the scores of query->items for a user of a two-stage model. As above. */
souk_status souk_client_explain(struct souk_client *client, int lane,
                                const struct souk_query *query, struct souk_explained *explained,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_explained_fini(struct souk_explained *explained);

/** What the peer says of itself, as one line of JSON; owned by the caller, free(). */
souk_status souk_client_health(struct souk_client *client, int lane, int64_t timeout_ms,
                               char **json, struct souk_error *err) SOUK_MUST_CHECK;

#endif
