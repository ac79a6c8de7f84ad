/* Changes of a fleet: what is refused changes nothing; and replicas that come and go while threads
 * ask, each of whose answers is right. */
#include "serve/net/server.h"
#include "serve/proxy/fanout.h"
#include "serve/proxy/fleetchange.h"
#include "shared/base/clock.h"
#include "shared/wire/reply.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEERS = 8, WORKERS = 4, ASKERS = 4 };

/* inproc://p0 .. p7 */
struct peer {
    struct souk_server *server;
    int shard, shards, parts;
    atomic_int asked;
};

static struct peer peers[PEERS];
static struct souk_topology *topology;

static enum souk_task_step handle(void *context, int worker, struct souk_task *task,
                                  struct souk_writer *reply)
{
    struct peer *p = context;
    struct souk_request r;
    int64_t number = 0;
    (void)worker;
    cr_assert(souk_request_parse(&r, task->request, task->len, reply));
    if (souk_request_is(&r, "health")) {
        souk_reply_begin(reply, &r, "m1", 6);
        souk_writer_put_string(reply, "kind", "als");
        souk_writer_put_int(reply, "shard", p->shard);
        souk_writer_put_int(reply, "shards", p->shards);
        souk_writer_put_int(reply, "parts", p->parts);
        souk_writer_put_int(reply, "items", 10 + p->shard);
        souk_writer_put_int(reply, "catalogue", 21);
    } else {
        atomic_fetch_add(&p->asked, 1);
        cr_assert(souk_message_int(&r.message, "number", 0, INT64_MAX, &number));
        souk_reply_begin(reply, &r, "m1", 1);
        souk_writer_put_int(reply, "number", number * 2 + p->shard);
    }
    souk_request_fini(&r);
    return SOUK_TASK_ANSWERED;
}

static void start_peer(int p, int shard, int shards, int parts)
{
    char url[32];
    peers[p].shard = shard;
    peers[p].shards = shards;
    peers[p].parts = parts;
    atomic_store(&peers[p].asked, 0);
    snprintf(url, sizeof url, "inproc://p%d", p);
    const struct souk_server_plan plan = {
        .url = url,
        .work = {.workers = WORKERS, .queue = 64, .handler = handle, .context = &peers[p]}};
    struct souk_error err = {0};
    cr_assert_eq(souk_server_start(&plan, &peers[p].server, &err), SOUK_OK, "%s", err.msg);
}

static void plan_of(const char *text, struct souk_fleet_plan *plan)
{
    struct souk_error err = {0};
    cr_assert_eq(souk_fleet_plan_parse_file("fleet", text, plan, &err), SOUK_OK, "%s", err.msg);
}

/* How many are ready. */
static int ready(void)
{
    struct souk_replica_report *r;
    int count, sum = 0;
    cr_assert_eq(souk_topology_replicas(topology, &r, &count, NULL), SOUK_OK);
    for (int i = 0; i < count; i++)
        sum += r[i].state == SOUK_REPLICA_READY;
    free(r);
    return sum;
}

/* p0 to p5 are of shards 0 0 0 1 1 1; p6 is of another fleet, p7 of another cut of the model. */
static void start(void)
{
    struct souk_fleet_plan plan;
    struct souk_error err = {0};
    for (int p = 0; p < 6; p++)
        start_peer(p, p / 3, 2, 16);
    start_peer(6, 0, 3, 16);
    start_peer(7, 0, 2, 8);
    plan_of("0 inproc://p0\n0 inproc://p1\n1 inproc://p3\n1 inproc://p4\n", &plan);
    cr_assert_eq(souk_topology_start(&plan, NULL, &topology, &err), SOUK_OK, "%s", err.msg);
    souk_fleet_plan_fini(&plan);
    while (ready() < 4)
        ;
    cr_assert(souk_topology_wait(topology, 5000));
}

static void stop(void)
{
    souk_topology_stop(topology);
    for (int p = 0; p < PEERS; p++)
        souk_server_stop(peers[p].server);
}

TestSuite(fleetchange, .init = start, .fini = stop, .timeout = 120);

/* The fleet in one line: p0 p1! means that p1 is drained. */
static void expect_fleet(const char *expected)
{
    struct souk_replica_report *r;
    char text[256] = "";
    int count;
    cr_assert_eq(souk_topology_replicas(topology, &r, &count, NULL), SOUK_OK);
    for (int i = 0; i < count; i++)
        if (r[i].state != SOUK_REPLICA_LEAVING)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%s", text[0] ? " " : "",
                     r[i].address + strlen("inproc://"), r[i].drained ? "!" : "");
    free(r);
    cr_expect_str_eq(text, expected);
}

static struct souk_error err;

static void expect_refusal(souk_status found, souk_status expected, const char *text)
{
    cr_expect_eq(found, expected, "'%s': status %d: %s", text, found, err.msg);
    cr_expect(strstr(err.msg, text), "no '%s' in '%s'", text, err.msg);
    expect_fleet("p0 p1 p3 p4");
}

static souk_status apply(const char *text, struct souk_fleet_change *change)
{
    struct souk_fleet_plan plan;
    plan_of(text, &plan);
    const souk_status status = souk_fleet_apply(topology, &plan, change, &err);
    souk_fleet_plan_fini(&plan);
    return status;
}

Test(fleetchange, what_is_refused_changes_nothing)
{
    struct souk_fleet_change c;
    expect_refusal(souk_fleet_add(topology, 2, "inproc://p5", &err), SOUK_EUSAGE, "is no shard 2");
    expect_refusal(souk_fleet_add(topology, -1, "inproc://p5", &err), SOUK_EUSAGE, "shard -1");
    expect_refusal(souk_fleet_add(topology, 0, "p5", &err), SOUK_EUSAGE, "is not an address");
    expect_refusal(souk_fleet_add(topology, 0, "inproc://p3", &err), SOUK_EEXIST, "in shard 1");
    expect_refusal(souk_fleet_add(topology, 0, "inproc://p5", &err), SOUK_EINVAL,
                   "holds shard 1 where shard 0 is wanted");
    expect_refusal(souk_fleet_add(topology, 0, "inproc://p6", &err), SOUK_EINVAL, "3 shards");
    expect_refusal(souk_fleet_add(topology, 0, "inproc://p7", &err), SOUK_EINVAL,
                   "model m1 in 8 parts");
    expect_refusal(souk_fleet_add(topology, 0, "inproc://none", &err), SOUK_EUNAVAILABLE,
                   "does not answer");
    expect_refusal(souk_fleet_drain(topology, "inproc://p2", true, true, &err), SOUK_ENOTFOUND,
                   "not in the fleet");
    expect_refusal(souk_fleet_remove(topology, "inproc://p2", true, &err), SOUK_ENOTFOUND,
                   "not in the fleet");
    expect_refusal(apply("0 inproc://p0", &c), SOUK_EINVAL, "there are 1 shards, not 2");
    expect_refusal(apply("0 inproc://p0\n1 inproc://p3\n1 inproc://p2", &c), SOUK_EINVAL,
                   "holds shard 0 where shard 1");
    expect_refusal(apply("0 inproc://p0 drained\n1 inproc://p3", &c), SOUK_EINVAL,
                   "shard 0 would be left");
    expect_refusal(apply("0 inproc://none\n1 inproc://p3", &c), SOUK_EINVAL,
                   "shard 0 would be left");
}

Test(fleetchange, a_plan_is_made_whole_and_again_is_no_change)
{
    struct souk_fleet_change c;
    const char *plan = "1 inproc://p5\n0 inproc://p2\n0 inproc://p0 drained\n1 inproc://p3\n"
                       "1 inproc://none";
    cr_assert_eq(apply(plan, &c), SOUK_OK, "%s", err.msg);
    cr_expect_eq(c.added, 3);
    cr_expect_eq(c.removed, 2);
    cr_expect_eq(c.drained, 1);
    cr_expect_eq(c.silent, 1);
    expect_fleet("p0! p2 none p3 p5");
    cr_assert_eq(apply(plan, &c), SOUK_OK, "%s", err.msg);
    cr_expect_eq(c.added + c.removed + c.drained + c.undrained, 0);
    cr_assert_eq(apply("0 inproc://p0\n1 inproc://p3", &c), SOUK_OK, "%s", err.msg);
    cr_expect_eq(c.undrained, 1);
    expect_fleet("p0 p3");
}

Test(fleetchange, the_last_that_answers_goes_by_force_only)
{
    cr_assert_eq(souk_fleet_drain(topology, "inproc://p0", true, false, &err), SOUK_OK);
    cr_expect_eq(souk_fleet_drain(topology, "inproc://p1", true, false, &err), SOUK_EINVAL);
    cr_expect_eq(souk_fleet_remove(topology, "inproc://p1", false, &err), SOUK_EINVAL);
    expect_fleet("p0! p1 p3 p4");
    cr_expect_eq(souk_fleet_drain(topology, "inproc://p1", true, true, &err), SOUK_OK);
    expect_fleet("p0! p1! p3 p4");
    cr_expect_eq(souk_fleet_remove(topology, "inproc://p1", false, &err), SOUK_OK,
                 "nothing to lose");
    cr_expect_eq(souk_fleet_remove(topology, "inproc://p0", true, &err), SOUK_EINVAL);
    expect_fleet("p0! p3 p4");
    cr_expect_eq(souk_fleet_wait(topology, "inproc://p1", 5000), 0);
}

/* ---- under load ---- */

struct asker {
    pthread_t thread;
    struct souk_fanout fanout;
    struct souk_hedging *hedging;
    int64_t answers;
};

static atomic_bool enough;

static void ask(struct asker *a, struct souk_writer *body, int64_t number)
{
    static const bool wanted[2] = {true, true};
    const struct souk_question q = {.operation = "scan",
                                    .model = "m1",
                                    .body = body,
                                    .fields = 1,
                                    .deadline_us = souk_monotonic_us() + 5000000};
    souk_writer_clear(body);
    souk_writer_put_int(body, "number", number);
    cr_assert_eq(souk_fanout_ask(&a->fanout, wanted, &q), 2, "question %d", (int)number);
    for (int s = 0; s < 2; s++) {
        int64_t got = -1;
        cr_assert(souk_message_int(&a->fanout.answers[s].message, "number", 0, INT64_MAX, &got));
        cr_assert_eq(got, number * 2 + s);
    }
    a->answers++;
}

static void *keep_asking(void *argument)
{
    struct asker *a = argument;
    struct souk_writer body;
    souk_writer_init(&body);
    for (int64_t number = 1; !atomic_load(&enough); number++)
        ask(a, &body, number);
    souk_writer_fini(&body);
    return NULL;
}

static void start_askers(struct asker *askers, struct souk_hedging *hedging)
{
    souk_hedging_init(hedging);
    atomic_store(&enough, false);
    for (int i = 0; i < ASKERS; i++) {
        askers[i].hedging = hedging;
        cr_assert_eq(souk_fanout_init(&askers[i].fanout, topology, hedging, &err), SOUK_OK);
        cr_assert_eq(pthread_create(&askers[i].thread, NULL, keep_asking, &askers[i]), 0);
    }
}

static int64_t stop_askers(struct asker *askers, struct souk_hedging *hedging)
{
    int64_t answers = 0;
    atomic_store(&enough, true);
    for (int i = 0; i < ASKERS; i++) {
        cr_assert_eq(pthread_join(askers[i].thread, NULL), 0);
        souk_fanout_fini(&askers[i].fanout);
        answers += askers[i].answers;
    }
    souk_hedging_fini(hedging);
    return answers;
}

/* A replica that came back is asked again; nobody else knows when. */
static void wait_for_questions(int p)
{
    const int before = atomic_load(&peers[p].asked);
    while (atomic_load(&peers[p].asked) < before + 20)
        ;
}

/* Slots are used again and again, also by replicas of the other shard. */
Test(fleetchange, nothing_fails_while_replicas_come_and_go)
{
    static struct asker askers[ASKERS];
    static struct souk_hedging hedging;
    start_askers(askers, &hedging);
    for (int round = 0; round < 20; round++) {
        const int goes = round % 2 ? 2 : 1, comes = 3 - goes;
        char going[32], coming[32];
        snprintf(going, sizeof going, "inproc://p%d", goes);
        snprintf(coming, sizeof coming, "inproc://p%d", comes);
        cr_assert_eq(souk_fleet_add(topology, 0, coming, &err), SOUK_OK, "%s", err.msg);
        wait_for_questions(comes);
        cr_assert_eq(souk_fleet_drain(topology, going, true, false, &err), SOUK_OK, "%s", err.msg);
        cr_expect_eq(souk_fleet_wait(topology, going, 10000), 0);
        const int asked = atomic_load(&peers[goes].asked);
        wait_for_questions(comes);
        /* a question that was overtaken may still be on its way: one of each asker */
        cr_expect_leq(atomic_load(&peers[goes].asked), asked + ASKERS,
                      "one that is drained was asked");
        cr_assert_eq(souk_fleet_remove(topology, going, false, &err), SOUK_OK, "%s", err.msg);
        cr_assert_eq(souk_fleet_remove(topology, "inproc://p4", false, &err), SOUK_OK);
        cr_expect_eq(souk_fleet_wait(topology, going, 10000), 0);
        cr_assert_eq(souk_fleet_add(topology, 1, "inproc://p4", &err), SOUK_OK, "%s", err.msg);
        wait_for_questions(4);
    }
    cr_expect_gt(stop_askers(askers, &hedging), 1000);
    expect_fleet("p0 p1 p3 p4");
}

/* More replicas in turn than there are places. */
Test(fleetchange, places_are_used_again)
{
    for (int k = 0; k < 2 * SOUK_BALANCER_REPLICAS_MAX; k++) {
        cr_assert_eq(souk_fleet_add(topology, 0, "inproc://p2", &err), SOUK_OK, "%d: %s", k,
                     err.msg);
        cr_assert_eq(souk_fleet_remove(topology, "inproc://p2", false, &err), SOUK_OK);
        cr_assert_eq(souk_fleet_wait(topology, "inproc://p2", 10000), 0);
    }
    expect_fleet("p0 p1 p3 p4");
}
