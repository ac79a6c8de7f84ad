/* Arrivals: gaps and users have the distributions that they should, and can be had again. */
#include "serve/client/arrivals.h"

#include <criterion/criterion.h>
#include <math.h>

enum { USERS = 50, DRAWS = 200000 };

static struct souk_arrivals arrivals;

static void begin(double rate, enum souk_draw draw, double exponent, int64_t users)
{
    cr_assert_eq(souk_arrivals_init(&arrivals, 3, rate, draw, exponent, users, NULL), SOUK_OK);
}

static void count_users(int64_t counts[USERS])
{
    for (int i = 0; i < DRAWS; i++) {
        int64_t due_us = 0, user = -1;
        souk_arrivals_next(&arrivals, &due_us, &user);
        cr_assert(user >= 0 && user < USERS);
        counts[user]++;
    }
    souk_arrivals_fini(&arrivals);
}

/* Mean 1 / rate, and as large a standard deviation; a share of 1 - 1/e is shorter than the mean. */
Test(arrivals, have_exponential_gaps)
{
    const double rate = 250;
    int64_t last = 0, shorter = 0;
    double sum = 0, squares = 0;
    begin(rate, SOUK_DRAW_TURN, 0, 1);
    for (int i = 0; i < DRAWS; i++) {
        int64_t due_us = 0, user = 0;
        souk_arrivals_next(&arrivals, &due_us, &user);
        const double gap = (double)(due_us - last) * 1e-6;
        cr_assert(gap >= 0);
        sum += gap;
        squares += gap * gap;
        shorter += gap < 1 / rate;
        last = due_us;
    }
    const double mean = sum / DRAWS;
    cr_assert_float_eq(mean * rate, 1, .01);
    cr_assert_float_eq(sqrt(squares / DRAWS - mean * mean) * rate, 1, .02);
    cr_assert_float_eq((double)shorter / DRAWS, 1 - exp(-1), .01);
    souk_arrivals_fini(&arrivals);
}

Test(arrivals, are_all_due_at_once_without_a_rate)
{
    begin(0, SOUK_DRAW_TURN, 0, 3);
    for (int64_t i = 0; i < 7; i++) {
        int64_t due_us = -1, user = -1;
        souk_arrivals_next(&arrivals, &due_us, &user);
        cr_assert_eq(due_us, 0);
        cr_assert_eq(user, i % 3);
    }
    souk_arrivals_fini(&arrivals);
}

Test(arrivals, draw_users_uniformly)
{
    int64_t counts[USERS] = {0};
    begin(1, SOUK_DRAW_UNIFORM, 0, USERS);
    count_users(counts);
    for (int u = 0; u < USERS; u++) /* 5 standard deviations of a binomial count */
        cr_assert_float_eq(counts[u], DRAWS / USERS, 5 * sqrt(DRAWS / USERS));
}

Test(arrivals, draw_users_by_zipf)
{
    int64_t counts[USERS] = {0};
    double sum = 0;
    for (int u = 0; u < USERS; u++)
        sum += pow(u + 1, -1.2);
    begin(1, SOUK_DRAW_ZIPF, 1.2, USERS);
    count_users(counts);
    for (int u = 0; u < USERS; u++) {
        const double expected = DRAWS * pow(u + 1, -1.2) / sum;
        cr_assert_float_eq(counts[u], expected, 5 * sqrt(expected));
    }
}

Test(arrivals, are_a_function_of_the_seed)
{
    struct souk_arrivals again;
    begin(100, SOUK_DRAW_UNIFORM, 0, USERS);
    cr_assert_eq(souk_arrivals_init(&again, 3, 100, SOUK_DRAW_UNIFORM, 0, USERS, NULL), SOUK_OK);
    for (int i = 0; i < 100; i++) {
        int64_t due[2], user[2];
        souk_arrivals_next(&arrivals, &due[0], &user[0]);
        souk_arrivals_next(&again, &due[1], &user[1]);
        cr_assert(due[0] == due[1] && user[0] == user[1]);
    }
    souk_arrivals_fini(&arrivals);
    souk_arrivals_fini(&again);
}
