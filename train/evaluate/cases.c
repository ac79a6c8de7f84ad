#include "train/evaluate/cases.h"

#include "shared/base/memory.h"
#include "train/evaluate/duty.h"

#include <stdlib.h>
#include <string.h>

const char *souk_protocol_name(enum souk_protocol protocol)
{
    static const char *const names[] = {
#define X(name, text) text,
        SOUK_PROTOCOL_LIST(X)
#undef X
    };
    return names[protocol];
}

souk_status souk_cases_init(struct souk_cases *c, int rounds, int stride, struct souk_error *err)
{
    *c = (struct souk_cases){0};
    souk_status status = souk_idtable_init(&c->users, 0, stride);
    c->round_first = souk_zalloc_array((size_t)rounds + 1, sizeof *c->round_first);
    c->target_offsets = souk_zalloc_array(1, sizeof *c->target_offsets);
    if (status == SOUK_OK && (!c->round_first || !c->target_offsets))
        status = SOUK_ENOMEM;
    if (status != SOUK_OK) {
        souk_cases_fini(c);
        return souk_fail(err, status, "cannot hold cases with ids of %d bytes", stride);
    }
    return SOUK_OK;
}

void souk_cases_fini(struct souk_cases *c)
{
    souk_idtable_fini(&c->users);
    souk_idtable_fini(&c->wanted);
    free(c->round_first);
    free(c->target_offsets);
    free(c->target);
    free(c->given_offsets);
    free(c->given);
    free(c->given_weight);
    free(c->moment_ms);
    free(c->wanted_first);
    *c = (struct souk_cases){0};
}

static void move_case(struct souk_cases *c, int64_t to, int64_t from)
{
    const size_t stride = (size_t)c->users.stride;
    if (to != from)
        memcpy(c->users.bytes + (size_t)to * stride, c->users.bytes + (size_t)from * stride,
               stride);
}

/* The offsets of cases [begin, end) move to the front, and what they count to `first`. */
static void keep_offsets(int64_t *offsets, int64_t first, int64_t begin, int64_t end, void *values,
                         size_t size)
{
    const int64_t shift = offsets[begin] - offsets[first];
    memmove((char *)values + (size_t)offsets[first] * size,
            (char *)values + (size_t)offsets[begin] * size,
            (size_t)(offsets[end] - offsets[begin]) * size);
    for (int64_t u = begin; u < end; u++)
        offsets[first + 1 + u - begin] = offsets[u + 1] - shift;
}

void souk_cases_keep_slice(struct souk_cases *c, int64_t first, int slice, int slices)
{
    const int64_t begin = first + souk_slice_first(c->count - first, slice, slices);
    const int64_t end = first + souk_slice_first(c->count - first, slice + 1, slices);
    if (slices == 1 || c->count == first)
        return;
    for (int64_t u = begin; u < end; u++)
        move_case(c, first + u - begin, u);
    if (c->given_offsets) {
        /* two arrays hang on these offsets: the first move must leave them as they are */
        const int64_t *g = c->given_offsets;
        memmove(c->given_weight + g[first], c->given_weight + g[begin],
                (size_t)(g[end] - g[begin]) * sizeof *c->given_weight);
        keep_offsets(c->given_offsets, first, begin, end, c->given, sizeof *c->given);
    }
    keep_offsets(c->target_offsets, first, begin, end, c->target, sizeof *c->target);
    c->count = c->users.count = first + end - begin;
}

void souk_cases_filter_targets(struct souk_cases *c, const bool *keep)
{
    int64_t kept = 0, begin = 0;
    for (int64_t u = 0; u < c->count; u++) {
        const int64_t end = c->target_offsets[u + 1];
        for (int64_t t = begin; t < end; t++) {
            if (keep[t])
                c->target[kept++] = c->target[t];
        }
        c->target_offsets[u + 1] = kept;
        begin = end;
    }
}
