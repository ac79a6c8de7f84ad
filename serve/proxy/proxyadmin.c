#include "serve/proxy/proxyadmin.h"

#include "serve/proxy/fleetchange.h"
#include "serve/proxy/gate.h"
#include "shared/base/log.h"

#include <string.h>

enum { WAIT_MAX_MS = 10000 }; /* a proxy that stops waits for it */

/* What a change is about. */
struct change {
    char address[SOUK_ADDRESS_MAX + 1];
    int64_t shard, wait_ms;
    bool on, force;
};

/* @return false: an error reply is there */
static bool take_fields(const struct souk_request *r, struct change *c, struct souk_writer *reply)
{
    const char *text = NULL;
    size_t len = 0;
    *c = (struct change){.shard = -1, .on = true};
    if (!souk_message_text(&r->message, "address", SOUK_ADDRESS_MAX, &text, &len) || !text ||
        memchr(text, '\0', len))
        souk_reply_error(reply, r, SOUK_WIRE_BAD_FIELD,
                         "'address' must be a replica's, such as tcp://10.0.0.1:7101");
    else if (!souk_message_int(&r->message, "shard", 0, SOUK_FLEET_REPLICAS_MAX, &c->shard) ||
             !souk_message_int(&r->message, "wait_ms", 0, WAIT_MAX_MS, &c->wait_ms))
        souk_reply_error(reply, r, SOUK_WIRE_BAD_FIELD,
                         "'shard' must be a shard's number, 'wait_ms' one up to %d", WAIT_MAX_MS);
    else if (!souk_message_bool(&r->message, "on", &c->on) ||
             !souk_message_bool(&r->message, "force", &c->force))
        souk_reply_error(reply, r, SOUK_WIRE_BAD_FIELD, "'on' and 'force' must be true or false");
    else {
        memcpy(c->address, text, len);
        return true;
    }
    return false;
}

static void reply_refusal(const struct souk_request *r, const struct change *c, souk_status status,
                          const struct souk_error *err, struct souk_writer *reply)
{
    const enum souk_wire_status wire = status == SOUK_EUSAGE      ? SOUK_WIRE_BAD_FIELD
                                       : status == SOUK_ENOTFOUND ? SOUK_WIRE_NOT_FOUND
                                                                  : SOUK_WIRE_REFUSED;
    souk_log(SOUK_LOG_WARN, "change_refused", "op=%.*s replica=%s reason=\"%s\"",
             (int)r->operation_len, r->operation, c->address, err->msg);
    souk_reply_error(reply, r, wire, "%s", err->msg);
}

static void change(const struct souk_proxy_status *s, const struct souk_request *r,
                   struct souk_writer *reply)
{
    const bool adds = souk_request_is(r, "add");
    struct change c;
    struct souk_error err = {0};
    souk_status status;
    int outstanding = 0;
    if (!take_fields(r, &c, reply))
        return;
    if (adds)
        status = souk_fleet_add(s->topology, c.shard, c.address, &err);
    else if (souk_request_is(r, "drain"))
        status = souk_fleet_drain(s->topology, c.address, c.on, c.force, &err);
    else
        status = souk_fleet_remove(s->topology, c.address, c.force, &err);
    if (status) {
        reply_refusal(r, &c, status, &err, reply);
        return;
    }
    souk_log(SOUK_LOG_INFO, "fleet_changed", "op=%s replica=%s by=admin",
             adds                           ? "add"
             : souk_request_is(r, "remove") ? "remove"
             : c.on                         ? "drain"
                                            : "undrain",
             c.address);
    if (!adds)
        outstanding = souk_fleet_wait(s->topology, c.address, c.wait_ms);
    souk_proxy_status_reply(s, r, false, outstanding, reply);
}

static void set_canary(const struct souk_proxy_status *s, const struct souk_request *r,
                       struct souk_writer *reply)
{
    struct souk_view view, canary;
    double share = -1;
    if (!souk_message_map_number(&r->message.unpacked.data, "share", &share) ||
        !(share >= 0 && share <= 1)) {
        souk_reply_error(reply, r, SOUK_WIRE_BAD_FIELD, "'share' must be a number from 0 to 1");
        return;
    }
    souk_topology_set_canary(s->topology, share);
    souk_topology_view(s->topology, &view);
    souk_topology_canary(s->topology, &canary);
    souk_reply_begin(reply, r, view.model, 2);
    souk_writer_put_real(reply, "share", share);
    souk_writer_put_string(reply, "canary", canary.model);
}

static void answer(const struct souk_proxy_status *s, const struct souk_request *r,
                   struct souk_writer *reply)
{
    if (souk_request_is(r, "list") || souk_request_is(r, "status"))
        souk_proxy_status_reply(s, r, souk_request_is(r, "status"), -1, reply);
    else if (souk_request_is(r, "add") || souk_request_is(r, "drain") ||
             souk_request_is(r, "remove"))
        change(s, r, reply);
    else if (souk_request_is(r, "canary"))
        set_canary(s, r, reply);
    else
        souk_reply_error(reply, r, SOUK_WIRE_UNKNOWN_OPERATION,
                         "the admin listener does not know the operation '%.*s'",
                         (int)r->operation_len, r->operation);
}

enum souk_task_step souk_proxy_admin_handle(void *context, int worker, struct souk_task *task,
                                            struct souk_writer *reply)
{
    const struct souk_proxy_status *s = context;
    struct souk_request request;
    (void)worker;
    if (souk_request_parse(&request, task->request, task->len, reply)) {
        request.start_us = task->received_us;
        if (souk_gate_check_admin(s->access, &request, reply))
            answer(s, &request, reply);
    }
    souk_request_fini(&request);
    return SOUK_TASK_ANSWERED;
}
