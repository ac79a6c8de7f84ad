/* Whether work gets on, on a clock of the test's own. */
#include "serve/net/progresswatch.h"

#include <criterion/criterion.h>

static struct souk_progress_watch watch;

static bool look(int64_t waiting, int64_t begun, int64_t now_us)
{
    return souk_progress_watch_look(&watch, waiting, begun, now_us);
}

Test(progresswatch, who_has_nothing_to_do_gets_on)
{
    souk_progress_watch_init(&watch, 100, 0);
    for (int64_t now = 0; now < 10000; now += 50)
        cr_assert(look(0, 7, now));
}

Test(progresswatch, so_does_who_begins_one_now_and_then)
{
    souk_progress_watch_init(&watch, 100, 0);
    for (int64_t now = 0; now < 10000; now += 10)
        cr_assert(look(5, now / 100, now), "%d", (int)now);
}

Test(progresswatch, who_lets_them_wait_is_stuck_after_its_patience)
{
    souk_progress_watch_init(&watch, 100, 0);
    cr_expect(look(1, 3, 50));
    cr_expect(look(1, 3, 150));
    cr_expect_not(look(1, 3, 151));
    cr_expect_not(look(9, 3, 1000));
    cr_expect(look(9, 4, 1010), "it was not");
    cr_expect(look(9, 4, 1110));
    cr_expect_not(look(9, 4, 1111));
    cr_expect(look(0, 4, 1112), "those who waited have gone");
}
