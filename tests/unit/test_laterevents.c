/* Answers to visitors who later_did something since the model was trained, from fleets of 1, 2 and
 * 3 shards: those of one process that folds in, or scans, by shared/score alone. */
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/score/foldin.h"
#include "shared/score/shard.h"
#include "shared/score/wholehistory.h"
#include "tests/support/later_case.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 16, ROWS_MAX = 64 };

/* ---- the oracle ---- */

static int type_of(const struct souk_model *m, const char *name)
{
    for (int t = 0; t < m->weighing.type_count; t++)
        if (strcmp(m->weighing.types[t].name, name) == 0)
            return t;
    return -1;
}

static int64_t row_of(const struct souk_shard *s, const char *item)
{
    const struct souk_model_part *p = souk_shard_part_of(s, item, strlen(item));
    const int64_t row = souk_idtable_find(&p->items, item, strlen(item));
    return row < 0 ? -1 : s->model->item_first[p->part] + row;
}

static const float *factors_of(const struct souk_shard *s, int64_t row)
{
    int p = 0;
    while (row >= s->model->item_first[p + 1])
        p++;
    return s->parts[p].item_factors + (row - s->model->item_first[p]) * s->parts[p].stride;
}

/* The user's pairs; none of somebody unknown. */
static struct souk_held_pairs held_of(const struct souk_shard *s, const char *user)
{
    const struct souk_model_part *p = souk_shard_part_of(s, user, strlen(user));
    const int64_t row = souk_idtable_find(&p->users, user, strlen(user));
    if (row < 0)
        return (struct souk_held_pairs){.count = 0};
    const int64_t first = p->history_offsets[row];
    return (struct souk_held_pairs){.count = p->history_offsets[row + 1] - first,
                                    .row = p->history + first,
                                    .weight = p->history_weight + first};
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void fold(const struct souk_model *m, const struct souk_shard *s, struct souk_foldin *f,
                 const struct souk_whole_history *h, float *vector)
{
    const float *row[ROWS_MAX];
    double *scratch = malloc((size_t)souk_foldin_scratch(f) * sizeof *scratch);
    for (int p = 0; p < m->parts; p++)
        cr_assert_eq(souk_foldin_add_items(f, &s->parts[p]), SOUK_OK);
    for (int64_t i = 0; i < h->count; i++)
        row[i] = factors_of(s, h->row[i]);
    cr_assert_eq(souk_foldin_solve(f, row, h->weight, h->recency, h->count, scratch, vector),
                 SOUK_OK);
    free(scratch);
}

struct list {
    int count;
    char id[LATER_N][32];
    float score[LATER_N];
};

/* One scan over all items. @param events ascending; @param knows whether the model's history counts
 */
static void expect(const char *path, const char *user, bool knows,
                   const struct souk_recent_event *events, int count, struct list *out)
{
    struct souk_model *m = NULL;
    struct souk_shard s;
    struct souk_history_rule rule;
    struct souk_foldin f;
    struct souk_topk best;
    struct souk_whole_history whole = {.count = 0};
    int64_t rows[EVENTS_MAX], times[EVENTS_MAX], seen[ROWS_MAX], seen_count = 0;
    uint8_t types[EVENTS_MAX];
    float values[EVENTS_MAX], vector[64];
    struct souk_later_events later = {.row = rows, .ms = times, .type = types, .value = values};
    cr_assert_eq(souk_model_open(path, &m, NULL), SOUK_OK);
    cr_assert_eq(souk_shard_load(m, 0, 1, SOUK_MODEL_USERS | SOUK_MODEL_ITEMS, &s, NULL), SOUK_OK);
    cr_assert_eq(souk_history_rule_of_model(m, &rule, NULL), SOUK_OK);
    cr_assert_eq(souk_foldin_init(m, &f, NULL), SOUK_OK);
    cr_assert_eq(souk_topk_init(&best, LATER_N), SOUK_OK);
    const struct souk_held_pairs held =
        knows ? held_of(&s, user) : (struct souk_held_pairs){.count = 0};
    for (int64_t i = 0; i < held.count; i++)
        seen[seen_count++] = held.row[i];
    for (int e = 0; e < count; e++) {
        const int64_t row = row_of(&s, events[e].item);
        const int type = type_of(m, events[e].type);
        if (row < 0)
            continue;
        seen[seen_count++] = row;
        rows[later.count] = row;
        times[later.count] = events[e].ms;
        values[later.count] = (float)events[e].value;
        types[later.count] = (uint8_t)type;
        later.count += type >= 0;
    }
    qsort(seen, (size_t)seen_count, sizeof *seen, ascending);
    int64_t kept = 0;
    for (int64_t i = 0; i < seen_count; i++)
        if (kept == 0 || seen[kept - 1] != seen[i])
            seen[kept++] = seen[i];
    const struct souk_pair_rules pair = {&m->weighing, &rule, &f.recency, m->data.until_ms};
    cr_assert_eq(souk_whole_history_make(&whole, &pair, &held, &later), SOUK_OK);
    struct souk_scan scan = {.exclude = seen, .exclude_count = kept};
    if (f.kind != SOUK_FOLDIN_NONE && whole.count > 0) {
        fold(m, &s, &f, &whole, vector);
        scan.vector = vector;
    } else if (m->neighbours > 0 && souk_neighbours_can_score(whole.weight, whole.count)) {
        scan.history = whole.row;
        scan.history_weight = whole.weight;
        scan.history_count = whole.count;
    }
    cr_assert(souk_shard_scan(&s, &scan, &best) > 0);
    souk_topk_sort(&best);
    out->count = best.count;
    for (int i = 0; i < best.count; i++) {
        snprintf(out->id[i], sizeof out->id[i], "%s", best.hits[i].id);
        out->score[i] = best.hits[i].score;
    }
    souk_whole_history_fini(&whole);
    souk_topk_fini(&best);
    souk_foldin_fini(&f);
    souk_history_rule_fini(&rule);
    souk_shard_fini(&s);
    souk_model_free(m);
}

/* ---- the fleet ---- */

static void read_list(struct list *out)
{
    const msgpack_object *list = souk_message_get(&later_fleet.answer, "recommendations");
    out->count = 0;
    cr_assert(list && list->type == MSGPACK_OBJECT_ARRAY && list->via.array.size <= LATER_N);
    for (uint32_t i = 0; i < list->via.array.size; i++) {
        const struct souk_message one = {.unpacked = {.data = list->via.array.ptr[i]}};
        const char *id = NULL;
        size_t len = 0;
        double score = 0;
        cr_assert(souk_message_text(&one, "item_id", 31, &id, &len));
        cr_assert(souk_message_map_number(&list->via.array.ptr[i], "score", &score));
        snprintf(out->id[i], sizeof out->id[i], "%.*s", (int)len, id);
        out->score[i] = (float)score;
        out->count++;
    }
}

static bool flag(const char *name)
{
    bool value = false;
    cr_assert(souk_message_bool(&later_fleet.answer, name, &value));
    return value;
}

static void same(const struct list *a, const struct list *b, const char *what)
{
    cr_assert_eq(a->count, b->count, "%s: %d and %d items", what, a->count, b->count);
    for (int i = 0; i < a->count; i++) {
        cr_assert_str_eq(a->id[i], b->id[i], "%s, place %d: %s and %s", what, i, a->id[i],
                         b->id[i]);
        cr_assert(memcmp(&a->score[i], &b->score[i], sizeof(float)) == 0, "%s, place %d: %a and %a",
                  what, i, (double)a->score[i], (double)b->score[i]);
    }
}

static bool has(const struct list *l, const char *item)
{
    for (int i = 0; i < l->count; i++)
        if (strcmp(l->id[i], item) == 0)
            return true;
    return false;
}

/* ---- tests ---- */

static void check_model(const char *name, const struct small_model *m)
{
    static const char *const users[] = {"u0", "u1", "u3", "u17", "u42", "stranger"};
    const char *path = later_model(m);
    for (int shards = 1; shards <= 3; shards++) {
        small_fleet_start(&later_fleet, path, shards, NULL);
        for (size_t u = 0; u < sizeof users / sizeof users[0]; u++) {
            struct list wanted, got;
            char what[80];
            snprintf(what, sizeof what, "%s, %d shards, %s", name, shards, users[u]);
            expect(path, users[u], true, later_did, LATER_DID, &wanted);
            later_store(users[u], later_did, LATER_DID);
            cr_assert_eq(later_ask("recommend", users[u], NULL, 0), SOUK_WIRE_OK, "%s", what);
            read_list(&got);
            same(&wanted, &got, what);
            cr_expect_not(flag("degraded"), "%s", what);
            cr_expect_not(has(&got, "i7"), "%s: bought", what);
            cr_expect_not(has(&got, "i11"), "%s: seen, if in a way that the model knows not", what);
        }
        small_fleet_stop(&later_fleet);
    }
    later_clean();
}

Test(laterevents, factors_are_folded_in_alike_on_any_number_of_shards)
{
    check_model("als", &later_als);
}

Test(laterevents, neighbours_score_by_the_whole_history)
{
    check_model("ease", &later_ease);
}

Test(laterevents, what_is_popular_leaves_out_what_was_seen)
{
    check_model("popular", &later_popular);
}

Test(laterevents, two_stages_take_stored_events_as_those_of_the_request)
{
    static struct souk_recent_event some[] = {
        {"i3", "view", 1500, 0}, {"i7", "buy", 1600, 2}, {"i8", "wish", 1700, 0}};
    static struct souk_recent_event alike[] = {{"i3", "click", 1500, 0},
                                               {"i7", "Purchase", 1600, 2}};
    const char *path = later_model(&later_staged);
    struct list first, got;
    for (int shards = 1; shards <= 3; shards++) {
        small_fleet_start(&later_fleet, path, shards, NULL);
        cr_assert_eq(later_ask("recommend", "stranger", some, 2), SOUK_WIRE_OK);
        read_list(&got);
        if (shards == 1)
            first = got;
        same(&first, &got, "requested");
        later_store("stranger", some, 3);
        cr_assert_eq(later_ask("recommend", "stranger", NULL, 0), SOUK_WIRE_OK);
        read_list(&got);
        same(&first, &got, "stored");
        cr_assert_eq(later_ask("recommend", "stranger", some, 1), SOUK_WIRE_OK);
        read_list(&got);
        same(&first, &got, "both");
        later_store("stranger", alike, 2);
        cr_assert_eq(later_ask("recommend", "stranger", NULL, 0), SOUK_WIRE_OK);
        read_list(&got);
        same(&first, &got, "types of the same classes");
        cr_expect_not(has(&got, "i7"), "bought");
        cr_expect_eq(later_ask("recommend", "stranger", some, 3), SOUK_WIRE_BAD_FIELD);
        small_fleet_stop(&later_fleet);
    }
    later_clean();
}

Test(laterevents, an_event_in_both_counts_once)
{
    const char *path = later_model(&later_als);
    struct list wanted, got;
    small_fleet_start(&later_fleet, path, 2, NULL);
    later_store("u1", later_did, LATER_DID - 3);
    expect(path, "u1", true, later_did, LATER_DID - 3, &wanted);
    cr_assert_eq(later_ask("recommend", "u1", later_did, 3), SOUK_WIRE_OK);
    read_list(&got);
    same(&wanted, &got, "both");
    cr_expect_eq(later_ask("recommend", "u1", later_did, LATER_DID), SOUK_WIRE_BAD_FIELD,
                 "the request's 'wish'");
    small_fleet_stop(&later_fleet);
    later_clean();
}

Test(laterevents, of_the_erased_the_model_is_silent)
{
    const char *path = later_model(&later_ease);
    struct list wanted, got;
    small_fleet_start(&later_fleet, path, 2, NULL);
    later_store("u1", later_did, LATER_DID);
    later_fleet.store.erased_ms = 1650; /* after the model's data: i3 and i7 were viewed before */
    expect(path, "u1", false, later_did + 2, LATER_DID - 2, &wanted);
    cr_assert_eq(later_ask("recommend", "u1", NULL, 0), SOUK_WIRE_OK);
    read_list(&got);
    same(&wanted, &got, "erased");
    later_store("u1", later_did, 0);
    expect(path, "u1", false, later_did, 0, &wanted);
    cr_assert_eq(later_ask("recommend", "u1", NULL, 0), SOUK_WIRE_OK);
    read_list(&got);
    same(&wanted, &got, "erased, and nothing since");
    later_fleet.store.erased_ms = 900; /* before its end: ingest has minded it */
    expect(path, "u1", true, later_did, 0, &wanted);
    cr_assert_eq(later_ask("recommend", "u1", NULL, 0), SOUK_WIRE_OK);
    read_list(&got);
    same(&wanted, &got, "erased before training");
    small_fleet_stop(&later_fleet);
    later_clean();
}

Test(laterevents, goes_on_without_the_store)
{
    const char *path = later_model(&later_ease);
    struct list wanted, got;
    small_fleet_start(&later_fleet, path, 2, NULL);
    later_store("u1", later_did, LATER_DID);
    later_fleet.store.is_away = true;
    expect(path, "u1", true, later_did, 0, &wanted);
    cr_assert_eq(later_ask("recommend", "u1", NULL, 0), SOUK_WIRE_OK);
    read_list(&got);
    same(&wanted, &got, "without the store");
    cr_expect(flag("degraded"));
    small_fleet_stop(&later_fleet);
    later_clean();
}

Test(laterevents, folds_in_from_stored_events_where_the_home_shard_is_down)
{
    const char *path = later_model(&later_als);
    struct list got;
    const int home = souk_part_of(souk_hash_bytes("u1", 2), later_als.parts) % 2;
    small_fleet_start(&later_fleet, path, 2, NULL);
    later_store("u1", later_did, LATER_DID);
    cr_assert_eq(later_ask("recommend", "u1", NULL, 0), SOUK_WIRE_OK); /* and the rules are known */
    small_fleet_lose(&later_fleet, home);
    cr_assert_eq(later_ask("recommend", "u1", NULL, 0), SOUK_WIRE_OK);
    read_list(&got);
    cr_expect(flag("degraded"));
    cr_expect(flag("partial"));
    cr_expect_gt(got.count, 0);
    cr_expect_not(has(&got, "i7"));
    small_fleet_stop(&later_fleet);
    later_clean();
}

/* ---- many at once ---- */

struct asker {
    pthread_t thread;
    int worker;
    const struct souk_writer *question;
    struct souk_writer reply;
};

static void no_answer(struct souk_task *task, const struct souk_writer *reply)
{
    (void)task;
    (void)reply;
}

static void *ask_as(void *context)
{
    struct asker *a = context;
    struct souk_task task = {.request = a->question->buffer.data,
                             .len = a->question->buffer.size,
                             .received_us = souk_monotonic_us(),
                             .answer = no_answer};
    return (void *)(intptr_t)souk_service_handle(later_fleet.service, a->worker, &task, &a->reply);
}

/* The rules are fetched by one of them, and all have the same list. */
Test(laterevents, many_who_ask_first_have_the_same_list)
{
    struct asker askers[SMALL_FLEET_WORKERS];
    struct souk_writer question;
    struct list first, got;
    const char *path = later_model(&later_als);
    small_fleet_start(&later_fleet, path, 3, NULL);
    later_store("stranger", later_did, LATER_DID);
    souk_writer_init(&question);
    later_write(&question, "recommend", "stranger", later_did, 2);
    for (int i = 0; i < SMALL_FLEET_WORKERS; i++) {
        askers[i] = (struct asker){.worker = i, .question = &question};
        souk_writer_init(&askers[i].reply);
        cr_assert_eq(pthread_create(&askers[i].thread, NULL, ask_as, &askers[i]), 0);
    }
    for (int i = 0; i < SMALL_FLEET_WORKERS; i++) {
        char reason[64];
        cr_assert_eq(pthread_join(askers[i].thread, NULL), 0);
        cr_assert_eq(souk_message_parse(&later_fleet.answer, askers[i].reply.buffer.data,
                                        askers[i].reply.buffer.size, reason, sizeof reason),
                     SOUK_WIRE_OK);
        read_list(&got);
        cr_expect_not(flag("degraded"));
        if (i == 0)
            first = got;
        same(&first, &got, "at once");
        souk_message_fini(&later_fleet.answer);
        souk_writer_fini(&askers[i].reply);
    }
    souk_writer_fini(&question);
    small_fleet_stop(&later_fleet);
    later_clean();
}
