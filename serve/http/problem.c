#include "serve/http/problem.h"

#include "shared/wire/wirestatus.h"

#include <string.h>

static const struct {
    unsigned code;
    const char *type, *title;
} problems[] = {
#define X(name, code, type, title)                                                                 \
    [SOUK_PROBLEM_##name] = {(code), "urn:souk:problem:" type, (title)},
    SOUK_PROBLEM_LIST(X)
#undef X
};

unsigned souk_problem_code(enum souk_problem p)
{
    return problems[p].code;
}

bool souk_problem_may_pass(enum souk_problem p)
{
    return problems[p].code == 429 || problems[p].code == 503;
}

/* What the proxy refuses as `bad_field` has passed our tables: it is well-formed, and asks for
 * something that the model cannot give. */
enum souk_problem souk_problem_of_status(int status)
{
    switch (status) {
    case SOUK_WIRE_MALFORMED:
        return SOUK_PROBLEM_MALFORMED;
    case SOUK_WIRE_TOO_LARGE:
        return SOUK_PROBLEM_TOO_LARGE;
    case SOUK_WIRE_UNKNOWN_OPERATION:
        return SOUK_PROBLEM_NOT_IMPLEMENTED;
    case SOUK_WIRE_BAD_FIELD:
    case SOUK_WIRE_REFUSED:
        return SOUK_PROBLEM_UNSERVABLE;
    case SOUK_WIRE_NOT_FOUND:
        return SOUK_PROBLEM_NOT_FOUND;
    case SOUK_WIRE_NO_SUCH_MODEL:
    case SOUK_WIRE_UNAVAILABLE:
    case SOUK_WIRE_TOPOLOGY:
    case SOUK_WIRE_DRAINING:
        return SOUK_PROBLEM_UNAVAILABLE;
    case SOUK_WIRE_OVERLOADED:
        return SOUK_PROBLEM_OVERLOADED;
    case SOUK_WIRE_DEADLINE:
        return SOUK_PROBLEM_DEADLINE;
    case SOUK_WIRE_UNAUTHORIZED:
        return SOUK_PROBLEM_UNAUTHORIZED;
    case SOUK_WIRE_FORBIDDEN:
        return SOUK_PROBLEM_FORBIDDEN;
    case SOUK_WIRE_RATE_LIMITED:
        return SOUK_PROBLEM_RATE_LIMITED;
    default:
        return SOUK_PROBLEM_INTERNAL;
    }
}

int64_t souk_problem_retry_after_s(int64_t retry_after_ms)
{
    return retry_after_ms > 1000 ? (retry_after_ms + 999) / 1000 : 1;
}

static void put(struct souk_json_text *t, const char *key, const char *value)
{
    if (!value[0])
        return;
    souk_json_text_key(t, key, strlen(key));
    souk_json_text_string(t, value, strlen(value));
}

void souk_problem_write(enum souk_problem p, const char *field, const char *detail,
                        const char *request_id, struct souk_json_text *t)
{
    souk_json_text_clear(t);
    souk_json_text_open(t, '{');
    put(t, "type", problems[p].type);
    put(t, "title", problems[p].title);
    souk_json_text_key(t, "status", 6);
    souk_json_text_int(t, problems[p].code);
    put(t, "detail", detail);
    put(t, "field", field);
    put(t, "request_id", request_id);
    souk_json_text_close(t, '}');
}
