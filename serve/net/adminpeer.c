#include "serve/net/adminpeer.h"

#include <string.h>
#include <time.h>

enum { CONNECT_MS = 2000, CONNECT_POLL_MS = 5, ERROR_BYTES_MAX = 1024 };

souk_status souk_admin_peer_open(struct souk_admin_peer *p, const char *url, struct souk_error *err)
{
    souk_status status;
    *p = (struct souk_admin_peer){.replied = false};
    status = souk_caller_init(&p->caller, url, NULL, err);
    if (status)
        return status;
    status = souk_call_init(&p->call, &p->caller, err);
    if (status)
        souk_caller_fini(&p->caller);
    return status;
}

static void drop_reply(struct souk_admin_peer *p)
{
    if (p->replied)
        souk_message_fini(&p->reply);
    p->replied = false;
}

void souk_admin_peer_close(struct souk_admin_peer *p)
{
    drop_reply(p);
    souk_call_fini(&p->call);
    souk_caller_fini(&p->caller);
}

/* Who is there answers at once; what it is asked to do takes as long as it takes. */
static souk_status connect_to(const struct souk_caller *caller, struct souk_error *err)
{
    const struct timespec pause = {.tv_nsec = CONNECT_POLL_MS * 1000000L};
    for (int waited_ms = 0; !souk_caller_is_connected(caller); waited_ms += CONNECT_POLL_MS) {
        if (waited_ms >= CONNECT_MS)
            return souk_fail(err, SOUK_EUNAVAILABLE, "%s: cannot connect", caller->url);
        nanosleep(&pause, NULL);
    }
    return SOUK_OK;
}

static souk_status read_reply(struct souk_admin_peer *p, const void *bytes, size_t len,
                              struct souk_error *err)
{
    static const char none[] = "no reason given";
    const char *text = none;
    size_t text_len = strlen(none);
    char reason[128];
    int64_t status = SOUK_WIRE_INTERNAL;
    p->replied = true;
    if (souk_message_parse(&p->reply, bytes, len, reason, sizeof reason) != SOUK_WIRE_OK)
        return souk_fail(err, SOUK_EFORMAT, "%s: %s", p->caller.url, reason);
    if (souk_message_int(&p->reply, "status", 0, INT32_MAX, &status) && status == SOUK_WIRE_OK)
        return SOUK_OK;
    if (!souk_message_text(&p->reply, "error", ERROR_BYTES_MAX, &text, &text_len)) {
        text = none;
        text_len = strlen(none);
    }
    return souk_fail(err, SOUK_EFORMAT, "%s: %s: %.*s", p->caller.url,
                     souk_wire_status_name((int)status), (int)text_len, text);
}

souk_status souk_admin_peer_ask(struct souk_admin_peer *p, const struct souk_writer *request,
                                int64_t timeout_ms, const struct souk_message **reply,
                                struct souk_error *err)
{
    const void *bytes = NULL;
    size_t len = 0;
    souk_status status = connect_to(&p->caller, err);
    drop_reply(p);
    *reply = &p->reply;
    if (status)
        return status;
    status = request->failed ? SOUK_ENOMEM
                             : souk_call_begin(&p->call, request->buffer.data, request->buffer.size,
                                               timeout_ms);
    if (!status)
        status = souk_call_end(&p->call, timeout_ms, &bytes, &len);
    return status ? souk_fail(err, status, "%s: %s", p->caller.url, souk_status_text(status))
                  : read_reply(p, bytes, len, err);
}
