#include "shared/wire/eventfields.h"

#include "shared/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

souk_status souk_event_fields_init(struct souk_event_fields *f)
{
    *f = (struct souk_event_fields){.item = souk_alloc_array(SOUK_WIRE_EVENTS_MAX, sizeof *f->item),
                                    .ms = souk_alloc_array(SOUK_WIRE_EVENTS_MAX, sizeof *f->ms),
                                    .type = souk_alloc_array(SOUK_WIRE_EVENTS_MAX, sizeof *f->type),
                                    .value =
                                        souk_alloc_array(SOUK_WIRE_EVENTS_MAX, sizeof *f->value)};
    if (f->item && f->ms && f->type && f->value)
        return SOUK_OK;
    souk_event_fields_fini(f);
    return SOUK_ENOMEM;
}

void souk_event_fields_fini(struct souk_event_fields *f)
{
    free(f->item);
    free(f->ms);
    free(f->type);
    free(f->value);
    *f = (struct souk_event_fields){0};
}

/* A binary of the message into an array of ours. @param count as long as the others, -1: any */
static bool copy_field(const struct souk_message *m, const char *key, size_t size, int64_t *count,
                       void *to)
{
    const void *data = NULL;
    int64_t found = 0;
    if (!souk_message_array(m, key, size, &data, &found) || found > SOUK_WIRE_EVENTS_MAX ||
        (*count >= 0 && found != *count))
        return false;
    *count = found;
    if (found > 0)
        memcpy(to, data, (size_t)found * size);
    return true;
}

static bool is_good(const struct souk_event_fields *f, int64_t count, int64_t items, int types)
{
    for (int64_t at = 0; at < count; at++)
        if (f->item[at] < 0 || f->item[at] >= items || f->type[at] >= types ||
            !isfinite(f->value[at]) || (at > 0 && f->ms[at - 1] > f->ms[at]))
            return false;
    return true;
}

bool souk_event_fields_read(struct souk_event_fields *f, const struct souk_message *m,
                            int64_t items, int types)
{
    int64_t count = -1;
    f->count = 0;
    if (!copy_field(m, "event_item", sizeof *f->item, &count, f->item) ||
        !copy_field(m, "event_ms", sizeof *f->ms, &count, f->ms) ||
        !copy_field(m, "event_type", sizeof *f->type, &count, f->type) ||
        !copy_field(m, "event_value", sizeof *f->value, &count, f->value) ||
        !is_good(f, count, items, types))
        return false;
    f->count = count;
    return true;
}

bool souk_event_fields_add(struct souk_event_fields *f, int64_t item, int64_t ms, uint8_t type,
                           float value)
{
    int64_t at = f->count;
    if (f->count == SOUK_WIRE_EVENTS_MAX)
        return false;
    for (; at > 0 && f->ms[at - 1] > ms; at--) {
        f->item[at] = f->item[at - 1];
        f->ms[at] = f->ms[at - 1];
        f->type[at] = f->type[at - 1];
        f->value[at] = f->value[at - 1];
    }
    f->item[at] = item;
    f->ms[at] = ms;
    f->type[at] = type;
    f->value[at] = value;
    f->count++;
    return true;
}

void souk_event_fields_write(struct souk_writer *w, int64_t count, const int64_t *item,
                             const int64_t *ms, const uint8_t *type, const float *value)
{
    const size_t n = (size_t)count;
    souk_writer_put_binary(w, "event_item", item, n * sizeof *item);
    souk_writer_put_binary(w, "event_ms", ms, n * sizeof *ms);
    souk_writer_put_binary(w, "event_type", type, n * sizeof *type);
    souk_writer_put_binary(w, "event_value", value, n * sizeof *value);
}
