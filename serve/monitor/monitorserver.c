#include "serve/monitor/monitorserver.h"

#include "serve/net/hostport.h"
#include "shared/base/memory.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 64, REASON_BYTES = 256 };

struct souk_monitor {
    struct MHD_Daemon *daemon;
    struct souk_metrics *metrics;
    souk_monitor_ready ready;
    void *context;
    char address[SOUK_HOSTPORT_BYTES];
};

/* ---- answering ---- */

static bool is_ready(const struct souk_monitor *m, char reason[REASON_BYTES])
{
    snprintf(reason, REASON_BYTES, "not ready");
    return m->ready(m->context, reason, REASON_BYTES);
}

/* @param text copied, or freed by us where `is_ours` */
static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned code, const char *type,
                                 char *text, size_t len, bool is_ours)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        len, text, is_ours ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_MUST_COPY);
    if (!response) {
        if (is_ours)
            free(text);
        return MHD_NO; /* closes the connection */
    }
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && code == MHD_HTTP_METHOD_NOT_ALLOWED)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_line(struct MHD_Connection *connection, unsigned code, const char *line)
{
    char text[REASON_BYTES + 2];
    const int len = snprintf(text, sizeof text, "%.*s\n", REASON_BYTES, line);
    return send_text(connection, code, "text/plain; charset=utf-8", text, (size_t)len, false);
}

static enum MHD_Result send_metrics(struct souk_monitor *m, struct MHD_Connection *connection)
{
    struct souk_exposition e = {0};
    char reason[REASON_BYTES];
    souk_metrics_write(m->metrics, &e);
    souk_exposition_family(&e, "souk_ready", SOUK_METRIC_GAUGE,
                           "Whether the process takes requests, as /readyz says.");
    souk_exposition_integer(&e, "", NULL, is_ready(m, reason), 0);
    if (e.failed) {
        souk_exposition_fini(&e);
        return send_line(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory for the metrics");
    }
    return send_text(connection, MHD_HTTP_OK, SOUK_EXPOSITION_CONTENT_TYPE, e.text, e.length, true);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *body,
                              size_t *body_bytes, void **state)
{
    struct souk_monitor *m = context;
    char reason[REASON_BYTES];
    (void)version;
    (void)body;
    (void)body_bytes;
    (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return send_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    if (strcmp(url, "/metrics") == 0)
        return send_metrics(m, connection);
    if (strcmp(url, "/livez") == 0)
        return send_line(connection, MHD_HTTP_OK, "ok");
    if (strcmp(url, "/readyz") != 0)
        return send_line(connection, MHD_HTTP_NOT_FOUND, "there are /metrics, /livez and /readyz");
    if (is_ready(m, reason))
        return send_line(connection, MHD_HTTP_OK, "ok");
    return send_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, reason);
}

/* ---- listening ---- */

souk_status souk_monitor_start(const char *address, struct souk_metrics *metrics,
                               souk_monitor_ready ready, void *context, struct souk_monitor **out,
                               struct souk_error *err)
{
    int fd = -1;
    *out = NULL;
    if (strcmp(address, "none") == 0)
        return SOUK_OK;
    struct souk_monitor *m = souk_zalloc_array(1, sizeof *m);
    souk_status status =
        m ? souk_hostport_listen(address, "--monitor", BACKLOG, &fd, m->address, err)
          : souk_fail(err, SOUK_ENOMEM, "no memory");
    if (status)
        goto out;
    m->metrics = metrics;
    m->ready = ready;
    m->context = context;
    m->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, m,
                         MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)SOUK_MONITOR_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                         (unsigned)SOUK_MONITOR_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         (size_t)SOUK_MONITOR_HEADER_BYTES, MHD_OPTION_END);
    if (!m->daemon)
        status = souk_fail(err, SOUK_EIO, "cannot start the monitor on %s", address);
    else
        fd = -1; /* the daemon closes it */
out:
    if (fd >= 0)
        close(fd);
    if (status) {
        free(m);
        m = NULL;
    }
    *out = m;
    return status;
}

const char *souk_monitor_address(const struct souk_monitor *m)
{
    return m ? m->address : "none";
}

void souk_monitor_stop(struct souk_monitor *m)
{
    if (!m)
        return;
    MHD_stop_daemon(m->daemon);
    free(m);
}
