/* The limit of requests in flight, beside a queueing model of a replica with several workers. */
#include "serve/proxy/limiter.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { SECOND = 1000000, FLIGHT_MAX = 2048, WORKERS_MAX = 64 };

static struct souk_limiter limiter;

struct model {
    int workers;
    double service_us, rate; /* mean time of a request; arrivals per second */
    int64_t free_us[WORKERS_MAX];
    int64_t begun_us[FLIGHT_MAX], done_us[FLIGHT_MAX];
    int flight;
    int64_t good, refused, latency_us, slowest_us;
};

static void finish_until(struct model *m, int64_t now)
{
    for (;;) {
        int first = -1;
        for (int k = 0; k < m->flight; k++)
            if (m->done_us[k] <= now && (first < 0 || m->done_us[k] < m->done_us[first]))
                first = k;
        if (first < 0)
            return;
        const int64_t took = m->done_us[first] - m->begun_us[first];
        souk_limiter_report(&limiter, false, took, m->flight, m->done_us[first]);
        m->good++;
        m->latency_us += took;
        m->slowest_us = took > m->slowest_us ? took : m->slowest_us;
        m->flight--;
        m->begun_us[first] = m->begun_us[m->flight];
        m->done_us[first] = m->done_us[m->flight];
    }
}

static void arrive(struct model *m, double service, int64_t now)
{
    int worker = 0;
    if (m->flight >= souk_limiter_now(&limiter)) {
        m->refused++;
        return;
    }
    for (int w = 1; w < m->workers; w++)
        if (m->free_us[w] < m->free_us[worker])
            worker = w;
    if (m->free_us[worker] < now)
        m->free_us[worker] = now;
    m->free_us[worker] += (int64_t)service;
    m->begun_us[m->flight] = now;
    m->done_us[m->flight++] = m->free_us[worker];
}

static double exponential(double mean, uint64_t row, uint64_t column)
{
    return -mean * log(1 - souk_random_uniform(5, row, column));
}

/* Poisson arrivals for so many seconds from `from`; counts begin anew. */
static void run(struct model *m, double from_s, double seconds)
{
    static uint64_t number;
    double now = from_s * SECOND;
    const double end = now + seconds * SECOND;
    m->good = m->refused = m->latency_us = m->slowest_us = 0;
    while ((now += exponential(SECOND / m->rate, number, 0)) < end) {
        finish_until(m, (int64_t)now);
        arrive(m, exponential(m->service_us, number++, 1), (int64_t)now);
    }
}

static double mean_us(const struct model *m)
{
    return (double)m->latency_us / (double)m->good;
}

/* Three times the capacity for a minute: all of it is used, the limit does not drift away, and the
 * queue is a few requests long, or shorter than 10 ms. */
static void expect_capacity_without_a_queue(int workers, double service_us, int first)
{
    static struct model m;
    const double capacity = workers / service_us * SECOND;
    const double few = service_us * (1 + 24.0 / workers), bound = few > 11000 ? few : 11000;
    m = (struct model){.workers = workers, .service_us = service_us, .rate = 3 * capacity};
    souk_limiter_init(&limiter, first, 4, 1024);
    run(&m, 1, 10);
    for (int part = 0; part < 5; part++) {
        run(&m, 11 + 10 * part, 10);
        cr_expect_gt((double)m.good, .9 * 10 * capacity, "%d workers from %d: %d of %f", workers,
                     first, (int)m.good, 10 * capacity);
        cr_expect_lt(mean_us(&m), bound, "%d workers from %d: %f us", workers, first, mean_us(&m));
    }
}

Test(limiter, three_times_the_capacity_neither_queues_nor_starves)
{
    for (int slow = 0; slow < 2; slow++) {
        const double service_us = slow ? 20000 : 2000;
        expect_capacity_without_a_queue(2, service_us, 16);
        expect_capacity_without_a_queue(8, service_us, 4);
        expect_capacity_without_a_queue(8, service_us, 128);
        expect_capacity_without_a_queue(32, service_us, 16);
    }
}

Test(limiter, half_of_the_capacity_is_never_refused)
{
    static struct model m = {.workers = 8, .service_us = 2000, .rate = 2000};
    souk_limiter_init(&limiter, 128, 4, 1024);
    run(&m, 1, 30);
    cr_expect_eq(m.refused, 0);
}

Test(limiter, a_replica_that_gets_slower_gets_less_and_then_more_again)
{
    static struct model m = {.workers = 16, .service_us = 2000, .rate = 20000};
    souk_limiter_init(&limiter, 128, 4, 1024);
    run(&m, 1, 10);
    m.workers = 4; /* three quarters of its processors are gone */
    run(&m, 11, 3);
    run(&m, 14, 3);
    cr_expect_lt(mean_us(&m), 12000, "%f us", mean_us(&m));
    m.workers = 16;
    run(&m, 17, 3);
    run(&m, 20, 3);
    cr_expect_gt((double)m.good, .85 * 3 * 8000, "%d", (int)m.good);
}

Test(limiter, late_answers_halve_it_within_a_second)
{
    souk_limiter_init(&limiter, 100, 4, 1024);
    for (int k = 0; k < 100; k++)
        souk_limiter_report(&limiter, true, 200000, 100, k * 10000);
    cr_expect_lt(limiter.limit, 50);
    for (int k = 100; k < 10000; k++)
        souk_limiter_report(&limiter, true, 200000, 100, k * 10000);
    cr_expect_eq(limiter.limit, 4);
}

Test(limiter, an_idle_replica_keeps_its_limit)
{
    souk_limiter_init(&limiter, 100, 4, 1024);
    for (int k = 0; k < 3000; k++)
        souk_limiter_report(&limiter, false, 1000, 1, k * 10000);
    cr_expect_eq(limiter.limit, 100);
}
