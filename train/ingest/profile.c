#include "train/ingest/profile.h"

#include "shared/base/memory.h"
#include "train/ingest/sessions.h"

#include <stdlib.h>
#include <string.h>

/* One entry per item, and per user of this rank. */
struct tally {
    int64_t *item_events;    /**< [items] */
    int64_t *item_train;     /**< [items] events before the split */
    int64_t *user_events;    /**< [users] */
    souk_lidx *last_user;    /**< [items] 1 + the last user whose pair was counted */
    souk_lidx *last_trainee; /**< [items] the same, of pairs before the split */
};

static void tally_fini(struct tally *t)
{
    free(t->item_events);
    free(t->item_train);
    free(t->user_events);
    free(t->last_user);
    free(t->last_trainee);
}

static souk_status tally_init(struct tally *t, int64_t items, int64_t users, struct souk_error *err)
{
    const size_t n = (size_t)items;
    t->item_events = souk_zalloc_array(n, sizeof *t->item_events);
    t->item_train = souk_zalloc_array(n, sizeof *t->item_train);
    t->user_events = souk_zalloc_array((size_t)users, sizeof *t->user_events);
    t->last_user = souk_zalloc_array(n, sizeof *t->last_user);
    t->last_trainee = souk_zalloc_array(n, sizeof *t->last_trainee);
    if (!t->item_events || !t->item_train || !t->user_events || !t->last_user || !t->last_trainee)
        return souk_fail(err, SOUK_ENOMEM, "no memory to profile %lld items", (long long)items);
    return SOUK_OK;
}

souk_status souk_profile_count_all(const struct souk_comm *comm, const struct souk_placement *p,
                                   struct souk_profile *profile, struct souk_error *err)
{
    enum { EVENTS, DUPLICATES, ORDERED, TYPES, SUMS = TYPES + SOUK_EVENT_TYPES_MAX };
    int64_t sums[SUMS] = {[EVENTS] = p->offsets[p->users], [DUPLICATES] = p->duplicates};
    int64_t bounds[2] = {INT64_MIN, INT64_MIN}; /* the latest, and minus the earliest */
    for (int64_t i = 0; i < p->offsets[p->users]; i++) {
        const struct souk_placed_event *e = &p->events[i];
        sums[TYPES + souk_placed_type(e)]++;
        sums[ORDERED] += e->order != SOUK_ORDER_NONE;
        bounds[0] = e->time_ms > bounds[0] ? e->time_ms : bounds[0];
        bounds[1] = -e->time_ms > bounds[1] ? -e->time_ms : bounds[1];
    }
    souk_status status = souk_sum_i64_all(comm, sums, SUMS, err);
    if (!status)
        status = souk_max_i64_all(comm, bounds, 2, err);
    if (status)
        return status;
    *profile = (struct souk_profile){
        .events = sums[EVENTS], .duplicates = sums[DUPLICATES], .ordered_events = sums[ORDERED]};
    for (int t = 0; t < SOUK_EVENT_TYPES_MAX; t++)
        profile->type_count[t] = sums[TYPES + t];
    if (profile->events) {
        profile->last_ms = bounds[0];
        profile->first_ms = -bounds[1];
    }
    return SOUK_OK;
}

/* Add one user's events, which are in the order of time. */
static void count_user(const struct souk_placed_event *e, int64_t n, souk_lidx stamp,
                       int64_t gap_ms, int64_t split_ms, struct tally *t,
                       struct souk_profile *profile)
{
    struct souk_profile_split *split = &profile->split;
    for (int64_t i = 0; i < n; i++) {
        const souk_gidx item = souk_placed_item(&e[i]);
        t->item_events[item]++;
        profile->pairs += t->last_user[item] != stamp;
        t->last_user[item] = stamp;
        profile->sessions += i == 0 || souk_session_begins(&e[i - 1], &e[i], gap_ms);
        if (profile->has_split && e[i].time_ms < split_ms) {
            split->train_events++;
            split->train_pairs += t->last_trainee[item] != stamp;
            t->item_train[item]++;
            t->last_trainee[item] = stamp;
        }
    }
    split->train_users += profile->has_split && n > 0 && e[0].time_ms < split_ms;
}

/* Count one user's targets, once it is known which items are in training. The stamps start anew:
 * those of `last_trainee` say which items the user had before the split, those of `last_user` which
 * of its targets were counted. */
static void count_targets(const struct souk_placed_event *e, int64_t n, souk_lidx stamp,
                          const struct souk_event_type *types, int64_t split_ms, struct tally *t,
                          struct souk_profile_split *split)
{
    int64_t first_test = 0, distinct = 0, known = 0, discovery = 0;
    for (; first_test < n && e[first_test].time_ms < split_ms; first_test++)
        t->last_trainee[souk_placed_item(&e[first_test])] = stamp;
    split->test_events += n - first_test;
    for (int64_t i = first_test; i < n; i++) {
        const souk_gidx item = souk_placed_item(&e[i]);
        if (!types[souk_placed_type(&e[i])].is_target || t->last_user[item] == stamp)
            continue;
        t->last_user[item] = stamp;
        distinct++;
        if (t->item_train[item] > 0) {
            known++;
            discovery += t->last_trainee[item] != stamp;
        }
    }
    if (first_test == 0) {
        split->new_user_targets += distinct;
        split->new_users += distinct > 0;
        return;
    }
    split->new_item_targets += distinct - known;
    split->targets += known;
    split->target_users += known > 0;
    split->discovery += discovery;
    split->discovery_users += discovery > 0;
}

static souk_status split_targets_all(const struct souk_comm *comm, const struct souk_placement *p,
                                     int64_t items, const struct souk_event_type *types,
                                     int64_t split_ms, struct tally *t,
                                     struct souk_profile_split *split, struct souk_error *err)
{
    souk_status status = souk_sum_i64_all(comm, t->item_train, items, err);
    if (status)
        return status;
    memset(t->last_user, 0, (size_t)items * sizeof *t->last_user);
    memset(t->last_trainee, 0, (size_t)items * sizeof *t->last_trainee);
    for (int64_t u = 0; u < p->users; u++)
        count_targets(p->events + p->offsets[u], p->offsets[u + 1] - p->offsets[u],
                      (souk_lidx)(u + 1), types, split_ms, t, split);
    /* The counts of the split are int64 throughout: summed as an array. */
    status = souk_sum_i64_all(comm, &split->train_events,
                              (int64_t)(sizeof *split / sizeof split->train_events), err);
    for (int64_t i = 0; i < items; i++)
        split->train_items += t->item_train[i] > 0; /* known to every rank: behind the sum */
    return status;
}

souk_status souk_profile_make_all(const struct souk_comm *comm, const struct souk_placement *p,
                                  int64_t items, const struct souk_event_type *types,
                                  int64_t session_gap_ms, int64_t split_ms,
                                  struct souk_profile *profile, struct souk_error *err)
{
    struct tally t = {0};
    souk_status status = souk_status_agree_all(comm, tally_init(&t, items, p->users, err), err);
    profile->has_split = split_ms != SOUK_TIME_NONE;
    for (int64_t u = 0; u < p->users && !status; u++) {
        t.user_events[u] = p->offsets[u + 1] - p->offsets[u];
        profile->users += t.user_events[u] > 0;
        count_user(p->events + p->offsets[u], t.user_events[u], (souk_lidx)(u + 1), session_gap_ms,
                   split_ms, &t, profile);
    }
    int64_t sums[] = {profile->users, profile->pairs, profile->sessions};
    if (!status)
        status = souk_sum_i64_all(comm, sums, 3, err);
    if (!status)
        status = souk_sum_i64_all(comm, t.item_events, items, err);
    if (!status)
        status = souk_distribution_make_all(comm, t.user_events, p->users, &profile->per_user, err);
    if (!status) /* every rank has all items: one of them gives the values */
        status = souk_distribution_make_all(comm, t.item_events, comm->rank == 0 ? items : 0,
                                            &profile->per_item, err);
    if (!status && profile->has_split)
        status = split_targets_all(comm, p, items, types, split_ms, &t, &profile->split, err);
    profile->users = sums[0];
    profile->pairs = sums[1];
    profile->sessions = sums[2];
    for (int64_t i = 0; i < items && !status; i++)
        profile->items += t.item_events[i] > 0;
    tally_fini(&t);
    return status;
}
