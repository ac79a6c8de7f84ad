/** @file
 *  libsouk-client: ask a fleet for recommendations.
 *
 *      struct souk_client *client;
 *      struct souk_answer answer;
 *      if (souk_client_new("tcp://10.0.0.1:7100,tcp://10.0.0.2:7100", 1, &client, &err) == SOUK_OK
 * && souk_client_recommend(client, 0, &(struct souk_query){.id = "17850", .n = 10}, &answer, &err)
 * == SOUK_OK)
 *          ... answer.items[0].id ...
 *      souk_answer_fini(&answer);
 *      souk_client_free(client);
 *
 *  A client has lanes: each carries one request at a time, and lanes may be used by different
 * threads at once. A request goes to the first proxy that is connected; where that one is lost, to
 * the next.
 */
#ifndef SOUK_CLIENT_H
#define SOUK_CLIENT_H

#include "shared/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct souk_client;

/** @param addresses of proxies, separated by comma; @param lanes requests under way at once
 *  @param out owned by the caller, free with souk_client_free(); NULL on failure
 *  @return SOUK_OK, SOUK_EUSAGE (no address), SOUK_ENOMEM */
souk_status souk_client_new(const char *addresses, int lanes, struct souk_client **out,
                            struct souk_error *err) SOUK_MUST_CHECK;
void souk_client_free(struct souk_client *client);

struct souk_query {
    const char *id;       /**< of the user, or of the item of `similar` */
    int64_t n;            /**< 1 to 1000; the server refuses others */
    const char *category; /**< only items under it; NULL: all */
    bool include_seen;
    int64_t timeout_ms; /**< 0: 2000 */
};

struct souk_answer_item {
    const char *id;
    float score;
};

/** Texts live until souk_answer_fini(). */
struct souk_answer {
    int64_t status; /**< enum souk_wire_status */
    const char *error, *id, *user_type, *model, *request_id, *source;
    int count;
    struct souk_answer_item *items;
    int64_t total_candidates_scored, took_us;
    bool partial, degraded;
    double coverage;
    void *memory; /**< private */
};

/** @param answer filled in on SOUK_OK; empty with souk_answer_fini() in all cases
 *  @return SOUK_OK, SOUK_ETIMEDOUT, SOUK_EUNAVAILABLE (no proxy is connected), SOUK_EFORMAT (the
 *          reply is not one), SOUK_ENOTFOUND and SOUK_EINVAL for an error reply of that meaning,
 *          SOUK_EUNAVAILABLE for others; err then holds the server's text */
souk_status souk_client_recommend(struct souk_client *client, int lane,
                                  const struct souk_query *query, struct souk_answer *answer,
                                  struct souk_error *err) SOUK_MUST_CHECK;
souk_status souk_client_similar(struct souk_client *client, int lane,
                                const struct souk_query *query, struct souk_answer *answer,
                                struct souk_error *err) SOUK_MUST_CHECK;
void souk_answer_fini(struct souk_answer *answer);

/** What the peer says of itself, as one line of JSON; owned by the caller, free(). */
souk_status souk_client_health(struct souk_client *client, int lane, int64_t timeout_ms,
                               char **json, struct souk_error *err) SOUK_MUST_CHECK;

#endif
