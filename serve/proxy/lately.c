#include "serve/proxy/lately.h"

#include "shared/base/memory.h"
#include "shared/data/idtable.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_lately_init(struct souk_lately *l)
{
    *l = (struct souk_lately){.events = souk_alloc_array(SOUK_WIRE_CONTEXT_MAX, sizeof *l->events)};
    return l->events ? SOUK_OK : SOUK_ENOMEM;
}

void souk_lately_fini(struct souk_lately *l)
{
    free(l->events);
    souk_recent_list_fini(&l->recent);
    *l = (struct souk_lately){.events = NULL};
}

/* ---- order ---- */

/* By time; then as they came. */
static int by_time(const void *a, const void *b)
{
    const struct souk_lately_event *x = a, *y = b;
    if (x->ms != y->ms)
        return x->ms < y->ms ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static int compare_texts(const char *a, size_t a_len, const char *b, size_t b_len)
{
    const int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static bool is_same(const struct souk_lately_event *a, const struct souk_lately_event *b)
{
    return a->ms == b->ms && compare_texts(a->item, a->item_len, b->item, b->item_len) == 0 &&
           compare_texts(a->type, a->type_len, b->type, b->type_len) == 0;
}

/* ---- the request's ---- */

/* One entry of the list. @return what is wrong with it, or NULL */
static const char *read_event(const msgpack_object *entry, int64_t moment_ms,
                              struct souk_lately_event *e)
{
    const struct souk_message m = {.unpacked = {.data = *entry}};
    *e = (struct souk_lately_event){.ms = moment_ms};
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

bool souk_lately_take(struct souk_lately *l, const msgpack_object *list, int64_t moment_ms,
                      char *reason, size_t size)
{
    l->count = l->requested = 0;
    if (!list)
        return true;
    if (list->type != MSGPACK_OBJECT_ARRAY || list->via.array.size > SOUK_WIRE_CONTEXT_MAX) {
        snprintf(reason, size, "'events' must be a list of at most %d events",
                 SOUK_WIRE_CONTEXT_MAX);
        return false;
    }
    for (uint32_t i = 0; i < list->via.array.size; i++) {
        struct souk_lately_event *e = &l->events[i];
        const char *const wrong = read_event(&list->via.array.ptr[i], moment_ms, e);
        if (wrong) {
            snprintf(reason, size, "'events': number %u %s", (unsigned)i, wrong);
            return false;
        }
        e->number = (int)i;
    }
    l->count = l->requested = (int)list->via.array.size;
    qsort(l->events, (size_t)l->count, sizeof *l->events, by_time);
    return true;
}

/* ---- the store's ---- */

/* Whether the request brings it as well. Its events stand at the front, by time. */
static bool is_requested(const struct souk_lately *l, const struct souk_lately_event *e)
{
    int low = 0, high = l->requested;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (l->events[middle].ms < e->ms)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < l->requested && l->events[low].ms == e->ms; low++)
        if (is_same(&l->events[low], e))
            return true;
    return false;
}

/* Stored ones of one time keep their order: their numbers are negative, the latest's is -1. */
static struct souk_lately_event of_store(const struct souk_recent_event *r, int from_the_end)
{
    return (struct souk_lately_event){.item = r->item,
                                      .item_len = strlen(r->item),
                                      .type = r->type,
                                      .type_len = strlen(r->type),
                                      .ms = r->ms,
                                      .value = isfinite((float)r->value) ? r->value : 0,
                                      .number = -1 - from_the_end};
}

void souk_lately_add_recent(struct souk_lately *l, int64_t from_ms)
{
    const struct souk_recent_list *r = &l->recent;
    for (int i = r->count - 1; i >= 0 && l->count < SOUK_WIRE_CONTEXT_MAX; i--) {
        const struct souk_lately_event e = of_store(&r->events[i], r->count - 1 - i);
        if (e.ms >= from_ms && !is_requested(l, &e))
            l->events[l->count++] = e;
    }
    qsort(l->events, (size_t)l->count, sizeof *l->events, by_time);
}
