#include "serve/monitor/servermetrics.h"

#include "serve/net/refusals.h"

static void write_server(struct souk_server *server, struct souk_exposition *e)
{
    struct souk_workforce *force = souk_server_force(server);
    souk_exposition_family(e, "souk_requests_waiting", SOUK_METRIC_GAUGE,
                           "Requests in the queue in front of the workers.");
    souk_exposition_integer(e, "", NULL, souk_workforce_waiting(force), 0);
    souk_exposition_family(e, "souk_requests_refused_total", SOUK_METRIC_COUNTER,
                           "Requests refused on arrival: the queue was full, their turn would "
                           "have come too late, or the process was stopping.");
    for (int why = 0; why < SOUK_DENIALS; why++) {
        const struct souk_label labels[] = {{"reason", souk_denial_name((enum souk_denial)why)},
                                            {0}};
        souk_exposition_integer(e, "", labels, souk_workforce_refused(force, (enum souk_denial)why),
                                0);
    }
    souk_exposition_family(e, "souk_connections", SOUK_METRIC_GAUGE, "Connections that stand.");
    souk_exposition_integer(e, "", NULL, souk_server_connections(server), 0);
    if (souk_server_certificate_expiry_s(server) > 0) {
        souk_exposition_family(e, "souk_tls_certificate_expiry_timestamp_seconds",
                               SOUK_METRIC_GAUGE, "When the certificate of the listener ends.");
        souk_exposition_integer(e, "", NULL, souk_server_certificate_expiry_s(server), 0);
    }
}

/* Of the process: nng does not say of which socket a handshake was. */
static void write_refusals(struct souk_exposition *e)
{
    souk_exposition_family(e, "souk_connections_refused_total", SOUK_METRIC_COUNTER,
                           "Connections that were not taken, and of a proxy also its own to "
                           "replicas that failed in TLS.");
    for (int r = 0; r < SOUK_REFUSALS; r++)
        if (r != SOUK_REFUSAL_IDLE)
            souk_exposition_integer(e, "",
                                    (struct souk_label[]){{"reason", souk_refusal_name(r)}, {0}},
                                    (int64_t)souk_refusals_counted(r), 0);
    souk_exposition_family(e, "souk_connections_idle_closed_total", SOUK_METRIC_COUNTER,
                           "Connections that were closed because they asked nothing for long.");
    souk_exposition_integer(e, "", NULL, (int64_t)souk_refusals_counted(SOUK_REFUSAL_IDLE), 0);
}

static void collect(void *context, struct souk_exposition *e)
{
    struct souk_server_metrics *s = context;
    write_refusals(e);
    pthread_mutex_lock(&s->lock);
    if (s->server)
        write_server(s->server, e);
    pthread_mutex_unlock(&s->lock);
}

void souk_server_metrics_init(struct souk_server_metrics *s, struct souk_metrics *m)
{
    *s = (struct souk_server_metrics){.lock = PTHREAD_MUTEX_INITIALIZER};
    souk_metrics_collect(m, collect, s);
}

void souk_server_metrics_watch(struct souk_server_metrics *s, struct souk_server *server)
{
    pthread_mutex_lock(&s->lock);
    s->server = server;
    pthread_mutex_unlock(&s->lock);
}
