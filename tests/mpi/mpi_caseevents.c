/* Cases from a dataset's events on any number of ranks, also more ranks than parts, against a brute
 * force over all events. */
#include "shared/base/hash.h"
#include "shared/base/memory.h"
#include "shared/base/random.h"
#include "shared/base/staging.h"
#include "train/comm/holdout.h"
#include "train/evaluate/cases.h"
#include "train/evaluate/duty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTS = 3,
    USERS = 40,
    ITEMS = 25,
    EVENTS_MAX = 30,
    STRIDE = 16,
    SPLIT = 600,
    UNTIL = 900,
    SESSION = 4
};

struct thing {
    char id[STRIDE];
    int part;
};
static struct thing users[USERS], items[ITEMS]; /* by part, then id: the order of rows */
static int64_t user_first[PARTS + 1], item_first[PARTS + 1];

struct event {
    int64_t time, item;
    int type;
};

static char folder[64] = "/tmp/souk-caseevents-XXXXXX";

static int compare_things(const void *a, const void *b)
{
    const struct thing *x = a, *y = b;
    return x->part != y->part ? x->part - y->part : strcmp(x->id, y->id);
}

static void make_things(struct thing *things, int count, char letter, int64_t *first)
{
    for (int i = 0; i < count; i++) {
        snprintf(things[i].id, STRIDE, "%c%d", letter, i);
        things[i].part = souk_part_of(souk_hash_bytes(things[i].id, strlen(things[i].id)), PARTS);
        first[things[i].part + 1]++;
    }
    for (int p = 0; p < PARTS; p++)
        first[p + 1] += first[p];
    qsort(things, (size_t)count, sizeof *things, compare_things);
}

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return x->type - y->type;
}

/* Type 0 is a view, 1 a purchase; times are coarse, so that some coincide. */
static int events_of(int user, struct event *events)
{
    const uint64_t u = (uint64_t)user;
    const int count = (int)(souk_random_bits(1, u, 0) % EVENTS_MAX);
    for (uint64_t e = 0; e < (uint64_t)count; e++)
        events[e] = (struct event){.time = 10 * (int64_t)(souk_random_bits(2, u, e) % 100),
                                   .item = (int64_t)(souk_random_bits(3, u, e) % ITEMS),
                                   .type = (int)(souk_random_bits(4, u, e) % 2)};
    qsort(events, (size_t)count, sizeof *events, compare_events);
    return count;
}

static souk_status fill_ids(struct souk_idtable *ids, const struct thing *things, int64_t count)
{
    const souk_status status = souk_idtable_init(ids, count, STRIDE);
    for (int64_t i = 0; status == SOUK_OK && i < count; i++)
        memcpy(ids->bytes + i * ids->stride, things[i].id, STRIDE);
    return status;
}

static souk_status write_part(const char *path, int p, struct souk_part_file *file,
                              struct souk_error *err)
{
    static int64_t offsets[USERS + 1], item[USERS * EVENTS_MAX], time[USERS * EVENTS_MAX];
    static uint8_t type[USERS * EVENTS_MAX];
    static int32_t session[USERS * EVENTS_MAX];
    struct souk_dataset_part part = {.part = p,
                                     .event_offsets = offsets,
                                     .item = item,
                                     .time_ms = time,
                                     .type = type,
                                     .session = session};
    const int64_t own = user_first[p + 1] - user_first[p];
    for (int64_t u = 0; u < own; u++) {
        struct event events[EVENTS_MAX];
        const int count = events_of((int)(user_first[p] + u), events);
        for (int e = 0; e < count; e++) {
            item[part.event_count] = events[e].item;
            time[part.event_count] = events[e].time;
            session[part.event_count] = e / SESSION;
            type[part.event_count++] = (uint8_t)events[e].type;
        }
        offsets[u + 1] = part.event_count;
    }
    souk_status status = fill_ids(&part.users, users + user_first[p], own);
    if (status == SOUK_OK)
        status = fill_ids(&part.items, items + item_first[p], item_first[p + 1] - item_first[p]);
    if (status == SOUK_OK)
        status = souk_dataset_write_part(path, STRIDE - 1, &part, file, err);
    souk_idtable_fini(&part.users);
    souk_idtable_fini(&part.items);
    return status;
}

static souk_status write_dataset(struct souk_error *err)
{
    char path[80];
    struct souk_staging staging = {0};
    struct souk_part_file files[PARTS];
    struct souk_dataset d = {
        .schema = SOUK_DATASET_SCHEMA,
        .parts = PARTS,
        .id_width = STRIDE - 1,
        .format = "test",
        .user_first = user_first,
        .item_first = item_first,
        .type_count = 2,
        .types = {{.name = "view", .weight = 1}, {.name = "buy", .weight = 1, .is_target = true}},
        .split_ms = SPLIT,
        .session_gap_ms = 1,
        .first_ms = 0,
        .last_ms = 990,
        .files = files};
    struct event events[EVENTS_MAX];
    for (int u = 0; u < USERS; u++) {
        const int count = events_of(u, events);
        d.event_count += count;
        for (int e = 0; e < count; e++)
            d.types[events[e].type].count++;
    }
    snprintf(path, sizeof path, "%s/d", folder);
    souk_status status = souk_staging_begin(&staging, path, true, "dataset.h5", true, err);
    for (int p = 0; p < PARTS && status == SOUK_OK; p++)
        status = write_part(staging.partial, p, &files[p], err);
    if (status == SOUK_OK)
        status = souk_dataset_write_manifest(staging.partial, &d, err);
    if (status == SOUK_OK)
        status = souk_staging_commit(&staging, err);
    souk_staging_end(&staging, true);
    return status;
}

/* A user's events in the question's window, and how they are cut: written down anew, event by
 * event.
 */
struct history {
    struct event events[EVENTS_MAX];
    int count, given, asked, end;
};

static bool was_before(const struct history *h, int from, int e, int64_t item)
{
    for (int i = from; i < e; i++)
        if (h->events[i].item == item)
            return true;
    return false;
}

static int distinct(const struct history *h, int count)
{
    int n = 0;
    for (int e = 0; e < count; e++)
        n += !was_before(h, 0, e, h->events[e].item);
    return n;
}

/* The last purchase of something new to its session, of a session that begins behind the split. */
static int next_item(const struct history *h, int split)
{
    for (int e = h->count - 1; e >= 0; e--) {
        const int begin = e / SESSION * SESSION;
        if (begin >= split && e > begin && h->events[e].type == 1 &&
            !was_before(h, begin, e, h->events[e].item))
            return e;
    }
    return h->count;
}

static void cut(const struct souk_question *q, int user, struct history *h)
{
    int64_t times[EVENTS_MAX];
    int split = 0;
    const bool by_share =
        q->protocol == SOUK_PROTOCOL_PER_USER || q->protocol == SOUK_PROTOCOL_STRONG;
    const int64_t until = by_share ? q->trained.until_ms : q->until_ms;
    const int all = events_of(user, h->events);
    for (h->count = 0; h->count < all && h->events[h->count].time < until; h->count++) {
        times[h->count] = h->events[h->count].time;
        split += times[h->count] < q->split_ms;
    }
    h->given = h->asked = h->end = h->count;
    if (by_share)
        split = (int)souk_holdout_first(times, h->count, q->share);
    switch (q->protocol) {
    case SOUK_PROTOCOL_STRONG:
        if (souk_hiding_hides_user(&q->hiding, users[user].id))
            h->given = 0, h->asked = split;
        break;
    case SOUK_PROTOCOL_COLD_USERS:
        if (split > 0)
            break;
        h->given = h->asked = 0;
        while (h->asked < h->count && distinct(h, h->asked + 1) <= q->cold_history)
            h->asked++;
        break;
    case SOUK_PROTOCOL_SESSION:
        h->asked = next_item(h, split);
        h->given = h->asked / SESSION * SESSION;
        h->end = h->asked < h->count ? h->asked + 1 : h->count;
        break;
    default:
        h->given = h->asked = split;
    }
}

static bool wants(const struct souk_question *q, const struct history *h, int64_t item)
{
    bool after = false;
    for (int e = h->asked; e < h->end; e++)
        after |= h->events[e].item == item && h->events[e].type == 1;
    if (q->protocol == SOUK_PROTOCOL_ITEM_HOLDOUT &&
        !souk_hiding_hides_item(&q->hiding, items[item].id))
        return false;
    return after && !(q->discovery && was_before(h, 0, h->asked, item));
}

/* What the user's given events with the item weigh, if he is asked at all. */
static int64_t gives(const struct souk_question *q, const struct history *h, int64_t item)
{
    int64_t weight = 0, wanted = 0;
    for (int64_t i = 0; i < ITEMS; i++)
        wanted += wants(q, h, i);
    for (int e = h->given; e < h->asked && wanted > 0; e++)
        weight += h->events[e].item == item ? (h->events[e].type == 1 ? 3 : 1) : 0;
    return weight;
}

static int row_of(const struct thing *things, int count, const char *id)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(things[i].id, id) == 0)
            return i;
    }
    return -1;
}

/* Count what this rank has; rounds joined by rank must give the users in row order.
 * @param seen [USERS x ITEMS] targets, given: weights */
static int count_own(const struct souk_cases *c, int64_t *seen, int64_t *given)
{
    int failures = 0, last = -1;
    for (int64_t u = 0; u < c->count; u++) {
        const int user = row_of(users, USERS, souk_idtable_get(&c->users, u));
        failures += user <= last;
        last = user;
        for (int64_t t = c->target_offsets[u]; t < c->target_offsets[u + 1]; t++) {
            const char *id = souk_idtable_get(&c->wanted, c->target[t]);
            const int item = row_of(items, ITEMS, id);
            failures += c->target[t] < c->wanted_first[items[item].part];
            failures += c->target[t] >= c->wanted_first[items[item].part + 1];
            failures += t > c->target_offsets[u] && c->target[t] <= c->target[t - 1];
            seen[user * ITEMS + item]++;
        }
        for (int64_t g = c->given_offsets ? c->given_offsets[u] : 0;
             c->given_offsets && g < c->given_offsets[u + 1]; g++) {
            const int item = row_of(items, ITEMS, souk_idtable_get(&c->wanted, c->given[g]));
            given[user * ITEMS + item] += (int64_t)c->given_weight[g];
        }
    }
    return failures;
}

static int check(const struct souk_comm *comm, const struct souk_dataset *d,
                 const struct souk_question *q)
{
    int64_t seen[2 * USERS * ITEMS] = {0}, *given = seen + USERS * ITEMS, asked = 0;
    struct souk_cases cases;
    struct souk_error err = {0};
    if (souk_cases_from_events_all(comm, d, q, &cases, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    int failures = count_own(&cases, seen, given);
    failures += cases.round_first[souk_duty_rounds(comm, PARTS)] != cases.count;
    souk_cases_fini(&cases);
    if (souk_sum_i64_all(comm, seen, 2 * USERS * ITEMS, NULL))
        return 1;
    for (int user = 0; user < USERS; user++) {
        struct history h;
        cut(q, user, &h);
        for (int item = 0; item < ITEMS; item++) {
            asked += wants(q, &h, item);
            failures += seen[user * ITEMS + item] != wants(q, &h, item);
            failures += given[user * ITEMS + item] !=
                        (souk_protocol_gives(q->protocol) ? gives(q, &h, item) : 0);
        }
    }
    failures += asked == 0;
    if (failures)
        fprintf(stderr, "protocol %s, discovery %d: %d failures\n", souk_protocol_name(q->protocol),
                q->discovery, failures);
    return failures;
}

static souk_status check_all(const struct souk_comm *comm, int64_t *failures,
                             struct souk_error *err)
{
    static const enum souk_protocol protocols[] = {
        SOUK_PROTOCOL_TEMPORAL, SOUK_PROTOCOL_PER_USER,   SOUK_PROTOCOL_STRONG,
        SOUK_PROTOCOL_SESSION,  SOUK_PROTOCOL_COLD_USERS, SOUK_PROTOCOL_ITEM_HOLDOUT};
    char path[80];
    struct souk_dataset *d = NULL;
    snprintf(path, sizeof path, "%s/d", folder);
    const souk_status status = souk_status_agree_all(comm, souk_dataset_open(path, &d, err), err);
    for (int i = 0; i < 12 && status == SOUK_OK; i++) {
        /* many users are new after an early split */
        const bool is_cold = protocols[i / 2] == SOUK_PROTOCOL_COLD_USERS;
        const int64_t until = i % 2 ? UNTIL : SOUK_TIME_MAX;
        struct souk_question q = {.protocol = protocols[i / 2],
                                  .split_ms = is_cold ? SPLIT / 10 : SPLIT,
                                  .until_ms = until,
                                  .share = .3,
                                  .trained = {SOUK_TIME_NONE, until},
                                  .hiding = {.items = .4, .users = .4, .seed = 3},
                                  .cold_history = 2,
                                  .weighing = souk_interaction_rule_default(d),
                                  .discovery = i % 2};
        q.weighing.type_weight[1] = 3;
        *failures += check(comm, d, &q);
    }
    souk_dataset_free(d);
    return status;
}

int main(int argc, char **argv)
{
    struct souk_comm comm;
    struct souk_error err = {0};
    int64_t failures = 0;
    souk_status status = souk_comm_start(&argc, &argv, "mpi_caseevents", &comm, &err);
    if (status != SOUK_OK)
        return 1;
    make_things(users, USERS, 'u', user_first);
    make_things(items, ITEMS, 'i', item_first);
    if (comm.rank == 0)
        status = mkdtemp(folder) ? write_dataset(&err) : souk_fail_errno(&err, "%s", folder);
    status = souk_status_agree_all(&comm, status, &err);
    if (status == SOUK_OK)
        status = souk_broadcast_all(&comm, folder, sizeof folder, 0, &err);
    if (status == SOUK_OK)
        status = check_all(&comm, &failures, &err);
    if (status == SOUK_OK)
        status = souk_sum_i64_all(&comm, &failures, 1, &err);
    if (status == SOUK_OK && failures > 0)
        status = souk_fail(&err, SOUK_EINTEGRITY, "%lld checks failed", (long long)failures);
    if (comm.rank == 0)
        status = souk_remove_tree(folder, NULL) ? SOUK_EIO : status;
    return souk_comm_finish(&comm, status, &err);
}
