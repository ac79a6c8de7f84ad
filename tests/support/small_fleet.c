#include "tests/support/small_fleet.h"

#include "shared/base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the store ---- */

static souk_status read_store(void *context, const char *user, size_t len, int64_t since_ms,
                              struct souk_recent_list *list)
{
    struct small_store *s = context;
    const bool is_ours = s->user && strlen(s->user) == len && memcmp(s->user, user, len) == 0;
    s->reads++;
    list->events = NULL;
    list->count = 0;
    list->erased_ms = is_ours ? s->erased_ms : 0;
    if (s->is_away)
        return SOUK_EUNAVAILABLE;
    for (int i = 0; i < s->count && is_ours && list->count == 0; i++) {
        if (s->events[i].ms < since_ms)
            continue;
        list->events = s->events + i;
        list->count = s->count - i;
    }
    return SOUK_OK;
}

/* ---- the replicas ---- */

static void start_replica(struct small_replica *r, const char *model, int shard, int shards)
{
    const struct souk_shard_place place = {.shard = shard, .shards = shards, .workers = 2};
    struct souk_change change;
    struct souk_error err = {0};
    char url[40];
    souk_modelslot_init(&r->slot);
    souk_loader_init(&r->loader, &r->slot, &place, 0);
    cr_assert_eq(souk_loader_change(&r->loader, model, false, &change, &err), SOUK_OK, "%s",
                 err.msg);
    souk_replica_service_init(&r->service, &r->loader, NULL);
    snprintf(url, sizeof url, "inproc://small%d", shard);
    const struct souk_server_plan plan = {.url = url,
                                          .work = {.workers = place.workers,
                                                   .queue = 16,
                                                   .handler = souk_replica_service_handle,
                                                   .context = &r->service}};
    cr_assert_eq(souk_server_start(&plan, &r->server, &err), SOUK_OK, "%s", err.msg);
}

static void stop_replica(struct small_replica *r)
{
    souk_server_stop(r->server);
    r->server = NULL;
}

/* ---- the fleet ---- */

void small_fleet_start(struct small_fleet *f, const char *model, int shards,
                       struct souk_answer_cache *cache)
{
    struct souk_fleet_plan plan;
    struct souk_error err = {0};
    char addresses[200] = "";
    *f = (struct small_fleet){.shards = shards};
    for (int s = 0; s < shards; s++) {
        start_replica(&f->replicas[s], model, s, shards);
        snprintf(addresses + strlen(addresses), sizeof addresses - strlen(addresses),
                 " inproc://small%d", s);
    }
    cr_assert_eq(souk_fleet_plan_parse_shards(addresses, &plan, &err), SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_topology_start(&plan, NULL, &f->topology, &err), SOUK_OK, "%s", err.msg);
    souk_fleet_plan_fini(&plan);
    cr_assert_eq(souk_service_new(f->topology, &f->metrics, cache, SMALL_FLEET_WORKERS, 5000,
                                  &f->service, &err),
                 SOUK_OK, "%s", err.msg);
    souk_service_read_recent(f->service, (struct souk_recent_source){read_store, &f->store});
    souk_writer_init(&f->reply);
    cr_assert(souk_topology_wait(f->topology, 5000));
}

void small_fleet_stop(struct small_fleet *f)
{
    if (f->answered)
        souk_message_fini(&f->answer);
    souk_writer_fini(&f->reply);
    souk_service_free(f->service);
    souk_topology_stop(f->topology);
    for (int s = 0; s < f->shards; s++) {
        stop_replica(&f->replicas[s]);
        souk_loader_fini(&f->replicas[s].loader);
        souk_modelslot_fini(&f->replicas[s].slot);
    }
}

void small_fleet_lose(struct small_fleet *f, int shard)
{
    stop_replica(&f->replicas[shard]);
}

/* ---- asking ---- */

static void no_answer(struct souk_task *task, const struct souk_writer *reply)
{
    (void)task;
    (void)reply;
}

int64_t small_fleet_ask(struct small_fleet *f, const struct souk_writer *question)
{
    struct souk_task task = {.request = question->buffer.data,
                             .len = question->buffer.size,
                             .received_us = souk_monotonic_us(),
                             .answer = no_answer};
    char reason[128] = "";
    int64_t status = -1;
    if (f->answered)
        souk_message_fini(&f->answer);
    souk_writer_clear(&f->reply);
    cr_assert_eq(souk_service_handle(f->service, 0, &task, &f->reply), SOUK_TASK_ANSWERED);
    f->answered = true;
    cr_assert_eq(souk_message_parse(&f->answer, f->reply.buffer.data, f->reply.buffer.size, reason,
                                    sizeof reason),
                 SOUK_WIRE_OK, "%s", reason);
    cr_assert(souk_message_int(&f->answer, "status", 0, INT32_MAX, &status));
    return status;
}
