/* souk-proxyctl list: the members of a fleet, as a file for --fleet or as JSON. */
#include "serve/proxyctl/proxyctl.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- as a file ---- */

/* One that leaves is no member any more: it stands in a comment. */
static void print_replica(const struct souk_replica_status *r, int width)
{
    const bool leaves = strcmp(r->state, "leaving") == 0;
    printf("%s%lld %-*s %-8s# %s", leaves ? "# " : "", (long long)r->shard, width, r->address,
           r->drained ? "drained" : "", r->state);
    if (r->reason[0])
        printf(": %s", r->reason);
    for (int i = 0; i < r->model_count; i++)
        printf(" %s", r->model[i]);
    putchar('\n');
}

static void print_file(const char *url, const struct souk_fleet_status *s)
{
    int width = 0;
    for (int i = 0; i < s->count; i++) {
        const int len = (int)strlen(s->replicas[i].address);
        width = len > width ? len : width;
    }
    printf("# %s: %s%s%s, model %s, %lld shards\n", url, s->state, s->reason[0] ? ": " : "",
           s->reason, s->model[0] ? s->model : "-", (long long)s->shards);
    for (int i = 0; i < s->count; i++)
        print_replica(&s->replicas[i], width);
}

/* ---- as JSON ---- */

static json_t *replica_to_json(const struct souk_replica_status *r)
{
    json_t *models = json_array();
    for (int i = 0; i < r->model_count; i++)
        json_array_append_new(models, json_string(r->model[i]));
    return json_pack("{s:I, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "shard", (json_int_t)r->shard,
                     "address", r->address, "state", r->state, "reason", r->reason, "drained",
                     r->drained, "outstanding", (json_int_t)r->outstanding, "latency_us",
                     (json_int_t)r->latency_us, "out_us", (json_int_t)r->out_us, "models", models);
}

static json_t *fleet_to_json(const char *url, const struct souk_fleet_status *s)
{
    json_t *replicas = json_array();
    for (int i = 0; i < s->count; i++)
        json_array_append_new(replicas, replica_to_json(&s->replicas[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "proxy", url, "state", s->state, "reason",
                     s->reason, "model", s->model, "shards", (json_int_t)s->shards, "replicas",
                     replicas);
}

static souk_status print_json(json_t *fleets, struct souk_error *err)
{
    char *text = json_dumps(fleets, JSON_INDENT(1));
    if (!text)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the list");
    puts(text);
    free(text);
    return SOUK_OK;
}

/* ---- both ---- */

souk_status souk_proxyctl_list(const struct souk_proxyctl *o, struct souk_error *err)
{
    struct souk_proxies proxies;
    json_t *fleets = json_array();
    souk_status status = souk_proxies_open(o, &proxies, err);
    for (int i = 0; i < proxies.count && !status; i++) {
        const char *url = proxies.peers[i].caller.url;
        struct souk_fleet_status fleet;
        status = souk_proxies_status(&proxies, i, "list", o->timeout_ms, &fleet, err);
        if (!status && o->json)
            json_array_append_new(fleets, fleet_to_json(url, &fleet));
        else if (!status)
            print_file(url, &fleet);
        souk_fleet_status_fini(&fleet);
    }
    if (!status && o->json)
        status = print_json(fleets, err);
    json_decref(fleets);
    souk_proxies_close(&proxies);
    return status;
}
