/* Extra work is bounded by a share of the requests and a burst, in any order and from any thread.
 */
#include "serve/proxy/tokenbudget.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>
#include <pthread.h>

static struct souk_token_budget budget;

/* The same by counting: the balance never exceeds the burst. */
Test(tokenbudget, is_that_of_the_plain_sum)
{
    for (int64_t percent = 0; percent <= 100; percent += 5) {
        int64_t balance = 50 * 100;
        souk_token_budget_init(&budget, percent, 50);
        for (uint64_t k = 0; k < 20000; k++) {
            if (souk_random_bits(1, k, (uint64_t)percent) % 100 < 80) {
                souk_token_budget_pay(&budget);
                balance = balance + percent > 5000 ? 5000 : balance + percent;
            } else {
                const bool has = balance >= 100;
                balance -= has ? 100 : 0;
                cr_assert_eq(souk_token_budget_take(&budget), has);
            }
        }
    }
}

Test(tokenbudget, hedges_are_five_percent_and_a_burst)
{
    int taken = 0;
    souk_token_budget_init(&budget, 5, 50);
    for (int k = 0; k < 100000; k++) {
        souk_token_budget_pay(&budget);
        taken += souk_token_budget_take(&budget);
    }
    cr_expect_leq(taken, 5000 + 50);
    cr_expect_geq(taken, 5000);
}

enum { THREADS = 4, EACH = 100000 };

static void *spend(void *argument)
{
    int64_t *taken = argument;
    for (int k = 0; k < EACH; k++) {
        souk_token_budget_pay(&budget);
        *taken += souk_token_budget_take(&budget);
    }
    return NULL;
}

Test(tokenbudget, threads_together_take_no_more)
{
    pthread_t thread[THREADS];
    int64_t taken[THREADS] = {0}, all = 0;
    souk_token_budget_init(&budget, 20, 10);
    for (int t = 0; t < THREADS; t++)
        cr_assert_eq(pthread_create(&thread[t], NULL, spend, &taken[t]), 0);
    for (int t = 0; t < THREADS; t++) {
        pthread_join(thread[t], NULL);
        all += taken[t];
    }
    cr_expect_leq(all, THREADS * EACH / 5 + 10);
    cr_expect_geq(all, THREADS * EACH / 5 - THREADS * 10);
}
