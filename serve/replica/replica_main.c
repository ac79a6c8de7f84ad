/* souk-replica: loads the parts of its shard, answers and changes models until SIGTERM. */
#include "serve/monitor/logoptions.h"
#include "serve/monitor/monitorserver.h"
#include "serve/net/flatheap.h"
#include "serve/net/netoptions.h"
#include "serve/net/server.h"
#include "serve/net/servicestate.h"
#include "serve/net/shutdown.h"
#include "serve/replica/replicaadmin.h"
#include "serve/replica/replicametrics.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/options.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HOUSEKEEPING_MS = 250,
    DRAIN_POLL_MS = 10,
    QUIET_MS = 300, /* proxies ask for health three times in it */
    ARENAS = 2,
    MAPPED_FROM = 128 << 10,
};

struct replica_options {
    struct souk_options *parsed;
    const char *model, *shard, *listen, *monitor, *admin, *pin;
    int64_t threads, queue, memory_limit_bytes, drain_ms, linger_ms;
    struct souk_listen_options door;
    struct souk_log_options log;
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
         "tls+tcp://HOST:PORT (port 0: any), ipc://PATH, or tcp:// for loopback", false},
        SOUK_LISTEN_ROWS(o->door),
        {"monitor", 0, SOUK_OPTION_TEXT, &o->monitor, "127.0.0.1:0", 0, 0, NULL, "HOST:PORT",
         "/metrics, /livez and /readyz over HTTP (port 0: any); or none", false},
        {"threads", 0, SOUK_OPTION_INT, &o->threads, "0", 0, 1024, NULL, "N",
         "requests answered at once; 0: as many as cores", false},
        {"pin", 0, SOUK_OPTION_TEXT, &o->pin, NULL, 0, 0, NULL, "CORES",
         "a core for each thread: hwloc's numbers, such as 0-3,8; none by default", false},
        {"queue", 0, SOUK_OPTION_INT, &o->queue, "256", 1, 100000, NULL, "N",
         "requests that wait for a thread; more are answered overloaded", false},
        {"admin", 0, SOUK_OPTION_TEXT, &o->admin, NULL, 0, 0, NULL, "ipc://PATH",
         "listener for reload and drain (souk admin); none by default", false},
        {"memory-limit", 0, SOUK_OPTION_BYTES, &o->memory_limit_bytes, "0", 0, 0, NULL, "BYTES",
         "refuse a model that would take the process beyond this; 0: none", false},
        {"linger", 0, SOUK_OPTION_DURATION, &o->linger_ms, "10s", 1, 1e9, NULL, "DURATION",
         "keep the model before the newest for so long after the last question for it", false},
        {"drain-time", 0, SOUK_OPTION_DURATION, &o->drain_ms, "5s", 0, 1e9, NULL, "DURATION",
         "after SIGTERM wait at most so long until nobody asks any more", false},
        SOUK_LOG_ROWS(o->log),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-replica",
        .summary = "serve one shard of a model",
        .examples =
            "  souk-replica --model shop.model --shard 0/2 --listen tcp://127.0.0.1:7101 \\\n"
            "      --monitor 127.0.0.1:9101\n"
            "  souk-replica --model registry/current --shard 0/2 --admin ipc:///run/souk/a0 \\\n"
            "      --memory-limit 8G\n"
            "  souk-replica --model shop.model --listen tls+tcp://10.0.0.11:7101 \\\n"
            "      --tls-cert a0.crt --tls-key a0.key --tls-ca fleet-ca.crt\n",
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

/* ---- serving ---- */

struct process {
    struct souk_modelslot slot;
    struct souk_loader loader;
    struct souk_replica_service service;
    struct souk_replica_admin admin;
    struct souk_server *server, *admin_server;
    struct souk_service_state state; /* what systemd is told */
    struct souk_pinning *pinning;
    struct souk_tls *tls;
    struct souk_metrics *registry;
    struct souk_replica_metrics metrics;
};

static souk_status listen_on(struct process *p, const struct replica_options *o, int workers,
                             struct souk_error *err)
{
    const struct souk_server_plan plan = {.url = o->listen,
                                          .tls = p->tls,
                                          .insecure = o->door.insecure,
                                          .limits = o->door.limits,
                                          .work = {.workers = workers,
                                                   .queue = (int)o->queue,
                                                   .handler = souk_replica_service_handle,
                                                   .context = &p->service,
                                                   .pinning = p->pinning}};
    const struct souk_server_plan admin = {.url = o->admin,
                                           .tls = p->tls,
                                           .work = {.workers = SOUK_REPLICA_ADMIN_WORKERS,
                                                    .queue = SOUK_REPLICA_ADMIN_WORKERS,
                                                    .handler = souk_replica_admin_handle,
                                                    .context = &p->admin}};
    souk_status status = souk_server_start(&plan, &p->server, err);
    if (!status && o->admin)
        status = souk_server_start(&admin, &p->admin_server, err);
    return status;
}

static void tell_models(struct process *p)
{
    struct souk_held *held[SOUK_VERSIONS_HELD];
    const int count = souk_modelslot_list(&p->slot, held);
    souk_service_state_tell(&p->state, "shard %d of %d, model %s%s%s", p->loader.place.shard,
                            p->loader.place.shards, count > 0 ? held[0]->id : "none",
                            count > 1 ? ", still " : "", count > 1 ? held[1]->id : "");
    for (int i = 0; i < count; i++)
        souk_modelslot_give(&p->slot, held[i]);
}

/* Answer until a signal; between times, let go of models that nobody asks for. */
static void serve(struct process *p, const struct replica_options *o,
                  const struct souk_change *change)
{
    int number;
    souk_gauge_set(p->metrics.workers, p->loader.place.workers);
    souk_server_metrics_watch(&p->metrics.server, p->server);
    souk_readiness_set(&p->metrics.readiness, SOUK_PHASE_SERVING);
    souk_log(SOUK_LOG_INFO, "ready", "listen=%s shard=%d/%d model=%s need_bytes=%" PRId64,
             souk_server_address(p->server), p->loader.place.shard, p->loader.place.shards,
             change->id, change->need_bytes);
    souk_service_state_init(&p->state, souk_server_force(p->server), souk_monotonic_us());
    souk_service_state_ready(&p->state);
    do {
        souk_loader_retire(&p->loader, o->linger_ms);
        tell_models(p);
        souk_service_state_beat(&p->state, souk_monotonic_us());
        number = souk_shutdown_wait_ms(souk_service_state_pause_ms(&p->state, HOUSEKEEPING_MS));
    } while (number == 0);
    souk_service_state_stopping(&p->state);
    souk_log(SOUK_LOG_INFO, "draining", "signal=%d", number);
}

/* Not ready any more: answer until proxies have seen it and ask others. */
static void drain(struct process *p, int64_t limit_ms)
{
    const int64_t end_us = souk_monotonic_us() + limit_ms * 1000;
    atomic_store(&p->service.draining, true);
    souk_readiness_set(&p->metrics.readiness, SOUK_PHASE_DRAINING);
    while (souk_monotonic_us() < end_us) {
        const int64_t quiet_us = souk_monotonic_us() - atomic_load(&p->service.last_work_us);
        if (souk_workforce_busy(souk_server_force(p->server)) == 0 &&
            (souk_server_connections(p->server) == 0 || quiet_us > QUIET_MS * INT64_C(1000)))
            break;
        if (souk_shutdown_wait_ms(DRAIN_POLL_MS) != 0)
            break; /* the second signal is not patient */
        souk_service_state_beat(&p->state, souk_monotonic_us());
    }
}

/* Load, listen, answer. The monitor is there before the model: loading takes its time. */
static souk_status load_and_serve(struct process *p, const struct replica_options *o,
                                  struct souk_error *err)
{
    struct souk_monitor *monitor = NULL;
    struct souk_change change;
    souk_status status = souk_monitor_start(o->monitor, p->registry, souk_readiness_is_ready,
                                            &p->metrics.readiness, &monitor, err);
    if (!status) {
        souk_log(SOUK_LOG_INFO, "monitor", "listen=%s", souk_monitor_address(monitor));
        souk_service_state_tell(&p->state, "loads %s", o->model);
        status = souk_loader_change(&p->loader, o->model, false, &change, err);
    }
    if (!status)
        status = listen_on(p, o, p->loader.place.workers, err);
    if (!status) {
        serve(p, o, &change);
        drain(p, o->drain_ms);
    }
    souk_monitor_stop(monitor);
    souk_server_stop(p->admin_server);
    souk_server_stop(p->server);
    return status;
}

/* As many as asked for, else one for each core that we may use. */
static int worker_count(const struct replica_options *o, const struct souk_pinning *pinning)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (o->threads > 0)
        return (int)o->threads;
    return pinning ? souk_pinning_count(pinning) : cores > 0 ? (int)cores : 1;
}

/* Memory stays flat while models come and go: one heap for all threads, and what is large is mapped
 * and goes back when it is freed (docs/adr/0009-versions.md has the figures). */
static void keep_memory_flat(void)
{
    if (mallopt(M_ARENA_MAX, ARENAS) == 0 || mallopt(M_MMAP_THRESHOLD, MAPPED_FROM) == 0)
        souk_log(SOUK_LOG_WARN, "allocator", "%s", "unchanged");
}

static souk_status run(struct replica_options *o, struct souk_error *err)
{
    struct souk_shard_place place;
    struct process p = {.server = NULL};
    souk_status status;

    keep_memory_flat();
    status = parse_shard(o->shard, &place.shard, &place.shards, err);
    if (!status && o->pin)
        status = souk_pinning_new(o->pin, &p.pinning, err);
    if (!status)
        status = souk_listen_prepare(&o->door, o->listen,
                                     souk_options_was_set(o->parsed, "connections"), &p.tls, err);
    if (status)
        return status;
    place.workers = worker_count(o, p.pinning);
    souk_modelslot_init(&p.slot);
    souk_loader_init(&p.loader, &p.slot, &place, o->memory_limit_bytes);
    souk_replica_service_init(&p.service, &p.loader, &p.metrics.request);
    souk_slow_log_init(&p.service.slow, o->log.slow_ms);
    p.admin = (struct souk_replica_admin){
        .service = &p.service, .metrics = &p.metrics, .model = o->model};
    p.registry = souk_metrics_new();
    status = p.registry ? souk_replica_metrics_init(&p.metrics, p.registry, &p.slot, err)
                        : souk_fail(err, SOUK_ENOMEM, "no memory for the metrics");
    if (!status)
        status = load_and_serve(&p, o, err);
    souk_loader_fini(&p.loader);
    souk_modelslot_fini(&p.slot);
    souk_metrics_free(p.registry);
    souk_pinning_free(p.pinning);
    souk_tls_free(p.tls);
    if (!status)
        souk_log(SOUK_LOG_INFO, "stopped", "%s", "");
    return status;
}

int main(int argc, char **argv)
{
    struct replica_options o = {0};
    struct souk_error err = {0};
    bool done = false;
    souk_status status;

    souk_flatheap_begin(argv);
    souk_log_setup("souk-replica", 0, SOUK_LOG_INFO);
    souk_shutdown_prepare();
    status = parse(argc, argv, &done, &o, &err);
    souk_log_setup("souk-replica", 0, status ? SOUK_LOG_INFO : (enum souk_log_level)o.log.level);
    if (!status && !done)
        status = run(&o, &err);
    if (status)
        souk_complain(&err);
    souk_options_free(o.parsed);
    return souk_exit_code(status);
}
