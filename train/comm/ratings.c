#include "train/comm/ratings.h"

#include "shared/base/memory.h"
#include "shared/data/interactions.h"
#include "train/comm/holdout.h"
#include "train/comm/itemcategory.h"
#include "train/comm/itemcolumns.h"
#include "train/comm/leaveout.h"

#include <stdlib.h>
#include <string.h>

/* One local part between reading and numbering. */
struct loading_part {
    int part;
    struct souk_idtable users, items; /* all of the dataset's */
    struct souk_interactions pairs;
    int32_t *category; /* [items] or NULL */
    struct souk_attributes columns;
    bool *known; /* [items] or NULL: no matter */
};

struct loading {
    const struct souk_comm *comm;
    const struct souk_dataset *dataset;
    const struct souk_ratings_rule *rule;
    int count;
    struct loading_part *parts;
    int64_t *item_pairs; /* [dataset items]: users of each */
    int64_t *item_row; /* [dataset items]: not 0: kept in any case; then model row, -1: left out */
    struct souk_ratings *out;
    struct souk_error *err;
};

struct souk_window souk_training_window(const struct souk_dataset *dataset, int64_t from_ms,
                                        int64_t until_ms)
{
    struct souk_window window = {from_ms, until_ms};
    if (until_ms == SOUK_TIME_NONE)
        window.until_ms = dataset->split_ms == SOUK_TIME_NONE ? SOUK_TIME_MAX : dataset->split_ms;
    return window;
}

static bool has_attribute(const struct souk_attribute *a, int64_t item)
{
    return a->type == SOUK_ATTRIBUTE_NUMBER ? a->numbers[item] == a->numbers[item]
                                            : a->text_offsets[item + 1] > a->text_offsets[item];
}

/* Which items something is known of but events. Of the log there is what was set in time. */
static souk_status find_known(const struct souk_dataset_part *p, bool **out, struct souk_error *err)
{
    const int64_t *log = p->properties.item_offsets;
    bool *known = souk_zalloc_array((size_t)p->items.count, sizeof *known);
    *out = known;
    if (!known)
        return souk_fail(err, SOUK_ENOMEM, "no memory for the items of part %d", p->part);
    for (int64_t i = 0; i < p->items.count; i++) {
        known[i] = log && log[i + 1] > log[i];
        for (int a = 0; a < p->item_attribute_count && !known[i]; a++)
            known[i] = has_attribute(&p->item_attributes[a], i);
    }
    return SOUK_OK;
}

static souk_status load_part(struct loading *l, int part, const struct souk_interaction_rule *rule)
{
    const unsigned what =
        SOUK_READ_EVENTS | SOUK_READ_ITEMS | SOUK_READ_ATTRIBUTES | SOUK_READ_PROPERTIES;
    struct loading_part *lp = &l->parts[l->count];
    struct souk_dataset_part p;
    souk_status status =
        souk_dataset_read_part(l->dataset, part, what, l->rule->window, &p, l->err);
    if (status)
        return status;
    lp->part = part;
    l->count++;
    souk_holdout_trim(&p, l->rule->holdout);
    souk_leaveout_trim(l->dataset->types, l->rule->leave_out, &p);
    if (l->rule->hiding.items > 0 || l->rule->hiding.users > 0)
        souk_hiding_trim(&l->rule->hiding, l->item_row, &p);
    status = souk_interactions_of_part(&p, rule, &lp->pairs, l->err);
    if (!status)
        status = souk_item_category(l->dataset, &p, &lp->category, l->err);
    if (!status)
        status = souk_item_columns(l->dataset, &p, l->rule->item_columns, &lp->columns, l->err);
    if (!status && l->rule->all_items)
        status = find_known(&p, &lp->known, l->err);
    lp->users = p.users;
    lp->items = p.items;
    p.users = p.items = (struct souk_idtable){0};
    souk_dataset_part_fini(&p);
    return status;
}

static souk_status load_parts(struct loading *l)
{
    struct souk_interaction_rule rule = souk_interaction_rule_default(l->dataset);
    souk_status status = SOUK_OK;
    if (l->rule->weighting)
        rule.weighting = *l->rule->weighting;
    if (l->rule->event_weights)
        status = souk_interaction_rule_parse(&rule, l->dataset, l->rule->event_weights, l->err);
    for (int p = 0; p < l->dataset->parts && !status; p++)
        if (souk_part_rank(l->comm, p) == l->comm->rank)
            status = load_part(l, p, &rule);
    l->out->weighing = rule;
    return status;
}

/* Drop pairs whose item was left out, then users with too few pairs; a user left out has an empty
 * row. Returns how many users are left. */
static int64_t filter_pairs(struct souk_interactions *m, const int64_t *item_row, int64_t min_pairs)
{
    int64_t kept = 0, users = 0, start = 0;
    for (int64_t u = 0; u < m->rows; u++) {
        const int64_t end = m->offsets[u + 1], row_start = kept;
        for (int64_t at = start; at < end; at++) {
            if (item_row[m->item[at]] < 0)
                continue;
            m->item[kept] = item_row[m->item[at]];
            m->weight[kept] = m->weight[at];
            m->last_ms[kept] = m->last_ms[at];
            m->events[kept++] = m->events[at];
        }
        if (kept - row_start < min_pairs)
            kept = row_start;
        users += kept > row_start;
        start = end;
        m->offsets[u + 1] = kept;
    }
    m->count = kept;
    return users;
}

/* The known items stay, as the hidden ones do. */
static souk_status mark_known_all(struct loading *l)
{
    if (!l->rule->all_items)
        return SOUK_OK;
    for (int k = 0; k < l->count; k++) {
        int64_t *row = l->item_row + l->dataset->item_first[l->parts[k].part];
        for (int64_t i = 0; i < l->parts[k].items.count; i++)
            row[i] |= l->parts[k].known[i];
    }
    return souk_max_i64_all(l->comm, l->item_row, souk_dataset_items(l->dataset), l->err);
}

/* Number the items that enough users have, and those that stay in any case. */
static void number_items(struct loading *l, int64_t min_pairs)
{
    int64_t next = 0;
    for (int p = 0; p < l->dataset->parts; p++) {
        l->out->item_first[p] = next;
        for (int64_t i = l->dataset->item_first[p]; i < l->dataset->item_first[p + 1]; i++)
            l->item_row[i] = l->item_pairs[i] >= min_pairs || l->item_row[i] ? next++ : -1;
    }
    l->out->item_first[l->dataset->parts] = next;
}

static void count_pairs(const struct loading *l, int64_t *counts)
{
    for (int k = 0; k < l->count; k++)
        for (int64_t at = 0; at < l->parts[k].pairs.count; at++)
            counts[l->parts[k].pairs.item[at]]++;
}

static souk_status number_rows_all(struct loading *l)
{
    const struct souk_ratings_rule *rule = l->rule;
    const int64_t items = souk_dataset_items(l->dataset);
    const int64_t min_item = rule->min_item_pairs > 1 ? rule->min_item_pairs : 1;
    const int64_t min_user = rule->min_user_pairs > 1 ? rule->min_user_pairs : 1;
    struct souk_ratings *out = l->out;
    souk_status status;

    count_pairs(l, l->item_pairs);
    status = souk_sum_i64_all(l->comm, l->item_pairs, items, l->err);
    if (status)
        return status;
    number_items(l, min_item);
    for (int k = 0; k < l->count; k++) {
        const int64_t users = filter_pairs(&l->parts[k].pairs, l->item_row, min_user);
        out->user_first[l->parts[k].part + 1] = users;
        out->pairs += l->parts[k].pairs.count;
    }
    status = souk_sum_i64_all(l->comm, out->user_first, out->parts + 1, l->err);
    if (!status)
        status = souk_sum_i64_all(l->comm, &out->pairs, 1, l->err);
    for (int p = 0; p < out->parts; p++)
        out->user_first[p + 1] += out->user_first[p];
    return status;
}

/* The rows of a table that are kept. */
static souk_status keep_ids(const struct souk_idtable *all, const bool *keep, int64_t kept,
                            struct souk_idtable *out)
{
    int64_t next = 0;
    souk_status status = souk_idtable_init(out, kept, all->stride > 0 ? all->stride : 1);
    for (int64_t row = 0; row < all->count && !status; row++)
        if (keep[row])
            memcpy(out->bytes + (size_t)next++ * (size_t)out->stride, souk_idtable_get(all, row),
                   (size_t)all->stride);
    return status;
}

static souk_status finish_users(struct loading_part *lp, struct souk_ratings_part *out,
                                int64_t users, bool *keep)
{
    int64_t next = 0;
    souk_status status;
    for (int64_t u = 0; u < lp->pairs.rows; u++)
        keep[u] = lp->pairs.offsets[u + 1] > lp->pairs.offsets[u];
    status = keep_ids(&lp->users, keep, users, &out->users);
    for (int64_t u = 0; u < lp->pairs.rows; u++)
        if (keep[u])
            lp->pairs.offsets[++next] = lp->pairs.offsets[u + 1];
    out->offsets = lp->pairs.offsets;
    out->item = lp->pairs.item;
    out->weight = lp->pairs.weight;
    out->last_ms = lp->pairs.last_ms;
    out->events = lp->pairs.events;
    lp->pairs = (struct souk_interactions){0};
    return status;
}

static souk_status finish_items(struct loading_part *lp, struct souk_ratings_part *out,
                                const int64_t *item_row, int64_t items, bool *keep)
{
    int64_t next = 0;
    souk_status status;
    for (int64_t i = 0; i < lp->items.count; i++)
        keep[i] = item_row[i] >= 0;
    status = keep_ids(&lp->items, keep, items, &out->items);
    for (int64_t i = 0; i < lp->items.count && lp->category; i++)
        if (keep[i])
            lp->category[next++] = lp->category[i];
    for (int a = 0; a < lp->columns.count; a++)
        souk_attribute_keep(&lp->columns.of[a], lp->items.count, keep);
    out->category = lp->category;
    out->columns = lp->columns;
    lp->category = NULL;
    lp->columns = (struct souk_attributes){0};
    return status;
}

static souk_status finish_parts(struct loading *l)
{
    struct souk_ratings *out = l->out;
    souk_status status = SOUK_OK;
    out->local = souk_zalloc_array((size_t)l->count, sizeof *out->local);
    if (!out->local)
        return souk_fail(l->err, SOUK_ENOMEM, "no memory for the parts");
    out->local_count = l->count;
    for (int k = 0; k < l->count && !status; k++) {
        struct loading_part *lp = &l->parts[k];
        const int64_t longer =
            lp->users.count > lp->items.count ? lp->users.count : lp->items.count;
        bool *keep = souk_alloc_array((size_t)longer, sizeof *keep);
        out->local[k].part = lp->part;
        if (!keep)
            status = SOUK_ENOMEM;
        if (!status)
            status = finish_users(lp, &out->local[k],
                                  out->user_first[lp->part + 1] - out->user_first[lp->part], keep);
        if (!status)
            status =
                finish_items(lp, &out->local[k], l->item_row + l->dataset->item_first[lp->part],
                             out->item_first[lp->part + 1] - out->item_first[lp->part], keep);
        free(keep);
        if (status)
            status = souk_fail(l->err, status, "no memory for part %d", lp->part);
    }
    return status;
}

/* item_pairs by dataset row -> by model row. The result takes both tables over. */
static void keep_item_tables(struct loading *l)
{
    int64_t next = 0;
    for (int64_t i = 0; i < souk_dataset_items(l->dataset); i++)
        if (l->item_row[i] >= 0)
            l->item_pairs[next++] = l->item_pairs[i];
    l->out->item_pairs = l->item_pairs;
    l->out->item_row = l->item_row;
    l->item_pairs = l->item_row = NULL;
}

static souk_status allocate(struct loading *l)
{
    const size_t items = (size_t)souk_dataset_items(l->dataset);
    const size_t parts = (size_t)l->dataset->parts;
    l->parts = souk_zalloc_array(parts, sizeof *l->parts);
    l->item_pairs = souk_zalloc_array(items, sizeof *l->item_pairs);
    l->item_row = souk_zalloc_array(items, sizeof *l->item_row);
    l->out->user_first = souk_zalloc_array(parts + 1, sizeof *l->out->user_first);
    l->out->item_first = souk_zalloc_array(parts + 1, sizeof *l->out->item_first);
    if (!l->parts || !l->item_pairs || !l->item_row || !l->out->user_first || !l->out->item_first)
        return souk_fail(l->err, SOUK_ENOMEM, "no memory for %zu items", items);
    return SOUK_OK;
}

static void loading_fini(struct loading *l)
{
    for (int k = 0; k < l->count; k++) {
        souk_idtable_fini(&l->parts[k].users);
        souk_idtable_fini(&l->parts[k].items);
        souk_interactions_fini(&l->parts[k].pairs);
        free(l->parts[k].category);
        souk_attributes_fini(&l->parts[k].columns);
        free(l->parts[k].known);
    }
    free(l->parts);
    free(l->item_pairs);
    free(l->item_row);
}

souk_status souk_ratings_load_all(const struct souk_comm *comm, const struct souk_dataset *dataset,
                                  const struct souk_ratings_rule *rule, struct souk_ratings *out,
                                  struct souk_error *err)
{
    struct loading l = {.comm = comm, .dataset = dataset, .rule = rule, .out = out, .err = err};
    souk_status status;

    *out = (struct souk_ratings){
        .parts = dataset->parts, .id_width = dataset->id_width, .window = rule->window};
    status = souk_status_agree_all(comm, allocate(&l), err);
    if (!status)
        status = souk_hiding_mark_all(comm, dataset, &rule->hiding, l.item_row, err);
    if (!status)
        status = souk_status_agree_all(comm, load_parts(&l), err);
    if (!status)
        status = mark_known_all(&l);
    if (!status)
        status = number_rows_all(&l);
    if (!status && out->pairs == 0)
        status =
            souk_fail(err, SOUK_EFORMAT,
                      "%s: no interaction is left in the window after the filters", dataset->path);
    if (!status)
        status = souk_status_agree_all(comm, finish_parts(&l), err);
    if (!status)
        keep_item_tables(&l);
    loading_fini(&l);
    if (status)
        souk_ratings_fini(out);
    return status;
}

void souk_ratings_fini(struct souk_ratings *r)
{
    for (int k = 0; k < r->local_count; k++) {
        struct souk_ratings_part *p = &r->local[k];
        souk_idtable_fini(&p->users);
        souk_idtable_fini(&p->items);
        free(p->offsets);
        free(p->item);
        free(p->weight);
        free(p->last_ms);
        free(p->events);
        free(p->category);
        souk_attributes_fini(&p->columns);
    }
    free(r->local);
    free(r->user_first);
    free(r->item_first);
    free(r->item_pairs);
    free(r->item_row);
    *r = (struct souk_ratings){0};
}

souk_status souk_ratings_newest_all(const struct souk_comm *comm,
                                    const struct souk_ratings *ratings, int64_t *newest_ms,
                                    struct souk_error *err)
{
    *newest_ms = INT64_MIN;
    for (int k = 0; k < ratings->local_count; k++) {
        const struct souk_ratings_part *p = &ratings->local[k];
        for (int64_t i = 0; i < p->offsets[p->users.count]; i++)
            *newest_ms = p->last_ms[i] > *newest_ms ? p->last_ms[i] : *newest_ms;
    }
    return souk_max_i64_all(comm, newest_ms, 1, err);
}
