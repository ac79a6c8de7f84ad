#include "train/comm/leaveout.h"

#include <jansson.h>
#include <stdbool.h>

enum { PLACE_MAX = 1000 };

static bool occurs_wanted(const struct souk_event_type *types, const int64_t *item,
                          const uint8_t *type, int64_t from, int64_t count, int64_t wanted)
{
    for (int64_t e = from; e < count; e++)
        if (item[e] == wanted && types[type[e]].is_target)
            return true;
    return false;
}

static bool has_another(const int64_t *item, int64_t count, int64_t left_out)
{
    for (int64_t e = 0; e < count; e++)
        if (item[e] != left_out)
            return true;
    return false;
}

int64_t souk_leaveout_event(const struct souk_event_type *types, const int64_t *item,
                            const uint8_t *type, int64_t count, int place)
{
    for (int64_t e = count - 1; e >= 0 && place > 0; e--) {
        if (!types[type[e]].is_target || occurs_wanted(types, item, type, e + 1, count, item[e]))
            continue;
        if (--place == 0)
            return has_another(item, count, item[e]) ? e : -1;
    }
    return -1;
}

void souk_leaveout_trim(const struct souk_event_type *types, int place, struct souk_dataset_part *p)
{
    int64_t kept = 0, begin = 0;
    if (place == 0)
        return;
    for (int64_t u = 0; u < p->users.count; u++) {
        const int64_t end = p->event_offsets[u + 1];
        const int64_t event =
            souk_leaveout_event(types, p->item + begin, p->type + begin, end - begin, place);
        const int64_t left_out = event < 0 ? -1 : p->item[begin + event];
        for (int64_t e = begin; e < end; e++)
            if (p->item[e] != left_out)
                souk_dataset_part_move_event(p, kept++, e);
        p->event_offsets[u + 1] = kept;
        begin = end;
    }
    p->event_count = kept;
}

souk_status souk_leaveout_of_parameters(const char *parameters_json, int *place,
                                        struct souk_error *err)
{
    json_error_t reason;
    souk_status status = SOUK_OK;
    *place = 0;
    if (!parameters_json)
        return SOUK_OK;
    json_t *parameters = json_loads(parameters_json, 0, &reason);
    const json_t *value = json_object_get(parameters, "leave-out");
    const json_int_t n = json_integer_value(value);
    if (!parameters)
        status =
            souk_fail(err, SOUK_EFORMAT, "the model's parameters are not JSON: %s", reason.text);
    else if (value && (!json_is_integer(value) || n < 0 || n > PLACE_MAX))
        status = souk_fail(err, SOUK_EFORMAT, "the model's leave-out is not a number from 0 to %d",
                           PLACE_MAX);
    else
        *place = (int)n;
    json_decref(parameters);
    return status;
}
