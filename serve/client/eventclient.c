#include "serve/client/clientcall.h"

#include <string.h>

static const char *const fate_names[SOUK_SENT_FATES] = {"stored", "duplicate", "erased", "invalid"};

const char *souk_sent_name(enum souk_sent fate)
{
    return fate_names[fate];
}

/* ---- writing ---- */

static void write_event(struct souk_writer *w, const struct souk_visitor_event *e)
{
    souk_writer_map(w, 4 + (e->ms > 0) + (e->event_id != NULL) + (e->request_id != NULL));
    souk_writer_put_string(w, "user", e->user);
    souk_writer_put_string(w, "item", e->item);
    souk_writer_put_string(w, "type", e->type);
    souk_writer_put_real(w, "value", e->value);
    if (e->ms > 0)
        souk_writer_put_int(w, "ms", e->ms);
    if (e->event_id)
        souk_writer_put_string(w, "event_id", e->event_id);
    if (e->request_id)
        souk_writer_put_string(w, "request_id", e->request_id);
}

/* Only events with ids of their own may be sent twice. */
static struct souk_client_terms write_request(struct souk_client *c, int lane,
                                              const struct souk_visitor_event *events, int count,
                                              int64_t timeout_ms)
{
    struct souk_writer *w = souk_client_begin(c, lane, "event", 1);
    struct souk_client_terms terms = {.idempotent = true};
    terms.timeout_ms = timeout_ms > 0 ? timeout_ms : SOUK_CLIENT_TIMEOUT_MS;
    terms.deadline_ms = terms.timeout_ms;
    souk_writer_key(w, "events");
    souk_writer_array(w, (size_t)count);
    for (int i = 0; i < count; i++) {
        write_event(w, &events[i]);
        terms.idempotent &= events[i].event_id != NULL;
    }
    return terms;
}

/* ---- reading ---- */

static bool read_fate(const msgpack_object *entry, enum souk_sent *fate)
{
    const struct souk_message m = {.unpacked = {.data = *entry}};
    const char *text = NULL;
    size_t len = 0;
    if (entry->type != MSGPACK_OBJECT_MAP || !souk_message_text(&m, "fate", 32, &text, &len) ||
        !text)
        return false;
    for (int f = 0; f < SOUK_SENT_FATES; f++) {
        if (strlen(fate_names[f]) == len && memcmp(fate_names[f], text, len) == 0) {
            *fate = (enum souk_sent)f;
            return true;
        }
    }
    return false;
}

static bool read_fates(const struct souk_message *m, enum souk_sent *fates, int count)
{
    const msgpack_object *const list = souk_message_get(m, "results");
    if (!list || list->type != MSGPACK_OBJECT_ARRAY || (int64_t)list->via.array.size != count)
        return false;
    for (int i = 0; i < count; i++)
        if (!read_fate(&list->via.array.ptr[i], &fates[i]))
            return false;
    return true;
}

static souk_status read_error(const struct souk_message *m, int64_t found, struct souk_error *err)
{
    const char *text = NULL;
    size_t len = 0;
    char error[256] = "";
    if (souk_message_text(m, "error", SOUK_WIRE_BYTES_MAX, &text, &len) && text)
        memcpy(error, text, len < sizeof error ? len : sizeof error - 1);
    return souk_client_status(found, error, err);
}

static souk_status read_reply(const void *bytes, size_t len, enum souk_sent *fates, int count,
                              struct souk_error *err)
{
    struct souk_message m;
    char reason[128] = "no status";
    int64_t found = -1;
    souk_status status = SOUK_OK;
    if (souk_message_parse(&m, bytes, len, reason, sizeof reason) != SOUK_WIRE_OK ||
        !souk_message_int(&m, "status", 0, INT32_MAX, &found) || found < 0)
        status = souk_fail(err, SOUK_EFORMAT, "the reply cannot be read: %s", reason);
    else if (found != SOUK_WIRE_OK)
        status = read_error(&m, found, err);
    else if (!read_fates(&m, fates, count))
        status = souk_fail(err, SOUK_EFORMAT, "the reply is not as the protocol says");
    souk_message_fini(&m);
    return status;
}

/* ---- sending ---- */

souk_status souk_client_send(struct souk_client *client, int lane,
                             const struct souk_visitor_event *events, int count, int64_t timeout_ms,
                             enum souk_sent *fates, struct souk_error *err)
{
    const struct souk_client_terms terms = write_request(client, lane, events, count, timeout_ms);
    const void *bytes = NULL;
    size_t len = 0;
    const souk_status status = souk_client_call(client, lane, &terms, &bytes, &len, err);
    return status ? status : read_reply(bytes, len, fates, count, err);
}

static void end_sending(void *context, souk_status status, const void *bytes, size_t len,
                        const struct souk_error *err)
{
    const struct souk_client_sending s = *(const struct souk_client_sending *)context;
    struct souk_error own = *err;
    if (!status)
        status = read_reply(bytes, len, s.fates, s.count, &own);
    s.sent(s.context, status, &own);
}

void souk_client_send_begin(struct souk_client *client, int lane,
                            const struct souk_visitor_event *events, int count, int64_t timeout_ms,
                            enum souk_sent *fates, souk_client_sent *sent, void *context)
{
    const struct souk_client_terms terms = write_request(client, lane, events, count, timeout_ms);
    struct souk_client_sending *sending = souk_client_sending(client, lane);
    *sending = (struct souk_client_sending){
        .sent = sent, .context = context, .fates = fates, .count = count};
    souk_client_start(client, lane, &terms, end_sending, sending);
}
