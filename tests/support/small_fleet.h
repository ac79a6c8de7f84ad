/** @file
 *  A fleet within the process: replicas of all shards of a model and the service of a proxy, which
 *  is asked by function call; and a store of events that is an array.
 */
#ifndef SOUK_TESTS_SMALL_FLEET_H
#define SOUK_TESTS_SMALL_FLEET_H

#include "serve/events/recentevents.h"
#include "serve/net/server.h"
#include "serve/proxy/service.h"
#include "serve/replica/loader.h"
#include "serve/replica/replicaservice.h"
#include "shared/wire/message.h"

#include <stdbool.h>

enum { SMALL_FLEET_SHARDS_MAX = 4, SMALL_FLEET_WORKERS = 4 };

/** What the store holds of its only visitor. */
struct small_store {
    const char *user;
    struct souk_recent_event *events; /**< [count], ascending */
    int count;
    int64_t erased_ms;
    bool is_away; /**< it cannot be read */
    int reads;
};

struct small_replica {
    struct souk_modelslot slot;
    struct souk_loader loader;
    struct souk_replica_service service;
    struct souk_server *server; /**< NULL: stopped */
};

struct small_fleet {
    int shards;
    struct small_replica replicas[SMALL_FLEET_SHARDS_MAX];
    struct souk_topology *topology;
    struct souk_proxy_metrics metrics;
    struct souk_service *service;
    struct small_store store;
    struct souk_writer reply;
    struct souk_message answer; /**< of the last question */
    bool answered;
};

/** Start it, and wait until it is ready. Fails the test where it cannot.
 *  @param model a folder; @param cache NULL: none */
void small_fleet_start(struct small_fleet *f, const char *model, int shards,
                       struct souk_answer_cache *cache);
void small_fleet_stop(struct small_fleet *f);

/** Shard s falls away. */
void small_fleet_lose(struct small_fleet *f, int shard);

/** Ask, as worker 0. @param question a whole message @return the status of the answer, which stays
 * until the next question */
int64_t small_fleet_ask(struct small_fleet *f, const struct souk_writer *question);

#endif
