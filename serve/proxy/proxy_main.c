/* souk-proxy: asks every shard, merges, answers; until SIGTERM. */
#include "serve/monitor/monitorserver.h"
#include "serve/net/server.h"
#include "serve/net/shutdown.h"
#include "serve/proxy/service.h"
#include "serve/proxy/topology.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/options.h"

#include <inttypes.h>

enum {
    FIRST_CONTACT_MS = 2000,
    DRAIN_POLL_MS = 10,
    QUIET_MS = 300, /* since the last request that was told to go elsewhere */
};

struct proxy_options {
    struct souk_options *parsed;
    const char *shards, *listen, *monitor;
    int64_t workers, queue, deadline_ms, drain_ms;
};

static souk_status parse(int argc, char **argv, bool *done, struct proxy_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        {"shards", 's', SOUK_OPTION_TEXT, &o->shards, NULL, 0, 0, NULL, "\"A1,A2 B1,B2\"",
         "addresses of the replicas: shards by space, replicas of a shard by comma", true},
        {"listen", 'l', SOUK_OPTION_TEXT, &o->listen, "tcp://127.0.0.1:7100", 0, 0, NULL, "URL",
         "tcp://HOST:PORT (port 0: any) or ipc://PATH", false},
        {"monitor", 0, SOUK_OPTION_TEXT, &o->monitor, "127.0.0.1:0", 0, 0, NULL, "HOST:PORT",
         "/metrics, /livez and /readyz over HTTP (port 0: any); or none", false},
        {"workers", 0, SOUK_OPTION_INT, &o->workers, "64", 1, 4096, NULL, "N",
         "requests under way at once", false},
        {"queue", 0, SOUK_OPTION_INT, &o->queue, "256", 1, 100000, NULL, "N",
         "requests that wait for their turn; more are answered overloaded", false},
        {"deadline", 0, SOUK_OPTION_DURATION, &o->deadline_ms, "200ms", 1, 60000, NULL, "DURATION",
         "of requests that bring none", false},
        {"drain-time", 0, SOUK_OPTION_DURATION, &o->drain_ms, "5s", 0, 1e9, NULL, "DURATION",
         "after SIGTERM answer draining for at most so long, until nobody asks any more", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-proxy",
        .summary = "answer requests from the shards of a model",
        .examples = "  souk-proxy --shards \"tcp://127.0.0.1:7101 tcp://127.0.0.1:7102\" \\\n"
                    "      --listen tcp://127.0.0.1:7100 --monitor 127.0.0.1:9100\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, true, done, &o->parsed, err);
}

/* Say what we found: all shards, or what is missing; then requests get that as their error. */
static void announce(struct souk_topology *topology, const char *address)
{
    struct souk_view view;
    souk_topology_view(topology, &view);
    if (view.status == SOUK_WIRE_OK)
        souk_log(SOUK_LOG_INFO, "ready", "listen=%s shards=%d model=%s kind=%s items=%" PRId64,
                 address, souk_topology_shards(topology), view.model, view.kind, view.catalogue);
    else
        souk_log(SOUK_LOG_WARN, "not_ready", "listen=%s status=%s reason=\"%s\"", address,
                 souk_wire_status_name(view.status), view.reason);
}

/* Nobody is taken in any more: clients that are told so turn to another proxy. Over when nobody has
 * asked for a while. */
static void drain(struct souk_server *server, int64_t limit_ms)
{
    const int64_t end_us = souk_monotonic_us() + limit_ms * 1000;
    int64_t told = 0, told_us = souk_monotonic_us();
    souk_server_drain(server);
    while (souk_monotonic_us() < end_us) {
        const int64_t refused = souk_server_refused(server, SOUK_REFUSAL_DRAINING);
        if (refused != told)
            told_us = souk_monotonic_us();
        told = refused;
        if (souk_server_busy(server) == 0 &&
            (souk_server_connections(server) == 0 ||
             souk_monotonic_us() - told_us > QUIET_MS * INT64_C(1000)))
            break;
        if (souk_shutdown_wait_ms(DRAIN_POLL_MS) != 0)
            break; /* the second signal is not patient */
    }
}

/* Who comes back after a restart listens when it can answer, or after a while with its reason. */
static souk_status serve(const struct proxy_options *o, struct souk_topology *topology,
                         struct souk_service *service, struct souk_proxy_metrics *metrics,
                         struct souk_error *err)
{
    struct souk_server *server = NULL;
    const struct souk_server_plan plan = {.url = o->listen,
                                          .workers = (int)o->workers,
                                          .queue = (int)o->queue,
                                          .limit = souk_topology_limit(topology),
                                          .deadline_ms = o->deadline_ms,
                                          .handler = souk_service_handle,
                                          .context = service};
    souk_topology_wait(topology, FIRST_CONTACT_MS);
    const souk_status status = souk_server_start(&plan, &server, err);
    if (status)
        return status;
    souk_gauge_set(metrics->workers, o->workers);
    souk_server_metrics_watch(&metrics->server, server);
    souk_readiness_set(&metrics->readiness, SOUK_PHASE_SERVING);
    announce(topology, souk_server_address(server));
    const int signal_number = souk_shutdown_wait();
    souk_readiness_set(&metrics->readiness, SOUK_PHASE_DRAINING);
    souk_log(SOUK_LOG_INFO, "draining", "signal=%d", signal_number);
    drain(server, o->drain_ms);
    souk_server_metrics_watch(&metrics->server, NULL);
    souk_server_stop(server);
    return SOUK_OK;
}

static souk_status run(const struct proxy_options *o, struct souk_error *err)
{
    struct souk_metrics *metrics = souk_metrics_new();
    struct souk_topology *topology = NULL;
    struct souk_service *service = NULL;
    struct souk_monitor *monitor = NULL;
    struct souk_proxy_metrics own;
    if (!metrics)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the metrics");
    souk_status status = souk_topology_start(o->shards, &topology, err);
    if (!status)
        status = souk_proxy_metrics_init(&own, metrics, topology, err);
    if (!status)
        status = souk_service_new(topology, &own, (int)o->workers, o->deadline_ms, &service, err);
    if (!status) {
        own.hedging = souk_service_hedging(service);
        status = souk_monitor_start(o->monitor, metrics, souk_proxy_metrics_is_ready, &own,
                                    &monitor, err);
    }
    if (!status) {
        souk_log(SOUK_LOG_INFO, "monitor", "listen=%s", souk_monitor_address(monitor));
        status = serve(o, topology, service, &own, err);
    }
    souk_monitor_stop(monitor);
    souk_service_free(service);
    souk_topology_stop(topology);
    souk_metrics_free(metrics);
    if (!status)
        souk_log(SOUK_LOG_INFO, "stopped", "%s", "");
    return status;
}

int main(int argc, char **argv)
{
    struct proxy_options o = {0};
    struct souk_error err = {0};
    bool done = false;
    souk_status status;

    souk_log_setup("souk-proxy", 0, SOUK_LOG_INFO);
    souk_shutdown_prepare();
    status = parse(argc, argv, &done, &o, &err);
    if (!status && !done)
        status = run(&o, &err);
    if (status)
        souk_complain(&err);
    souk_options_free(o.parsed);
    return souk_exit_code(status);
}
