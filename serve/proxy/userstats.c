#include "serve/proxy/userstats.h"

#include "serve/events/eventclass.h"
#include "serve/proxy/contextevents.h"
#include "serve/proxy/twostage.h"
#include "serve/proxy/userprofile.h"
#include "shared/base/clock.h"
#include "shared/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is counted. A one-stage model has pairs and not events: of a visitor whom it knows nobody
 * can tell how many events there were, or of what type. */
struct stats {
    int64_t events, views, purchases, session;
    int64_t first_ms, last_ms; /* 0: no event with a time is known */
    bool counts_events;
    int64_t items, categories; /* categories -1: the model sorts no items */
};

/* What the shards say of items: those of later events, then those that the model holds. */
struct items {
    int64_t count, room;
    int64_t *row; /* [count], -1: the model does not know it */
    int32_t *category;
    bool sorted;
    int64_t unknown; /* distinct items of later events that the model does not know */
};

/* ---- types ---- */

/* By their names, as shops call them; where the model knows no type that is called so, those that
 * it recommends for. */
static bool is_purchase(const struct souk_model_weighing *w, const char *name)
{
    bool named = false, target = false;
    for (int t = 0; t < w->type_count; t++) {
        named |= souk_event_class_of(w->types[t].name) == SOUK_CLASS_PURCHASE;
        target |= w->types[t].is_target && strcmp(w->types[t].name, name) == 0;
    }
    return souk_event_class_of(name) == SOUK_CLASS_PURCHASE || (!named && target);
}

/* ---- counting ---- */

static void count_event(struct stats *s, const struct souk_model_weighing *w, const char *type,
                        int64_t ms, int64_t now_ms)
{
    s->events++;
    s->views += souk_event_class_of(type) == SOUK_CLASS_VIEW;
    s->purchases += is_purchase(w, type);
    s->session += ms > now_ms - SOUK_SESSION_MS;
    if (s->first_ms == 0 || ms < s->first_ms)
        s->first_ms = ms;
    if (ms > s->last_ms)
        s->last_ms = ms;
}

static void count_events(const struct souk_job *j, const struct souk_model_weighing *w,
                         struct stats *s)
{
    const struct souk_event_fields *e = &j->space->events;
    const struct souk_lately *l = &j->space->lately;
    for (int64_t i = 0; i < e->count; i++)
        count_event(s, w, e->type[i] < w->type_count ? w->types[e->type[i]].name : "", e->ms[i],
                    j->moment_ms);
    for (int i = 0; i < l->count; i++) {
        char type[SOUK_ID_MAX_BYTES + 1];
        snprintf(type, sizeof type, "%.*s", (int)l->events[i].type_len, l->events[i].type);
        count_event(s, w, type, l->events[i].ms, j->moment_ms);
    }
    s->counts_events = j->view.sources > 0 || j->history_bytes == 0;
}

/* ---- items ---- */

static int64_t held_rows(const struct souk_job *j)
{
    return j->view.sources > 0 ? j->space->events.count
                               : (int64_t)(j->history_bytes / sizeof(int64_t));
}

static const void *held(const struct souk_job *j)
{
    return j->view.sources > 0 ? (const void *)j->space->events.item : j->history;
}

static bool items_init(struct items *out, const struct souk_job *j)
{
    *out = (struct items){.room = j->space->lately.count + held_rows(j)};
    out->row = souk_alloc_array((size_t)out->room + 1, sizeof *out->row);
    out->category = souk_alloc_array((size_t)out->room + 1, sizeof *out->category);
    if (!out->row || !out->category)
        return false;
    memset(out->row, 0xff, (size_t)out->room * sizeof *out->row);
    memset(out->category, 0xff, (size_t)out->room * sizeof *out->category);
    if (held_rows(j) > 0)
        memcpy(out->row + j->space->lately.count, held(j), (size_t)held_rows(j) * sizeof *out->row);
    return true;
}

static bool read_categories(const struct souk_message *m, struct items *out)
{
    const void *data = NULL;
    int64_t count = 0;
    if (!souk_message_array(m, "categories", sizeof(int32_t), &data, &count) ||
        (count > 0 && count != out->room))
        return false;
    for (int64_t i = 0; i < count; i++) {
        int32_t here;
        memcpy(&here, (const char *)data + (size_t)i * sizeof here, sizeof here);
        out->category[i] = here >= 0 ? here : out->category[i];
    }
    out->sorted |= count > 0;
    return true;
}

/* @return false: the job is stale */
static bool ask_items(struct souk_job *j, struct items *out)
{
    uint8_t type[SOUK_WIRE_CONTEXT_MAX];
    struct souk_writer *w = &j->space->question;
    souk_job_start_resolve(j, 2);
    souk_writer_put_binary(w, "rows", held(j), (size_t)held_rows(j) * sizeof(int64_t));
    souk_writer_put_bool(w, "categories", true);
    j->degraded |= souk_job_ask_aside(j) < souk_topology_shards(j->topology);
    if (j->stale)
        return false;
    for (int s = 0; s < souk_topology_shards(j->topology); s++) {
        const struct souk_message *m = souk_job_said(j, s);
        if (m && (!souk_job_read_resolved(j, m, out->row, type) || !read_categories(m, out)))
            j->degraded = true;
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_category(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
    const struct souk_lately_event *const x = *(const struct souk_lately_event *const *)a;
    const struct souk_lately_event *const y = *(const struct souk_lately_event *const *)b;
    const int order =
        memcmp(x->item, y->item, x->item_len < y->item_len ? x->item_len : y->item_len);
    return order != 0 ? order : (x->item_len > y->item_len) - (x->item_len < y->item_len);
}

/* Distinct items that the model does not know: by their ids. */
static int64_t count_unknown(const struct souk_lately *l, const int64_t *row)
{
    const struct souk_lately_event *unknown[SOUK_WIRE_CONTEXT_MAX];
    int count = 0;
    int64_t distinct = 0;
    for (int i = 0; i < l->count; i++)
        if (row[i] < 0)
            unknown[count++] = &l->events[i];
    qsort(unknown, (size_t)count, sizeof *unknown, by_text);
    for (int i = 0; i < count; i++)
        distinct += i == 0 || by_text(&unknown[i - 1], &unknown[i]) != 0;
    return distinct;
}

static void count_items(const struct souk_job *j, struct items *found, struct stats *s)
{
    s->items = count_unknown(&j->space->lately, found->row);
    qsort(found->row, (size_t)found->room, sizeof *found->row, by_number);
    for (int64_t i = 0; i < found->room; i++)
        s->items += found->row[i] >= 0 && (i == 0 || found->row[i - 1] != found->row[i]);
    s->categories = found->sorted ? 0 : -1;
    qsort(found->category, (size_t)found->room, sizeof *found->category, by_category);
    for (int64_t i = 0; i < found->room && found->sorted; i++)
        s->categories +=
            found->category[i] >= 0 && (i == 0 || found->category[i - 1] != found->category[i]);
}

/* ---- the answer ---- */

static void put_stats(struct souk_job *j, const struct stats *s)
{
    struct souk_writer *w = j->reply;
    const bool rate = s->counts_events && s->views > 0, times = s->last_ms > 0;
    souk_reply_begin(w, j->request, j->view.model,
                     5 + 2 * s->counts_events + rate + (s->categories >= 0) +
                         (times && s->counts_events) + times);
    souk_writer_put_text(w, "user_id", j->id, j->id_len);
    souk_writer_put_string(w, "user_type", j->warm ? "warm" : "cold");
    souk_writer_put_bool(w, "degraded", j->degraded);
    if (s->counts_events) {
        souk_writer_put_int(w, "total_events", s->events);
        souk_writer_put_int(w, "purchases", s->purchases);
    }
    if (rate)
        souk_writer_put_real(w, "conversion_rate", (double)s->purchases / (double)s->views);
    souk_writer_put_int(w, "unique_items_viewed", s->items);
    if (s->categories >= 0)
        souk_writer_put_int(w, "unique_categories_viewed", s->categories);
    if (times && s->counts_events)
        souk_writer_put_int(w, "first_seen_ms", s->first_ms);
    if (times)
        souk_writer_put_int(w, "last_seen_ms", s->last_ms);
    souk_writer_put_int(w, "session_events", s->session);
}

/* Nobody knows the visitor, or it cannot be told. */
static void reply_unknown(struct souk_job *j)
{
    if (j->degraded)
        souk_reply_error(j->reply, j->request, SOUK_WIRE_UNAVAILABLE,
                         "what is known of the user cannot be read just now");
    else
        souk_reply_error(j->reply, j->request, SOUK_WIRE_NOT_FOUND, "nobody knows the user '%.*s'",
                         (int)j->id_len, j->id);
}

static void count_and_put(struct souk_job *j, const struct souk_model_rules *r)
{
    struct stats s = {0};
    struct items found;
    if (!items_init(&found, j)) {
        souk_reply_error(j->reply, j->request, SOUK_WIRE_INTERNAL, "no memory");
    } else if (ask_items(j, &found)) {
        count_events(j, &r->weighing, &s);
        count_items(j, &found, &s);
        put_stats(j, &s);
    }
    free(found.row);
    free(found.category);
}

void souk_job_user_stats(struct souk_job *j)
{
    if (!souk_job_take_fields(j, "user") || !souk_job_take_lately(j) || !souk_job_get_profile(j))
        return;
    const bool known = j->warm;
    j->warm |= j->space->lately.count > 0;
    if (!j->warm) {
        reply_unknown(j);
        return;
    }
    struct souk_model_rules *r = souk_model_rules_take(j);
    if (r)
        count_and_put(j, r);
    else if (!j->stale)
        souk_reply_error(j->reply, j->request, SOUK_WIRE_UNAVAILABLE,
                         "no shard says what the %s events mean", known ? "model's" : "stored");
    souk_model_rules_give(r);
}
