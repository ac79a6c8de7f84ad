#include "train/comm/holdout.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

int64_t souk_holdout_first(const int64_t *time_ms, int64_t count, double share)
{
    const int64_t cut = count - (int64_t)floor((double)count * share);
    int64_t first = cut;
    if (cut >= count)
        return count;
    while (first > 0 && time_ms[first - 1] == time_ms[cut])
        first--;
    if (first > 0)
        return first;
    for (first = cut; first < count && time_ms[first] == time_ms[cut];)
        first++;
    return first;
}

/* Move the kept elements of one array of the events to its front. */
static void keep(void *array, size_t size, int64_t to, int64_t from, int64_t count)
{
    if (array)
        memmove((char *)array + (size_t)to * size, (char *)array + (size_t)from * size,
                (size_t)count * size);
}

void souk_holdout_trim(struct souk_dataset_part *p, double share)
{
    assert(share >= 0 && share < 1);
    int64_t kept = 0, begin = 0;
    for (int64_t u = 0; u < p->users.count; u++) {
        const int64_t end = p->event_offsets[u + 1];
        const int64_t n = souk_holdout_first(p->time_ms + begin, end - begin, share);
        keep(p->item, sizeof *p->item, kept, begin, n);
        keep(p->time_ms, sizeof *p->time_ms, kept, begin, n);
        keep(p->type, sizeof *p->type, kept, begin, n);
        keep(p->session, sizeof *p->session, kept, begin, n);
        keep(p->value, sizeof *p->value, kept, begin, n);
        keep(p->order, sizeof *p->order, kept, begin, n);
        kept += n;
        p->event_offsets[u + 1] = kept;
        begin = end;
    }
    p->event_count = kept;
}

souk_status souk_holdout_of_parameters(const char *parameters_json, double *share,
                                       struct souk_error *err)
{
    souk_status status = SOUK_OK;
    json_error_t reason;
    *share = 0;
    if (!parameters_json)
        return SOUK_OK;
    json_t *parameters = json_loads(parameters_json, 0, &reason);
    const json_t *holdout = json_object_get(parameters, "holdout");
    if (!parameters)
        status =
            souk_fail(err, SOUK_EFORMAT, "the model's parameters are not JSON: %s", reason.text);
    else if (holdout && json_is_number(holdout))
        *share = json_number_value(holdout);
    else if (holdout)
        status = souk_fail(err, SOUK_EFORMAT, "the model's holdout is not a number");
    if (status == SOUK_OK && !(*share >= 0 && *share < 1)) {
        status = souk_fail(err, SOUK_EFORMAT, "the model's holdout %g is not in [0, 1)", *share);
        *share = 0;
    }
    json_decref(parameters);
    return status;
}
