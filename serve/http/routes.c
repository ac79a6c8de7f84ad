#include "serve/http/routes.h"

#include <string.h>

const struct souk_route souk_routes[] = {
    {"/recommendations", "POST", SOUK_ROUTE_OPERATION, SOUK_HTTP_RECOMMEND, NULL},
    {"/recommend/{user_id}", "GET", SOUK_ROUTE_OPERATION, SOUK_HTTP_RECOMMEND_URL, NULL},
    {"/similar/{item_id}", "GET", SOUK_ROUTE_OPERATION, SOUK_HTTP_SIMILAR, NULL},
    {"/explain", "POST", SOUK_ROUTE_OPERATION, SOUK_HTTP_EXPLAIN, NULL},
    {"/events", "POST", SOUK_ROUTE_OPERATION, SOUK_HTTP_EVENTS, NULL},
    {"/user/{user_id}/stats", "GET", SOUK_ROUTE_OPERATION, SOUK_HTTP_USER_STATS, NULL},
    {"/health", "GET", SOUK_ROUTE_OPERATION, SOUK_HTTP_HEALTH, NULL},
    {"/livez", "GET", SOUK_ROUTE_LIVE, SOUK_HTTP_OPERATIONS, NULL},
    {"/readyz", "GET", SOUK_ROUTE_READY, SOUK_HTTP_OPERATIONS, NULL},
    {"/openapi.json", "GET", SOUK_ROUTE_PAGE, SOUK_HTTP_OPERATIONS, "openapi.json"},
    {"/docs", "GET", SOUK_ROUTE_PAGE, SOUK_HTTP_OPERATIONS, "docs.html"},
    {"/docs/docs.css", "GET", SOUK_ROUTE_PAGE, SOUK_HTTP_OPERATIONS, "docs.css"},
    {"/docs/docs.js", "GET", SOUK_ROUTE_PAGE, SOUK_HTTP_OPERATIONS, "docs.js"},
};
const int souk_route_count = sizeof souk_routes / sizeof souk_routes[0];

/* @return whether the path is of the pattern; an empty part is none */
static bool matches(const char *pattern, const char *path, size_t len, const char **part,
                    size_t *part_len)
{
    const char *const open = strchr(pattern, '{');
    const size_t before = open ? (size_t)(open - pattern) : strlen(pattern);
    *part = NULL;
    *part_len = 0;
    if (len < before || memcmp(pattern, path, before) != 0)
        return false;
    if (!open)
        return len == before;
    const char *const after = strchr(open, '}') + 1;
    const char *const slash = memchr(path + before, '/', len - before);
    const size_t size = slash ? (size_t)(slash - path) - before : len - before;
    *part = path + before;
    *part_len = size;
    return size > 0 && strlen(after) == len - before - size &&
           memcmp(after, path + before + size, strlen(after)) == 0;
}

const struct souk_route *souk_route_find(const char *path, size_t len, const char **part,
                                         size_t *part_len)
{
    for (int i = 0; i < souk_route_count; i++)
        if (matches(souk_routes[i].path, path, len, part, part_len))
            return &souk_routes[i];
    *part = NULL;
    return NULL;
}

size_t souk_route_field(const struct souk_route *route, const char **name)
{
    const char *const open = strchr(route->path, '{');
    if (!open)
        return 0;
    *name = open + 1;
    return strcspn(open + 1, "}");
}
