#include "train/tune/halving.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void finish(struct souk_trial *t, double value)
{
    t->started = t->finished + 1;
    t->value[t->finished++] = value;
}

Test(halving, has_rungs_up_to_the_whole_training)
{
    struct souk_halving h;
    cr_assert_eq(souk_halving_init(&h, true, 3, 30, 3, NULL), SOUK_OK);
    cr_assert_eq(h.rungs, 4);
    cr_expect(h.epochs[0] == 3 && h.epochs[1] == 9 && h.epochs[2] == 27 && h.epochs[3] == 30);
    cr_assert_eq(souk_halving_init(&h, true, 5, 5, 2, NULL), SOUK_OK);
    cr_expect(h.rungs == 1 && h.epochs[0] == 5);
    cr_assert_eq(souk_halving_init(&h, false, 3, 15, 3, NULL), SOUK_OK);
    cr_expect(h.rungs == 1 && h.epochs[0] == 0);
    cr_expect_eq(souk_halving_init(&h, true, 16, 15, 3, NULL), SOUK_EUSAGE);
    cr_expect_eq(souk_halving_init(&h, true, 1, 1 << 20, 2, NULL), SOUK_EUSAGE);
}

Test(halving, promotes_the_best_third_from_the_top_down)
{
    struct souk_halving h;
    struct souk_trial t[9] = {{0}};
    cr_assert_eq(souk_halving_init(&h, true, 1, 9, 3, NULL), SOUK_OK);
    finish(&t[0], .1);
    finish(&t[1], .2);
    cr_expect_eq(souk_halving_promote(&h, t, 2, false), -1, "two are too few");
    finish(&t[2], .15);
    cr_expect_eq(souk_halving_promote(&h, t, 3, false), 1);
    t[1].started = 2; /* under way */
    cr_expect_eq(souk_halving_promote(&h, t, 3, false), -1, "only one of three");
    finish(&t[3], .3);
    finish(&t[4], .4);
    finish(&t[5], .05);
    cr_expect_eq(souk_halving_promote(&h, t, 6, false), 4, "the best of the two places");
    t[4].started = 2;
    cr_expect_eq(souk_halving_promote(&h, t, 6, false), 3,
                 "1 is no longer among the best two, 3 is");
    t[3].started = 2;
    t[1].value[1] = .5, t[1].finished = 2;
    t[3].value[1] = .6, t[3].finished = 2;
    t[4].value[1] = .55, t[4].finished = 2;
    finish(&t[6], .9);
    finish(&t[7], .01);
    finish(&t[8], .01);
    cr_expect_eq(souk_halving_promote(&h, t, 9, false), 3, "the higher rung first");
    t[3].started = 3;
    cr_expect_eq(souk_halving_promote(&h, t, 9, false), 6);
}

Test(halving, failed_trials_stay_where_they_are)
{
    struct souk_halving h;
    struct souk_trial t[3] = {{0}};
    cr_assert_eq(souk_halving_init(&h, true, 1, 3, 3, NULL), SOUK_OK);
    for (int i = 0; i < 3; i++)
        finish(&t[i], NAN);
    cr_expect_eq(souk_halving_promote(&h, t, 3, true), -1);
    cr_expect_eq(souk_halving_best(&h, t, 3), -1);
}

/* However few trials there are, one is trained to the end. */
Test(halving, sends_one_to_the_end)
{
    struct souk_halving h;
    struct souk_trial t[2] = {{0}};
    cr_assert_eq(souk_halving_init(&h, true, 1, 9, 3, NULL), SOUK_OK);
    finish(&t[0], .3);
    finish(&t[1], .2);
    cr_expect_eq(souk_halving_promote(&h, t, 2, false), -1);
    cr_expect_eq(souk_halving_promote(&h, t, 2, true), 0);
    t[0].started = 2;
    cr_expect_eq(souk_halving_promote(&h, t, 2, true), -1, "it is under way");
    finish(&t[0], .1);
    cr_expect_eq(souk_halving_promote(&h, t, 2, true), 0, "its rung is the highest");
    finish(&t[0], .1);
    cr_expect_eq(souk_halving_promote(&h, t, 2, true), -1);
    cr_expect_eq(souk_halving_best(&h, t, 2), 0, "the higher rung counts, not the value");
}

Test(halving, ties_go_to_the_lower_number)
{
    struct souk_halving h;
    struct souk_trial t[3] = {{0}};
    cr_assert_eq(souk_halving_init(&h, false, 0, 0, 3, NULL), SOUK_OK);
    finish(&t[0], .1);
    finish(&t[1], .3);
    finish(&t[2], .3);
    cr_expect_eq(souk_halving_best(&h, t, 3), 1);
}
