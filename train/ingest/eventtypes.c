#include "train/ingest/eventtypes.h"

#include "train/ingest/fieldtext.h"

#include <string.h>

int souk_event_types_find(const struct souk_event_types *t, const char *name, size_t len)
{
    for (int i = 0; i < t->count; i++)
        if (strlen(t->types[i].name) == len && memcmp(t->types[i].name, name, len) == 0)
            return i;
    return -1;
}

/* The text up to the next comma; *list moves behind it. */
static const char *next_entry(const char **list, size_t *len)
{
    const char *entry = *list;
    *len = strcspn(entry, ",");
    *list = entry + *len + (entry[*len] == ',');
    return entry;
}

static souk_status add_type(struct souk_event_types *t, const char *name, size_t len,
                            struct souk_error *err)
{
    if (len == 0 || len > SOUK_NAME_MAX_BYTES)
        return souk_fail(err, SOUK_EUSAGE, "--event-weights: a name has 1 to %d bytes",
                         SOUK_NAME_MAX_BYTES);
    if (t->count == SOUK_EVENT_TYPES_MAX)
        return souk_fail(err, SOUK_EUSAGE, "--event-weights: more than %d event types",
                         SOUK_EVENT_TYPES_MAX);
    memcpy(t->types[t->count].name, name, len);
    t->count++;
    return SOUK_OK;
}

static souk_status set_weights(struct souk_event_types *t, const char *list, bool may_add,
                               struct souk_error *err)
{
    souk_status status = SOUK_OK;
    while (*list && !status) {
        size_t len;
        double weight;
        const char *entry = next_entry(&list, &len);
        const char *equals = memchr(entry, '=', len);
        if (!equals ||
            !souk_parse_decimal(equals + 1, (size_t)(entry + len - equals - 1), &weight) ||
            weight < 0)
            return souk_fail(err, SOUK_EUSAGE, "--event-weights: '%.*s' is not NAME=WEIGHT",
                             (int)len, entry);
        const size_t name_len = (size_t)(equals - entry);
        int i = souk_event_types_find(t, entry, name_len);
        if (i < 0 && may_add) {
            i = t->count;
            status = add_type(t, entry, name_len, err);
        } else if (i < 0) {
            status =
                souk_fail(err, SOUK_EUSAGE, "--event-weights: this format has no event type '%.*s'",
                          (int)name_len, entry);
        }
        if (!status)
            t->types[i].weight = weight;
    }
    return status;
}

static souk_status set_targets(struct souk_event_types *t, const char *list, struct souk_error *err)
{
    while (*list) {
        size_t len;
        const char *name = next_entry(&list, &len);
        const int i = souk_event_types_find(t, name, len);
        if (i < 0)
            return souk_fail(err, SOUK_EUSAGE, "--target-events: there is no event type '%.*s'",
                             (int)len, name);
        t->types[i].is_target = true;
    }
    return SOUK_OK;
}

souk_status souk_event_types_init(struct souk_event_types *t, const char *defaults,
                                  const char *weights, bool open, const char *targets,
                                  struct souk_error *err)
{
    souk_status status = SOUK_OK;
    *t = (struct souk_event_types){0};
    if (!weights || !open)
        status = set_weights(t, defaults, true, err);
    if (!status && weights)
        status = set_weights(t, weights, open, err);
    if (!status && t->count == 0)
        status = souk_fail(err, SOUK_EUSAGE, "--event-weights: no event type");
    if (status)
        return status;
    if (targets)
        return set_targets(t, targets, err);
    const int wanted = souk_event_types_find(t, "transaction", strlen("transaction"));
    for (int i = 0; i < t->count; i++)
        t->types[i].is_target = wanted < 0 || i == wanted;
    return SOUK_OK;
}
