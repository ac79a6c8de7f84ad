#include "serve/http/jsonbody.h"

#include <stdio.h>

/* Behind the text whose quote is at `at`. */
static size_t skip_text(const char *text, size_t len, size_t at)
{
    for (at++; at < len && text[at] != '"'; at++)
        at += text[at] == '\\';
    return at;
}

static const char *look_over(const char *text, size_t len)
{
    int depth = 0, values = 1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            i = skip_text(text, len, i);
        else if (text[i] == '{' || text[i] == '[')
            depth++;
        else if (text[i] == '}' || text[i] == ']')
            depth--;
        else if (text[i] != ',')
            continue;
        values += i < len && text[i] == ',';
        if (depth > SOUK_JSON_DEPTH_MAX)
            return "the body has objects or lists more than 32 deep";
        if (values > SOUK_JSON_VALUES_MAX)
            return "the body has more than 20000 values";
    }
    return len == 0 ? "the body is empty" : NULL;
}

json_t *souk_json_body_parse(const char *text, size_t len, struct souk_field_fault *fault)
{
    const char *const reason = look_over(text, len);
    json_error_t error;
    fault->field[0] = '\0';
    if (reason) {
        snprintf(fault->text, sizeof fault->text, "%s", reason);
        return NULL;
    }
    json_t *const value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        snprintf(fault->text, sizeof fault->text, "line %d, column %d: %.120s", error.line,
                 error.column, error.text);
    return value;
}
