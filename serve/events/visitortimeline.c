#include "serve/events/visitortimeline.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    int64_t ms;
    double value;
    uint32_t item, type; /* where their texts begin */
};

struct souk_visitor_timeline {
    int count;
    size_t bytes; /* of all */
    struct entry entries[];
};

static char *texts(struct souk_visitor_timeline *t)
{
    return (char *)&t->entries[t->count];
}

static const char *text_at(const struct souk_visitor_timeline *t, uint32_t at)
{
    return (const char *)&t->entries[t->count] + at;
}

static uint32_t put(struct souk_visitor_timeline *t, uint32_t at, const char *text)
{
    const size_t size = strlen(text) + 1;
    memcpy(texts(t) + at, text, size);
    return at + (uint32_t)size;
}

static struct souk_visitor_timeline *build(const struct souk_recent_event *events, int count)
{
    size_t bytes = sizeof(struct souk_visitor_timeline) + (size_t)count * sizeof(struct entry);
    uint32_t at = 0;
    for (int i = 0; i < count; i++)
        bytes += strlen(events[i].item) + strlen(events[i].type) + 2;
    struct souk_visitor_timeline *t = malloc(bytes);
    if (!t)
        return NULL;
    t->count = count;
    t->bytes = bytes;
    for (int i = 0; i < count; i++) {
        const uint32_t type = put(t, at, events[i].item);
        t->entries[i] =
            (struct entry){.ms = events[i].ms, .value = events[i].value, .item = at, .type = type};
        at = put(t, type, events[i].type);
    }
    return t;
}

struct ordered {
    struct souk_recent_event event;
    int place;
};

static int by_time(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->event.ms != y->event.ms)
        return x->event.ms < y->event.ms ? -1 : 1;
    return x->place - y->place;
}

struct souk_visitor_timeline *souk_visitor_timeline_of(const struct souk_recent_event *events,
                                                       int count)
{
    const int first = count > SOUK_RECENT_EVENTS_MAX ? count - SOUK_RECENT_EVENTS_MAX : 0;
    struct ordered *sorted = malloc(((size_t)count + 1) * sizeof *sorted);
    struct souk_recent_event *latest = malloc(((size_t)count + 1) * sizeof *latest);
    struct souk_visitor_timeline *t = NULL;
    if (sorted && latest) {
        for (int i = 0; i < count; i++)
            sorted[i] = (struct ordered){.event = events[i], .place = i};
        qsort(sorted, (size_t)count, sizeof *sorted, by_time);
        for (int i = first; i < count; i++)
            latest[i - first] = sorted[i].event;
        t = build(latest, count - first);
    }
    free(sorted);
    free(latest);
    return t;
}

void souk_visitor_timeline_free(struct souk_visitor_timeline *t)
{
    free(t);
}

static struct souk_recent_event event_at(const struct souk_visitor_timeline *t, int i)
{
    const struct entry *e = &t->entries[i];
    return (struct souk_recent_event){
        .item = text_at(t, e->item), .type = text_at(t, e->type), .ms = e->ms, .value = e->value};
}

struct souk_visitor_timeline *souk_visitor_timeline_with(const struct souk_visitor_timeline *t,
                                                         const struct souk_event_record *event)
{
    struct souk_recent_event events[SOUK_RECENT_EVENTS_MAX + 1];
    int n = 0, place = t->count;
    while (place > 0 && t->entries[place - 1].ms > event->ms)
        place--;
    for (int i = 0; i <= t->count; i++) {
        if (i == place)
            events[n++] = (struct souk_recent_event){
                .item = event->item, .type = event->type, .ms = event->ms, .value = event->value};
        if (i < t->count)
            events[n++] = event_at(t, i);
    }
    const int drop = n > SOUK_RECENT_EVENTS_MAX ? n - SOUK_RECENT_EVENTS_MAX : 0;
    return build(events + drop, n - drop);
}

size_t souk_visitor_timeline_bytes(const struct souk_visitor_timeline *t)
{
    return t->bytes;
}

static bool make_room(struct souk_recent_list *list, size_t bytes)
{
    if (bytes <= list->memory_size)
        return true;
    void *grown = realloc(list->memory, bytes);
    if (!grown)
        return false;
    list->memory = grown;
    list->memory_size = bytes;
    return true;
}

/* The events, then a copy of all texts. */
bool souk_visitor_timeline_copy(const struct souk_visitor_timeline *t, int64_t since_ms,
                                struct souk_recent_list *list)
{
    int first = 0;
    list->count = 0;
    while (first < t->count && t->entries[first].ms < since_ms)
        first++;
    const int count = t->count - first;
    const uint32_t from = count > 0 ? t->entries[first].item : 0;
    const size_t head = (size_t)count * sizeof *list->events;
    const size_t text_bytes = t->bytes - sizeof *t - (size_t)t->count * sizeof *t->entries - from;
    if (count == 0)
        return true;
    if (!make_room(list, head + text_bytes))
        return false;
    char *const to = (char *)list->memory + head;
    memcpy(to, text_at(t, from), text_bytes);
    list->events = list->memory;
    for (int i = 0; i < count; i++) {
        const struct entry *e = &t->entries[first + i];
        list->events[i] = (struct souk_recent_event){.item = to + (e->item - from),
                                                     .type = to + (e->type - from),
                                                     .ms = e->ms,
                                                     .value = e->value};
    }
    list->count = count;
    return true;
}

void souk_recent_list_fini(struct souk_recent_list *l)
{
    free(l->memory);
    *l = (struct souk_recent_list){.memory = NULL};
}
