#include "shared/base/identifier.h"
#include "shared/events/eventbackend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static souk_status check_text(const char *name, const char *text, size_t min, size_t max,
                              struct souk_error *err)
{
    const size_t len = text ? strnlen(text, max + 1) : 0;
    if (text && len >= min && len <= max && souk_text_is_plain(text, len))
        return SOUK_OK;
    return souk_fail(err, SOUK_EINVAL,
                     "'%s' must be a text of %zu to %zu bytes of UTF-8 without control characters",
                     name, min, max);
}

souk_status souk_event_record_check(const struct souk_event_record *e, struct souk_error *err)
{
    const struct {
        const char *name, *text;
        size_t min, max;
    } texts[] = {
        {"user", e->user, 1, SOUK_ID_MAX_BYTES},
        {"item", e->item, 1, SOUK_ID_MAX_BYTES},
        {"type", e->type, 1, SOUK_EVENT_TYPE_MAX},
        {"event_id", e->event_id, 1, SOUK_EVENT_ID_MAX},
        {"request_id", e->request_id, 0, SOUK_EVENT_ID_MAX},
        {"model", e->model, 0, SOUK_EVENT_MODEL_MAX},
        {"arm", e->arm, 0, SOUK_EVENT_ARM_MAX},
    };
    souk_status status = SOUK_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !status; i++)
        status = check_text(texts[i].name, texts[i].text, texts[i].min, texts[i].max, err);
    if (!status && !isfinite(e->value))
        status = souk_fail(err, SOUK_EINVAL, "'value' must be a finite number");
    if (!status && (e->ms < 0 || e->ms > SOUK_EVENT_TIME_MAX || e->stored_ms < 0 ||
                    e->stored_ms > SOUK_EVENT_TIME_MAX))
        status = souk_fail(err, SOUK_EINVAL,
                           "'ms' must be milliseconds since 1970, before the year 10000");
    return status;
}

bool souk_event_record_copy(struct souk_event_record *out, const struct souk_event_record *in)
{
    const char *from[] = {in->user,       in->item,  in->type, in->event_id,
                          in->request_id, in->model, in->arm};
    enum { TEXTS = sizeof from / sizeof from[0] };
    const char *to[TEXTS];
    size_t sizes[TEXTS], total = 0;
    for (int i = 0; i < TEXTS; i++)
        total += sizes[i] = strlen(from[i]) + 1;
    char *memory = malloc(total);
    if (!memory)
        return false;
    for (int i = 0; i < TEXTS; memory += sizes[i++])
        to[i] = memcpy(memory, from[i], sizes[i]);
    *out = *in;
    out->user = to[0], out->item = to[1], out->type = to[2], out->event_id = to[3];
    out->request_id = to[4], out->model = to[5], out->arm = to[6];
    return true;
}

void souk_event_record_drop(struct souk_event_record *copy)
{
    free((char *)copy->user);
}
