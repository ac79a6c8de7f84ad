/* The choice of a replica on a virtual clock: odds by hand, properties under random use, and a
 * queueing model of servers that are slow, stuck or broken. */
#include "serve/proxy/balancer.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { SECOND = 1000000 };

static struct souk_balancer b;

static uint64_t all_of(int count)
{
    return (UINT64_C(1) << count) - 1;
}

static void start(int count)
{
    struct souk_balancer_settings settings = souk_balancer_defaults;
    settings.limit_first = settings.limit_most; /* room is a matter of tests of its own */
    souk_balancer_init(&b, count, &settings, 7);
}

static int choose(uint64_t usable, int64_t now_us)
{
    return souk_balancer_choose(&b, usable, 0, true, now_us);
}

/* A request to a given replica that ends with this. */
static void give(int index, enum souk_outcome outcome, int64_t took_us, int64_t now_us)
{
    b.usable = all_of(b.count);
    b.replica[index].outstanding++;
    souk_balancer_report(&b, index, outcome, took_us, now_us);
}

static bool is_in(int index, int64_t now_us)
{
    return souk_balancer_healthy(&b, now_us) >> index & 1;
}

/* The share of choices that fall on a replica, nobody keeping anything. */
static double share_of(int index, int64_t now_us)
{
    enum { DRAWS = 40000 };
    int hits = 0;
    for (int k = 0; k < DRAWS; k++) {
        const int i = choose(all_of(b.count), now_us);
        hits += i == index;
        souk_balancer_report(&b, i, SOUK_OUTCOME_NONE, 0, now_us);
    }
    return (double)hits / DRAWS;
}

Test(balancer, the_cheaper_of_two_has_the_odds_of_all_pairs)
{
    enum { COUNT = 6 };
    start(COUNT);
    for (int i = 0; i < COUNT; i++) /* of n, k are dearer: k pairs of n (n - 1) / 2 are won */
        give(i, SOUK_OUTCOME_GOOD, 1000 * (i + 1), 100);
    for (int i = 0; i < COUNT; i++)
        cr_expect_float_eq(share_of(i, 200), 2.0 * (COUNT - 1 - i) / (COUNT * (COUNT - 1)), .01,
                           "replica %d", i);
    for (int i = 0; i < COUNT; i++) /* the queue turns the order round */
        b.replica[i].outstanding = 2 * COUNT * (COUNT - i) / (i + 1);
    for (int i = 0; i < COUNT; i++)
        cr_expect_float_eq(share_of(i, 200), 2.0 * i / (COUNT * (COUNT - 1)), .01, "replica %d", i);
}

Test(balancer, latencies_that_are_unknown_or_old_do_not_count)
{
    start(2);
    give(0, SOUK_OUTCOME_GOOD, 5000, 100);
    cr_expect_float_eq(share_of(1, 200), .5, .01);
    give(1, SOUK_OUTCOME_GOOD, 1000, 200);
    cr_expect_eq(share_of(1, 300), 1);
    cr_expect_float_eq(share_of(1, 10 * SECOND), .5, .01);
}

Test(balancer, tried_and_unusable_ones_are_left_out)
{
    start(4);
    for (int k = 0; k < 100; k++) {
        const int i = souk_balancer_choose(&b, 0xd, 0x4, true, k);
        cr_expect(i == 0 || i == 3, "replica %d", i);
    }
    cr_expect_eq(souk_balancer_choose(&b, 0x3, 0xf, true, 100), SOUK_BALANCER_NONE);
    cr_expect_eq(souk_balancer_choose(&b, 0, 0, true, 100), SOUK_BALANCER_NONE);
}

Test(balancer, full_ones_are_left_out_and_all_full_is_told)
{
    souk_balancer_init(&b, 3, &souk_balancer_defaults, 7);
    const int first = souk_balancer_defaults.limit_first;
    cr_expect_eq(souk_balancer_limit(&b, 0), 3 * first);
    for (int k = 0; k < 2 * first; k++)
        cr_expect_neq(souk_balancer_choose(&b, 0x3, 0, false, k), 2);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(b.replica[i].outstanding, first);
    cr_expect_eq(souk_balancer_choose(&b, 0x3, 0, false, 100), SOUK_BALANCER_FULL);
    cr_expect_eq(souk_balancer_choose(&b, 0x7, 0, false, 100), 2);
    cr_expect_eq(souk_balancer_choose(&b, 0x3, 0x3, false, 100), SOUK_BALANCER_NONE);
    cr_expect_leq(souk_balancer_choose(&b, 0x3, 0, true, 100), 1, "what was begun goes on");
    cr_expect_eq(souk_balancer_limit(&b, 100), 2 * first);
}

/* An ejected one takes nothing, unless the shard panics. */
Test(balancer, what_a_shard_takes_is_what_those_take_that_are_in)
{
    start(3);
    const int most = souk_balancer_defaults.limit_most;
    b.usable = all_of(3);
    for (int k = 0; k < 5; k++)
        give(0, SOUK_OUTCOME_ERROR, 0, 0);
    cr_expect_eq(souk_balancer_limit(&b, 1), 2 * most);
    cr_expect_eq(souk_balancer_limit(&b, SECOND), 3 * most);
    for (int k = 0; k < 5; k++)
        give(1, SOUK_OUTCOME_ERROR, 0, 1);
    cr_expect_eq(souk_balancer_limit(&b, 2), 3 * most);
}

Test(balancer, failures_in_a_row_eject_for_a_time_that_doubles)
{
    int64_t now = 0, out_us = SECOND;
    start(3);
    for (int k = 0; k < 20; k++) /* never five in a row */
        give(1, k % 5 == 4 ? SOUK_OUTCOME_GOOD : SOUK_OUTCOME_LATE, 1000, now);
    cr_expect(is_in(1, now));
    for (int k = 0; k < 4; k++)
        give(1, SOUK_OUTCOME_ERROR, 0, now);
    cr_expect(is_in(1, now));
    give(1, SOUK_OUTCOME_NONE, 0, now);
    cr_expect(is_in(1, now));
    give(1, SOUK_OUTCOME_LATE, 1000, now);
    for (int round = 0; round < 9; round++) {
        cr_expect_not(is_in(1, now));
        cr_expect_not(is_in(1, now + out_us - 1), "round %d", round);
        cr_expect(is_in(1, now + out_us), "round %d", round);
        give(1, SOUK_OUTCOME_ERROR, 0, now + out_us / 2); /* from before: settled */
        now += out_us;
        cr_expect(is_in(1, now));
        give(1, SOUK_OUTCOME_ERROR, 0, now); /* coming back: one is enough */
        out_us = out_us * 2 < 60 * SECOND ? out_us * 2 : 60 * SECOND;
    }
    cr_expect_eq(b.replica[1].ejected_for_failures, 10);
}

Test(balancer, time_without_failures_is_forgiveness)
{
    int64_t now = 0;
    start(2);
    for (int k = 0; k < 5; k++)
        give(0, SOUK_OUTCOME_ERROR, 0, now);
    give(0, SOUK_OUTCOME_ERROR, 0, now = SECOND); /* the second: 2 s, then 2 s of coming back */
    cr_expect_eq(b.replica[0].ejections, 2);
    now += 4 * SECOND;
    give(0, SOUK_OUTCOME_GOOD, 1000, now + 4 * SECOND - 1);
    cr_expect_eq(b.replica[0].ejections, 2);
    give(0, SOUK_OUTCOME_GOOD, 1000, now += 4 * SECOND);
    cr_expect_eq(b.replica[0].ejections, 1);
    give(0, SOUK_OUTCOME_GOOD, 1000, now += 2 * SECOND);
    cr_expect_eq(b.replica[0].ejections, 0);
}

Test(balancer, who_comes_back_gets_a_share_that_grows)
{
    start(2);
    for (int k = 0; k < 5; k++)
        give(0, SOUK_OUTCOME_ERROR, 0, 0);
    cr_expect_eq(share_of(0, SECOND / 2), 0);
    for (int tenth = 0; tenth <= 10; tenth++) /* half of the turns in which it takes part */
        cr_expect_float_eq(share_of(0, SECOND + tenth * SECOND / 10), .05 * tenth, .01, "at %d",
                           tenth);
    cr_expect_float_eq(share_of(0, 5 * SECOND), .5, .01);
}

Test(balancer, a_slow_outlier_is_ejected_but_not_all_that_are_slow)
{
    start(3);
    for (int k = 0; k < 100; k++)
        for (int i = 0; i < 3; i++)
            give(i, SOUK_OUTCOME_GOOD, 40000 + 1000 * i, k * 10000);
    cr_expect_eq(souk_balancer_healthy(&b, SECOND), 0x7);
    for (int k = 0; k < 1000 && is_in(1, (100 + k) * 10000); k++)
        for (int i = 0; i < 3; i++)
            give(i, SOUK_OUTCOME_GOOD, i == 1 ? 400000 : 40000, (100 + k) * 10000);
    cr_expect_eq(b.replica[1].ejected_as_slow, 1);
    start(2);
    for (int k = 0; k < 100; k++) /* a hundred times slower, and still fast */
        for (int i = 0; i < 2; i++)
            give(i, SOUK_OUTCOME_GOOD, i == 1 ? 9000 : 90, k * 10000);
    cr_expect_eq(souk_balancer_healthy(&b, SECOND), 0x3);
}

Test(balancer, where_too_many_are_out_ejections_do_not_count)
{
    start(4);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 5; k++)
            give(i, SOUK_OUTCOME_ERROR, 0, 0);
    cr_expect_not(souk_balancer_panics(&b, 0xf, 1));
    cr_expect(souk_balancer_panics(&b, 0x7, 1));
    int seen = 0;
    for (int k = 0; k < 200; k++)
        seen |= 1 << choose(0x7, 1);
    cr_expect_eq(seen, 0x7);
    seen = 0;
    for (int k = 0; k < 200; k++)
        seen |= 1 << choose(0xf, 1);
    cr_expect_eq(seen, 0xc);
    start(2); /* of a pair, the only one that is connected is chosen whatever it did */
    for (int k = 0; k < 5; k++)
        give(0, SOUK_OUTCOME_ERROR, 0, 0);
    cr_expect_eq(choose(0x1, 1), 0);
}

/* Whatever happens: the last healthy one stays, the count of outstanding requests is right, and a
 * usable replica is found while there is one. */
Test(balancer, holds_under_random_use)
{
    int mine[5] = {0};
    int64_t now = 0;
    start(5);
    for (uint64_t k = 0; k < 200000; k++) {
        const uint64_t usable = souk_random_bits(1, k / 500, 0) % 32;
        const int i = choose(usable, now);
        cr_assert(usable ? i >= 0 && (usable >> i & 1) : i == -1);
        now += (int64_t)(souk_random_bits(1, k, 1) % 3000);
        for (int j = 0; j < 5; j++) {
            mine[j] += j == i;
            if (mine[j] == 0 || souk_random_bits(1, k, (uint64_t)j + 10) % 2)
                continue;
            const uint64_t lot = souk_random_bits(1, k, (uint64_t)j + 20) % 100;
            const bool had_healthy = usable & souk_balancer_healthy(&b, now);
            souk_balancer_report(&b, j, lot < 60 ? SOUK_OUTCOME_ERROR : lot % 4,
                                 (int64_t)(lot * lot * lot), now);
            mine[j]--;
            cr_assert(!had_healthy || (usable & souk_balancer_healthy(&b, now)), "step %d", (int)k);
        }
        for (int j = 0; j < 5; j++)
            cr_assert_eq(b.replica[j].outstanding, mine[j]);
    }
    int64_t ejections = 0;
    for (int j = 0; j < 5; j++)
        ejections += b.replica[j].ejected_for_failures;
    cr_expect_gt(ejections, 20);
}

/* ---- servers with a queue each ---- */

enum { SERVERS = 4, WAITING_MAX = 4096, TIMEOUT_US = 100000 };

struct pending {
    int server;
    int64_t sent_us, done_us;
    enum souk_outcome outcome;
};

struct model {
    double service_us[SERVERS]; /* mean; 0: never answers; below 0: errors at once */
    int64_t free_us[SERVERS], asked[SERVERS], failed;
    struct pending waiting[WAITING_MAX];
    int count;
    int64_t latency_us; /* of all that were answered */
};

static void finish_until(struct model *m, int64_t now_us)
{
    for (;;) {
        int first = -1;
        for (int k = 0; k < m->count; k++)
            if (m->waiting[k].done_us <= now_us &&
                (first < 0 || m->waiting[k].done_us < m->waiting[first].done_us))
                first = k;
        if (first < 0)
            return;
        const struct pending p = m->waiting[first];
        m->waiting[first] = m->waiting[--m->count];
        m->failed += p.outcome != SOUK_OUTCOME_GOOD;
        m->latency_us += p.done_us - p.sent_us;
        souk_balancer_report(&b, p.server, p.outcome, p.done_us - p.sent_us, p.done_us);
    }
}

static void send_one(struct model *m, int server, uint64_t number, int64_t now_us)
{
    struct pending p = {.server = server, .sent_us = now_us};
    const double mean = m->service_us[server];
    m->asked[server]++;
    if (mean > 0) {
        const double service = -mean * log(1 - souk_random_uniform(3, number, 0));
        if (m->free_us[server] < now_us)
            m->free_us[server] = now_us;
        m->free_us[server] += (int64_t)service;
        p.done_us = m->free_us[server];
    } else {
        p.done_us = now_us + (mean < 0 ? 100 : TIMEOUT_US);
        p.outcome = mean < 0 ? SOUK_OUTCOME_ERROR : SOUK_OUTCOME_LATE;
    }
    if (p.done_us - now_us > TIMEOUT_US) {
        p.done_us = now_us + TIMEOUT_US;
        p.outcome = SOUK_OUTCOME_LATE;
    }
    cr_assert_lt(m->count, WAITING_MAX);
    m->waiting[m->count++] = p;
}

/* Poisson arrivals. @return mean latency in microseconds */
static double run(struct model *m, int requests, double gap_us, bool in_turn)
{
    double now = SECOND;
    start(SERVERS);
    for (int k = 0; k < requests; k++) {
        now += -gap_us * log(1 - souk_random_uniform(2, (uint64_t)k, 0));
        finish_until(m, (int64_t)now);
        int server = choose(all_of(SERVERS), (int64_t)now);
        if (in_turn) {
            b.replica[server].outstanding--;
            b.replica[server = k % SERVERS].outstanding++;
        }
        send_one(m, server, (uint64_t)k, (int64_t)now);
    }
    finish_until(m, INT64_MAX);
    return (double)m->latency_us / requests;
}

Test(balancer, equal_servers_share_the_load_and_queues_are_short)
{
    static struct model two, turn;
    for (int s = 0; s < SERVERS; s++)
        two.service_us[s] = turn.service_us[s] = 1000;
    const double by_two = run(&two, 50000, 1000.0 / SERVERS / .9, false);
    const double in_turn = run(&turn, 50000, 1000.0 / SERVERS / .9, true);
    cr_expect_lt(by_two, .7 * in_turn, "%f and %f us", by_two, in_turn);
    for (int s = 0; s < SERVERS; s++)
        cr_expect_float_eq((double)two.asked[s], 12500, 1000, "server %d", s);
}

Test(balancer, a_slow_server_gets_less_than_its_share)
{
    static struct model m = {.service_us = {1000, 1000, 1000, 4000}};
    const double mean = run(&m, 50000, 1000, false);
    cr_expect_lt((double)m.asked[3], .1 * 50000);
    cr_expect_lt(mean, 2500, "%f us", mean);
    cr_expect_eq(m.failed, 0);
}

Test(balancer, a_stuck_server_costs_a_few_requests)
{
    static struct model m = {.service_us = {1000, 1000, 1000, 0}};
    run(&m, 100000, 1000, false); /* 100 s: out after 0, 1.., 4.., 8.., 16 s, .. */
    cr_expect_lt(m.failed, 100, "%d", (int)m.failed);
    cr_expect_gt(m.failed, 5);
}

Test(balancer, a_server_of_errors_costs_a_few_requests)
{
    static struct model m = {.service_us = {1000, 1000, 1000, -1}};
    run(&m, 100000, 1000, false);
    cr_expect_lt(m.failed, 20, "%d", (int)m.failed);
}

Test(balancer, members_come_and_go)
{
    start(3);
    for (int k = 0; k < 5; k++)
        give(2, SOUK_OUTCOME_ERROR, 0, 100);
    cr_expect_not(is_in(2, 200));
    souk_balancer_leave(&b, 1); /* with a request under way */
    b.replica[1].outstanding = 1;
    for (int k = 0; k < 100; k++) {
        const int i = choose(all_of(3), 200);
        cr_expect_eq(i, 0, "chose %d", i);
        souk_balancer_report(&b, i, SOUK_OUTCOME_NONE, 0, 200);
    }
    souk_balancer_leave(&b, 2);
    souk_balancer_join(&b, 2); /* another one: what its place did is forgotten */
    cr_expect(is_in(2, 200));
    cr_expect_eq(b.replica[2].ejections, 0);
    cr_expect_float_eq(share_of(2, 200), .5, .02);
    souk_balancer_join(&b, 1); /* back: what is under way still counts */
    cr_expect_eq(b.replica[1].outstanding, 1);
    souk_balancer_report(&b, 1, SOUK_OUTCOME_GOOD, 100, 300);
    cr_expect_eq(b.replica[1].outstanding, 0);
}

Test(balancer, who_has_left_is_no_reason_to_panic)
{
    start(4);
    cr_expect(souk_balancer_panics(&b, 1, 0)); /* one of four */
    souk_balancer_leave(&b, 2);
    souk_balancer_leave(&b, 3);
    cr_expect_not(souk_balancer_panics(&b, 1, 0)); /* one of two */
    cr_expect_eq(souk_balancer_choose(&b, 4 | 8, 0, true, 0), SOUK_BALANCER_NONE);
}

Test(balancer, the_last_member_that_is_healthy_stays)
{
    start(2);
    souk_balancer_leave(&b, 0);
    for (int k = 0; k < 50; k++)
        give(1, SOUK_OUTCOME_ERROR, 0, 100 + k);
    cr_expect(is_in(1, 200));
}
