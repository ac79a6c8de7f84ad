#include "serve/proxy/gate.h"

#include "shared/base/clock.h"

#include <stdio.h>

static enum souk_scope scope_of(const struct souk_request *r)
{
    static const struct {
        const char *operation;
        enum souk_scope scope;
    } scopes[] = {{"recommend", SOUK_SCOPE_READ}, {"similar", SOUK_SCOPE_READ},
                  {"explain", SOUK_SCOPE_READ},   {"user_stats", SOUK_SCOPE_READ},
                  {"health", SOUK_SCOPE_READ},    {"event", SOUK_SCOPE_WRITE}};
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        if (souk_request_is(r, scopes[i].operation))
            return scopes[i].scope;
    return SOUK_SCOPE_NONE;
}

/* What is no text is a token that nobody has. @return NULL: there is none */
static const char *token_of(const struct souk_request *r, size_t *len)
{
    const msgpack_object *const field = souk_message_get(&r->message, "token");
    *len = 0;
    if (!field)
        return NULL;
    if (field->type != MSGPACK_OBJECT_STR)
        return "";
    *len = field->via.str.size;
    return field->via.str.ptr;
}

static void refuse(const struct souk_request *r, enum souk_access_verdict why,
                   enum souk_scope scope, int64_t retry_after_ms, struct souk_writer *reply)
{
    static const char *const texts[SOUK_ACCESS_VERDICTS] = {
        [SOUK_ACCESS_MISSING] = "a token is needed, and none was sent",
        [SOUK_ACCESS_UNKNOWN] = "the token is not known",
        [SOUK_ACCESS_EXPIRED] = "the token has expired",
        [SOUK_ACCESS_SCOPE] = "the token lacks the scope",
        [SOUK_ACCESS_RATE] = "the token's rate is exceeded",
        [SOUK_ACCESS_GLOBAL_RATE] = "the rate of all requests together is exceeded"};
    const enum souk_wire_status status = souk_access_verdict_status(why);
    char text[64];
    snprintf(text, sizeof text, "%s%s%s", texts[why], why == SOUK_ACCESS_SCOPE ? " " : "",
             why == SOUK_ACCESS_SCOPE ? souk_scope_name(scope) : "");
    souk_reply_error_begin(reply, r, status, status != SOUK_WIRE_UNAUTHORIZED, text);
    if (status == SOUK_WIRE_FORBIDDEN)
        souk_writer_put_string(reply, "scope", souk_scope_name(scope));
    if (status == SOUK_WIRE_RATE_LIMITED)
        souk_writer_put_int(reply, "retry_after_ms", retry_after_ms);
}

static bool check(struct souk_access *access, const struct souk_request *r, enum souk_scope scope,
                  struct souk_writer *reply)
{
    int64_t retry_after_ms;
    size_t len;
    const char *token = token_of(r, &len);
    const enum souk_access_verdict why = souk_access_check(
        access, token, len, scope, souk_monotonic_us(), souk_wall_ms() / 1000, &retry_after_ms);
    if (why != SOUK_ACCESS_GRANTED)
        refuse(r, why, scope, retry_after_ms, reply);
    return why == SOUK_ACCESS_GRANTED;
}

bool souk_gate_check(struct souk_access *access, const struct souk_request *r,
                     struct souk_writer *reply)
{
    if (!access || (souk_request_is(r, "health") && !souk_message_get(&r->message, "token")))
        return true;
    return check(access, r, scope_of(r), reply);
}

bool souk_gate_check_admin(struct souk_access *access, const struct souk_request *r,
                           struct souk_writer *reply)
{
    return !access || check(access, r, SOUK_SCOPE_ADMIN, reply);
}

bool souk_gate_shows_fleet(const struct souk_access *access, const struct souk_request *r)
{
    size_t len;
    return !access || !souk_access_is_guarded(access) || token_of(r, &len) != NULL;
}
