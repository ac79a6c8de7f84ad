/* Cases out of the dataset's own events: each user's time line is cut, what lies behind is wanted.
 */
#include "train/evaluate/cases.h"

#include "shared/base/memory.h"
#include "train/comm/holdout.h"
#include "train/evaluate/duty.h"
#include "train/evaluate/itemnames.h"
#include "train/evaluate/rows.h"

#include <stdlib.h>
#include <string.h>

/* Cases as they grow; `target` holds dataset rows until the ids are known. */
struct draft {
    const struct souk_dataset *dataset;
    const struct souk_question *question;
    struct souk_cases *cases;
    size_t user_cap, offset_cap, target_cap, scratch_cap;
    int64_t *scratch;           /* rows of one user's events */
    struct souk_idtable *items; /* [rounds] ids of the parts on duty */
};

static const size_t most = SIZE_MAX / 256; /* only memory bounds these arrays */

static int64_t cut_of(const struct souk_question *q, const int64_t *time_ms, int64_t count)
{
    if (q->protocol == SOUK_PROTOCOL_PER_USER)
        return souk_holdout_first(time_ms, count, q->share);
    return souk_rows_lower_bound(time_ms, count, q->split_ms);
}

/* Distinct targets of user u, ascending, at the front of the scratch. */
static int64_t targets_of(const struct draft *d, const struct souk_dataset_part *p, int64_t u)
{
    const int64_t begin = p->event_offsets[u], end = p->event_offsets[u + 1];
    const int64_t cut = begin + cut_of(d->question, p->time_ms + begin, end - begin);
    int64_t count = 0, *touched = d->scratch + (end - cut);
    for (int64_t e = cut; e < end; e++) {
        if (d->dataset->types[p->type[e]].is_target)
            d->scratch[count++] = p->item[e];
    }
    count = souk_rows_unique(d->scratch, count);
    if (!d->question->discovery || count == 0 || cut == begin)
        return count;
    memcpy(touched, p->item + begin, (size_t)(cut - begin) * sizeof *touched);
    const int64_t known = souk_rows_unique(touched, cut - begin);
    return souk_rows_subtract(d->scratch, count, touched, known);
}

static souk_status add_case(struct draft *d, const char *id, int64_t targets)
{
    struct souk_cases *c = d->cases;
    const int64_t first = c->target_offsets[c->count];
    souk_status status = souk_grow(&c->users.bytes, &d->user_cap, (size_t)c->count + 1, most,
                                   (size_t)c->users.stride);
    if (status == SOUK_OK)
        status = souk_grow(&c->target_offsets, &d->offset_cap, (size_t)c->count + 2, most,
                           sizeof *c->target_offsets);
    if (status == SOUK_OK)
        status = souk_grow(&c->target, &d->target_cap, (size_t)(first + targets), most,
                           sizeof *c->target);
    if (status != SOUK_OK)
        return status;
    char *slot = c->users.bytes + (size_t)c->count * (size_t)c->users.stride;
    memset(slot, 0, (size_t)c->users.stride);
    memcpy(slot, id, strlen(id));
    memcpy(c->target + first, d->scratch, (size_t)targets * sizeof *c->target);
    c->users.count = ++c->count;
    c->target_offsets[c->count] = first + targets;
    return SOUK_OK;
}

static souk_status add_cases_of_part(struct draft *d, const struct souk_dataset_part *p,
                                     struct souk_error *err)
{
    souk_status status = SOUK_OK;
    for (int64_t u = 0; u < p->users.count && status == SOUK_OK; u++) {
        const size_t events = (size_t)(p->event_offsets[u + 1] - p->event_offsets[u]);
        status = souk_grow(&d->scratch, &d->scratch_cap, events, most, sizeof *d->scratch);
        const int64_t targets = status == SOUK_OK ? targets_of(d, p, u) : 0;
        if (targets > 0)
            status = add_case(d, souk_idtable_get(&p->users, u), targets);
    }
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for the cases of part %d", p->part);
    return SOUK_OK;
}

static souk_status read_round(struct draft *d, const struct souk_comm *comm, int round,
                              struct souk_error *err)
{
    const struct souk_question *q = d->question;
    const struct souk_duty duty = souk_duty_of(comm, d->dataset->parts, round);
    const struct souk_window window = q->protocol == SOUK_PROTOCOL_PER_USER
                                          ? q->trained
                                          : (struct souk_window){SOUK_TIME_NONE, q->until_ms};
    struct souk_dataset_part part = {0};
    if (duty.part < 0)
        return SOUK_OK;
    const int64_t first = d->cases->count;
    souk_status status = souk_dataset_read_part(
        d->dataset, duty.part, SOUK_READ_USERS | SOUK_READ_ITEMS | SOUK_READ_EVENTS, window, &part,
        err);
    if (status == SOUK_OK)
        status = add_cases_of_part(d, &part, err);
    if (status == SOUK_OK)
        souk_cases_keep_slice(d->cases, first, duty.slice, duty.slices);
    d->items[round] = part.items; /* moved: it names the targets later */
    part.items = (struct souk_idtable){0};
    souk_dataset_part_fini(&part);
    return status;
}

/* Rows become indices into the sorted distinct rows, whose ids are `wanted`. */
static souk_status name_targets_all(struct draft *d, const struct souk_comm *comm,
                                    struct souk_error *err)
{
    struct souk_cases *c = d->cases;
    const int64_t targets = c->target_offsets[c->count];
    souk_status status = SOUK_OK;
    int64_t count = 0, *rows = souk_alloc_array((size_t)targets, sizeof *rows);
    c->wanted_first = souk_zalloc_array((size_t)d->dataset->parts + 1, sizeof *c->wanted_first);
    if (!rows || !c->wanted_first)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld targets", (long long)targets);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK) {
        if (targets > 0)
            memcpy(rows, c->target, (size_t)targets * sizeof *rows);
        count = souk_rows_unique(rows, targets);
        status = souk_item_names_all(comm, d->dataset, d->items, rows, count, &c->wanted, err);
    }
    for (int64_t t = 0; t < targets && status == SOUK_OK; t++)
        c->target[t] = souk_rows_lower_bound(rows, count, c->target[t]);
    for (int p = 0; p <= d->dataset->parts && status == SOUK_OK; p++)
        c->wanted_first[p] = souk_rows_lower_bound(rows, count, d->dataset->item_first[p]);
    free(rows);
    return status;
}

souk_status souk_cases_from_events_all(const struct souk_comm *comm,
                                       const struct souk_dataset *dataset,
                                       const struct souk_question *question, struct souk_cases *out,
                                       struct souk_error *err)
{
    const int rounds = souk_duty_rounds(comm, dataset->parts);
    struct draft d = {.dataset = dataset, .question = question, .cases = out};
    souk_status status = souk_cases_init(out, rounds, dataset->id_width + 1, err);
    d.offset_cap = 1;
    d.items = souk_zalloc_array((size_t)rounds, sizeof *d.items);
    if (status == SOUK_OK && !d.items)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %d tables of ids", rounds);
    for (int round = 0; round < rounds && status == SOUK_OK; round++) {
        status = read_round(&d, comm, round, err);
        out->round_first[round + 1] = out->count;
    }
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = name_targets_all(&d, comm, err);
    for (int round = 0; round < rounds && d.items; round++)
        souk_idtable_fini(&d.items[round]);
    free(d.items);
    free(d.scratch);
    if (status != SOUK_OK)
        souk_cases_fini(out);
    return status;
}
