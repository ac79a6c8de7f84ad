/** @file
 *  The body of a request as JSON: read by jansson when a look at its bytes has shown that this
 *  takes little time and stack.
 */
#ifndef SOUK_HTTP_JSONBODY_H
#define SOUK_HTTP_JSONBODY_H

#include "serve/http/requestfields.h"

enum {
    SOUK_JSON_DEPTH_MAX = 32,     /**< objects and lists inside each other */
    SOUK_JSON_VALUES_MAX = 20000, /**< 1000 events have fewer */
};

/** @return its owner is the caller (json_decref()); NULL: *fault says what is wrong */
json_t *souk_json_body_parse(const char *text, size_t len, struct souk_field_fault *fault);

#endif
