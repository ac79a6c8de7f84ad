#include "serve/http/eventfaults.h"

#include "shared/base/memory.h"
#include "shared/wire/eventfields.h"

#include <stdlib.h>

bool souk_event_faults_add(struct souk_event_faults *f, size_t index,
                           const struct souk_field_fault *fault)
{
    if (souk_grow(&f->list, &f->cap, f->count + 1, SOUK_WIRE_CONTEXT_MAX, sizeof *f->list))
        return false;
    f->list[f->count++] = (struct souk_event_fault){.index = index, .fault = *fault};
    return true;
}

static int by_index(const void *key, const void *entry)
{
    const size_t index = *(const size_t *)key;
    const size_t other = ((const struct souk_event_fault *)entry)->index;
    return (index > other) - (index < other);
}

const struct souk_field_fault *souk_event_faults_find(const struct souk_event_faults *f,
                                                      size_t index)
{
    const struct souk_event_fault *const found =
        f->count > 0 ? bsearch(&index, f->list, f->count, sizeof *f->list, by_index) : NULL;
    return found ? &found->fault : NULL;
}

void souk_event_faults_fini(struct souk_event_faults *f)
{
    free(f->list);
    *f = (struct souk_event_faults){.list = NULL};
}
