#include "serve/http/operations.h"

#include "shared/wire/eventfields.h"
#include "shared/wire/filterfields.h"
#include "shared/wire/message.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

/* ---- what requests may have ---- */

#define ROW(http, message, kind, least, most)                                                      \
    {                                                                                              \
        .name = (http), .wire = (message), .type = SOUK_FIELD_##kind, .min = (least),              \
        .max = (most)                                                                              \
    }
#define ID_ROW(http, message)                                                                      \
    {                                                                                              \
        .name = (http), .wire = (message), .type = SOUK_FIELD_ID, .required = true                 \
    }
#define INNER_ROW(http, message, kind, most, table)                                                \
    {                                                                                              \
        .name = (http), .wire = (message), .type = SOUK_FIELD_##kind, .max = (most),               \
        .inner = (table)                                                                           \
    }
#define END_ROW                                                                                    \
    {                                                                                              \
        .name = NULL                                                                               \
    }

enum { DEADLINE_MAX_MS = 60000, EVENT_ID_BYTES = 64 };

/* What a visitor did, in the course of a request. */
static const struct souk_field context_event[] = {
    ID_ROW("item_id", "item"),
    {.name = "event_type",
     .wire = "type",
     .type = SOUK_FIELD_TEXT,
     .min = 1,
     .max = 64,
     .required = true},
    ROW("timestamp", "ms", TIME, 0, 0),
    ROW("revenue", "value", NUMBER, -FLT_MAX, FLT_MAX),
    END_ROW,
};

static const struct souk_field stored_event[] = {
    ID_ROW("user_id", "user"),
    ID_ROW("item_id", "item"),
    {.name = "event_type",
     .wire = "type",
     .type = SOUK_FIELD_TEXT,
     .min = 1,
     .max = 64,
     .required = true},
    ROW("timestamp", "ms", TIME, 0, 0),
    ROW("revenue", "value", NUMBER, -FLT_MAX, FLT_MAX),
    ROW("event_id", "event_id", TEXT, 1, EVENT_ID_BYTES),
    ROW("request_id", "request_id", TEXT, 1, EVENT_ID_BYTES),
    END_ROW,
};

static const struct souk_field preferences[] = {
    ROW("categories", "categories", IDS, 0, SOUK_WIRE_LIST_MAX),
    ROW("price_min", "price_min", NUMBER, 0, DBL_MAX),
    ROW("price_max", "price_max", NUMBER, 0, DBL_MAX),
    END_ROW,
};

static const struct souk_field filters[] = {
    ROW("categories", "categories", IDS, 0, SOUK_WIRE_LIST_MAX),
    ROW("price_min", "price_min", NUMBER, 0, DBL_MAX),
    ROW("price_max", "price_max", NUMBER, 0, DBL_MAX),
    ROW("available", "available", BOOL, 0, 0),
    ROW("exclude", "exclude", IDS, 0, SOUK_WIRE_EXCLUDE_MAX),
    END_ROW,
};

/* Of every list that is asked for, whatever asks. */
#define LIST_ROWS(count)                                                                           \
    ROW(count, "n", INT, 1, SOUK_WIRE_LIST_MAX),                                                   \
        ROW("include_metadata", "include_metadata", BOOL, 0, 0),                                   \
        ROW("category", "category", TEXT, 1, 128),                                                 \
        ROW("deadline_ms", "deadline_ms", INT, 0, DEADLINE_MAX_MS)

/* Of every question about a visitor. */
#define VISITOR_ROWS                                                                               \
    ID_ROW("user_id", "user"), ROW("include_seen", "include_seen", BOOL, 0, 0),                    \
        ROW("moment", "moment_ms", TIME, 0, 0)

#define RECOMMEND_ROWS                                                                             \
    VISITOR_ROWS,                                                                                  \
        {.name = "min_confidence",                                                                 \
         .wire = "min_confidence",                                                                 \
         .type = SOUK_FIELD_NUMBER,                                                                \
         .max = 1,                                                                                 \
         .is_open = true},                                                                         \
        ROW("explain", "explain", BOOL, 0, 0)

#define EVENTS_ROW INNER_ROW("events", "events", LIST, SOUK_WIRE_CONTEXT_MAX, context_event)

static const struct souk_field recommend_fields[] = {
    RECOMMEND_ROWS,
    EVENTS_ROW,
    LIST_ROWS("n_items"),
    INNER_ROW("filters", "filters", MAP, 0, filters),
    INNER_ROW("preferences", "preferences", MAP, 0, preferences),
    END_ROW,
};

/* What a URL can say has neither lists nor objects. */
static const struct souk_field recommend_parameters[] = {
    RECOMMEND_ROWS,
    LIST_ROWS("n"),
    END_ROW,
};

static const struct souk_field similar_parameters[] = {
    ID_ROW("item_id", "item"),
    LIST_ROWS("n"),
    END_ROW,
};

static const struct souk_field explain_fields[] = {
    VISITOR_ROWS,
    EVENTS_ROW,
    INNER_ROW("filters", "filters", MAP, 0, filters),
    {.name = "items",
     .wire = "items",
     .type = SOUK_FIELD_IDS,
     .min = 1,
     .max = SOUK_WIRE_EXPLAIN_MAX,
     .required = true},
    ROW("category", "category", TEXT, 1, 128),
    ROW("deadline_ms", "deadline_ms", INT, 0, DEADLINE_MAX_MS),
    END_ROW,
};

static const struct souk_field user_parameters[] = {
    ID_ROW("user_id", "user"),
    ROW("deadline_ms", "deadline_ms", INT, 0, DEADLINE_MAX_MS),
    END_ROW,
};

static const struct souk_field no_parameters[] = {END_ROW};

const struct souk_http_operation souk_http_operations[SOUK_HTTP_OPERATIONS] = {
    [SOUK_HTTP_RECOMMEND] = {"recommend", recommend_fields, false},
    [SOUK_HTTP_RECOMMEND_URL] = {"recommend", recommend_parameters, false},
    [SOUK_HTTP_SIMILAR] = {"similar", similar_parameters, false},
    [SOUK_HTTP_EXPLAIN] = {"explain", explain_fields, false},
    [SOUK_HTTP_EVENTS] = {"event", stored_event, true},
    [SOUK_HTTP_USER_STATS] = {"user_stats", user_parameters, false},
    [SOUK_HTTP_HEALTH] = {"health", no_parameters, false},
};

/* ---- writing ---- */

static void begin(const struct souk_http_operation *o, const struct souk_http_sender *sender,
                  size_t fields, struct souk_writer *w)
{
    souk_writer_clear(w);
    souk_writer_map(w, 3 + (sender->token != NULL) + fields);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", o->wire);
    souk_writer_put_string(w, "id", sender->id);
    if (sender->token)
        souk_writer_put_text(w, "token", sender->token, sender->token_len);
}

/* One event of a batch. @return false: it cannot be read, *fault says why */
static bool write_event(const struct souk_http_operation *o, json_t *event, struct souk_writer *w,
                        struct souk_field_fault *fault)
{
    const size_t mark = w->buffer.size;
    bool good = json_is_object(event);
    fault->field[0] = '\0';
    if (!good)
        snprintf(fault->text, sizeof fault->text, "an event must be an object");
    souk_writer_map(w, good ? souk_fields_count(o->fields, event) : 0);
    good = good && souk_fields_write(o->fields, event, w, fault);
    if (!good) {
        w->buffer.size = mark;
        souk_writer_map(w, 0);
    }
    return good;
}

/* The events of a body: itself, where it is none of the two kinds of a batch. */
static json_t *find_batch(json_t *body, struct souk_field_fault *fault)
{
    json_t *const list = json_is_array(body) ? body : json_object_get(body, "events");
    if (list && json_is_object(body) && json_object_size(body) > 1) {
        snprintf(fault->field, sizeof fault->field, "events");
        snprintf(fault->text, sizeof fault->text, "is the only field that a batch may have");
        return NULL;
    }
    if (list && (!json_is_array(list) || json_array_size(list) == 0 ||
                 json_array_size(list) > SOUK_WIRE_CONTEXT_MAX)) {
        snprintf(fault->field, sizeof fault->field, "events");
        snprintf(fault->text, sizeof fault->text, "must be a list of 1 to %d events",
                 SOUK_WIRE_CONTEXT_MAX);
        return NULL;
    }
    return list ? list : body;
}

static bool write_events(const struct souk_http_operation *o, const struct souk_http_sender *sender,
                         json_t *body, struct souk_writer *w, struct souk_event_faults *faults,
                         struct souk_field_fault *fault)
{
    json_t *const batch = find_batch(body, fault);
    if (!batch)
        return false;
    faults->is_single = !json_is_array(batch);
    const size_t count = faults->is_single ? 1 : json_array_size(batch);
    begin(o, sender, 1, w);
    souk_writer_key(w, "events");
    souk_writer_array(w, count);
    for (size_t i = 0; i < count; i++) {
        json_t *const event = faults->is_single ? batch : json_array_get(batch, i);
        if (write_event(o, event, w, fault))
            continue;
        if (faults->is_single)
            return false;
        w->failed |= !souk_event_faults_add(faults, i, fault);
    }
    return true;
}

bool souk_http_operation_write(const struct souk_http_operation *o,
                               const struct souk_http_sender *sender, json_t *body,
                               struct souk_writer *w, struct souk_event_faults *faults,
                               struct souk_field_fault *fault)
{
    fault->field[0] = '\0';
    if (o->is_events)
        return write_events(o, sender, body, w, faults, fault);
    if (!json_is_object(body)) {
        snprintf(fault->text, sizeof fault->text, "the body must be an object");
        return false;
    }
    begin(o, sender, souk_fields_count(o->fields, body), w);
    return souk_fields_write(o->fields, body, w, fault);
}
