/** @file
 *  Which replica of a shard gets the next request: power of two choices (Mitzenmacher 2001) on
 *  requests outstanding times moving latency, among those that are not ejected.
 *
 *      in ----- failures in a row, or slow beside the others ----> out, for T
 *      ^                                                             |
 *      |  T more have passed without a failure                       | T is over
 *      +------------- coming back: a share of its turns <------------+
 *                       an error: out again, for 2 T
 *
 *  Each replica has a limit of requests outstanding (limiter.h). One that is full is not chosen;
 *  where all are, the caller is told so, or, with work that must be brought to its end, gets the
 *  cheapest of them.
 *
 *  T starts at `ejection_us`, doubles with every ejection up to `ejection_max_us`, and is forgiven
 *  step by step. The last healthy replica is never ejected; where too many are out the shard
 * panics: ejections are ignored, for the few that are left would only fall over, too.
 *
 *  Pure: time comes as a parameter, chance from a counter. Not thread-safe. Every replica that was
 *  chosen must be reported on exactly once.
 */
#ifndef SOUK_PROXY_BALANCER_H
#define SOUK_PROXY_BALANCER_H

#include "serve/proxy/limiter.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUK_BALANCER_REPLICAS_MAX = 64 }; /**< of a shard: sets of them are bits of a uint64_t */

struct souk_balancer_settings {
    int failures_max;        /**< in a row: the last of them ejects */
    int64_t ejection_us;     /**< the first one */
    int64_t ejection_max_us; /**< however many there were */
    int64_t memory_us;       /**< time constant of the moving latency; older is forgotten */
    double slow_factor;      /**< times the others' median: a slow outlier */
    int64_t slow_floor_us;   /**< what is faster is never slow */
    int64_t slow_answers;    /**< before a replica is judged by them */
    double panic_share;      /**< fewer healthy ones of all: panic */
    int limit_first, limit_least, limit_most; /**< of requests outstanding */
};

extern const struct souk_balancer_settings souk_balancer_defaults;

/** What came of a request. */
enum souk_outcome {
    SOUK_OUTCOME_GOOD,  /**< it answered, in the time stated */
    SOUK_OUTCOME_LATE,  /**< it had not answered in the time stated, when somebody else had, or when
                             the time was over */
    SOUK_OUTCOME_ERROR, /**< the connection broke, or it answered garbage */
    SOUK_OUTCOME_NONE,  /**< nothing that says something of the replica: given up early */
};

struct souk_balancer_replica {
    int outstanding;
    double latency_us;  /**< moving mean as of `learned_us` */
    int64_t learned_us; /**< -1: nothing is known */
    int64_t answers;    /**< since it came (back) in */
    int failures;       /**< in a row */
    int ejections;      /**< that are not forgiven yet */
    int64_t back_us;    /**< out until then */
    int64_t whole_us;   /**< less than its share of turns until then */
    struct souk_limiter limiter;
    int64_t ejected_for_failures, ejected_as_slow; /**< counters */
};

/** The replicas of one shard. */
struct souk_balancer {
    struct souk_balancer_settings settings;
    int count;        /**< places in use are below */
    uint64_t members; /**< bits of the replicas that are chosen from */
    uint64_t seed, draws;
    uint64_t usable; /**< as the last choice was told */
    int64_t panics;  /**< counter */
    struct souk_balancer_replica replica[SOUK_BALANCER_REPLICAS_MAX];
};

/** @param count of replicas, 0 to SOUK_BALANCER_REPLICAS_MAX; all are members */
void souk_balancer_init(struct souk_balancer *b, int count,
                        const struct souk_balancer_settings *settings, uint64_t seed);

enum {
    SOUK_BALANCER_NONE = -1, /**< no usable one is left */
    SOUK_BALANCER_FULL = -2, /**< those that are left have as many requests as they take */
};

/** A replica comes to a place, or back to it: nothing is known of it, but what is under way. */
void souk_balancer_join(struct souk_balancer *b, int index);

/** It is not chosen any more, nor counted among the shard's; requests under way are reported on as
 *  before. Until the last of them nobody else may join at its place. */
void souk_balancer_leave(struct souk_balancer *b, int index);

/** Choose, and count a request as outstanding.
 *  @param usable bits of the replicas that are connected and hold the model
 *  @param tried  bits of those that must not be chosen this time
 *  @param must   one that is full is better than none
 *  @return its index, or one of the above */
int souk_balancer_choose(struct souk_balancer *b, uint64_t usable, uint64_t tried, bool must,
                         int64_t now_us);

/** What came of a choice. @param took_us since the request was sent */
void souk_balancer_report(struct souk_balancer *b, int index, enum souk_outcome outcome,
                          int64_t took_us, int64_t now_us);

/** Bits of the members that are not ejected at the moment, connected or not. */
uint64_t souk_balancer_healthy(const struct souk_balancer *b, int64_t now_us);

/** How many requests the replicas that can be chosen take at once: of those that the last choice
 *  was told to be usable, all before the first one. */
int souk_balancer_limit(const struct souk_balancer *b, int64_t now_us);

/** Whether too few of the shard's replicas are usable and not ejected. */
bool souk_balancer_panics(const struct souk_balancer *b, uint64_t usable, int64_t now_us);

#endif
