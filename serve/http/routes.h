/** @file
 *  The paths that are answered over HTTP.
 *
 *      POST /recommendations      GET /recommend/{user_id}     GET /similar/{item_id}
 *      POST /events               POST /explain                GET /user/{user_id}/stats
 *      GET /health                GET /livez, /readyz          GET /openapi.json, /docs
 *
 *  HEAD is where GET is, OPTIONS everywhere.
 */
#ifndef SOUK_HTTP_ROUTES_H
#define SOUK_HTTP_ROUTES_H

#include "serve/http/operations.h"

#include <stddef.h>

enum souk_route_kind {
    SOUK_ROUTE_OPERATION, /**< goes to the workforce */
    SOUK_ROUTE_PAGE,      /**< static */
    SOUK_ROUTE_LIVE,
    SOUK_ROUTE_READY,
};

struct souk_route {
    const char *path;   /**< "/user/{user_id}/stats"; the name of what is in braces is a field */
    const char *method; /**< GET or POST */
    enum souk_route_kind kind;
    enum souk_http_op op;
    const char *page; /**< of SOUK_ROUTE_PAGE: name of the file */
};

extern const struct souk_route souk_routes[];
extern const int souk_route_count;

/** The route of a path that is still percent-encoded, so that `%2F` may be in an id.
 *  @param part [*part_len] what stands for the braces, inside of path; NULL: nothing
 *  @return NULL: there is none */
const struct souk_route *souk_route_find(const char *path, size_t len, const char **part,
                                         size_t *part_len);

/** The name in the braces: "user_id". @return its length, 0: there are none */
size_t souk_route_field(const struct souk_route *route, const char **name);

#endif
