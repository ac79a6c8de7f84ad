#include "train/evaluate/timeline.h"

#include "shared/data/rows.h"
#include "train/comm/holdout.h"
#include "train/comm/leaveout.h"

/* A user's events in the part. */
struct line {
    int64_t count;
    const int64_t *item, *time_ms;
    const uint8_t *type;
    const int32_t *session;
};

static bool occurs(const int64_t *item, int64_t count, int64_t wanted)
{
    for (int64_t e = 0; e < count; e++)
        if (item[e] == wanted)
            return true;
    return false;
}

/* Index of the first event with one more than `items` distinct items. */
static int64_t behind_items(const struct line *l, int64_t items)
{
    int64_t known[SOUK_COLD_HISTORY_MAX], count = 0, e = 0;
    for (; e < l->count; e++) {
        if (occurs(known, count, l->item[e]))
            continue;
        if (count == items)
            break;
        known[count++] = l->item[e];
    }
    return e;
}

static int64_t session_begin(const struct line *l, int64_t e)
{
    while (e > 0 && l->session[e - 1] == l->session[e])
        e--;
    return e;
}

static struct souk_timeline cut_session(const struct line *l, int64_t split,
                                        const struct souk_dataset *d)
{
    for (int64_t e = l->count - 1; e >= split; e--) {
        const int64_t begin = session_begin(l, e);
        if (begin < split || begin == e || !d->types[l->type[e]].is_target ||
            occurs(l->item + begin, e - begin, l->item[e]))
            continue;
        return (struct souk_timeline){begin, e, e + 1};
    }
    return (struct souk_timeline){l->count, l->count, l->count};
}

static struct souk_timeline cut_left_out(const struct line *l, const struct souk_dataset *d,
                                         int place)
{
    const int64_t e = souk_leaveout_event(d->types, l->item, l->type, l->count, place);
    return e < 0 ? (struct souk_timeline){l->count, l->count, l->count}
                 : (struct souk_timeline){e, e, e + 1};
}

static struct souk_timeline asked_from(int64_t asked, int64_t count)
{
    return (struct souk_timeline){asked, asked, count};
}

static struct souk_timeline given_until(int64_t asked, int64_t count)
{
    return (struct souk_timeline){0, asked, count};
}

struct souk_timeline souk_timeline_cut(const struct souk_question *q,
                                       const struct souk_dataset *dataset,
                                       const struct souk_dataset_part *p, int64_t user)
{
    const int64_t begin = p->event_offsets[user];
    const struct line l = {.count = p->event_offsets[user + 1] - begin,
                           .item = p->item + begin,
                           .time_ms = p->time_ms + begin,
                           .type = p->type + begin,
                           .session = p->session + begin};
    const int64_t split = souk_protocol_has_split(q->protocol)
                              ? souk_rows_lower_bound(l.time_ms, l.count, q->split_ms)
                              : 0;
    switch (q->protocol) {
    case SOUK_PROTOCOL_PER_USER:
        return asked_from(souk_holdout_first(l.time_ms, l.count, q->share), l.count);
    case SOUK_PROTOCOL_STRONG:
        if (souk_hiding_hides_user(&q->hiding, souk_idtable_get(&p->users, user)))
            return given_until(souk_holdout_first(l.time_ms, l.count, q->share), l.count);
        break;
    case SOUK_PROTOCOL_COLD_USERS:
        if (split == 0)
            return given_until(behind_items(&l, q->cold_history), l.count);
        break;
    case SOUK_PROTOCOL_LEAVE_OUT:
        return cut_left_out(&l, dataset, q->leave_out);
    case SOUK_PROTOCOL_SESSION:
        return cut_session(&l, split, dataset);
    case SOUK_PROTOCOL_TEMPORAL:
    case SOUK_PROTOCOL_ITEM_HOLDOUT:
        return asked_from(split, l.count);
    case SOUK_PROTOCOL_FILE:
        break;
    }
    return asked_from(l.count, l.count);
}
