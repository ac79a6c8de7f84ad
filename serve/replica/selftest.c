#include "serve/replica/selftest.h"

#include "shared/base/memory.h"
#include "shared/wire/eventfields.h"
#include "shared/wire/reply.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIST = 10 };

/* One question and its answer. */
struct exchange {
    struct souk_writer question, reply;
    struct souk_message answer;
    bool parsed;
};

static void exchange_init(struct exchange *x)
{
    souk_writer_init(&x->question);
    souk_writer_init(&x->reply);
    x->parsed = false;
}

static void exchange_fini(struct exchange *x)
{
    if (x->parsed)
        souk_message_fini(&x->answer);
    souk_writer_fini(&x->question);
    souk_writer_fini(&x->reply);
}

static void start(struct exchange *x, const char *operation, size_t fields)
{
    souk_writer_map(&x->question, 2 + fields);
    souk_writer_put_int(&x->question, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(&x->question, "op", operation);
}

static souk_status fail(const char *operation, const char *why, struct souk_error *err)
{
    return souk_fail(err, SOUK_ENUMERIC, "self-test: %s: %s", operation, why);
}

static souk_status ask(struct souk_replica *r, struct exchange *x, const char *operation,
                       struct souk_error *err)
{
    struct souk_request request;
    char reason[128];
    int64_t wire = -1;
    const char *text = "no reply";
    size_t len = strlen(text);
    if (x->question.failed)
        return souk_fail(err, SOUK_ENOMEM, "self-test: no memory");
    if (souk_request_parse(&request, x->question.buffer.data, x->question.buffer.size, &x->reply))
        souk_replica_answer(r, 0, &request, &x->reply);
    souk_request_fini(&request);
    x->parsed = true;
    if (souk_message_parse(&x->answer, x->reply.buffer.data, x->reply.buffer.size, reason,
                           sizeof reason) != SOUK_WIRE_OK)
        return fail(operation, reason, err);
    if (!souk_message_int(&x->answer, "status", 0, INT32_MAX, &wire) || wire != SOUK_WIRE_OK) {
        if (!souk_message_text(&x->answer, "error", 255, &text, &len))
            text = "an error without a reason";
        return souk_fail(err, SOUK_ENUMERIC, "self-test: %s: %.*s", operation, (int)len, text);
    }
    return SOUK_OK;
}

/* Ordered and finite. @param wanted how many hits there must be, -1: any number */
static souk_status check_hits(const struct exchange *x, const char *operation, int64_t wanted,
                              struct souk_error *err)
{
    const msgpack_object *hits = souk_message_get(&x->answer, "hits");
    if (!hits || hits->type != MSGPACK_OBJECT_ARRAY)
        return fail(operation, "no hits", err);
    const msgpack_object *o = hits->via.array.ptr;
    const int64_t count = hits->via.array.size / 2;
    if (wanted >= 0 && count != wanted)
        return fail(operation, "the list has another length than it must", err);
    for (int64_t i = 0; i < count; i++) {
        const double score = o[2 * i + 1].via.f64;
        if (!isfinite(score) || (i > 0 && score > o[2 * i - 1].via.f64))
            return fail(operation, "the list is not ordered", err);
    }
    return SOUK_OK;
}

static void copy_binary(struct exchange *to, const struct exchange *from, const char *field,
                        const char *as, size_t size)
{
    const void *data = NULL;
    int64_t count = 0;
    if (!souk_message_array(&from->answer, field, size, &data, &count))
        count = 0;
    souk_writer_put_binary(&to->question, as, data, (size_t)count * size);
}

static souk_status scan_popular(struct souk_replica *r, struct souk_error *err)
{
    const int64_t items = r->shard->item_count;
    struct exchange x;
    exchange_init(&x);
    start(&x, "scan", 1);
    souk_writer_put_int(&x.question, "n", LIST);
    souk_status status = ask(r, &x, "scan", err);
    if (!status)
        status = check_hits(&x, "scan of what is popular", items < LIST ? items : LIST, err);
    exchange_fini(&x);
    return status;
}

/* The list of a user with a profile, in one stage. */
static souk_status scan_profile(struct souk_replica *r, const struct exchange *profile,
                                struct souk_error *err)
{
    const bool weighted = souk_message_get(&profile->answer, "history_weight") != NULL;
    struct exchange x;
    exchange_init(&x);
    start(&x, "scan", 3 + (weighted ? 2 : 0));
    souk_writer_put_int(&x.question, "n", LIST);
    copy_binary(&x, profile, "vector", "vector", sizeof(float));
    copy_binary(&x, profile, "history", "exclude", sizeof(int64_t));
    if (weighted) {
        copy_binary(&x, profile, "history", "history", sizeof(int64_t));
        copy_binary(&x, profile, "history_weight", "history_weight", sizeof(float));
    }
    souk_status status = ask(r, &x, "scan of a user", err);
    if (!status)
        status = check_hits(&x, "scan of a user", -1, err);
    exchange_fini(&x);
    return status;
}

/* ---- two stages ---- */

enum { VISITOR_FIELDS = 1 + SOUK_WIRE_EVENT_FIELDS };

static void put_visitor(struct exchange *x, const struct exchange *profile)
{
    souk_writer_put_int(&x->question, "moment_ms", SOUK_WIRE_MOMENT_MAX);
    copy_binary(x, profile, "event_item", "event_item", sizeof(int64_t));
    copy_binary(x, profile, "event_ms", "event_ms", sizeof(int64_t));
    copy_binary(x, profile, "event_type", "event_type", 1);
    copy_binary(x, profile, "event_value", "event_value", sizeof(float));
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Best scores of the lists that have a head; a list without items has 0. */
static void put_best(struct exchange *x, const struct exchange *candidates)
{
    float best[2 * SOUK_SOURCES_MAX] = {0};
    const void *counts = NULL, *scores = NULL;
    int64_t heads = 0, lists = 0, total = 0, at = 0;
    if (souk_message_int(&candidates->answer, "heads", 0, 2 * SOUK_SOURCES_MAX, &heads) &&
        souk_message_array(&candidates->answer, "counts", sizeof(int32_t), &counts, &lists) &&
        souk_message_array(&candidates->answer, "scores", sizeof(float), &scores, &total))
        for (int64_t l = 0; l < heads && l < lists; l++) {
            int32_t count;
            memcpy(&count, (const char *)counts + l * (int64_t)sizeof count, sizeof count);
            if (count > 0 && at < total)
                memcpy(&best[l], (const char *)scores + at * (int64_t)sizeof *best, sizeof *best);
            at += count;
        }
    souk_writer_put_binary(&x->question, "best", best, (size_t)heads * sizeof *best);
}

/* All candidates once, ascending. */
static souk_status put_rows(struct exchange *x, const struct exchange *candidates)
{
    const void *data = NULL;
    int64_t count = 0, kept = 0;
    if (!souk_message_array(&candidates->answer, "rows", sizeof(int64_t), &data, &count))
        count = 0;
    int64_t *rows = souk_alloc_array((size_t)count, sizeof *rows);
    if (!rows)
        return SOUK_ENOMEM;
    if (count > 0)
        memcpy(rows, data, (size_t)count * sizeof *rows);
    qsort(rows, (size_t)count, sizeof *rows, ascending);
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || rows[i] != rows[i - 1])
            rows[kept++] = rows[i];
    souk_writer_put_binary(&x->question, "rows", rows, (size_t)kept * sizeof *rows);
    free(rows);
    return SOUK_OK;
}

static souk_status rank(struct souk_replica *r, const struct exchange *profile,
                        const struct exchange *candidates, struct souk_error *err)
{
    struct exchange x;
    exchange_init(&x);
    start(&x, "rank", VISITOR_FIELDS + 2);
    put_visitor(&x, profile);
    put_best(&x, candidates);
    souk_status status = put_rows(&x, candidates);
    if (status)
        status = souk_fail(err, status, "self-test: no memory");
    if (!status)
        status = ask(r, &x, "rank", err);
    if (!status)
        status = check_hits(&x, "rank", -1, err);
    exchange_fini(&x);
    return status;
}

static souk_status ask_stages(struct souk_replica *r, const struct exchange *profile,
                              struct souk_error *err)
{
    struct exchange x;
    exchange_init(&x);
    start(&x, "candidates", VISITOR_FIELDS);
    put_visitor(&x, profile);
    souk_status status = ask(r, &x, "candidates", err);
    if (!status)
        status = rank(r, profile, &x, err);
    exchange_fini(&x);
    return status;
}

/* ---- all of it ---- */

/* The first user of the shard; NULL: it has none. */
static const char *first_user(const struct souk_replica *r)
{
    for (int p = 0; p < r->shard->part_count; p++)
        if (r->shard->parts[p].users.count > 0)
            return souk_idtable_get(&r->shard->parts[p].users, 0);
    return NULL;
}

static souk_status ask_user(struct souk_replica *r, const char *user, struct souk_error *err)
{
    struct exchange profile;
    bool known = false;
    exchange_init(&profile);
    start(&profile, "profile", 1);
    souk_writer_put_string(&profile.question, "user", user);
    souk_status status = ask(r, &profile, "profile", err);
    if (!status && (!souk_message_bool(&profile.answer, "known", &known) || !known))
        status = fail("profile", "the model does not know its own user", err);
    if (!status)
        status = (r->stages ? ask_stages : scan_profile)(r, &profile, err);
    exchange_fini(&profile);
    return status;
}

souk_status souk_selftest_run(struct souk_replica *r, struct souk_error *err)
{
    const char *user = first_user(r);
    souk_status status = scan_popular(r, err);
    if (!status && user)
        status = ask_user(r, user, err);
    return status;
}
