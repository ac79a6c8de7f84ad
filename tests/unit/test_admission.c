/* Who is taken in: by hand, and under three times the capacity of a model of the workers. */
#include "serve/net/admission.h"

#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { SECOND = 1000000 };

static struct souk_admission a;

static void take(int count)
{
    for (int k = 0; k < count; k++) {
        cr_assert_eq(souk_admission_judge(&a, INT64_MAX), SOUK_DENIAL_NONE);
        souk_admission_enter(&a);
        if (souk_admission_may_begin(&a))
            souk_admission_begin(&a);
    }
}

Test(admission, the_queue_is_bounded)
{
    souk_admission_init(&a, 2, 3, NULL);
    take(2 + 3);
    cr_expect_eq(a.working, 2);
    cr_expect_eq(a.queued, 3);
    cr_expect_eq(souk_admission_judge(&a, INT64_MAX), SOUK_DENIAL_QUEUE);
    souk_admission_end(&a, 1000);
    cr_expect(souk_admission_may_begin(&a));
    souk_admission_begin(&a);
    cr_expect_eq(souk_admission_judge(&a, INT64_MAX), SOUK_DENIAL_NONE);
}

Test(admission, a_newcomer_gets_a_quarter_of_its_time)
{
    souk_admission_init(&a, 2, 100, NULL);
    take(2);
    souk_admission_end(&a, 10000);
    take(1 + 3); /* a wait of 4 x 10 / 2 ms, and 10 ms of work */
    cr_expect_eq(souk_admission_judge(&a, 4 * 30000 + 4), SOUK_DENIAL_NONE);
    cr_expect_eq(souk_admission_judge(&a, 4 * 30000 - 4), SOUK_DENIAL_TIME);
}

Test(admission, who_need_not_wait_is_taken_whatever_is_expected)
{
    souk_admission_init(&a, 2, 100, NULL);
    take(1);
    souk_admission_end(&a, 100 * SECOND);
    cr_expect(souk_admission_is_free(&a));
    cr_expect_eq(souk_admission_judge(&a, 1), SOUK_DENIAL_NONE);
}

Test(admission, the_limit_holds_requests_back)
{
    atomic_int limit = 1;
    souk_admission_init(&a, 4, 100, &limit);
    take(3);
    cr_expect_eq(a.working, 1);
    cr_expect_not(souk_admission_may_begin(&a));
    atomic_store(&limit, 3);
    cr_expect(souk_admission_may_begin(&a));
    atomic_store(&limit, 0); /* never less than one */
    souk_admission_end(&a, 1000);
    cr_expect(souk_admission_may_begin(&a));
}

Test(admission, who_drains_takes_nobody_and_holds_nobody_back)
{
    atomic_int limit = 1;
    souk_admission_init(&a, 4, 100, &limit);
    take(3);
    a.draining = true;
    cr_expect_eq(souk_admission_judge(&a, INT64_MAX), SOUK_DENIAL_DRAINING);
    cr_expect(souk_admission_may_begin(&a));
}

/* ---- workers that are asked for three times what they can do ---- */

enum { WORKERS = 8, QUEUE = 1000 };

struct flow {
    int64_t arrived_us[QUEUE + WORKERS], done_us[WORKERS]; /* done_us 0: idle */
    int64_t began_us[WORKERS], due_us[WORKERS];
    int head;
    int64_t good, late, refused;
};

static double exponential(double mean, uint64_t row, uint64_t column)
{
    return -mean * log(1 - souk_random_uniform(5, row, column));
}

static void begin(struct flow *f, int64_t now, double service_us, int64_t deadline_us)
{
    static uint64_t number;
    for (int w = 0; w < WORKERS && souk_admission_may_begin(&a); w++) {
        if (f->done_us[w])
            continue;
        f->due_us[w] = f->arrived_us[f->head] + deadline_us;
        f->head = (f->head + 1) % (QUEUE + WORKERS);
        f->began_us[w] = now;
        f->done_us[w] = now + 1 + (int64_t)exponential(service_us, number++, 1);
        souk_admission_begin(&a);
    }
}

static void finish_until(struct flow *f, int64_t now, double service_us, int64_t deadline_us)
{
    for (;;) {
        int first = -1;
        for (int w = 0; w < WORKERS; w++)
            if (f->done_us[w] && f->done_us[w] <= now &&
                (first < 0 || f->done_us[w] < f->done_us[first]))
                first = w;
        if (first < 0)
            return;
        const int64_t done = f->done_us[first];
        f->good += done <= f->due_us[first];
        f->late += done > f->due_us[first];
        f->done_us[first] = 0;
        souk_admission_end(&a, done - f->began_us[first]);
        begin(f, done, service_us, deadline_us);
    }
}

static void run(struct flow *f, double from_s, double seconds, double rate, double service_us)
{
    static uint64_t number;
    const int64_t deadline_us = 200000;
    double now = from_s * SECOND;
    f->good = f->late = f->refused = 0;
    while ((now += exponential(SECOND / rate, number++, 0)) < (from_s + seconds) * SECOND) {
        finish_until(f, (int64_t)now, service_us, deadline_us);
        if (souk_admission_judge(&a, deadline_us) != SOUK_DENIAL_NONE) {
            f->refused++;
            continue;
        }
        f->arrived_us[(f->head + a.queued) % (QUEUE + WORKERS)] = (int64_t)now;
        souk_admission_enter(&a);
        begin(f, (int64_t)now, service_us, deadline_us);
    }
}

Test(admission, three_times_the_capacity_is_used_and_what_is_taken_is_in_time)
{
    for (int slow = 0; slow < 2; slow++) { /* also where one alone takes more than a quarter */
        static struct flow f;
        const double service_us = slow ? 60000 : 2000, capacity = WORKERS / service_us * SECOND;
        f = (struct flow){.head = 0};
        souk_admission_init(&a, WORKERS, QUEUE, NULL);
        run(&f, 1, 60, 3 * capacity, service_us);
        cr_expect_gt((double)(f.good + f.late), (slow ? .7 : .95) * 60 * capacity, "%d",
                     (int)f.good);
        cr_expect_lt((double)f.late, (slow ? .05 : .001) * (double)f.good, "%d", (int)f.late);
        run(&f, 61, 1, .5 * capacity, service_us);
        run(&f, 62, 30, .5 * capacity, service_us);
        cr_expect_lt((double)f.refused, (slow ? .05 : .001) * (double)f.good, "%d", (int)f.refused);
    }
}
