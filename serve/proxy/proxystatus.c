#include "serve/proxy/proxystatus.h"

#include "shared/base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FLEET_FIELDS = 4, FIGURE_FIELDS = 15, REPLICA_FIELDS = 9, BUCKETS_MAX = 64 };

/* ---- the replicas ---- */

static void put_models(const struct souk_replica_facts *f, struct souk_writer *w)
{
    size_t held = 0;
    for (int i = 0; i < f->version_count; i++)
        held += f->versions[i].held;
    souk_writer_key(w, "models");
    souk_writer_array(w, held);
    for (int i = 0; i < f->version_count; i++)
        if (f->versions[i].held)
            souk_writer_text(w, f->versions[i].model, strlen(f->versions[i].model));
}

static void put_replica(const struct souk_replica_report *r, struct souk_writer *w)
{
    souk_writer_map(w, REPLICA_FIELDS);
    souk_writer_put_string(w, "address", r->address);
    souk_writer_put_int(w, "shard", r->shard);
    souk_writer_put_string(w, "state", souk_replica_state_name(r->state));
    souk_writer_put_string(w, "reason", r->reason);
    souk_writer_put_bool(w, "drained", r->drained);
    souk_writer_put_int(w, "outstanding", r->outstanding);
    souk_writer_put_int(w, "latency_us", r->latency_us);
    souk_writer_put_int(w, "out_us", r->out_us);
    put_models(&r->facts, w);
}

static void put_fleet(const struct souk_proxy_status *s, const struct souk_view *view,
                      const struct souk_replica_report *replicas, int count, struct souk_writer *w)
{
    souk_writer_put_string(
        w, "state", view->status == SOUK_WIRE_OK ? "ready" : souk_wire_status_name(view->status));
    souk_writer_put_string(w, "reason", view->reason);
    souk_writer_put_int(w, "shards", souk_topology_shards(s->topology));
    souk_writer_key(w, "replicas");
    souk_writer_array(w, (size_t)count);
    for (int i = 0; i < count; i++)
        put_replica(&replicas[i], w);
}

/* ---- the counts ---- */

static uint64_t read_counter(const struct souk_counter *c)
{
    return c ? atomic_load_explicit(&c->value, memory_order_relaxed) : 0;
}

/* Of all operations but `health`, which the fleet asks itself. */
struct sums {
    uint64_t requests, errors;
    const struct souk_bounds *bounds;
    uint64_t *bucket; /* [bounds->count + 1] */
};

static void add_operation(const struct souk_request_metrics *m, int op, struct sums *sums)
{
    const struct souk_histogram *h = m->duration[op];
    for (int status = 0; status < SOUK_STATUSES; status++) {
        const uint64_t n = read_counter(m->requests[op][status]);
        sums->requests += n;
        sums->errors += status == SOUK_WIRE_OK ? 0 : n;
    }
    for (int b = 0; h && b <= sums->bounds->count; b++)
        sums->bucket[b] += atomic_load_explicit(&h->bucket[b], memory_order_relaxed);
}

static void add_operations(const struct souk_request_metrics *m, struct sums *sums)
{
    int op = 0;
    for (; m->operations && m->operations[op]; op++)
        if (strcmp(m->operations[op], "health") != 0)
            add_operation(m, op, sums);
    add_operation(m, op, sums); /* what is none of them */
}

static void put_duration(const struct sums *sums, struct souk_writer *w)
{
    const size_t count = (size_t)sums->bounds->count;
    souk_writer_put_binary(w, "bounds_us", sums->bounds->at, count * sizeof *sums->bounds->at);
    souk_writer_put_binary(w, "counts", sums->bucket, (count + 1) * sizeof *sums->bucket);
}

static void put_figures(const struct souk_proxy_status *s, struct souk_writer *w)
{
    uint64_t bucket[BUCKETS_MAX] = {0};
    struct sums sums = {.bounds = &souk_bounds_seconds, .bucket = bucket};
    const struct souk_proxy_metrics *m = s->metrics;
    assert(sums.bounds->count < BUCKETS_MAX);
    add_operations(&m->request, &sums);
    souk_writer_put_int(w, "at_us", souk_monotonic_us());
    souk_writer_put_int(w, "requests", (int64_t)sums.requests);
    souk_writer_put_int(w, "errors", (int64_t)sums.errors);
    souk_writer_put_int(w, "refused",
                        souk_workforce_refused(souk_server_force(s->server), SOUK_DENIALS));
    souk_writer_put_int(w, "waiting", souk_workforce_waiting(souk_server_force(s->server)));
    souk_writer_put_int(w, "busy", souk_workforce_busy(souk_server_force(s->server)));
    souk_writer_put_int(w, "connections", souk_server_connections(s->server));
    souk_writer_put_int(w, "partial", (int64_t)read_counter(m->partial));
    souk_writer_put_int(w, "degraded", (int64_t)read_counter(m->degraded));
    souk_writer_put_int(w, "restarts", (int64_t)read_counter(m->restarts));
    souk_writer_put_int(w, "hedged", atomic_load(&s->hedging->hedged));
    souk_writer_put_int(w, "hedges_won", atomic_load(&s->hedging->hedges_won));
    souk_writer_put_int(w, "retried", atomic_load(&s->hedging->retried));
    put_duration(&sums, w);
}

void souk_proxy_status_reply(const struct souk_proxy_status *s, const struct souk_request *request,
                             bool figures, int outstanding, struct souk_writer *reply)
{
    struct souk_replica_report *replicas;
    struct souk_view view;
    int count;
    if (souk_topology_replicas(s->topology, &replicas, &count, NULL) != SOUK_OK) {
        souk_reply_error(reply, request, SOUK_WIRE_INTERNAL, "no memory");
        return;
    }
    souk_topology_view(s->topology, &view);
    souk_reply_begin(reply, request, view.model,
                     FLEET_FIELDS + (figures ? FIGURE_FIELDS : 0) + (outstanding >= 0));
    put_fleet(s, &view, replicas, count, reply);
    if (figures)
        put_figures(s, reply);
    if (outstanding >= 0)
        souk_writer_put_int(reply, "outstanding", outstanding);
    free(replicas);
}
