#include "serve/proxy/contextevents.h"

#include "shared/data/idtable.h"

#include <math.h>
#include <string.h>

enum { UNKNOWN_TYPE = 255 };

struct event {
    const char *item, *type;
    size_t item_len, type_len;
    int64_t ms;
    double value;
};

/* One entry of the list. @return what is wrong with it, or NULL */
static const char *read_event(const struct souk_job *j, const msgpack_object *entry,
                              struct event *e)
{
    const struct souk_message m = {.unpacked = {.data = *entry}};
    *e = (struct event){.ms = j->moment_ms};
    if (entry->type != MSGPACK_OBJECT_MAP)
        return "is not a map";
    if (!souk_message_text(&m, "item", SOUK_ID_MAX_BYTES, &e->item, &e->item_len) || !e->item ||
        !souk_id_is_valid(e->item, e->item_len))
        return "has no 'item' of 1 to 128 bytes of UTF-8";
    if (!souk_message_text(&m, "type", SOUK_ID_MAX_BYTES, &e->type, &e->type_len) ||
        e->type_len == 0)
        return "has no 'type' of 1 to 128 bytes";
    if (!souk_message_int(&m, "ms", 0, SOUK_WIRE_MOMENT_MAX, &e->ms))
        return "has an 'ms' that is not milliseconds from 1970 to the year 9999";
    if (souk_message_get(&m, "value") && !souk_message_map_number(entry, "value", &e->value))
        return "has a 'value' that is not a number";
    return isfinite((float)e->value) ? NULL : "has a 'value' that is too large";
}

static bool refuse(struct souk_job *j, size_t number, const char *reason)
{
    souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD, "'events': number %zu %s", number,
                     reason);
    return false;
}

bool souk_job_take_context(struct souk_job *j)
{
    const msgpack_object *list = souk_message_get(&j->request->message, "events");
    if (!list)
        return true;
    if (list->type != MSGPACK_OBJECT_ARRAY || list->via.array.size > SOUK_WIRE_CONTEXT_MAX) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "'events' must be a list of at most %d events", SOUK_WIRE_CONTEXT_MAX);
        return false;
    }
    if (j->view.sources == 0 && list->via.array.size > 0) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_BAD_FIELD,
                         "a model of kind '%s' takes no 'events'", j->view.kind);
        return false;
    }
    for (uint32_t i = 0; i < list->via.array.size; i++) {
        struct event e;
        const char *const reason = read_event(j, &list->via.array.ptr[i], &e);
        if (reason)
            return refuse(j, i, reason);
    }
    j->context = list->via.array.ptr;
    j->context_count = list->via.array.size;
    return true;
}

static void write_question(struct souk_job *j)
{
    struct souk_writer *w = &j->space->question;
    struct event e;
    souk_job_start_question(j, "resolve", 2);
    souk_writer_key(w, "items");
    souk_writer_array(w, j->context_count);
    for (size_t i = 0; i < j->context_count; i++)
        if (!read_event(j, &j->context[i], &e))
            souk_writer_text(w, e.item, e.item_len);
    souk_writer_key(w, "types");
    souk_writer_array(w, j->context_count);
    for (size_t i = 0; i < j->context_count; i++)
        if (!read_event(j, &j->context[i], &e))
            souk_writer_text(w, e.type, e.type_len);
}

/* Rows of the items that this shard has, and all types. @return false: the reply cannot be used */
static bool read_rows(const struct souk_job *j, const struct souk_message *m, int64_t *row,
                      uint8_t *type)
{
    const void *rows = NULL, *types = NULL;
    int64_t row_count = 0, type_count = 0;
    if (!souk_message_array(m, "rows", sizeof *row, &rows, &row_count) ||
        !souk_message_array(m, "types", sizeof *type, &types, &type_count) ||
        row_count != (int64_t)j->context_count || type_count != row_count)
        return false;
    for (size_t i = 0; i < j->context_count; i++) {
        int64_t here;
        memcpy(&here, (const char *)rows + i * sizeof here, sizeof here);
        row[i] = here >= 0 ? here : row[i];
        type[i] = ((const uint8_t *)types)[i];
    }
    return true;
}

static bool add_events(struct souk_job *j, const int64_t *row, const uint8_t *type)
{
    for (size_t i = 0; i < j->context_count; i++) {
        struct event e;
        if (read_event(j, &j->context[i], &e))
            continue;
        if (type[i] == UNKNOWN_TYPE)
            return refuse(j, i, "has a 'type' that the model does not know");
        if (row[i] >= 0 &&
            !souk_event_fields_add(&j->space->events, row[i], e.ms, type[i], (float)e.value))
            return refuse(j, i, "is one too many");
    }
    return true;
}

bool souk_job_add_context(struct souk_job *j)
{
    int64_t row[SOUK_WIRE_CONTEXT_MAX];
    uint8_t type[SOUK_WIRE_CONTEXT_MAX];
    if (j->context_count == 0)
        return true;
    memset(row, 0xff, sizeof row);
    write_question(j);
    if (!souk_job_ask_all(j, SOUK_ROUND_FIRST))
        return false;
    memset(type, UNKNOWN_TYPE, sizeof type);
    for (int s = 0; s < souk_topology_shards(j->topology); s++) {
        const struct souk_message *m = souk_job_answer(j, s);
        if (m && !read_rows(j, m, row, type))
            souk_job_miss(j, s);
        j->degraded |= j->space->missed[s];
    }
    return add_events(j, row, type);
}
