/* Questions to replicas of which one is broken in every way that a peer can be: the answer comes
 * from the other one, and never a wrong one. */
#include "serve/net/server.h"
#include "serve/proxy/fanout.h"
#include "shared/base/clock.h"
#include "shared/wire/reply.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum fault {
    FAULT_NONE,
    FAULT_GARBAGE,
    FAULT_EMPTY,
    FAULT_OTHER_ID,
    FAULT_OTHER_MODEL,
    FAULT_OTHER_SHARD,
    FAULT_NO_SHARD,
    FAULT_ERROR,
    FAULT_NO_SUCH_MODEL,
    FAULT_OVERLOADED,
    FAULT_LATE,
    FAULTS,
};

enum { PEERS = 4, WORKERS = 8, LATE_MS = 600 };

struct peer {
    struct souk_server *server;
    int shard;
    atomic_int fault, asked;
};

static struct peer peers[PEERS];
static struct souk_topology *topology;
static struct souk_hedging hedging;
static struct souk_fanout fanout;
static struct souk_writer body;

static void put_health(const struct souk_request *r, const struct peer *p,
                       struct souk_writer *reply)
{
    souk_reply_begin(reply, r, "m1", 7);
    souk_writer_put_string(reply, "kind", "als");
    souk_writer_put_int(reply, "shard", p->shard);
    souk_writer_put_int(reply, "shards", 2);
    souk_writer_put_int(reply, "parts", 16);
    souk_writer_put_int(reply, "items", 10 + p->shard);
    souk_writer_put_int(reply, "catalogue", 21);
    souk_writer_put_int(reply, "sources", 0);
}

/* The good answer repeats the question's number; a wrong one says 0. */
static void put_answer(struct souk_request *r, enum fault fault, struct souk_writer *reply)
{
    int64_t number = 0;
    if (fault == FAULT_OTHER_ID)
        r->id = "another", r->id_len = 7;
    if (fault == FAULT_OTHER_SHARD)
        r->shard = 1 - r->shard;
    if (fault == FAULT_NO_SHARD)
        r->shard = -1;
    if (fault == FAULT_NONE || fault == FAULT_LATE)
        cr_assert(souk_message_int(&r->message, "number", 1, INT64_MAX, &number));
    souk_reply_begin(reply, r, fault == FAULT_OTHER_MODEL ? "m2" : "m1", 1);
    souk_writer_put_int(reply, "number", number);
}

static enum souk_task_step handle(void *context, int worker, struct souk_task *task,
                                  struct souk_writer *reply)
{
    static const struct timespec late = {.tv_nsec = LATE_MS * 1000000L};
    struct peer *p = context;
    const enum fault fault = (enum fault)atomic_load(&p->fault);
    struct souk_request r;
    (void)worker;
    cr_assert(souk_request_parse(&r, task->request, task->len, reply));
    if (souk_request_is(&r, "health")) {
        put_health(&r, p, reply);
    } else {
        atomic_fetch_add(&p->asked, 1);
        if (fault == FAULT_LATE)
            nanosleep(&late, NULL);
        if (fault == FAULT_GARBAGE)
            souk_writer_text(reply, "garbage", 7);
        else if (fault == FAULT_ERROR)
            souk_reply_error(reply, &r, SOUK_WIRE_INTERNAL, "broken");
        else if (fault == FAULT_NO_SUCH_MODEL)
            souk_reply_error(reply, &r, SOUK_WIRE_NO_SUCH_MODEL, "another");
        else if (fault == FAULT_OVERLOADED)
            souk_reply_error(reply, &r, SOUK_WIRE_OVERLOADED, "full");
        else if (fault != FAULT_EMPTY)
            put_answer(&r, fault, reply);
    }
    souk_request_fini(&r);
    return SOUK_TASK_ANSWERED;
}

static int known(void)
{
    struct souk_replica_report *replicas;
    int count, sum = 0;
    cr_assert_eq(souk_topology_replicas(topology, &replicas, &count, NULL), SOUK_OK);
    for (int i = 0; i < count; i++)
        sum += replicas[i].facts.known;
    free(replicas);
    return sum;
}

/* Shard 0: peers 0 and 1; shard 1: peers 2 and 3. */
static void start(void)
{
    struct souk_error err = {0};
    for (int p = 0; p < PEERS; p++) {
        char url[32];
        peers[p].shard = p / 2;
        atomic_store(&peers[p].fault, FAULT_NONE);
        atomic_store(&peers[p].asked, 0);
        snprintf(url, sizeof url, "inproc://peer%d", p);
        const struct souk_server_plan plan = {
            .url = url,
            .work = {.workers = WORKERS, .queue = 64, .handler = handle, .context = &peers[p]}};
        cr_assert_eq(souk_server_start(&plan, &peers[p].server, &err), SOUK_OK, "%s", err.msg);
    }
    struct souk_fleet_plan plan;
    cr_assert_eq(souk_fleet_plan_parse_shards(
                     "inproc://peer0,inproc://peer1 inproc://peer2,inproc://peer3", &plan, &err),
                 SOUK_OK, "%s", err.msg);
    cr_assert_eq(souk_topology_start(&plan, NULL, &topology, &err), SOUK_OK, "%s", err.msg);
    souk_fleet_plan_fini(&plan);
    souk_hedging_init(&hedging);
    souk_writer_init(&body);
    cr_assert_eq(souk_fanout_init(&fanout, topology, &hedging, &err), SOUK_OK);
    cr_assert(souk_topology_wait(topology, 5000));
    while (known() < PEERS) /* the view is good before all have answered */
        ;
}

static void stop(void)
{
    souk_fanout_fini(&fanout);
    souk_hedging_fini(&hedging);
    souk_writer_fini(&body);
    souk_topology_stop(topology);
    for (int p = 0; p < PEERS; p++)
        souk_server_stop(peers[p].server);
}

TestSuite(fanout, .init = start, .fini = stop, .timeout = 60);

static int ask(int64_t number, int64_t deadline_ms)
{
    static const bool wanted[] = {true, true};
    const struct souk_question q = {.operation = "scan",
                                    .model = "m1",
                                    .body = &body,
                                    .fields = 1,
                                    .deadline_us = souk_monotonic_us() + deadline_ms * 1000};
    souk_writer_clear(&body);
    souk_writer_put_int(&body, "number", number);
    const int good = souk_fanout_ask(&fanout, wanted, &q);
    /* the machine may be busy; who waits for the late peers is later than that */
    cr_expect_lt(souk_monotonic_us(), q.deadline_us + (LATE_MS - 200) * 1000);
    return good;
}

static void expect_answers(int64_t number)
{
    for (int s = 0; s < 2; s++) {
        const struct souk_shard_answer *a = &fanout.answers[s];
        int64_t got = -1;
        if (!a->answered || a->status != SOUK_WIRE_OK)
            continue;
        cr_expect(souk_message_int(&a->message, "number", 0, INT64_MAX, &got));
        cr_expect_eq(got, number, "shard %d answers %d for %d", s, (int)got, (int)number);
        cr_expect_eq(a->items, 10 + s);
    }
}

/* Every fault meets a fleet of which nothing is known yet: of two replicas whose latencies are
 * known the slower one, broken or not, is not asked for a while. */
static void meet(enum fault fault)
{
    start();
    atomic_store(&peers[0].fault, fault);
    atomic_store(&peers[3].fault, fault);
    for (int k = 1; k <= 20; k++) {
        cr_expect_eq(ask(k, 2000), 2, "fault %d, question %d", fault, k);
        expect_answers(k);
    }
    cr_expect_gt(atomic_load(&peers[0].asked) + atomic_load(&peers[3].asked), 0, "fault %d", fault);
    if (fault == FAULT_LATE)
        cr_expect_gt(atomic_load(&hedging.hedges_won), 0);
    else
        cr_expect_eq(atomic_load(&hedging.retried) > 0, fault != FAULT_NONE, "fault %d", fault);
    if (fault >= FAULT_GARBAGE && fault <= FAULT_NO_SHARD)
        cr_expect_gt(atomic_load(&hedging.rejected), 0, "fault %d", fault);
    stop();
}

Test(fleet, one_broken_replica_of_a_pair_costs_no_answer, .timeout = 60)
{
    for (int fault = FAULT_NONE; fault < FAULTS; fault++)
        meet((enum fault)fault);
}

Test(fanout, a_late_replica_is_overtaken)
{
    atomic_store(&peers[0].fault, FAULT_LATE);
    for (int k = 1; k <= 30; k++) {
        cr_expect_eq(ask(k, LATE_MS - 20), 2, "question %d", k);
        expect_answers(k);
    }
    cr_expect_gt(atomic_load(&hedging.hedged), 0);
    cr_expect_gt(atomic_load(&hedging.hedges_won), 0);
    cr_expect_lt(atomic_load(&peers[0].asked), 10);
}

Test(fanout, where_both_are_broken_there_is_no_answer)
{
    int64_t number = 0;
    for (int fault = FAULT_GARBAGE; fault < FAULTS; fault++) {
        atomic_store(&peers[0].fault, fault);
        atomic_store(&peers[1].fault, fault);
        for (int k = 0; k < 5; k++) {
            cr_expect_leq(ask(++number, 100), 1, "fault %d", fault);
            cr_expect_not(fanout.answers[0].status == SOUK_WIRE_OK, "fault %d", fault);
            expect_answers(number);
        }
    }
    cr_expect_leq(atomic_load(&hedging.retried), 50 + number * 2 / 5);
}

Test(fanout, a_request_that_has_just_begun_is_not_sent_to_a_full_shard)
{
    enum { FULL = 2 * 16 };
    static const bool wanted[] = {true, true};
    struct souk_choice taken[FULL];
    struct souk_question q = {.operation = "scan",
                              .model = "m1",
                              .body = &body,
                              .fields = 1,
                              .deadline_us = souk_monotonic_us() + 5000000,
                              .is_first = true};
    souk_writer_put_int(&body, "number", 7);
    for (int k = 0; k < FULL; k++)
        cr_assert_eq(souk_topology_choose(topology, 0, "m1", 0, SOUK_CHOICE_FIRST, &taken[k]),
                     SOUK_WIRE_OK);
    cr_expect_eq(souk_fanout_ask(&fanout, wanted, &q), 1);
    cr_expect_eq(fanout.answers[0].status, SOUK_WIRE_OVERLOADED);
    cr_expect_eq(atomic_load(&peers[0].asked) + atomic_load(&peers[1].asked), 0);
    q.is_first = false; /* what was done would be lost */
    cr_expect_eq(souk_fanout_ask(&fanout, wanted, &q), 2);
    expect_answers(7);
    for (int k = 0; k < FULL; k++)
        souk_topology_report(topology, &taken[k], SOUK_OUTCOME_NONE, 0);
    q.is_first = true;
    cr_expect_eq(souk_fanout_ask(&fanout, wanted, &q), 2);
}

Test(fanout, shards_that_are_not_wanted_are_not_asked)
{
    static const bool wanted[] = {false, true};
    const struct souk_question q = {.operation = "scan",
                                    .model = "m1",
                                    .body = &body,
                                    .fields = 1,
                                    .deadline_us = souk_monotonic_us() + 1000000};
    souk_writer_put_int(&body, "number", 7);
    cr_expect_eq(souk_fanout_ask(&fanout, wanted, &q), 1);
    cr_expect_eq(fanout.answers[0].status, SOUK_WIRE_UNAVAILABLE);
    cr_expect_eq(atomic_load(&peers[0].asked) + atomic_load(&peers[1].asked), 0);
    expect_answers(7);
}
