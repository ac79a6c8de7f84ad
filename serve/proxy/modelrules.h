/** @file
 *  What the proxy must know of a model to take a visitor's events into account: what they weigh,
 *  and what folding in takes. Asked of the shards once for each version, and kept.
 *
 *      all shards -> rules -> parameters, types; shares of the Gram matrix, added up in the order
 *                             of the parts: the same bits however the parts are spread
 *
 *  Rules are immutable, counted by reference; the shelf keeps those of the versions that were asked
 *  for last.
 */
#ifndef SOUK_PROXY_MODELRULES_H
#define SOUK_PROXY_MODELRULES_H

#include "serve/proxy/topology.h"
#include "shared/score/foldin.h"
#include "shared/score/historyrule.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct souk_job;

enum { SOUK_RULES_KEPT = 3 }; /**< a fleet holds two versions, and may be between two changes */

struct souk_model_rules {
    atomic_int references;
    char model[SOUK_MODEL_NAME_MAX + 1];
    struct souk_model_weighing weighing;
    struct souk_history_rule history;
    struct souk_foldin foldin;
    bool folds;         /**< the foldin is whole: a solve may be asked for */
    int64_t until_us;   /**< kept so long, monotonic: a moment, where a shard was missing */
    int64_t neighbours; /**< longest row of an item; 0: the model has none */
};

/** One for all workers. */
struct souk_rules_shelf {
    pthread_mutex_t lock;
    pthread_cond_t fetched;
    bool fetching; /**< somebody asks: the others wait for it */
    struct souk_model_rules *kept[SOUK_RULES_KEPT];
    int oldest; /**< of the kept ones */
};

void souk_rules_shelf_init(struct souk_rules_shelf *s);
void souk_rules_shelf_fini(struct souk_rules_shelf *s);

/** The rules of the job's model, from the shelf or from the shards; waits no longer than the job's
 *  deadline. Rules that a shard was missing for have no `folds`, and are kept for a second.
 *  @return a reference, for souk_model_rules_give(); NULL: no shard said, or the job is stale */
struct souk_model_rules *souk_model_rules_take(struct souk_job *j);
void souk_model_rules_give(struct souk_model_rules *r);

/** The number of a type; -1: the model does not know it. Of a model that says nothing of types all
 *  are number 0. */
int souk_model_rules_type(const struct souk_model_rules *r, const char *name, size_t len);

/** The same; of a name that the model does not know, the type of its class (eventclass.h): a shop's
 *  `purchase` where the model says `transaction`. */
int souk_model_rules_type_like(const struct souk_model_rules *r, const char *name, size_t len);

#endif
