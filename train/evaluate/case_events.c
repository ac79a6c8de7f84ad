/* Cases out of the dataset's own events: each user's time line is cut, what lies behind is wanted.
 */
#include "train/evaluate/cases.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "train/evaluate/duty.h"
#include "train/evaluate/itemnames.h"
#include "train/evaluate/timeline.h"

#include <stdlib.h>
#include <string.h>

/* Cases as they grow; `target` and `given` hold dataset rows until the ids are known. */
struct draft {
    const struct souk_dataset *dataset;
    const struct souk_question *question;
    struct souk_cases *cases;
    size_t user_cap, offset_cap, target_cap, scratch_cap;
    size_t given_offset_cap, given_cap, weight_cap;
    int64_t *scratch;           /* rows of one user's events */
    int64_t *hidden;            /* [dataset items], item-holdout: not 0 for candidates */
    struct souk_idtable *items; /* [rounds] ids of the parts on duty */
};

static const size_t most = SIZE_MAX / 256; /* only memory bounds these arrays */

/* Distinct targets of user u, ascending, at the front of the scratch. */
static int64_t targets_of(const struct draft *d, const struct souk_dataset_part *p, int64_t u,
                          const struct souk_timeline *line)
{
    const int64_t *item = p->item + p->event_offsets[u];
    const uint8_t *type = p->type + p->event_offsets[u];
    int64_t count = 0, *touched = d->scratch + (line->end - line->asked);
    for (int64_t e = line->asked; e < line->end; e++) {
        if (d->dataset->types[type[e]].is_target && (!d->hidden || d->hidden[item[e]]))
            d->scratch[count++] = item[e];
    }
    count = souk_rows_unique(d->scratch, count);
    if (!d->question->discovery || count == 0 || line->asked == 0)
        return count;
    memcpy(touched, item, (size_t)line->asked * sizeof *touched);
    const int64_t known = souk_rows_unique(touched, line->asked);
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

/* Of a part's events only those that are given to its cases stay, and become pairs with a weight as
 * in training. @param line [users], of those without a case empty */
static souk_status weigh_given(const struct souk_question *q, struct souk_dataset_part *p,
                               const struct souk_timeline *line, struct souk_interactions *pairs,
                               struct souk_error *err)
{
    int64_t kept = 0, begin = 0;
    for (int64_t u = 0; u < p->users.count; u++) {
        const int64_t end = p->event_offsets[u + 1];
        for (int64_t e = begin + line[u].given; e < begin + line[u].asked; e++)
            souk_dataset_part_move_event(p, kept++, e);
        p->event_offsets[u + 1] = kept;
        begin = end;
    }
    p->event_count = kept;
    return souk_interactions_of_part(p, &q->weighing, pairs, err);
}

/* What is given to the cases from `first` on. @param user [cases], their rows in the part */
static souk_status add_given(struct draft *d, const struct souk_interactions *pairs,
                             const int64_t *user, int64_t first)
{
    struct souk_cases *c = d->cases;
    souk_status status = souk_grow(&c->given_offsets, &d->given_offset_cap, (size_t)c->count + 1,
                                   most, sizeof *c->given_offsets);
    for (int64_t at = first; at < c->count && status == SOUK_OK; at++) {
        const int64_t from = pairs->offsets[user[at - first]];
        const int64_t count = pairs->offsets[user[at - first] + 1] - from;
        const int64_t old = c->given_offsets[at], end = old + count;
        status = souk_grow(&c->given, &d->given_cap, (size_t)end, most, sizeof *c->given);
        if (status == SOUK_OK)
            status = souk_grow(&c->given_weight, &d->weight_cap, (size_t)end, most,
                               sizeof *c->given_weight);
        for (int64_t i = 0; i < count && status == SOUK_OK; i++) {
            c->given[old + i] = pairs->item[from + i];
            c->given_weight[old + i] = pairs->weight[from + i];
        }
        c->given_offsets[at + 1] = end;
    }
    return status;
}

/* @param line [users], user [users]: scratch */
static souk_status add_cases_of_part(struct draft *d, struct souk_dataset_part *p,
                                     struct souk_timeline *line, int64_t *user,
                                     struct souk_error *err)
{
    struct souk_interactions pairs = {0};
    const int64_t first = d->cases->count;
    souk_status status = SOUK_OK;
    for (int64_t u = 0; u < p->users.count && status == SOUK_OK; u++) {
        const size_t events = (size_t)(p->event_offsets[u + 1] - p->event_offsets[u]);
        status = souk_grow(&d->scratch, &d->scratch_cap, events, most, sizeof *d->scratch);
        line[u] = souk_timeline_cut(d->question, d->dataset, p, u);
        const int64_t targets = status == SOUK_OK ? targets_of(d, p, u, &line[u]) : 0;
        if (targets == 0) {
            line[u] = (struct souk_timeline){0};
            continue;
        }
        user[d->cases->count - first] = u;
        status = add_case(d, souk_idtable_get(&p->users, u), targets);
    }
    if (status != SOUK_OK)
        return souk_fail(err, status, "out of memory for the cases of part %d", p->part);
    if (!d->cases->given_offsets)
        return SOUK_OK;
    status = weigh_given(d->question, p, line, &pairs, err);
    if (status == SOUK_OK) {
        status = add_given(d, &pairs, user, first);
        if (status != SOUK_OK)
            status = souk_fail(err, status, "out of memory for the histories of part %d", p->part);
    }
    souk_interactions_fini(&pairs);
    return status;
}

static souk_status add_part(struct draft *d, struct souk_dataset_part *p, struct souk_error *err)
{
    struct souk_timeline *line = souk_alloc_array((size_t)p->users.count, sizeof *line);
    int64_t *user = souk_alloc_array((size_t)p->users.count, sizeof *user);
    const souk_status status =
        line && user ? add_cases_of_part(d, p, line, user, err)
                     : souk_fail(err, SOUK_ENOMEM, "out of memory for part %d", p->part);
    free(line);
    free(user);
    return status;
}

static souk_status read_round(struct draft *d, const struct souk_comm *comm, int round,
                              struct souk_error *err)
{
    const struct souk_question *q = d->question;
    const struct souk_duty duty = souk_duty_of(comm, d->dataset->parts, round);
    const struct souk_window window = souk_protocol_has_split(q->protocol)
                                          ? (struct souk_window){SOUK_TIME_NONE, q->until_ms}
                                          : q->trained;
    struct souk_dataset_part part = {0};
    if (duty.part < 0)
        return SOUK_OK;
    const int64_t first = d->cases->count;
    souk_status status = souk_dataset_read_part(
        d->dataset, duty.part, SOUK_READ_USERS | SOUK_READ_ITEMS | SOUK_READ_EVENTS, window, &part,
        err);
    if (status == SOUK_OK)
        status = add_part(d, &part, err);
    if (status == SOUK_OK)
        souk_cases_keep_slice(d->cases, first, duty.slice, duty.slices);
    d->items[round] = part.items; /* moved: it names the targets later */
    part.items = (struct souk_idtable){0};
    souk_dataset_part_fini(&part);
    return status;
}

/* The distinct rows of targets and given items, ascending. @param rows [targets + given], out */
static int64_t collect_rows(const struct souk_cases *c, int64_t targets, int64_t given,
                            int64_t *rows)
{
    if (targets > 0)
        memcpy(rows, c->target, (size_t)targets * sizeof *rows);
    if (given > 0)
        memcpy(rows + targets, c->given, (size_t)given * sizeof *rows);
    return souk_rows_unique(rows, targets + given);
}

/* Rows become indices into the sorted distinct rows, whose ids are `wanted`. */
static souk_status name_items_all(struct draft *d, const struct souk_comm *comm,
                                  struct souk_error *err)
{
    struct souk_cases *c = d->cases;
    const int64_t targets = c->target_offsets[c->count];
    const int64_t given = c->given_offsets ? c->given_offsets[c->count] : 0;
    souk_status status = SOUK_OK;
    int64_t count = 0, *rows = souk_alloc_array((size_t)(targets + given), sizeof *rows);
    c->wanted_first = souk_zalloc_array((size_t)d->dataset->parts + 1, sizeof *c->wanted_first);
    if (!rows || !c->wanted_first)
        status = souk_fail(err, SOUK_ENOMEM, "out of memory for %lld targets", (long long)targets);
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK) {
        count = collect_rows(c, targets, given, rows);
        status = souk_item_names_all(comm, d->dataset, d->items, rows, count, &c->wanted, err);
    }
    for (int64_t t = 0; t < targets && status == SOUK_OK; t++)
        c->target[t] = souk_rows_lower_bound(rows, count, c->target[t]);
    for (int64_t g = 0; g < given && status == SOUK_OK; g++)
        c->given[g] = souk_rows_lower_bound(rows, count, c->given[g]);
    for (int p = 0; p <= d->dataset->parts && status == SOUK_OK; p++)
        c->wanted_first[p] = souk_rows_lower_bound(rows, count, d->dataset->item_first[p]);
    free(rows);
    return status;
}

static souk_status draft_init(struct draft *d, int rounds, struct souk_error *err)
{
    const size_t items = (size_t)souk_dataset_items(d->dataset);
    const enum souk_protocol protocol = d->question->protocol;
    const souk_status status = souk_cases_init(d->cases, rounds, d->dataset->id_width + 1, err);
    if (status != SOUK_OK)
        return status;
    d->offset_cap = 1;
    d->items = souk_zalloc_array((size_t)rounds, sizeof *d->items);
    if (protocol == SOUK_PROTOCOL_ITEM_HOLDOUT)
        d->hidden = souk_zalloc_array(items, sizeof *d->hidden);
    if (souk_protocol_gives(protocol)) {
        d->cases->given_offsets = souk_zalloc_array(1, sizeof *d->cases->given_offsets);
        d->given_offset_cap = 1;
    }
    if (!d->items || (protocol == SOUK_PROTOCOL_ITEM_HOLDOUT && !d->hidden) ||
        (souk_protocol_gives(protocol) && !d->cases->given_offsets))
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %d tables of ids", rounds);
    return SOUK_OK;
}

souk_status souk_cases_from_events_all(const struct souk_comm *comm,
                                       const struct souk_dataset *dataset,
                                       const struct souk_question *question, struct souk_cases *out,
                                       struct souk_error *err)
{
    const int rounds = souk_duty_rounds(comm, dataset->parts);
    struct draft d = {.dataset = dataset, .question = question, .cases = out};
    souk_status status = souk_status_agree_all(comm, draft_init(&d, rounds, err), err);
    if (status == SOUK_OK && d.hidden)
        status = souk_hiding_mark_all(comm, dataset, &question->hiding, d.hidden, err);
    for (int round = 0; round < rounds && status == SOUK_OK; round++) {
        status = read_round(&d, comm, round, err);
        out->round_first[round + 1] = out->count;
    }
    status = souk_status_agree_all(comm, status, err);
    if (status == SOUK_OK)
        status = name_items_all(&d, comm, err);
    for (int round = 0; round < rounds && d.items; round++)
        souk_idtable_fini(&d.items[round]);
    free(d.items);
    free(d.hidden);
    free(d.scratch);
    if (status != SOUK_OK)
        souk_cases_fini(out);
    return status;
}
