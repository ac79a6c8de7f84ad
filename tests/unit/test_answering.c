/* What is kept of a job's reply, what goes out of it again, and to whom; without a fleet. */
#include "serve/proxy/answering.h"

#include "shared/base/clock.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

enum { TTL_US = 60000000, LEFT_US = 10000000 };

static struct souk_answering answering;
static struct souk_unique_ids ids;
static struct souk_proxy_metrics metrics;
static struct souk_metrics *registry;

static void start(void)
{
    struct souk_error err = {0};
    struct souk_answer_cache *cache;
    static const char *const results[SOUK_CACHE_RESULTS] = {"hit", "miss", "shared", "bypass"};
    cr_assert_eq(souk_answer_cache_new(SOUK_ANSWER_CACHE_BYTES_MIN, TTL_US, &cache, &err), SOUK_OK);
    souk_answering_init(&answering, cache);
    souk_unique_ids_init(&ids);
    registry = souk_metrics_new();
    for (int i = 0; i < SOUK_CACHE_RESULTS; i++)
        metrics.cache[i] = souk_metrics_counter(registry, "souk_test_total", "Results.",
                                                (struct souk_label[]){{"r", results[i]}, {0}});
    metrics.warm = souk_metrics_counter(registry, "souk_warm_total", "Warm.", NULL);
    cr_assert_eq(souk_metrics_check(registry, &err), SOUK_OK, "%s", err.msg);
}

static void stop(void)
{
    souk_answering_fini(&answering);
    souk_answer_cache_free(answering.cache);
    souk_metrics_free(registry);
}

TestSuite(answering, .init = start, .fini = stop, .timeout = 30);

/* A request, and the job that answers it. */
struct asked {
    struct souk_writer bytes, reply;
    struct souk_request request;
    struct souk_job job;
};

enum extra { PLAIN, WITH_EVENTS, WITH_MOMENT, WITHOUT_USER };

static void ask(struct asked *a, const char *id, const char *model, enum extra extra)
{
    struct souk_writer *w = &a->bytes;
    souk_writer_init(w);
    souk_writer_init(&a->reply);
    souk_writer_map(w, extra == PLAIN ? 4 : extra == WITHOUT_USER ? 3 : 5);
    souk_writer_put_int(w, "v", SOUK_WIRE_VERSION);
    souk_writer_put_string(w, "op", "recommend");
    souk_writer_put_string(w, "id", id);
    if (extra != WITHOUT_USER)
        souk_writer_put_string(w, "user", "u1");
    if (extra == WITH_MOMENT)
        souk_writer_put_int(w, "moment_ms", 5);
    if (extra == WITH_EVENTS) {
        souk_writer_key(w, "events");
        souk_writer_array(w, 0);
    }
    cr_assert(souk_request_parse(&a->request, w->buffer.data, w->buffer.size, &a->reply));
    a->job = (struct souk_job){.metrics = &metrics,
                               .ids = &ids,
                               .request = &a->request,
                               .reply = &a->reply,
                               .view.status = SOUK_WIRE_OK,
                               .deadline_us = souk_monotonic_us() + LEFT_US};
    strcpy(a->job.view.model, model);
}

static void end(struct asked *a)
{
    souk_request_fini(&a->request);
    souk_writer_fini(&a->bytes);
    souk_writer_fini(&a->reply);
}

/* Answer by the model with a text that can be told. */
static void compute(struct asked *a, struct souk_answering_turn *turn, const char *text,
                    const struct souk_answer_facts *facts)
{
    souk_answering_begin_list(&a->job, 1);
    souk_writer_put_string(&a->reply, "text", text);
    souk_answering_end(&answering, &a->job, turn, facts);
}

static const struct souk_answer_facts whole = {.of_user = true, .warm = true};

/* Ask for the first time. */
static void answer(const char *model, const char *text, const struct souk_answer_facts *facts)
{
    struct asked a;
    struct souk_answering_turn turn;
    ask(&a, "first", model, PLAIN);
    cr_assert_not(souk_answering_begin(&answering, &a.job, &turn));
    compute(&a, &turn, text, facts);
    end(&a);
}

static bool is_text(const struct souk_message *m, const char *key, const char *expected)
{
    const char *text = NULL;
    size_t len = 0;
    return souk_message_text(m, key, 1000, &text, &len) && text && len == strlen(expected) &&
           memcmp(text, expected, len) == 0;
}

static void check_reply(const struct asked *a, const char *id, const char *model, const char *text)
{
    struct souk_message m;
    char reason[64];
    int64_t age = -1;
    cr_assert_eq(
        souk_message_parse(&m, a->reply.buffer.data, a->reply.buffer.size, reason, sizeof reason),
        SOUK_WIRE_OK, "%s", reason);
    cr_expect(is_text(&m, "id", id) && is_text(&m, "model", model) && is_text(&m, "text", text));
    cr_expect(souk_message_int(&m, "age_ms", 0, 1000, &age) && age >= 0);
    souk_message_fini(&m);
}

static uint64_t count(enum souk_cache_result result)
{
    return atomic_load(&metrics.cache[result]->value);
}

/* @return whether there is a kept answer for this model */
static bool serves(const char *model, const char *text)
{
    struct asked a;
    ask(&a, "second", model, PLAIN);
    const bool served = souk_answering_serve(&answering, &a.job);
    if (served)
        check_reply(&a, "second", model, text);
    end(&a);
    return served;
}

Test(answering, what_was_computed_goes_out_again_under_the_next_id)
{
    cr_expect_not(serves("m", "list"));
    answer("m", "list", &whole);
    cr_expect(serves("m", "list"));
    cr_expect_eq(count(SOUK_CACHE_MISS), 1);
    cr_expect_eq(count(SOUK_CACHE_HIT), 1);
    cr_expect_eq(atomic_load(&metrics.warm->value), 1, "a hit is an answer to a user");
    cr_expect_not(serves("another", NULL));
    cr_expect_not(serves("m", NULL), "the other version had its place");
}

Test(answering, an_answer_is_of_the_model_that_made_it)
{
    struct asked a;
    struct souk_answering_turn turn;
    ask(&a, "first", "old", PLAIN);
    cr_assert_not(souk_answering_begin(&answering, &a.job, &turn));
    strcpy(a.job.view.model, "new"); /* it began again */
    compute(&a, &turn, "list", &whole);
    end(&a);
    cr_expect(serves("new", "list"));
    cr_expect_not(serves("old", NULL));
}

Test(answering, what_lacks_something_is_not_kept)
{
    const struct souk_answer_facts lacking[] = {
        {.partial = true}, {.degraded = true}, {.status = SOUK_WIRE_UNAVAILABLE}};
    for (size_t i = 0; i < sizeof lacking / sizeof lacking[0]; i++) {
        answer("m", "list", &lacking[i]);
        cr_expect_not(serves("m", NULL), "%zu", i);
    }
}

Test(answering, what_depends_on_more_goes_past_the_cache)
{
    answer("m", "list", &whole);
    for (int extra = WITH_EVENTS; extra <= WITHOUT_USER; extra++) {
        struct asked a;
        struct souk_answering_turn turn;
        ask(&a, "other", "m", extra);
        cr_expect_not(souk_answering_serve(&answering, &a.job));
        cr_expect_not(souk_answering_begin(&answering, &a.job, &turn));
        compute(&a, &turn, "other", &whole);
        end(&a);
    }
    cr_expect_eq(count(SOUK_CACHE_BYPASS), 3);
    cr_expect(serves("m", "list"));
}

Test(answering, nothing_is_served_without_a_model_or_time)
{
    struct asked a;
    answer("m", "list", &whole);
    ask(&a, "late", "m", PLAIN);
    a.job.deadline_us = souk_monotonic_us();
    cr_expect_not(souk_answering_serve(&answering, &a.job));
    end(&a);
    ask(&a, "apart", "m", PLAIN);
    a.job.view.status = SOUK_WIRE_TOPOLOGY;
    cr_expect_not(souk_answering_serve(&answering, &a.job));
    end(&a);
    cr_expect(serves("m", "list"));
}

Test(answering, a_worker_finds_what_was_kept_since_the_request_came)
{
    struct asked a;
    struct souk_answering_turn turn;
    answer("m", "list", &whole);
    ask(&a, "worker", "m", PLAIN);
    cr_assert(souk_answering_begin(&answering, &a.job, &turn));
    check_reply(&a, "worker", "m", "list");
    end(&a);
}

static void *follow(void *argument)
{
    struct asked *a = argument;
    struct souk_answering_turn turn;
    cr_assert(souk_answering_begin(&answering, &a->job, &turn));
    return NULL;
}

/* Somebody asks while the first one computes; what it gets is in *follower. */
static void ask_meanwhile(struct asked *follower, const struct souk_answer_facts *facts,
                          const char *error)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct asked a;
    struct souk_answering_turn turn;
    pthread_t thread;
    ask(&a, "first", "m", PLAIN);
    cr_assert_not(souk_answering_begin(&answering, &a.job, &turn));
    ask(follower, "second", "m", PLAIN);
    cr_assert_eq(pthread_create(&thread, NULL, follow, follower), 0);
    while (atomic_load(&answering.flights.waiting) == 0)
        nanosleep(&pause, NULL);
    if (error) {
        souk_reply_error(&a.reply, &a.request, (enum souk_wire_status)facts->status, "%s", error);
        souk_answering_end(&answering, &a.job, &turn, facts);
    } else {
        compute(&a, &turn, "list", facts);
    }
    pthread_join(thread, NULL);
    end(&a);
    cr_expect_eq(count(SOUK_CACHE_SHARED), 1);
}

Test(answering, who_asks_meanwhile_gets_the_same_partial_or_not)
{
    struct asked a;
    ask_meanwhile(&a, &(struct souk_answer_facts){.partial = true}, NULL);
    check_reply(&a, "second", "m", "list");
    end(&a);
    cr_expect_not(serves("m", NULL));
}

Test(answering, who_asks_meanwhile_gets_the_same_error)
{
    struct asked a;
    struct souk_message m;
    char reason[64];
    ask_meanwhile(&a, &(struct souk_answer_facts){.status = SOUK_WIRE_UNAVAILABLE}, "no shard");
    cr_assert_eq(a.reply.status, SOUK_WIRE_UNAVAILABLE);
    cr_assert_eq(
        souk_message_parse(&m, a.reply.buffer.data, a.reply.buffer.size, reason, sizeof reason),
        SOUK_WIRE_OK);
    cr_expect(is_text(&m, "id", "second") && is_text(&m, "error", "no shard"));
    souk_message_fini(&m);
    end(&a);
}

Test(answering, what_was_under_way_when_the_user_did_something_is_not_kept)
{
    struct asked a;
    struct souk_answering_turn turn;
    ask(&a, "first", "m", PLAIN);
    cr_assert_not(souk_answering_begin(&answering, &a.job, &turn));
    souk_answer_cache_forget(answering.cache, "u1", 2);
    answer("m", "after", &whole); /* does not wait for the one from before */
    compute(&a, &turn, "before", &whole);
    end(&a);
    cr_expect(serves("m", "after"));
}
