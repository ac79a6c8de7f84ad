/* souk-proxy: asks every shard, merges, answers; until SIGTERM. SIGHUP: the fleet's file again. */
#include "serve/monitor/monitorserver.h"
#include "serve/net/server.h"
#include "serve/net/shutdown.h"
#include "serve/proxy/fleetchange.h"
#include "serve/proxy/proxyadmin.h"
#include "serve/proxy/service.h"
#include "serve/proxy/topology.h"
#include "shared/base/log.h"
#include "shared/base/options.h"

#include <inttypes.h>
#include <signal.h>

enum { FIRST_CONTACT_MS = 2000 };

struct proxy_options {
    struct souk_options *parsed;
    const char *shards, *fleet, *listen, *monitor, *admin;
    int64_t workers, queue, deadline_ms;
};

static souk_status parse(int argc, char **argv, bool *done, struct proxy_options *o,
                         struct souk_error *err)
{
    const struct souk_option table[] = {
        {"shards", 's', SOUK_OPTION_TEXT, &o->shards, NULL, 0, 0, NULL, "\"A1,A2 B1,B2\"",
         "addresses of the replicas: shards by space, replicas of a shard by comma", false},
        {"fleet", 'f', SOUK_OPTION_TEXT, &o->fleet, NULL, 0, 0, NULL, "FILE",
         "the same from a file, SHARD ADDRESS [drained] to a line; read again on SIGHUP", false},
        {"listen", 'l', SOUK_OPTION_TEXT, &o->listen, "tcp://127.0.0.1:7100", 0, 0, NULL, "URL",
         "tcp://HOST:PORT (port 0: any) or ipc://PATH", false},
        {"monitor", 0, SOUK_OPTION_TEXT, &o->monitor, "127.0.0.1:0", 0, 0, NULL, "HOST:PORT",
         "/metrics, /livez and /readyz over HTTP (port 0: any); or none", false},
        {"admin", 0, SOUK_OPTION_TEXT, &o->admin, NULL, 0, 0, NULL, "ipc://PATH",
         "listener for changes of the fleet (souk-proxyctl); none by default", false},
        {"workers", 0, SOUK_OPTION_INT, &o->workers, "64", 1, 4096, NULL, "N",
         "requests under way at once", false},
        {"queue", 0, SOUK_OPTION_INT, &o->queue, "256", 1, 100000, NULL, "N",
         "requests that wait for their turn; more are answered overloaded", false},
        {"deadline", 0, SOUK_OPTION_DURATION, &o->deadline_ms, "200ms", 1, 60000, NULL, "DURATION",
         "of requests that bring none", false},
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-proxy",
        .summary = "answer requests from the shards of a model",
        .examples = "  souk-proxy --shards \"tcp://127.0.0.1:7101 tcp://127.0.0.1:7102\" \\\n"
                    "      --listen tcp://127.0.0.1:7100 --monitor 127.0.0.1:9100\n"
                    "  souk-proxy --fleet /etc/souk/fleet --admin ipc:///run/souk/proxy\n",
        .options = table,
    };
    return souk_options_parse(&program, argc, argv, true, done, &o->parsed, err);
}

/* Say what we found: all shards, or what is missing; then requests get that as their error. */
static void announce(struct souk_topology *topology, const char *address)
{
    struct souk_view view;
    souk_topology_wait(topology, FIRST_CONTACT_MS);
    souk_topology_view(topology, &view);
    if (view.status == SOUK_WIRE_OK)
        souk_log(SOUK_LOG_INFO, "ready", "listen=%s shards=%d model=%s kind=%s items=%" PRId64,
                 address, souk_topology_shards(topology), view.model, view.kind, view.catalogue);
    else
        souk_log(SOUK_LOG_WARN, "not_ready", "listen=%s status=%s reason=\"%s\"", address,
                 souk_wire_status_name(view.status), view.reason);
}

/* The fleet's file again. What is wrong with it changes nothing. */
static void read_again(const char *path, struct souk_topology *topology)
{
    struct souk_fleet_plan plan = {0};
    struct souk_fleet_change change;
    struct souk_error err = {0};
    souk_status status =
        path ? souk_fleet_plan_read(path, &plan, &err)
             : souk_fail(&err, SOUK_EUSAGE, "SIGHUP reads the file of --fleet: there is none");
    if (!status)
        status = souk_fleet_apply(topology, &plan, &change, &err);
    if (status)
        souk_log(SOUK_LOG_ERROR, "fleet_kept", "reason=\"%s\"", err.msg);
    else
        souk_log(SOUK_LOG_INFO, "fleet_read",
                 "file=%s added=%d removed=%d drained=%d undrained=%d silent=%d", path,
                 change.added, change.removed, change.drained, change.undrained, change.silent);
    souk_fleet_plan_fini(&plan);
}

/* Answer until a signal. */
static void serve(const struct proxy_options *o, struct souk_topology *topology,
                  struct souk_server *server, struct souk_proxy_metrics *metrics)
{
    int signal_number;
    souk_gauge_set(metrics->workers, o->workers);
    souk_server_metrics_watch(&metrics->server, server);
    souk_readiness_set(&metrics->readiness, SOUK_PHASE_SERVING);
    announce(topology, souk_server_address(server));
    while ((signal_number = souk_shutdown_wait_or_hangup()) == SIGHUP)
        read_again(o->fleet, topology);
    souk_readiness_set(&metrics->readiness, SOUK_PHASE_DRAINING);
    souk_log(SOUK_LOG_INFO, "draining", "signal=%d", signal_number);
}

static souk_status listen_and_serve(const struct proxy_options *o, struct souk_topology *topology,
                                    struct souk_proxy_metrics *metrics, struct souk_error *err)
{
    struct souk_service *service = NULL;
    struct souk_server *server = NULL, *admin_server = NULL;
    struct souk_proxy_status told = {.topology = topology, .metrics = metrics};
    struct souk_server_plan plan = {.url = o->listen,
                                    .workers = (int)o->workers,
                                    .queue = (int)o->queue,
                                    .handler = souk_service_handle};
    const struct souk_server_plan admin = {.url = o->admin,
                                           .workers = SOUK_PROXY_ADMIN_WORKERS,
                                           .queue = SOUK_PROXY_ADMIN_WORKERS,
                                           .handler = souk_proxy_admin_handle,
                                           .context = &told};
    souk_status status =
        souk_service_new(topology, metrics, (int)o->workers, o->deadline_ms, &service, err);
    plan.context = service;
    if (!status)
        status = souk_server_start(&plan, &server, err);
    if (!status && o->admin) {
        told.hedging = souk_service_hedging(service);
        told.server = server;
        status = souk_server_start(&admin, &admin_server, err);
    }
    if (!status)
        serve(o, topology, server, metrics);
    souk_server_stop(admin_server);
    souk_server_metrics_watch(&metrics->server, NULL);
    souk_server_stop(server);
    souk_service_free(service);
    return status;
}

static souk_status start_topology(const struct proxy_options *o, struct souk_topology **out,
                                  struct souk_error *err)
{
    struct souk_fleet_plan plan = {0};
    souk_status status;
    if (!o->shards == !o->fleet)
        return souk_fail(err, SOUK_EUSAGE, "give either --shards or --fleet");
    status = o->fleet ? souk_fleet_plan_read(o->fleet, &plan, err)
                      : souk_fleet_plan_parse_shards(o->shards, &plan, err);
    if (!status)
        status = souk_topology_start(&plan, out, err);
    souk_fleet_plan_fini(&plan);
    return status;
}

static souk_status run(const struct proxy_options *o, struct souk_error *err)
{
    struct souk_metrics *metrics = souk_metrics_new();
    struct souk_topology *topology = NULL;
    struct souk_monitor *monitor = NULL;
    struct souk_proxy_metrics own;
    if (!metrics)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the metrics");
    souk_status status = start_topology(o, &topology, err);
    if (!status)
        status = souk_proxy_metrics_init(&own, metrics, topology, err);
    if (!status)
        status = souk_monitor_start(o->monitor, metrics, souk_proxy_metrics_is_ready, &own,
                                    &monitor, err);
    if (!status) {
        souk_log(SOUK_LOG_INFO, "monitor", "listen=%s", souk_monitor_address(monitor));
        status = listen_and_serve(o, topology, &own, err);
    }
    souk_monitor_stop(monitor);
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
    souk_shutdown_prepare_hangup();
    status = parse(argc, argv, &done, &o, &err);
    if (!status && !done)
        status = run(&o, &err);
    if (status)
        souk_complain(&err);
    souk_options_free(o.parsed);
    return souk_exit_code(status);
}
