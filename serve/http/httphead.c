#include "serve/http/httphead.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void refuse(struct souk_http_head *head, const char *reason)
{
    if (!head->wrong)
        head->wrong = reason;
}

/* ---- single headers ---- */

/* RFC 9110, 5.6.2 */
static bool is_token(const char *text)
{
    const size_t len = strlen(text);
    return len > 0 && strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

static void take_length(struct souk_http_head *head, const char *value)
{
    const size_t digits = strspn(value, "0123456789");
    head->lengths++;
    if (digits == 0 || value[digits] != '\0')
        refuse(head, "Content-Length is not a number");
    errno = 0;
    head->length = strtoll(value, NULL, 10);
    if (errno == ERANGE)
        head->length = INT64_MAX;
}

static void take_type(struct souk_http_head *head, const char *value)
{
    const size_t len = strlen("application/json");
    head->is_json = strncasecmp(value, "application/json", len) == 0 &&
                    (value[len] == '\0' || strchr("; \t", value[len]) != NULL);
    const char *const charset = strcasestr(value, "charset=");
    if (charset)
        head->is_json &= strncasecmp(charset + 8 + (charset[8] == '"'), "utf-8", 5) == 0;
}

static void take_authorization(struct souk_http_head *head, const char *value)
{
    if (strncasecmp(value, "Bearer ", 7) != 0)
        return; /* of another scheme: no token */
    head->token = value + 7 + strspn(value + 7, " ");
    head->token_len = strcspn(head->token, " \t");
}

/* Whether gzip is among the codings, and not with a weight of 0. */
static bool accepts_gzip(const char *value)
{
    for (const char *at = value; (at = strcasestr(at, "gzip")) != NULL; at += 4) {
        const char *rest = at + 4 + strspn(at + 4, " \t");
        if (at > value && !strchr(", \t", at[-1]))
            continue;
        if (*rest == '\0' || *rest == ',')
            return true;
        if (*rest != ';')
            continue;
        rest += 1 + strspn(rest + 1, " \t");
        return strncasecmp(rest, "q=", 2) != 0 || strtod(rest + 2, NULL) > 0;
    }
    return false;
}

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") >= len;
}

/* W3C Trace Context: 00-TRACE-PARENT-FLAGS; later versions may have more behind. What is not one is
 * ignored, as it says. */
static void take_traceparent(struct souk_http_head *head, const char *value)
{
    enum { TRACE_AT = 3, TRACE_LEN = 32, PARENT_AT = 36, FLAGS_AT = 53, LEN = 55 };
    if (strlen(value) < LEN || !is_hex(value, 2) || value[2] != '-' ||
        !is_hex(value + TRACE_AT, TRACE_LEN) || value[PARENT_AT - 1] != '-' ||
        !is_hex(value + PARENT_AT, 16) || value[FLAGS_AT - 1] != '-' ||
        !is_hex(value + FLAGS_AT, 2) || memcmp(value, "ff", 2) == 0 ||
        (memcmp(value, "00", 2) == 0 && value[LEN] != '\0') ||
        strspn(value + TRACE_AT, "0") >= TRACE_LEN || strspn(value + PARENT_AT, "0") >= 16)
        return;
    memcpy(head->id, value + TRACE_AT, TRACE_LEN);
    head->id[TRACE_LEN] = '\0';
    head->is_traced = true;
}

static void take_id(struct souk_http_head *head, const char *value)
{
    const size_t len = strlen(value);
    if (head->is_traced || len == 0 || len > SOUK_HTTP_ID_BYTES)
        return;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)value[i]) && !strchr("._-", value[i]))
            return;
    memcpy(head->id, value, len + 1);
}

void souk_http_head_take(struct souk_http_head *head, const char *name, const char *value)
{
    value = value ? value : "";
    head->headers++;
    if (!is_token(name))
        refuse(head, "a header's name has a character that it may not have");
    if (!is_plain(value))
        refuse(head, "a header has a control character in it");
    if (strcasecmp(name, "Host") == 0) {
        head->hosts++;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        take_length(head, value);
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        head->codings++;
        head->is_chunked = strcasecmp(value, "chunked") == 0;
    } else if (strcasecmp(name, "Content-Type") == 0) {
        take_type(head, value);
    } else if (strcasecmp(name, "Content-Encoding") == 0) {
        head->is_encoded |= strcasecmp(value, "identity") != 0;
    } else if (strcasecmp(name, "Authorization") == 0) {
        take_authorization(head, value);
    } else if (strcasecmp(name, "Expect") == 0) {
        head->expects = strcasecmp(value, "100-continue") == 0;
    } else if (strcasecmp(name, "Accept-Encoding") == 0) {
        head->accepts_gzip |= accepts_gzip(value);
    } else if (strcasecmp(name, "traceparent") == 0) {
        take_traceparent(head, value);
    } else if (strcasecmp(name, "X-Request-Id") == 0) {
        take_id(head, value);
    } else if (strcasecmp(name, "Origin") == 0) {
        head->origin = value;
    } else if (strcasecmp(name, "If-None-Match") == 0) {
        head->if_none_match = value;
    }
}

/* ---- all of them ---- */

void souk_http_head_check(struct souk_http_head *head)
{
    if (head->hosts > 1)
        refuse(head, "Host is there more than once");
    if (head->lengths > 1)
        refuse(head, "Content-Length is there more than once");
    if (head->codings > 0 && head->lengths > 0)
        refuse(head, "Content-Length and Transfer-Encoding exclude each other");
    if (head->codings > 1 || (head->codings == 1 && !head->is_chunked))
        refuse(head, "Transfer-Encoding must be chunked");
    if (head->codings > 0 && head->is_old)
        refuse(head, "HTTP/1.0 has no Transfer-Encoding");
}

static enum MHD_Result take(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    (void)kind;
    souk_http_head_take(context, name, value);
    return MHD_YES;
}

/* libmicrohttpd 0.9 cuts the URL and headers at a byte 0, silently. It leaves the head where it was
 * read, and ends each piece there with bytes 0 of its own: one behind the method and one behind the
 * URL; for each header one in place of the colon and two in place of CR LF; two behind the version
 * and at the end. There must be no others. Nor are there fewer, but where lines end without CR, or
 * go on in the next one. */
static bool has_own_zeros_only(const struct souk_http_head *head, struct MHD_Connection *connection,
                               const char *method, size_t uri_len, const char *version)
{
#if MHD_VERSION < 0x01000000
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const size_t before = strlen(method) + 1 + uri_len + 1;
    int zeros = 0;
    if (!info || method + before != version)
        return false;
    for (size_t i = before; i < info->header_size; i++)
        zeros += method[i] == '\0';
    return zeros == 3 * head->headers + 4;
#else
    (void)head, (void)connection, (void)method, (void)uri_len, (void)version;
    return true; /* it refuses them itself */
#endif
}

void souk_http_head_read(struct souk_http_head *head, struct MHD_Connection *connection,
                         const char *method, size_t uri_len, const char *version)
{
    *head = (struct souk_http_head){.length = -1, .is_old = strcmp(version, "HTTP/1.0") == 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take, head);
    if (!has_own_zeros_only(head, connection, method, uri_len, version))
        refuse(head, "its head has a byte 0, or lines that do not end with CR and LF");
    souk_http_head_check(head);
}
