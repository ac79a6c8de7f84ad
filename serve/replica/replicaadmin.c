#include "serve/replica/replicaadmin.h"

#include "shared/base/log.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* Errors of files and limits are the operator's to read: status and text as they are. */
static void reply_failure(struct souk_writer *reply, const struct souk_request *request,
                          souk_status status, const struct souk_error *err)
{
    const enum souk_wire_status wire = status == SOUK_ENOTFOUND ? SOUK_WIRE_NOT_FOUND
                                       : status == SOUK_EEXIST  ? SOUK_WIRE_OVERLOADED
                                                                : SOUK_WIRE_REFUSED;
    souk_log(SOUK_LOG_ERROR, "reload_refused", "reason=\"%s\"", err->msg);
    souk_reply_error(reply, request, wire, "%s", err->msg);
}

static void reload(struct souk_replica_admin *a, const struct souk_request *request,
                   struct souk_writer *reply)
{
    const char *text = a->model;
    size_t len = strlen(text);
    bool replace = false;
    char path[PATH_MAX];
    struct souk_change change;
    struct souk_error err = {0};
    if (!souk_message_text(&request->message, "path", sizeof path - 1, &text, &len) || len == 0 ||
        !souk_message_bool(&request->message, "replace", &replace)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD,
                         "'path' must be a folder, 'replace' true or false");
        return;
    }
    memcpy(path, text, len);
    path[len] = '\0';
    const souk_status status = souk_loader_change(a->service->loader, path, replace, &change, &err);
    souk_counter_add(status ? a->metrics->failed_changes : a->metrics->changes, 1);
    if (status) {
        reply_failure(reply, request, status, &err);
        return;
    }
    souk_reply_begin(reply, request, change.id, 2);
    souk_writer_put_bool(reply, "was_held", change.was_held);
    souk_writer_put_int(reply, "need_bytes", change.need_bytes);
    souk_log(SOUK_LOG_INFO, "model_ready", "model=%s path=%s need_bytes=%" PRId64 " held=%d",
             change.id, path, change.need_bytes, change.was_held);
}

static void drain(struct souk_replica_admin *a, const struct souk_request *request,
                  struct souk_writer *reply)
{
    bool on = true;
    if (!souk_message_bool(&request->message, "on", &on)) {
        souk_reply_error(reply, request, SOUK_WIRE_BAD_FIELD, "'on' must be true or false");
        return;
    }
    atomic_store(&a->service->draining, on);
    souk_readiness_set(&a->metrics->readiness, on ? SOUK_PHASE_DRAINING : SOUK_PHASE_SERVING);
    souk_log(SOUK_LOG_INFO, on ? "draining" : "ready", "%s", "by=admin");
    souk_replica_service_health(a->service, request, reply);
}

enum souk_task_step souk_replica_admin_handle(void *context, int worker, struct souk_task *task,
                                              struct souk_writer *reply)
{
    struct souk_replica_admin *a = context;
    (void)worker;
    struct souk_request request;
    if (souk_request_parse(&request, task->request, task->len, reply)) {
        request.start_us = task->received_us;
        if (souk_request_is(&request, "reload"))
            reload(a, &request, reply);
        else if (souk_request_is(&request, "drain"))
            drain(a, &request, reply);
        else if (souk_request_is(&request, "health"))
            souk_replica_service_health(a->service, &request, reply);
        else
            souk_reply_error(reply, &request, SOUK_WIRE_UNKNOWN_OPERATION,
                             "the admin listener does not know the operation '%.*s'",
                             (int)request.operation_len, request.operation);
    }
    souk_request_fini(&request);
    return SOUK_TASK_ANSWERED;
}
