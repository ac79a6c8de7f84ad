/** @file
 *  Answers that need not be computed: kept ones, and those of somebody who asks the same just now.
 *
 *      a request arrives -> souk_answering_serve()    kept: answered on nng's thread
 *                 else -> a worker, souk_answering_begin()
 *                           leads   -> computes, souk_answering_end() -> kept, and handed on
 *                           follows -> waits for it -> the same answer
 *
 *  What may be kept: lists for which the request brings no `events` and no `moment_ms`, whole and
 *  not degraded. A kept answer goes out with the id, the times and the request id of whoever gets
 *  it, and with its age (docs/wire-format.md). docs/adr/0010-cache.md.
 */
#ifndef SOUK_PROXY_ANSWERING_H
#define SOUK_PROXY_ANSWERING_H

#include "serve/proxy/answercache.h"
#include "serve/proxy/singleflight.h"
#include "serve/proxy/job.h"

/** Shared by all threads. Without a cache everything is computed, and nothing counted. */
struct souk_answering {
    struct souk_answer_cache *cache; /**< NULL: none; borrowed */
    struct souk_single_flights flights;
};

/** Of one request, on a worker's stack, between begin and end. */
struct souk_answering_turn {
    bool is_kept; /**< may be */
    bool leads;
    struct souk_answer_key key;
    struct souk_single_flight flight;
};

/** @param cache outlives it */
void souk_answering_init(struct souk_answering *a, struct souk_answer_cache *cache);
void souk_answering_fini(struct souk_answering *a);

/** Begin the reply of a list, up to its model; `fields` follow. What is the request's own goes
 *  first, so that the rest can be kept as it is. */
void souk_answering_begin_list(struct souk_job *j, size_t fields);

/** Answer out of the cache. Never waits for anybody's work.
 *  @param j with request, reply, view and deadline @return false: there is none */
bool souk_answering_serve(struct souk_answering *a, struct souk_job *j);

/** @return true: the reply is there; false: compute it, then souk_answering_end() */
bool souk_answering_begin(struct souk_answering *a, struct souk_job *j,
                          struct souk_answering_turn *turn);
void souk_answering_end(struct souk_answering *a, struct souk_job *j,
                        struct souk_answering_turn *turn, const struct souk_answer_facts *facts);

/** Count an answer by what it is like. */
void souk_answer_facts_count(const struct souk_answer_facts *facts, struct souk_proxy_metrics *p);

#endif
