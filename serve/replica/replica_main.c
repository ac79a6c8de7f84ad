/* souk-replica: loads the parts of its shard, answers until SIGTERM. */
#include "serve/monitor/monitorserver.h"
#include "serve/net/server.h"
#include "serve/net/shutdown.h"
#include "serve/replica/handler.h"
#include "serve/replica/replicametrics.h"
#include "shared/base/log.h"
#include "shared/base/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct replica_options {
    struct souk_options *parsed;
    const char *model, *shard, *listen, *monitor;
    int64_t threads;
};

static souk_status parse(int argc, char **argv, bool *done, struct replica_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        {"model", 'm', SOUK_OPTION_TEXT, &o->model, NULL, 0, 0, NULL, "DIR",
         "model that souk-train made, or a registry's current", true},
        {"shard", 0, SOUK_OPTION_TEXT, &o->shard, "0/1", 0, 0, NULL, "I/N",
         "hold the parts p with p mod N = I", false},
        {"listen", 'l', SOUK_OPTION_TEXT, &o->listen, "tcp://127.0.0.1:7101", 0, 0, NULL, "URL",
         "tcp://HOST:PORT (port 0: any) or ipc://PATH", false},
        {"monitor", 0, SOUK_OPTION_TEXT, &o->monitor, "127.0.0.1:0", 0, 0, NULL, "HOST:PORT",
         "/metrics, /livez and /readyz over HTTP (port 0: any); or none", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 1024, NULL, "N",
         "requests answered at once; 0: as many as cores", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-replica",
        .summary = "serve one shard of a model",
        .examples =
            "  souk-replica --model shop.model --shard 0/2 --listen tcp://127.0.0.1:7101 \\\n"
            "      --monitor 127.0.0.1:9101\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, true, done, &o->parsed, err);
}

static souk_status parse_shard(const char *text, int *shard, int *shards, struct souk_error *err)
{
    char rest;
    if (sscanf(text, "%d/%d%c", shard, shards, &rest) != 2 || *shards < 1 || *shard < 0 ||
        *shard >= *shards)
        return souk_fail(err, SOUK_EUSAGE, "--shard '%s' is not I/N with 0 <= I < N", text);
    return SOUK_OK;
}

static souk_status serve(const struct replica_options *o, struct souk_replica *replica,
                         struct souk_replica_metrics *metrics, struct souk_error *err)
{
    const struct souk_held_model held = souk_held_model_of(replica->shard);
    struct souk_server *server = NULL;
    replica->metrics = &metrics->request;
    souk_gauge_set(metrics->workers, replica->workers);
    souk_replica_metrics_hold(metrics, &held, 1);
    const souk_status status =
        souk_server_start(o->listen, replica->workers, souk_replica_handle, replica, &server, err);
    if (status)
        return status;
    souk_log(SOUK_LOG_INFO, "ready", "listen=%s shard=%d/%d model=%s kind=%s items=%" PRId64,
             souk_server_address(server), replica->shard_number, replica->shards,
             replica->model->id, replica->model->kind, replica->shard->item_count);
    souk_readiness_set(&metrics->readiness, SOUK_PHASE_SERVING);
    const int signal_number = souk_shutdown_wait();
    souk_readiness_set(&metrics->readiness, SOUK_PHASE_DRAINING);
    souk_log(SOUK_LOG_INFO, "draining", "signal=%d", signal_number);
    souk_server_stop(server);
    souk_log(SOUK_LOG_INFO, "stopped", "%s", "");
    return SOUK_OK;
}

static souk_status load_and_serve(const struct replica_options *o,
                                  struct souk_replica_metrics *metrics, struct souk_error *err)
{
    struct souk_model *model = NULL;
    struct souk_shard shard = {0};
    struct souk_stage_shard stages = {0};
    struct souk_replica replica = {0};
    int number = 0, shards = 1;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const int workers = o->threads > 0 ? (int)o->threads : cores > 0 ? (int)cores : 1;
    souk_status status = parse_shard(o->shard, &number, &shards, err);
    if (!status)
        status = souk_model_open(o->model, &model, err);
    if (!status)
        status = souk_shard_load(model, number, shards, SOUK_MODEL_USERS | SOUK_MODEL_ITEMS, &shard,
                                 err);
    const bool has_stages = !status && model->stages.source_count > 0;
    if (has_stages)
        status = souk_stage_shard_init(&stages, &shard, err);
    if (!status)
        status = souk_replica_init(&replica, model, &shard, has_stages ? &stages : NULL, number,
                                   shards, workers, err);
    if (!status)
        status = serve(o, &replica, metrics, err);
    souk_replica_fini(&replica);
    souk_stage_shard_fini(&stages);
    souk_shard_fini(&shard);
    souk_model_free(model);
    return status;
}

/* The monitor is there before the model: loading takes its time. */
static souk_status run(const struct replica_options *o, struct souk_error *err)
{
    struct souk_metrics *metrics = souk_metrics_new();
    struct souk_monitor *monitor = NULL;
    struct souk_replica_metrics own;
    if (!metrics)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the metrics");
    souk_status status = souk_replica_metrics_init(&own, metrics, err);
    if (!status)
        status = souk_monitor_start(o->monitor, metrics, souk_readiness_is_ready, &own.readiness,
                                    &monitor, err);
    if (!status) {
        souk_log(SOUK_LOG_INFO, "monitor", "listen=%s", souk_monitor_address(monitor));
        status = load_and_serve(o, &own, err);
    }
    souk_monitor_stop(monitor);
    souk_metrics_free(metrics);
    return status;
}

int main(int argc, char **argv)
{
    struct replica_options o = {0};
    struct souk_error err = {0};
    bool done = false;
    souk_status status;

    souk_log_setup("souk-replica", 0, SOUK_LOG_INFO);
    souk_shutdown_prepare();
    status = parse(argc, argv, &done, &o, &err);
    if (!status && !done)
        status = run(&o, &err);
    if (status)
        souk_complain(&err);
    souk_options_free(o.parsed);
    return souk_exit_code(status);
}
