#include "train/evaluate/visitors.h"

#include "shared/base/memory.h"
#include "train/evaluate/duty.h"

#include <stdlib.h>
#include <string.h>

static souk_status allocate(const struct souk_model *m, int64_t count, bool has_given,
                            struct souk_visitors *v, struct souk_error *err)
{
    *v = (struct souk_visitors){.stride = souk_factor_stride(m->factors),
                                .has_weights = m->neighbours > 0 || has_given};
    size_t floats = 0;
    if (!souk_mul_size((size_t)count, (size_t)v->stride, &floats))
        return souk_fail(err, SOUK_ENOMEM, "the factors of %lld users do not fit into memory",
                         (long long)count);
    v->history_offsets = souk_zalloc_array((size_t)count + 1, sizeof *v->history_offsets);
    v->is_known = souk_zalloc_array((size_t)count, sizeof *v->is_known);
    v->is_trained = souk_zalloc_array((size_t)count, sizeof *v->is_trained);
    v->has_vector = souk_zalloc_array((size_t)count, sizeof *v->has_vector);
    if (m->factors > 0)
        v->vectors = souk_alloc_aligned(floats, sizeof *v->vectors);
    if (!v->history_offsets || !v->is_known || !v->is_trained || !v->has_vector ||
        (m->factors > 0 && !v->vectors))
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %lld users of %d factors",
                         (long long)count, m->factors);
    return SOUK_OK;
}

/* Room for `need` history items, with weights where they are wanted. */
static souk_status make_room(struct souk_visitors *v, size_t need, size_t *cap)
{
    size_t weights_cap = *cap;
    souk_status status = SOUK_OK;
    if (v->has_weights)
        status = souk_grow(&v->history_weight, &weights_cap, need, SIZE_MAX / 256,
                           sizeof *v->history_weight);
    if (status == SOUK_OK)
        status = souk_grow(&v->history, cap, need, SIZE_MAX / 256, sizeof *v->history);
    return status;
}

/* Copy what the part knows of one case; row -1: nothing. */
static souk_status take_user(struct souk_visitors *v, int64_t at, const struct souk_model_part *p,
                             int64_t row, size_t *cap)
{
    const int64_t first = v->history_offsets[at];
    v->history_offsets[at + 1] = first;
    if (row < 0)
        return SOUK_OK;
    const int64_t from = p->history_offsets[row], count = p->history_offsets[row + 1] - from;
    const souk_status status = make_room(v, (size_t)(first + count), cap);
    if (status != SOUK_OK)
        return status;
    if (count > 0)
        memcpy(v->history + first, p->history + from, (size_t)count * sizeof *v->history);
    if (count > 0 && v->has_weights)
        memcpy(v->history_weight + first, p->history_weight + from,
               (size_t)count * sizeof *v->history_weight);
    if (v->vectors)
        memcpy(v->vectors + at * v->stride, p->user_factors + row * v->stride,
               (size_t)v->stride * sizeof *v->vectors);
    v->history_offsets[at + 1] = first + count;
    v->is_known[at] = v->is_trained[at] = true;
    v->has_vector[at] = v->vectors != NULL;
    return SOUK_OK;
}

/* What the part on duty knows of the cases of its round. */
static souk_status take_round(const struct souk_cases *cases, const struct souk_model_part *p,
                              int round, struct souk_visitors *v, size_t *cap,
                              struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int64_t at = cases->round_first[round];
         at < cases->round_first[round + 1] && status == SOUK_OK; at++) {
        const char *id = souk_idtable_get(&cases->users, at);
        status = take_user(v, at, p, souk_idtable_find(&p->users, id, strlen(id)), cap);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "out of memory for the histories of %lld users",
                               (long long)cases->count);
    }
    return status;
}

souk_status souk_visitors_load_all(const struct souk_comm *comm,
                                   const struct souk_part_source *source,
                                   const struct souk_cases *cases, struct souk_visitors *out,
                                   struct souk_error *err)
{
    const struct souk_model *model = source->model;
    const bool has_given = cases->given_offsets != NULL;
    size_t cap = 0;
    souk_status status =
        souk_status_agree_all(comm, allocate(model, cases->count, has_given, out, err), err);
    for (int round = 0; round < souk_duty_rounds(comm, model->parts) && status == SOUK_OK;
         round++) {
        const bool is_wanted = cases->round_first[round] < cases->round_first[round + 1];
        struct souk_source_part p;
        status = souk_source_users_all(comm, source, round, is_wanted, &p, err);
        if (status == SOUK_OK)
            status =
                souk_status_agree_all(comm, take_round(cases, &p.part, round, out, &cap, err), err);
        souk_source_part_fini(&p);
    }
    if (status != SOUK_OK)
        souk_visitors_fini(out);
    return status;
}

void souk_visitors_fini(struct souk_visitors *v)
{
    free(v->vectors);
    free(v->history_offsets);
    free(v->history);
    free(v->history_weight);
    free(v->is_known);
    free(v->is_trained);
    free(v->has_vector);
    *v = (struct souk_visitors){0};
}
