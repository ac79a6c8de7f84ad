#include "serve/proxy/proxymetrics.h"

#include <stdio.h>
#include <string.h>

static const char *const operations[] = {"recommend", "similar", "explain", "health", NULL};

static const char *const stages[SOUK_PROXY_STAGES] = {"profile",    "item", "resolve", "scan",
                                                      "candidates", "rank", "explain", "merge"};

/* ---- the fleet, as the topology has it at the moment ---- */

typedef int64_t (*replica_value)(struct souk_topology *t, int index);

static int64_t is_up(struct souk_topology *t, int index)
{
    struct souk_replica_facts facts;
    souk_topology_facts(t, index, &facts);
    return facts.alive;
}

static int64_t is_connected(struct souk_topology *t, int index)
{
    return souk_caller_is_connected(&souk_topology_upstream(t, index)->caller);
}

static struct souk_standing standing_of(struct souk_topology *t, int index)
{
    struct souk_standing standing;
    souk_topology_standing(t, index, &standing);
    return standing;
}

static int64_t outstanding(struct souk_topology *t, int index)
{
    return standing_of(t, index).outstanding;
}

static int64_t limit(struct souk_topology *t, int index)
{
    return standing_of(t, index).limit;
}

static int64_t is_ejected(struct souk_topology *t, int index)
{
    return standing_of(t, index).ejected;
}

static int64_t ejected_for_failures(struct souk_topology *t, int index)
{
    return standing_of(t, index).ejected_for_failures;
}

static int64_t ejected_as_slow(struct souk_topology *t, int index)
{
    return standing_of(t, index).ejected_as_slow;
}

/* One sample for each replica. @param reason of an ejection, or NULL */
static void write_replicas(struct souk_topology *t, struct souk_exposition *e, const char *reason,
                           replica_value value)
{
    for (int i = 0; i < souk_topology_upstreams(t); i++) {
        const struct souk_upstream *u = souk_topology_upstream(t, i);
        char shard[16];
        snprintf(shard, sizeof shard, "%d", u->shard);
        const struct souk_label labels[] = {
            {"replica", u->caller.url}, {"shard", shard}, {reason ? "reason" : NULL, reason}, {0}};
        souk_exposition_integer(e, "", labels, value(t, i), 0);
    }
}

static void write_choice(struct souk_topology *t, struct souk_exposition *e)
{
    static const struct {
        const char *name, *help;
        replica_value value;
    } gauges[] = {
        {"souk_replica_up", "Whether the replica answered when its health was asked last.", is_up},
        {"souk_replica_connected", "Whether a connection to the replica stands.", is_connected},
        {"souk_replica_outstanding", "Questions to the replica that are under way.", outstanding},
        {"souk_replica_limit", "Questions that the replica is asked at once at most.", limit},
        {"souk_replica_ejected", "Whether the replica is left alone for a while.", is_ejected}};
    for (size_t g = 0; g < sizeof gauges / sizeof gauges[0]; g++) {
        souk_exposition_family(e, gauges[g].name, SOUK_METRIC_GAUGE, gauges[g].help);
        write_replicas(t, e, NULL, gauges[g].value);
    }
    souk_exposition_family(e, "souk_replica_ejections_total", SOUK_METRIC_COUNTER,
                           "Times that the replica was left alone for a while.");
    write_replicas(t, e, "failures", ejected_for_failures);
    write_replicas(t, e, "slow", ejected_as_slow);
    souk_exposition_family(e, "souk_shard_panics_total", SOUK_METRIC_COUNTER,
                           "Choices that ignored ejections, for too many replicas were out.");
    for (int s = 0; s < souk_topology_shards(t); s++) {
        char shard[16];
        snprintf(shard, sizeof shard, "%d", s);
        souk_exposition_integer(e, "", (struct souk_label[]){{"shard", shard}, {0}},
                                souk_topology_panics(t, s), 0);
    }
}

static void write_hedging(const struct souk_hedging *h, struct souk_exposition *e)
{
    const struct {
        const char *name, *help;
        int64_t value;
    } counters[] = {{"souk_hedges_total",
                     "Questions asked a second time: the first replica took long.",
                     atomic_load(&h->hedged)},
                    {"souk_hedges_won_total", "Of those, the second replica was first.",
                     atomic_load(&h->hedges_won)},
                    {"souk_retries_total", "Questions asked again elsewhere: a replica fell away.",
                     atomic_load(&h->retried)},
                    {"souk_replies_rejected_total", "Replies that were not of the question.",
                     atomic_load(&h->rejected)}};
    for (size_t c = 0; c < sizeof counters / sizeof counters[0]; c++) {
        souk_exposition_family(e, counters[c].name, SOUK_METRIC_COUNTER, counters[c].help);
        souk_exposition_integer(e, "", NULL, counters[c].value, 0);
    }
}

static void write_view(const struct souk_view *view, struct souk_exposition *e)
{
    const struct souk_label labels[] = {{"model", view->model}, {"kind", view->kind}, {0}};
    const struct souk_label model[] = {{"model", view->model}, {0}};
    souk_exposition_family(e, "souk_model_info", SOUK_METRIC_GAUGE,
                           "The model that all shards hold; always 1.");
    souk_exposition_integer(e, "", labels, 1, 0);
    souk_exposition_family(e, "souk_model_items", SOUK_METRIC_GAUGE, "Items of the model.");
    souk_exposition_integer(e, "", model, view->catalogue, 0);
}

static void collect(void *context, struct souk_exposition *e)
{
    const struct souk_proxy_metrics *p = context;
    struct souk_view view;
    souk_topology_view(p->topology, &view);
    if (view.status == SOUK_WIRE_OK)
        write_view(&view, e);
    souk_exposition_family(e, "souk_shards", SOUK_METRIC_GAUGE, "Shards that are asked.");
    souk_exposition_integer(e, "", NULL, souk_topology_shards(p->topology), 0);
    write_choice(p->topology, e);
    if (p->hedging)
        write_hedging(p->hedging, e);
}

/* ---- making ---- */

static void make_answers(struct souk_proxy_metrics *p, struct souk_metrics *m)
{
    static const char users[] = "Answers to users: warm ones from a history, cold ones without.";
    p->warm = souk_metrics_counter(m, "souk_users_total", users,
                                   (struct souk_label[]){{"user_type", "warm"}, {0}});
    p->cold = souk_metrics_counter(m, "souk_users_total", users,
                                   (struct souk_label[]){{"user_type", "cold"}, {0}});
    p->partial = souk_metrics_counter(m, "souk_partial_answers_total",
                                      "Answers without the items of some shard.", NULL);
    p->degraded = souk_metrics_counter(m, "souk_degraded_answers_total",
                                       "Answers without all that is known of the user.", NULL);
    p->restarts =
        souk_metrics_counter(m, "souk_request_restarts_total",
                             "Requests that met a replica of another model and began again.", NULL);
    p->scored =
        souk_metrics_histogram(m, "souk_candidates_scored", "Items that were scored for an answer.",
                               NULL, &souk_bounds_count);
    p->returned = souk_metrics_histogram(m, "souk_recommendations_returned", "Items in an answer.",
                                         NULL, &souk_bounds_count);
}

souk_status souk_proxy_metrics_init(struct souk_proxy_metrics *p, struct souk_metrics *m,
                                    struct souk_topology *topology, struct souk_error *err)
{
    *p = (struct souk_proxy_metrics){.topology = topology};
    souk_process_metrics_init(&p->process, m, "souk-proxy");
    souk_request_metrics_init(&p->request, m, operations);
    souk_server_metrics_init(&p->server, m);
    for (int i = 0; i < SOUK_PROXY_STAGES; i++)
        p->stage[i] = souk_metrics_histogram(
            m, "souk_stage_duration_seconds",
            "Time of a request in a stage: until the shards that were asked have answered, or the "
            "merge.",
            (struct souk_label[]){{"stage", stages[i]}, {0}}, &souk_bounds_seconds);
    p->workers =
        souk_metrics_gauge(m, "souk_workers", "Requests that can be under way at once.", NULL);
    make_answers(p, m);
    souk_metrics_collect(m, collect, p);
    return souk_metrics_check(m, err);
}

struct souk_histogram *souk_proxy_metrics_stage(const struct souk_proxy_metrics *p,
                                                const char *name)
{
    for (int i = 0; i < SOUK_PROXY_STAGES; i++)
        if (strcmp(stages[i], name) == 0)
            return p->stage[i];
    return NULL;
}

bool souk_proxy_metrics_is_ready(void *context, char *reason, size_t size)
{
    struct souk_proxy_metrics *p = context;
    struct souk_view view;
    if (!souk_readiness_is_ready(&p->readiness, reason, size))
        return false;
    souk_topology_view(p->topology, &view);
    if (view.status != SOUK_WIRE_OK)
        snprintf(reason, size, "%s", view.reason);
    return view.status == SOUK_WIRE_OK;
}
