#include "serve/net/connections.h"
#include "shared/base/random.h"

#include <criterion/criterion.h>

static struct souk_connections c;

static void fini(void)
{
    souk_connections_fini(&c);
}

Test(connections, are_admitted_up_to_the_limit, .fini = fini)
{
    bool was_open;
    souk_connections_init(&c, 2);
    cr_assert_eq(souk_connections_admit(&c, 7, 70, 1), SOUK_OK);
    cr_assert_eq(souk_connections_admit(&c, 8, 80, 1), SOUK_OK);
    cr_assert_eq(souk_connections_admit(&c, 9, 90, 1), SOUK_ELIMIT);
    cr_assert(!souk_connections_leave(&c, 9, &was_open), "it was never admitted");
    cr_assert(souk_connections_leave(&c, 7, &was_open));
    cr_assert(!was_open, "it never came all the way");
    cr_assert_eq(souk_connections_admit(&c, 9, 90, 1), SOUK_OK);
}

Test(connections, that_ask_nothing_are_idle, .fini = fini)
{
    uint32_t idle[4];
    souk_connections_init(&c, 0);
    for (uint32_t n = 1; n <= 3; n++) {
        cr_assert_eq(souk_connections_admit(&c, n, n, 100), SOUK_OK);
        souk_connections_open(&c, n);
    }
    cr_assert_eq(souk_connections_idle(&c, 99, idle, 4), 0, "not yet");
    souk_connections_use(&c, 1, 1, 200); /* under way for long */
    souk_connections_use(&c, 2, 1, 200); /* answered at 300 */
    souk_connections_use(&c, 2, -1, 300);
    souk_connections_use(&c, 99, 1, 300); /* has gone */
    cr_assert_eq(souk_connections_idle(&c, 299, idle, 4), 1);
    cr_assert_eq(idle[0], 3);
    cr_assert_eq(souk_connections_idle(&c, 300, idle, 4), 2);
    souk_connections_use(&c, 1, -1, 900);
    cr_assert_eq(souk_connections_idle(&c, 900, idle, 4), 3);
    cr_assert_eq(souk_connections_idle(&c, 900, idle, 2), 2, "no more than fit");
}

Test(connections, that_do_not_come_all_the_way_are_not_idle, .fini = fini)
{
    uint32_t idle[1];
    souk_connections_init(&c, 0);
    cr_assert_eq(souk_connections_admit(&c, 5, 50, 0), SOUK_OK);
    cr_assert_eq(souk_connections_idle(&c, 1000, idle, 1), 0);
    cr_assert_eq(c.count, 1);
    cr_assert_eq(c.open, 0);
}

/* Against a plain array, over numbers that collide, come back and come in order as nng's do. */
Test(connections, are_found_after_any_coming_and_going, .fini = fini)
{
    enum { NUMBERS = 700, STEPS = 200000 };
    static bool there[NUMBERS];
    size_t count = 0;
    souk_connections_init(&c, 0);
    for (uint64_t step = 0; step < STEPS; step++) {
        const uint32_t n = (uint32_t)(souk_random_bits(4, step, 0) % NUMBERS);
        const uint32_t number = n % 2 ? 0x40000000 + n : n * 4096 + 1;
        if (there[n]) {
            bool was_open;
            cr_assert(souk_connections_leave(&c, number, &was_open));
            cr_assert_eq(was_open, n % 3 == 0);
            count--;
        } else {
            cr_assert_eq(souk_connections_admit(&c, number, n, 0), SOUK_OK);
            if (n % 3 == 0)
                souk_connections_open(&c, number);
            count++;
        }
        there[n] = !there[n];
        cr_assert_eq(c.count, count);
    }
    uint64_t peers[NUMBERS];
    souk_connections_peers(&c, peers);
    for (size_t i = 0; i < count; i++)
        cr_assert(there[peers[i]]);
}
