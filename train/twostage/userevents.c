#include "train/twostage/userevents.h"

#include "shared/base/memory.h"
#include "shared/data/rows.h"
#include "train/comm/holdout.h"
#include "train/comm/leaveout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static souk_status allocate(struct souk_user_events *e, int64_t users, int64_t events,
                            struct souk_error *err)
{
    e->offsets = souk_zalloc_array((size_t)users + 1, sizeof *e->offsets);
    e->item = souk_alloc_array((size_t)events, sizeof *e->item);
    e->ms = souk_alloc_array((size_t)events, sizeof *e->ms);
    e->type = souk_alloc_array((size_t)events, sizeof *e->type);
    e->value = souk_alloc_array((size_t)events, sizeof *e->value);
    if (!e->offsets || !e->item || !e->ms || !e->type || !e->value)
        return souk_fail(err, SOUK_ENOMEM, "out of memory for %lld events", (long long)events);
    return SOUK_OK;
}

/* What was trained on of a user: a pair that was left out must not come in by its events. */
struct trained {
    const int64_t *item_row; /* [dataset items] */
    const int64_t *item;     /* [count], model rows, ascending */
    int64_t count;
};

static bool is_trained(const struct trained *t, int64_t dataset_item)
{
    const int64_t row = t->item_row[dataset_item];
    return row >= 0 && souk_rows_contain(t->item, t->count, row);
}

/* The latest events of a user. */
static int64_t first_kept(const struct souk_dataset_part *p, const struct trained *t, int64_t user)
{
    const int64_t begin = p->event_offsets[user];
    int64_t at = p->event_offsets[user + 1];
    for (int kept = 0; at > begin && kept < SOUK_USER_EVENTS_MAX; at--)
        kept += is_trained(t, p->item[at - 1]);
    return at;
}

static void take_user(struct souk_user_events *e, const struct souk_dataset_part *p,
                      const struct trained *t, int64_t user, int64_t row)
{
    int64_t to = e->offsets[row];
    for (int64_t at = first_kept(p, t, user); at < p->event_offsets[user + 1]; at++) {
        if (!is_trained(t, p->item[at]))
            continue;
        e->item[to] = t->item_row[p->item[at]];
        e->ms[to] = p->time_ms[at];
        e->type[to] = p->type[at];
        e->value[to++] = p->value ? p->value[at] : 0;
    }
    e->offsets[row + 1] = to;
}

souk_status souk_user_events_read(const struct souk_dataset *dataset,
                                  const struct souk_ratings_rule *rule,
                                  const struct souk_ratings *ratings, int local,
                                  struct souk_user_events *out, struct souk_error *err)
{
    const struct souk_ratings_part *known = &ratings->local[local];
    struct souk_dataset_part p;
    *out = (struct souk_user_events){0};
    souk_status status =
        souk_dataset_read_part(dataset, known->part, SOUK_READ_EVENTS, rule->window, &p, err);
    if (status)
        return status;
    souk_holdout_trim(&p, rule->holdout);
    souk_leaveout_trim(dataset->types, rule->leave_out, &p);
    status = allocate(out, known->users.count, p.event_count, err);
    for (int64_t u = 0, row = 0; u < p.users.count && row < known->users.count && !status; u++) {
        /* Both tables ascend, and the model's users are among the dataset's. */
        if (strcmp(souk_idtable_get(&p.users, u), souk_idtable_get(&known->users, row)) != 0)
            continue;
        const struct trained t = {.item_row = ratings->item_row,
                                  .item = known->item + known->offsets[row],
                                  .count = known->offsets[row + 1] - known->offsets[row]};
        take_user(out, &p, &t, u, row++);
    }
    souk_dataset_part_fini(&p);
    if (status)
        souk_user_events_fini(out);
    return status;
}

void souk_user_events_fini(struct souk_user_events *e)
{
    free(e->offsets);
    free(e->item);
    free(e->ms);
    free(e->type);
    free(e->value);
    *e = (struct souk_user_events){0};
}
