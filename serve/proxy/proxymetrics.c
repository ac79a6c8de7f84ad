#include "serve/proxy/proxymetrics.h"

#include "serve/proxy/hedging.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const operations[] = {"recommend",  "similar", "explain", "event",
                                         "user_stats", "health",  NULL};

static const char *const stages[SOUK_PROXY_STAGES] = {"profile",  "item",       "rules", "resolve",
                                                      "scan",     "candidates", "rank",  "explain",
                                                      "describe", "merge"};

/* ---- the fleet, as the topology has it at the moment ---- */

typedef int64_t (*replica_value)(const struct souk_replica_report *r);

static int64_t is_up(const struct souk_replica_report *r)
{
    return r->facts.alive;
}

static int64_t is_connected(const struct souk_replica_report *r)
{
    return r->connected;
}

static int64_t outstanding(const struct souk_replica_report *r)
{
    return r->outstanding;
}

static int64_t limit(const struct souk_replica_report *r)
{
    return r->limit;
}

static int64_t is_ejected(const struct souk_replica_report *r)
{
    return r->out_us > 0;
}

static int64_t ejected_for_failures(const struct souk_replica_report *r)
{
    return r->ejected_for_failures;
}

static int64_t ejected_as_slow(const struct souk_replica_report *r)
{
    return r->ejected_as_slow;
}

/* A sample for each replica. @param reason of an ejection, or NULL */
static void write_samples(const struct souk_replica_report *replicas, int count, const char *reason,
                          replica_value value, struct souk_exposition *e)
{
    for (int i = 0; i < count; i++) {
        const struct souk_replica_report *r = &replicas[i];
        char shard[16];
        snprintf(shard, sizeof shard, "%d", r->shard);
        const struct souk_label labels[] = {
            {"replica", r->address}, {"shard", shard}, {reason ? "reason" : NULL, reason}, {0}};
        souk_exposition_integer(e, "", labels, value(r), 0);
    }
}

static void write_replicas(const struct souk_replica_report *replicas, int count,
                           struct souk_exposition *e)
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
        write_samples(replicas, count, NULL, gauges[g].value, e);
    }
    souk_exposition_family(e, "souk_replica_ejections_total", SOUK_METRIC_COUNTER,
                           "Times that the replica was left alone for a while, by reason.");
    write_samples(replicas, count, "failures", ejected_for_failures, e);
    write_samples(replicas, count, "slow", ejected_as_slow, e);
}

static void write_panics(struct souk_topology *t, struct souk_exposition *e)
{
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

/* The version in use, and the canary's where there is one. */
static void write_views(const struct souk_view *views, int count, struct souk_exposition *e)
{
    souk_exposition_family(e, "souk_model_info", SOUK_METRIC_GAUGE,
                           "A model that users are answered from; always 1.");
    for (int i = 0; i < count; i++) {
        const struct souk_label labels[] = {
            {"model", views[i].model}, {"kind", views[i].kind}, {0}};
        souk_exposition_integer(e, "", labels, 1, 0);
    }
    souk_exposition_family(e, "souk_model_items", SOUK_METRIC_GAUGE, "Items of the model.");
    for (int i = 0; i < count; i++) {
        const struct souk_label model[] = {{"model", views[i].model}, {0}};
        souk_exposition_integer(e, "", model, views[i].catalogue, 0);
    }
    souk_exposition_family(e, "souk_model_created_timestamp_seconds", SOUK_METRIC_GAUGE,
                           "When the model was trained, since 1970.");
    for (int i = 0; i < count; i++) {
        const struct souk_label model[] = {{"model", views[i].model}, {0}};
        souk_exposition_integer(e, "", model, views[i].created_ms, 3);
    }
}

static void write_models(const struct souk_proxy_metrics *p, struct souk_exposition *e)
{
    struct souk_view views[2];
    souk_topology_view(p->topology, &views[0]);
    const double share = souk_topology_canary(p->topology, &views[1]);
    if (views[0].status == SOUK_WIRE_OK)
        write_views(views, 1 + (views[1].model[0] != '\0'), e);
    souk_exposition_family(e, "souk_canary_share_ratio", SOUK_METRIC_GAUGE,
                           "Share of the users that the canary is for.");
    souk_exposition_integer(e, "", NULL, (int64_t)(share * 1e6 + .5), 6);
}

static void write_cache(const struct souk_proxy_metrics *p, struct souk_exposition *e)
{
    struct souk_answer_cache_stats stats = {0};
    if (p->answers)
        souk_answer_cache_read(p->answers, &stats);
    souk_exposition_family(e, "souk_cache_bytes", SOUK_METRIC_GAUGE,
                           "Memory of the cache of answers, its tables included.");
    souk_exposition_integer(e, "", NULL, stats.bytes, 0);
    souk_exposition_family(e, "souk_cache_entries", SOUK_METRIC_GAUGE, "Answers in the cache.");
    souk_exposition_integer(e, "", NULL, stats.entries, 0);
    souk_exposition_family(e, "souk_cache_evictions_total", SOUK_METRIC_COUNTER,
                           "Answers that went from the cache, by reason.");
    for (int i = 0; i < SOUK_ANSWER_ENDS; i++) {
        const struct souk_label labels[] = {{"reason", souk_answer_end_name(i)}, {0}};
        souk_exposition_integer(e, "", labels, stats.ends[i], 0);
    }
}

static void collect(void *context, struct souk_exposition *e)
{
    const struct souk_proxy_metrics *p = context;
    struct souk_replica_report *replicas;
    int count;
    if (souk_topology_replicas(p->topology, &replicas, &count, NULL) != SOUK_OK)
        return; /* no memory: what cannot be said is absent */
    write_models(p, e);
    souk_exposition_family(e, "souk_shards", SOUK_METRIC_GAUGE, "Shards that are asked.");
    souk_exposition_integer(e, "", NULL, souk_topology_shards(p->topology), 0);
    write_replicas(replicas, count, e);
    free(replicas);
    write_panics(p->topology, e);
    if (p->hedging)
        write_hedging(p->hedging, e);
    write_cache(p, e);
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

static void make_cache(struct souk_proxy_metrics *p, struct souk_metrics *m)
{
    static const char *const results[SOUK_CACHE_RESULTS] = {"hit", "miss", "shared", "bypass"};
    for (int i = 0; i < SOUK_CACHE_RESULTS; i++)
        p->cache[i] = souk_metrics_counter(
            m, "souk_cache_requests_total",
            "Requests for lists, by where the answer came from; none without a cache.",
            (struct souk_label[]){{"result", results[i]}, {0}});
}

souk_status souk_proxy_metrics_init(struct souk_proxy_metrics *p, struct souk_metrics *m,
                                    struct souk_topology *topology, struct souk_answer_cache *cache,
                                    struct souk_error *err)
{
    *p = (struct souk_proxy_metrics){.topology = topology, .answers = cache};
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
    make_cache(p, m);
    souk_metrics_collect(m, collect, p);
    return souk_metrics_check(m, err);
}

int souk_proxy_metrics_stage(const char *name)
{
    int i = 0;
    while (strcmp(stages[i], name) != 0) {
        i++;
        assert(i < SOUK_PROXY_STAGES);
    }
    return i;
}

const char *souk_proxy_metrics_stage_name(int stage)
{
    return stages[stage];
}

/* A shard that is away makes answers partial; without any there is none. */
static bool somebody_answers(struct souk_topology *t)
{
    struct souk_replica_report *replicas = NULL;
    int count = 0;
    bool found = false;
    if (souk_topology_replicas(t, &replicas, &count, NULL) != SOUK_OK)
        return true; /* no memory to know better */
    for (int i = 0; i < count; i++)
        found |= replicas[i].facts.alive && replicas[i].facts.ready;
    free(replicas);
    return found;
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
    else if (!somebody_answers(p->topology))
        snprintf(reason, size, "no replica answers");
    else
        return true;
    return false;
}
