#include "serve/http/httpexchange.h"

#include "serve/http/httpdaemon.h"
#include "serve/http/httpreply.h"
#include "serve/http/jsonbody.h"
#include "serve/http/percentcode.h"
#include "shared/base/clock.h"

#include <stdio.h>
#include <string.h>

/* Bytes behind the limit that are read and forgotten, so that a client who only writes comes to
 * read its answer. */
enum { SWALLOWED_MAX = 8 << 20 };

/* Answer in the middle of a body: libmicrohttpd takes no answer before its end. The connection
 * ends with it. */
static enum MHD_Result cut(struct souk_http_call *c)
{
    c->is_cut = true;
    c->reply.closes = true;
    souk_counter_add(c->http->metrics.cut, 1);
    return souk_http_reply_send_now(c) ? MHD_YES : MHD_NO;
}

/* ---- head ---- */

/* A reply whatever the body is. A short one goes by first, so that the connection can stay; who
 * asks whether to send it is told at once; of a long one nothing is waited for. */
static enum MHD_Result reject(struct souk_http_call *c, enum souk_problem problem,
                              const char *detail)
{
    const bool has_body = souk_http_head_has_body(&c->head);
    const bool is_malformed = problem == SOUK_PROBLEM_MALFORMED;
    c->reply.closes = is_malformed || has_body;
    souk_http_reply_problem(c, problem, NULL, detail);
    if (is_malformed || !has_body || c->head.expects)
        return souk_http_reply_send(c);
    if (c->head.length > c->http->options->limits.body_bytes)
        return cut(c);
    c->reply.closes = false;
    c->is_rejected = true;
    return MHD_YES;
}

static void find_route(struct souk_http_call *c)
{
    char *const mark = memchr(c->uri, '?', c->uri_len);
    const size_t len = mark ? (size_t)(mark - c->uri) : c->uri_len;
    c->query = mark ? mark + 1 : c->uri + c->uri_len;
    c->route = souk_route_find(c->uri, len, &c->part, &c->part_len);
}

static void name_request(struct souk_http_call *c)
{
    if (c->head.id[0])
        memcpy(c->id, c->head.id, sizeof c->id);
    else
        souk_call_ids_next(&c->http->ids, c->id);
}

static bool is_options(const struct souk_http_call *c)
{
    return strcmp(c->method, "OPTIONS") == 0;
}

static bool is_allowed(const struct souk_http_call *c)
{
    return strcmp(c->method, c->route->method) == 0 || is_options(c) ||
           (strcmp(c->method, "HEAD") == 0 && strcmp(c->route->method, "GET") == 0);
}

static enum MHD_Result check_body_head(struct souk_http_call *c)
{
    char text[64];
    if (strcmp(c->method, "POST") != 0)
        return souk_http_head_has_body(&c->head)
                   ? reject(c, SOUK_PROBLEM_MALFORMED, "only POST has a body here")
                   : MHD_YES;
    if (c->head.lengths == 0 && !c->head.is_chunked)
        return reject(c, SOUK_PROBLEM_LENGTH_REQUIRED,
                      "give Content-Length, or send the body in chunks");
    if (c->head.is_encoded)
        return reject(c, SOUK_PROBLEM_MEDIA_TYPE, "a body with a Content-Encoding is not taken");
    if (!c->head.is_json)
        return reject(c, SOUK_PROBLEM_MEDIA_TYPE, "Content-Type must be application/json");
    snprintf(text, sizeof text, "a body may have %lld bytes",
             (long long)c->http->options->limits.body_bytes);
    if (c->head.length > c->http->options->limits.body_bytes)
        return reject(c, SOUK_PROBLEM_TOO_LARGE, text);
    return MHD_YES;
}

enum MHD_Result souk_http_exchange_begin(struct souk_http_call *c, const char *method,
                                         const char *version)
{
    c->has_begun = true;
    c->method = method;
    souk_http_head_read(&c->head, c->connection, method, c->uri_len, version);
    name_request(c);
    souk_peer_enter(c->peer, SOUK_PEER_ARRIVING, souk_monotonic_us());
    if (c->head.wrong) {
        souk_counter_add(c->http->metrics.malformed, 1);
        return reject(c, SOUK_PROBLEM_MALFORMED, c->head.wrong);
    }
    find_route(c);
    if (!c->route)
        return reject(c, SOUK_PROBLEM_NO_SUCH_PATH, "GET /docs shows what there is");
    if (!is_allowed(c))
        return reject(c, SOUK_PROBLEM_METHOD_NOT_ALLOWED, "Allow says which methods are");
    return check_body_head(c);
}

/* ---- body ---- */

enum MHD_Result souk_http_exchange_take(struct souk_http_call *c, const char *bytes, size_t len)
{
    const size_t limit = (size_t)c->http->options->limits.body_bytes;
    c->received += len;
    if (c->is_cut)
        return c->received <= limit + SWALLOWED_MAX ? MHD_YES : MHD_NO;
    if (c->received > limit) {
        souk_http_reply_problem(c, SOUK_PROBLEM_TOO_LARGE, NULL, "the body is over the limit");
        return cut(c);
    }
    if (!c->is_rejected && !c->body_refused && !souk_http_call_take_body(c, bytes, len))
        c->body_refused = true;
    return MHD_YES;
}

/* ---- question ---- */

/* The parameters of the URL and the part of the path become fields.
 * @return false: *fault says why, or there is no memory (an empty text) */
static bool add_parameters(struct souk_http_call *c, json_t *object, struct souk_field_fault *fault)
{
    const struct souk_field *const table = souk_http_operations[c->route->op].fields;
    const char *name, *value, *wrong;
    size_t name_len, value_len;
    int count = 0;
    while (souk_query_next(&c->query, &name, &name_len, &value, &value_len, &wrong)) {
        if (wrong || ++count > SOUK_HTTP_PARAMETERS_MAX) {
            snprintf(fault->text, sizeof fault->text, "a parameter of the URL %s",
                     wrong ? wrong : "is one too many");
            return false;
        }
        if (json_object_getn(object, name, name_len)) {
            snprintf(fault->field, sizeof fault->field, "%.*s", (int)(name_len % 64), name);
            snprintf(fault->text, sizeof fault->text, "is there twice");
            return false;
        }
        json_t *const json =
            souk_field_value(souk_fields_find(table, name, name_len), value, value_len);
        if (json_object_setn_new(object, name, name_len, json) != 0)
            return false;
    }
    return true;
}

static bool add_part(struct souk_http_call *c, json_t *object, struct souk_field_fault *fault)
{
    const char *name;
    const size_t name_len = souk_route_field(c->route, &name);
    if (name_len == 0)
        return true;
    char *const part = c->uri + (c->part - c->uri);
    const char *const wrong = souk_percent_decode(part, &c->part_len, false);
    if (wrong) {
        snprintf(fault->field, sizeof fault->field, "%.*s", (int)name_len, name);
        snprintf(fault->text, sizeof fault->text, "%s", wrong);
        return false;
    }
    if (json_object_getn(object, name, name_len)) {
        snprintf(fault->field, sizeof fault->field, "%.*s", (int)name_len, name);
        snprintf(fault->text, sizeof fault->text, "belongs into the path");
        return false;
    }
    return json_object_setn_new(object, name, name_len, json_stringn(part, c->part_len)) == 0;
}

/* What is asked for, as JSON. @return NULL: *fault says why, or there is no memory */
static json_t *read_request(struct souk_http_call *c, struct souk_field_fault *fault)
{
    const bool has_body = strcmp(c->route->method, "POST") == 0;
    json_t *json = has_body ? souk_json_body_parse(c->body, c->body_len, fault) : json_object();
    if (!json)
        return NULL;
    if (has_body && c->query[0]) {
        snprintf(fault->text, sizeof fault->text, "fields belong into the body, not into the URL");
    } else if (has_body || (add_parameters(c, json, fault) && add_part(c, json, fault))) {
        return json;
    }
    json_decref(json);
    return NULL;
}

/* @return false: the reply is there */
static bool write_message(struct souk_http_call *c)
{
    const struct souk_http_sender sender = {
        .id = c->id, .token = c->head.token, .token_len = c->head.token_len};
    struct souk_field_fault fault = {.field = ""};
    json_t *const json = read_request(c, &fault);
    char detail[sizeof fault.field + sizeof fault.text + 8];
    const bool good =
        json && souk_http_operation_write(&souk_http_operations[c->route->op], &sender, json,
                                          &c->message, &c->faults, &fault);
    json_decref(json);
    if (good && !c->message.failed)
        return true;
    snprintf(detail, sizeof detail, fault.field[0] ? "'%s' %s" : "%s%s", fault.field, fault.text);
    if (good || !fault.text[0])
        souk_http_reply_problem(c, SOUK_PROBLEM_INTERNAL, NULL, "no memory for the request");
    else
        souk_http_reply_problem(
            c, fault.field[0] ? SOUK_PROBLEM_INVALID_FIELD : SOUK_PROBLEM_MALFORMED, fault.field,
            detail);
    return false;
}

/* ---- answer ---- */

/* The reply is there; the call may be gone when this returns. */
static void be_ready(struct souk_http_call *c)
{
    struct souk_http *const h = c->http;
    struct MHD_Connection *const connection = c->connection;
    if (atomic_exchange(&c->step, SOUK_HTTP_READY) == SOUK_HTTP_WAITS)
        souk_http_daemon_resume(h, connection);
}

/* On the thread that has answered: what it costs to make JSON of it is spread over the workers. */
static void answer(struct souk_task *task, const struct souk_writer *reply)
{
    struct souk_http_call *const c = (struct souk_http_call *)task;
    const enum souk_http_op op = c->route->op;
    struct souk_http_outcome outcome;
    souk_reply_json_write(op, reply->buffer.data, reply->failed ? 0 : reply->buffer.size,
                          souk_http_operations[op].is_events ? &c->faults : NULL, c->http->version,
                          &c->text, &outcome);
    if (outcome.is_problem) {
        if (souk_problem_may_pass(outcome.problem))
            c->reply.retry_after_s = souk_problem_retry_after_s(outcome.retry_after_ms);
        souk_http_reply_problem(c, outcome.problem, outcome.field, outcome.detail);
    } else {
        c->reply.code = 200;
        souk_http_reply_text(c, "application/json");
    }
    be_ready(c);
}

static void take_in(struct souk_http_call *c, int64_t received_us)
{
    c->task = (struct souk_task){.request = c->message.buffer.data,
                                 .len = c->message.buffer.size,
                                 .received_us = received_us,
                                 .answer = answer};
    souk_workforce_take(c->http->force, &c->task);
}

void souk_http_exchange_read_large(struct souk_http_call *c)
{
    if (write_message(c))
        take_in(c, c->arrived_us);
    else
        be_ready(c);
}

/* The answer may come while we still ask: then nothing is suspended. */
static enum MHD_Result ask(struct souk_http_call *c)
{
    int asked = SOUK_HTTP_ASKED;
    c->arrived_us = souk_monotonic_us();
    souk_peer_enter(c->peer, SOUK_PEER_ANSWERING, c->arrived_us);
    if (c->body_len > SOUK_LARGE_BODY_BYTES) {
        MHD_suspend_connection(c->connection);
        atomic_store(&c->step, SOUK_HTTP_WAITS);
        souk_large_bodies_put(&c->http->large, c);
        return MHD_YES;
    }
    if (!write_message(c))
        return souk_http_reply_send(c);
    atomic_store(&c->step, SOUK_HTTP_ASKED);
    take_in(c, c->arrived_us);
    if (atomic_load(&c->step) == SOUK_HTTP_READY)
        return souk_http_reply_send(c);
    MHD_suspend_connection(c->connection);
    if (!atomic_compare_exchange_strong(&c->step, &asked, SOUK_HTTP_WAITS))
        souk_http_daemon_resume(c->http, c->connection); /* it has come meanwhile */
    return MHD_YES;
}

/* ---- what needs nobody ---- */

static void tell_state(struct souk_http_call *c, bool is_good, const char *reason)
{
    souk_json_text_clear(&c->text);
    if (!is_good) {
        c->reply.retry_after_s = 1;
        souk_http_reply_problem(c, SOUK_PROBLEM_UNAVAILABLE, NULL, reason);
        return;
    }
    souk_json_text_open(&c->text, '{');
    souk_json_text_key(&c->text, "status", 6);
    souk_json_text_string(&c->text, "ok", 2);
    souk_json_text_close(&c->text, '}');
    c->reply.code = 200;
    souk_http_reply_text(c, "application/json");
}

static void answer_here(struct souk_http_call *c)
{
    char reason[256] = "not ready";
    if (c->route->kind == SOUK_ROUTE_PAGE)
        souk_http_reply_page(c, souk_pages_find(&c->http->pages, c->route->page));
    else if (c->route->kind == SOUK_ROUTE_LIVE)
        tell_state(c, true, "");
    else
        tell_state(c, c->http->ready(c->http->ready_context, reason, sizeof reason), reason);
}

enum MHD_Result souk_http_exchange_go_on(struct souk_http_call *c)
{
    if (c->is_cut)
        return MHD_NO; /* it has its answer */
    if (c->is_rejected || atomic_load(&c->step) == SOUK_HTTP_READY)
        return souk_http_reply_send(c);
    if (c->body_refused) {
        c->reply.retry_after_s = 1;
        souk_http_reply_problem(c, SOUK_PROBLEM_OVERLOADED, NULL,
                                "no memory for more bodies at the moment");
    } else if (is_options(c)) {
        c->reply.code = 204;
    } else if (c->route->kind == SOUK_ROUTE_OPERATION) {
        return ask(c);
    } else {
        answer_here(c);
    }
    return souk_http_reply_send(c);
}
