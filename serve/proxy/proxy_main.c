/* souk-proxy: asks every shard, merges, answers; until SIGTERM. SIGHUP: the files of the fleet and
 * of the tokens again. */
#include "serve/access/ratelimit.h"
#include "serve/http/httpserver.h"
#include "serve/monitor/logoptions.h"
#include "serve/monitor/monitorserver.h"
#include "serve/net/flatheap.h"
#include "serve/net/listenaddress.h"
#include "serve/net/netoptions.h"
#include "serve/net/server.h"
#include "serve/net/servicestate.h"
#include "serve/net/shutdown.h"
#include "serve/proxy/eventintake.h"
#include "serve/proxy/proxyadmin.h"
#include "serve/proxy/reread.h"
#include "serve/proxy/service.h"
#include "serve/proxy/topology.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/options.h"

#include "souk_version.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRST_CONTACT_MS = 2000,
    DRAIN_POLL_MS = 10,
    WORKERS_PER_CORE = 14,
    HOUSEKEEPING_MS = 250,
    EVENTS_MAX = 4096, /* under way to the store */
    QUIET_MS = 300,    /* since the last request that was told to go elsewhere */
};

struct proxy_options {
    struct souk_options *parsed;
    const char *shards, *fleet, *listen, *monitor, *admin, *events, *tokens;
    double rate;
    int64_t workers, queue, deadline_ms, drain_ms, cache_bytes, cache_ttl_ms, recent_bytes, keep_ms;
    struct souk_listen_options door;
    struct souk_http_options http;
    struct souk_log_options log;
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
         "tls+tcp://HOST:PORT (port 0: any), ipc://PATH, or tcp:// for loopback", false},
        SOUK_LISTEN_ROWS(o->door),
        SOUK_HTTP_ROWS(o->http),
        {"monitor", 0, SOUK_OPTION_TEXT, &o->monitor, "127.0.0.1:0", 0, 0, NULL, "HOST:PORT",
         "/metrics, /livez and /readyz over HTTP (port 0: any); or none", false},
        {"admin", 0, SOUK_OPTION_TEXT, &o->admin, NULL, 0, 0, NULL, "ipc://PATH",
         "listener for changes of the fleet (souk-proxyctl); none by default", false},
        {"tokens", 0, SOUK_OPTION_TEXT, &o->tokens, NULL, 0, 0, NULL, "FILE",
         "take only requests with a token of this file (souk-token); read again on SIGHUP", false},
        {"rate", 0, SOUK_OPTION_REAL, &o->rate, "0", 0, SOUK_RATE_MAX, NULL, "R",
         "requests a second that are let in, of all who ask together; 0: no limit", false},
        {"workers", 0, SOUK_OPTION_INT, &o->workers, "0", 0, 4096, NULL, "N",
         "requests under way at once; 0: 14 for each core", false},
        {"queue", 0, SOUK_OPTION_INT, &o->queue, "256", 1, 100000, NULL, "N",
         "requests that wait for their turn; more are answered overloaded", false},
        {"deadline", 0, SOUK_OPTION_DURATION, &o->deadline_ms, "200ms", 1, 60000, NULL, "DURATION",
         "of requests that bring none", false},
        {"cache", 0, SOUK_OPTION_BYTES, &o->cache_bytes, "0", 0, 1e12, NULL, "BYTES",
         "memory for answers that are given again to who asks the same; 0: none, else at least 1M",
         false},
        {"cache-ttl", 0, SOUK_OPTION_DURATION, &o->cache_ttl_ms, "60s", 1, 1e9, NULL, "DURATION",
         "how old an answer from the cache may be", false},
        {"events", 0, SOUK_OPTION_TEXT, &o->events, NULL, 0, 0, NULL, "URL",
         "store of events: sqlite:FILE, for one proxy, or postgresql://...; none by default",
         false},
        {"events-keep", 0, SOUK_OPTION_DURATION, &o->keep_ms, "0", 0, 1e14, NULL, "DURATION",
         "delete events that happened longer ago; 0: keep all", false},
        {"events-cache", 0, SOUK_OPTION_BYTES, &o->recent_bytes, "64M", 1 << 20, 1e12, NULL,
         "BYTES", "memory for what visitors did lately", false},
        {"drain-time", 0, SOUK_OPTION_DURATION, &o->drain_ms, "5s", 0, 1e9, NULL, "DURATION",
         "after SIGTERM answer draining for at most so long, until nobody asks any more", false},
        SOUK_LOG_ROWS(o->log),
        {NULL, 0, SOUK_OPTION_FLAG, NULL, NULL, 0, 0, NULL, NULL, NULL, false},
    };
    const struct souk_program program = {
        .name = "souk-proxy",
        .summary = "answer requests from the shards of a model",
        .examples =
            "  souk-proxy --shards \"tcp://127.0.0.1:7101 tcp://127.0.0.1:7102\" \\\n"
            "      --listen tcp://127.0.0.1:7100 --monitor 127.0.0.1:9100\n"
            "  souk-proxy --fleet /etc/souk/fleet --events sqlite:/var/lib/souk/events.db\n"
            "  souk-proxy --fleet /etc/souk/fleet --admin ipc:///run/souk/proxy --cache 256M\n"
            "  souk-proxy --fleet /etc/souk/fleet --tokens /etc/souk/tokens --rate 2000\n"
            "  souk-proxy --shards \"tls+tcp://10.0.0.11:7101 tls+tcp://10.0.0.12:7101\" \\\n"
            "      --listen tls+tcp://10.0.0.1:7100 --tls-cert proxy.crt --tls-key proxy.key "
            "\\\n"
            "      --tls-ca fleet-ca.crt\n",
        .options = table,
    };
    const souk_status status =
        souk_options_parse(&program, argc, argv, true, done, &o->parsed, err);
    if (!status && !*done && o->cache_bytes > 0 && o->cache_bytes < SOUK_ANSWER_CACHE_BYTES_MIN)
        return souk_fail(err, SOUK_EUSAGE, "--cache takes 0 or at least %d bytes",
                         SOUK_ANSWER_CACHE_BYTES_MIN);
    return status;
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

/* All that a proxy has, in the order in which it is made. */
struct process {
    struct souk_metrics *registry;
    struct souk_tls *tls;
    struct souk_access *access;
    struct souk_topology *topology;
    struct souk_answer_cache *cache; /* NULL: none */
    struct souk_proxy_metrics metrics;
    struct souk_monitor *monitor;
    struct souk_attribution *attribution;
    struct souk_service *service;
    struct souk_event_intake *intake;          /* NULL: no events are kept */
    struct souk_workforce *force;              /* of all listeners but the admin's */
    struct souk_server *server, *admin_server; /* the latter NULL without --admin */
    struct souk_http *http;                    /* NULL: none */
    struct souk_proxy_status told;             /* what it tells */
    struct souk_service_state state;           /* what systemd is told */
};

static souk_status start_topology(struct process *p, const struct proxy_options *o,
                                  struct souk_error *err)
{
    struct souk_fleet_plan plan = {0};
    souk_status status;
    if (!o->shards == !o->fleet)
        return souk_fail(err, SOUK_EUSAGE, "give either --shards or --fleet");
    status = o->fleet ? souk_fleet_plan_read(o->fleet, &plan, err)
                      : souk_fleet_plan_parse_shards(o->shards, &plan, err);
    if (!status)
        status = souk_topology_start(&plan, p->tls, &p->topology, err);
    souk_fleet_plan_fini(&plan);
    return status;
}

/* The service with it: the monitor tells what it counts. */
static souk_status start_monitor(struct process *p, const struct proxy_options *o,
                                 struct souk_error *err)
{
    p->attribution = souk_attribution_new(p->registry);
    if (!p->attribution)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the metrics");
    souk_status status =
        souk_proxy_metrics_init(&p->metrics, p->registry, p->topology, p->cache, err);
    p->metrics.attribution = p->attribution;
    if (!status)
        status = souk_service_new(p->topology, &p->metrics, p->cache, (int)o->workers,
                                  o->deadline_ms, &p->service, err);
    if (!status) {
        souk_service_log_slow(p->service, o->log.slow_ms);
        souk_service_guard(p->service, o->tokens || o->rate > 0 ? p->access : NULL);
        p->metrics.hedging = souk_service_hedging(p->service);
        status = souk_monitor_start(o->monitor, p->registry, souk_proxy_metrics_is_ready,
                                    &p->metrics, &p->monitor, err);
    }
    if (!status)
        souk_log(SOUK_LOG_INFO, "monitor", "listen=%s", souk_monitor_address(p->monitor));
    return status;
}

static souk_status start_intake(struct process *p, const struct proxy_options *o,
                                struct souk_error *err)
{
    const struct souk_event_intake_plan plan = {.store = o->events,
                                                .keep_ms = o->keep_ms,
                                                .recent_bytes = o->recent_bytes,
                                                .queue_max = EVENTS_MAX,
                                                .cache = p->cache,
                                                .metrics = &p->metrics,
                                                .attribution = p->attribution,
                                                .registry = p->registry};
    const souk_status status = souk_event_intake_start(&plan, &p->intake, err);
    souk_service_keep_events(p->service, p->intake);
    return status;
}

static souk_status start_force(struct process *p, const struct proxy_options *o,
                               struct souk_error *err)
{
    const struct souk_workforce_plan plan = {.workers = (int)o->workers,
                                             .queue = (int)o->queue,
                                             .kept = p->intake ? EVENTS_MAX : 0,
                                             .limit = souk_topology_limit(p->topology),
                                             .deadline_ms = o->deadline_ms,
                                             .handler = souk_service_handle,
                                             .early = souk_service_handle_early,
                                             .context = p->service};
    return souk_workforce_start(&plan, &p->force, err);
}

/* Who comes back after a restart listens when it can answer, or after a while with its reason. */
static souk_status start_server(struct process *p, const struct proxy_options *o,
                                struct souk_error *err)
{
    const struct souk_server_plan plan = {.url = o->listen,
                                          .tls = p->tls,
                                          .insecure = o->door.insecure,
                                          .limits = o->door.limits,
                                          .force = p->force};
    souk_topology_wait(p->topology, FIRST_CONTACT_MS);
    return souk_server_start(&plan, &p->server, err);
}

/* Over nng a network shows certificates; over HTTP nobody shows anything but a token. */
static void warn_of_open_http(const char *address)
{
    char url[320];
    snprintf(url, sizeof url, "tcp://%s", address);
    if (souk_listen_address_check(url, false, NULL) != SOUK_OK)
        souk_log(SOUK_LOG_WARN, "http_is_open", "listen=%s way_out=--tokens", address);
}

static souk_status start_http(struct process *p, const struct proxy_options *o,
                              struct souk_error *err)
{
    const struct souk_http_plan plan = {.options = &o->http,
                                        .insecure = o->door.insecure,
                                        .version = SOUK_VERSION,
                                        .force = p->force,
                                        .metrics = p->registry,
                                        .ready = souk_proxy_metrics_is_ready,
                                        .ready_context = &p->metrics};
    const souk_status status = souk_http_start(&plan, &p->http, err);
    if (!status && p->http)
        souk_log(SOUK_LOG_INFO, "http", "listen=%s", souk_http_address(p->http));
    if (!status && p->http && !o->tokens)
        warn_of_open_http(souk_http_address(p->http));
    return status;
}

static souk_status start_admin(struct process *p, const struct proxy_options *o,
                               struct souk_error *err)
{
    const bool by_folder = strncmp(o->admin, "ipc://", 6) == 0; /* whose rights say who may */
    if (!by_folder && !o->tokens)
        souk_log(SOUK_LOG_WARN, "admin_is_open", "listen=%s way_out=\"ipc://, or --tokens\"",
                 o->admin);
    p->told = (struct souk_proxy_status){.topology = p->topology,
                                         .metrics = &p->metrics,
                                         .hedging = souk_service_hedging(p->service),
                                         .server = p->server,
                                         .access = o->tokens && !by_folder ? p->access : NULL};
    const struct souk_server_plan plan = {.url = o->admin,
                                          .work = {.workers = SOUK_PROXY_ADMIN_WORKERS,
                                                   .queue = SOUK_PROXY_ADMIN_WORKERS,
                                                   .handler = souk_proxy_admin_handle,
                                                   .context = &p->told}};
    const souk_status status = souk_server_start(&plan, &p->admin_server, err);
    if (!status)
        souk_log(SOUK_LOG_INFO, "admin", "listen=%s", souk_server_address(p->admin_server));
    return status;
}

/* Nobody is taken in any more: clients that are told so turn to another proxy. Over when nobody has
 * asked for a while. */
static void drain(struct process *p, int64_t limit_ms)
{
    struct souk_workforce *const force = p->force;
    const int64_t end_us = souk_monotonic_us() + limit_ms * 1000;
    int64_t told = 0, told_us = souk_monotonic_us();
    souk_workforce_drain(force);
    while (souk_monotonic_us() < end_us) {
        const int64_t refused = souk_workforce_refused(force, SOUK_DENIAL_DRAINING);
        if (refused != told)
            told_us = souk_monotonic_us();
        told = refused;
        if (souk_workforce_busy(force) == 0 &&
            (souk_server_connections(p->server) + souk_http_connections(p->http) == 0 ||
             souk_monotonic_us() - told_us > QUIET_MS * INT64_C(1000)))
            break;
        if (souk_shutdown_wait_ms(DRAIN_POLL_MS) != 0)
            break; /* the second signal is not patient */
        souk_service_state_beat(&p->state, souk_monotonic_us());
    }
}

/* It may have been moved away. */
static void open_log_again(struct souk_http *http)
{
    struct souk_error err = {0};
    if (souk_http_reopen_log(http, &err) != SOUK_OK)
        souk_log(SOUK_LOG_ERROR, "access_log_kept", "reason=\"%s\"", err.msg);
}

static void read_again(struct process *p, const struct proxy_options *o)
{
    if (o->fleet)
        souk_reread_fleet(o->fleet, p->topology);
    if (o->tokens)
        souk_reread_tokens(o->tokens, p->access);
    if (o->http.access_log)
        open_log_again(p->http);
    if (!o->fleet && !o->tokens && !o->http.access_log)
        souk_log(SOUK_LOG_ERROR, "nothing_read",
                 "reason=\"SIGHUP reads the files of --fleet and --tokens: there is none\"");
}

/* Wait for a signal; between times, say how things are. */
static int keep_house(struct process *p)
{
    int number;
    do {
        struct souk_view view;
        souk_topology_view(p->topology, &view);
        if (view.status == SOUK_WIRE_OK) {
            souk_service_state_ready(&p->state);
            souk_service_state_tell(&p->state, "answers from %d shards, model %s",
                                    souk_topology_shards(p->topology), view.model);
        } else {
            souk_service_state_tell(&p->state, "cannot answer: %s", view.reason);
        }
        souk_service_state_beat(&p->state, souk_monotonic_us());
        number = souk_shutdown_wait_or_hangup_ms(
            souk_service_state_pause_ms(&p->state, HOUSEKEEPING_MS));
    } while (number == 0);
    return number;
}

static void serve(struct process *p, const struct proxy_options *o)
{
    souk_gauge_set(p->metrics.workers, o->workers);
    souk_server_metrics_watch(&p->metrics.server, p->server);
    souk_readiness_set(&p->metrics.readiness, SOUK_PHASE_SERVING);
    announce(p->topology, souk_server_address(p->server));
    int signal_number;
    souk_service_state_init(&p->state, p->force, souk_monotonic_us());
    while ((signal_number = keep_house(p)) == SIGHUP) {
        souk_service_state_reloading(&p->state, souk_monotonic_us());
        read_again(p, o);
    }
    souk_service_state_stopping(&p->state);
    souk_readiness_set(&p->metrics.readiness, SOUK_PHASE_DRAINING);
    souk_log(SOUK_LOG_INFO, "draining", "signal=%d", signal_number);
    souk_http_drain(p->http);
    drain(p, o->drain_ms);
    souk_server_metrics_watch(&p->metrics.server, NULL);
}

static void stop(struct process *p)
{
    souk_server_stop(p->admin_server);
    souk_workforce_stop(p->force);
    souk_event_intake_stop(p->intake);
    souk_server_stop(p->server);
    souk_http_stop(p->http);
    souk_workforce_free(p->force);
    souk_monitor_stop(p->monitor);
    souk_service_free(p->service);
    souk_event_intake_free(p->intake);
    souk_access_free(p->access);
    souk_answer_cache_free(p->cache);
    souk_topology_stop(p->topology);
    souk_tls_free(p->tls);
    souk_metrics_free(p->registry);
    souk_attribution_free(p->attribution);
}

/* Enough to wait for replicas on other machines; more of them, all awake, would keep nng's threads
 * from refusing in time (docs/adr/0012-overload.md). */
static int64_t workers_by_cores(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return WORKERS_PER_CORE * (cores > 0 ? cores : 1);
}

static souk_status run(struct proxy_options *o, struct souk_error *err)
{
    struct process p = {.registry = souk_metrics_new()};
    o->workers = o->workers > 0 ? o->workers : workers_by_cores();
    souk_status status =
        p.registry ? SOUK_OK : souk_fail(err, SOUK_ENOMEM, "no memory for the metrics");
    if (!status)
        status = souk_listen_prepare(&o->door, o->listen,
                                     souk_options_was_set(o->parsed, "connections"), &p.tls, err);
    if (!status)
        status = souk_access_open(o->tokens, o->rate, p.registry, &p.access, err);
    if (!status)
        status = start_topology(&p, o, err);
    if (!status && o->cache_bytes > 0)
        status = souk_answer_cache_new(o->cache_bytes, o->cache_ttl_ms * 1000, &p.cache, err);
    if (!status)
        status = start_monitor(&p, o, err);
    if (!status && o->events)
        status = start_intake(&p, o, err);
    if (!status)
        status = start_force(&p, o, err);
    if (!status)
        status = start_server(&p, o, err);
    if (!status)
        status = start_http(&p, o, err);
    if (!status && o->admin)
        status = start_admin(&p, o, err);
    if (!status)
        serve(&p, o);
    stop(&p);
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

    souk_flatheap_begin(argv);
    souk_log_setup("souk-proxy", 0, SOUK_LOG_INFO);
    souk_shutdown_prepare();
    souk_shutdown_prepare_hangup();
    status = parse(argc, argv, &done, &o, &err);
    souk_log_setup("souk-proxy", 0, status ? SOUK_LOG_INFO : (enum souk_log_level)o.log.level);
    if (!status && !done)
        status = run(&o, &err);
    if (status)
        souk_complain(&err);
    souk_options_free(o.parsed);
    return souk_exit_code(status);
}
